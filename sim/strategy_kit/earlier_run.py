"""What a population sent in an earlier run, as numbers that its frozen copy looks up.

Runs stand above strategies, so the run is asked for by the name of its module, and only when a scenario names one. A
row is a message; rows lie member by member within each episode, in the order in which they were logged.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.codes import KINDS, LIMIT, POST_ONLY, SCHEDULE
from sim.core.errors import SpreadgameError, StrategyError
from sim.core.wording import near_or_all

if TYPE_CHECKING:
    import pyarrow as pa

_RUNS = "sim.runs.result"
MOST_HELD = 1024  # orders of one member that are open at once and changed or cancelled later
FIELDS = ("step", "turn", "kind", "side", "price", "lots", "slot", "lifetime", "slope")
_BY_RULE = ("expire", "self_trade", "withdraw")  # kinds that nobody sends
_CHANGES = ("cancel", "replace")
_COLUMNS = (
    "episode",
    "step",
    "population",
    "agent",
    "kind",
    "side",
    "asked",
    "quantity",
    "order",
    "slope",
    "centre",
    "turn",
)
ANY_TURN = -1  # a message that is sent in the first turn of its step
_NO_SLOT = -1


class Recording(NamedTuple):
    """The messages of a population in an earlier run."""

    numbers: NDArray[np.float64]  # members, episodes, where each member's rows begin in each episode, then the rows
    most: int  # messages of one turn
    schedules: bool  # whether demand schedules are among them


def recorded_by(folder: str, population: str) -> Recording:
    """What a population of an earlier run sent.

    Parameters
    ----------
    folder : of the run.

    Raises
    ------
    StrategyError
        If there is no such run or population, the run kept no messages or did not reach its end, or the population
        trades on several venues or changes too many open orders.
    """
    run, reason = _opened(folder, population)
    if reason:
        raise StrategyError(reason)
    return _recording(folder, population, run.manifest["checksum"])


def wrong_with(folder: str, population: str) -> str:
    """Why a population of an earlier run cannot be played; an empty text where it can."""
    return _opened(folder, population)[1]


def needs_of(folder: str, population: str) -> tuple[str, ...]:
    """What a frozen population needs because its messages do: auctions, if it sent schedules to them."""
    try:
        return ("auction",) if recorded_by(folder, population).schedules else ()
    except StrategyError:  # said by ``wrong_with``
        return ()


def _opened(folder: str, population: str) -> tuple[Any, str]:
    """The run, and what is wrong with it."""
    try:
        run = import_module(_RUNS).open_run(folder)
    except SpreadgameError as error:
        return None, str(error)
    names = [each.name for each in run.scenario.populations]
    if not run.scenario.record.messages:
        return run, f"{folder}: an earlier run without messages — set record.messages = true and run it again"
    if run.status != "complete":
        return run, f"{folder}: an earlier run that is {run.status} — run it again to its end"
    if population not in names:
        return run, f"{folder}: the earlier run has no population {population!r} — {near_or_all(population, names)}"
    venues = run.scenario.populations[names.index(population)].venues
    if len(venues) > 1:
        return run, f"{folder}: population {population!r} trades on {len(venues)} venues — a frozen one trades on one"
    return run, ""


@lru_cache(maxsize=8)
def _recording(folder: str, population: str, checksum: str) -> Recording:
    """The recording of a run that can be played; the checksum tells runs in one folder apart."""
    run = import_module(_RUNS).open_run(folder)
    scenario = run.scenario
    own = next(each for each in scenario.populations if each.name == population)
    log = _columns(run)
    ends = dict(zip(*(log[name][log["kind"] == "expire"].tolist() for name in ("order", "step")), strict=True))
    sent = {name: column[~np.isin(log["kind"], _BY_RULE)] for name, column in log.items()}
    mine = sent["population"] == population
    block = (sent["episode"] * own.count + sent["agent"])[mine]
    order = np.argsort(block, kind="stable")
    rows, block = {name: column[mine][order] for name, column in sent.items()}, block[order]
    starts = np.searchsorted(block, np.arange(own.count * scenario.run.episodes + 1))
    if own.turn in scenario.turns.simultaneous:  # orders entered when all had acted, and the log has them then
        rows["turn"] = np.full(len(block), ANY_TURN)
    slots = _slots(starts, rows, f"{folder}: population {population!r}")
    numbers = [own.count, scenario.run.episodes], starts, _table(rows, slots, ends).ravel()
    turns = np.diff(np.append(np.flatnonzero(_changes(block, rows["step"], rows["turn"])), len(block)))
    schedules = bool((rows["kind"] == KINDS[SCHEDULE]).any())
    return Recording(np.concatenate(numbers).astype(np.float64), int(turns.max(initial=1)), schedules)


def _columns(run: Any) -> dict[str, NDArray[Any]]:
    """Columns of the message log, names as texts."""
    table: pa.Table = run.table("messages", _COLUMNS)
    found = {}
    for name in _COLUMNS:
        column = table.column(name).combine_chunks()
        if hasattr(column, "dictionary"):
            words = np.array([*column.dictionary.to_pylist(), ""], dtype=object)  # the last for what is none
            column = column.indices.fill_null(len(words) - 1)
            found[name] = words[column.to_numpy(zero_copy_only=False)]
        else:
            found[name] = column.to_numpy(zero_copy_only=False)
    return found


def _changes(*columns: NDArray[Any]) -> NDArray[np.bool_]:
    """Rows that are unlike the row before them in one of the columns; the first is."""
    changed = np.ones(len(columns[0]), bool)
    changed[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return changed


def _table(rows: dict[str, NDArray[Any]], slots: NDArray[np.int64], ends: dict[int, int]) -> NDArray[np.float64]:
    """The messages, (messages, FIELDS).

    Parameters
    ----------
    ends : the step in which each order that expired did; lifetimes of others are not in the log.
    """
    kinds = np.array([KINDS.index(kind) for kind in rows["kind"]], np.int64)
    lasts = np.array([ends.get(number, 0) for number in rows["order"].tolist()], np.int64)
    resting = np.isin(kinds, (LIMIT, POST_ONLY))
    sides = {"buy": 1, "sell": -1, "": 0}
    fields: dict[str, Any] = {
        "step": rows["step"], "turn": rows["turn"], "kind": kinds, "side": [sides[side] for side in rows["side"]],
        "price": np.where(kinds == SCHEDULE, rows["centre"], np.nan_to_num(rows["asked"])),
        "lots": rows["quantity"], "slot": slots,
        "lifetime": np.where(resting & (lasts > 0), lasts - rows["step"], 0), "slope": rows["slope"],
    }  # fmt: skip
    return np.column_stack([np.asarray(fields[name], np.float64) for name in FIELDS])


def _slots(starts: NDArray[np.int64], rows: dict[str, NDArray[Any]], who: str) -> NDArray[np.int64]:
    """Where a member keeps the handle of each order that it changes or cancels later, or from where it takes it.

    A place is free again after the last message about its order.
    """
    numbers, kinds = rows["order"].tolist(), rows["kind"].tolist()
    last = {number: place for place, number in enumerate(numbers) if kinds[place] in _CHANGES}
    slots = np.full(len(numbers), _NO_SLOT, np.int64)
    for begin, end in pairwise(starts.tolist()):
        held: dict[int, int] = {}
        free = list(range(MOST_HELD - 1, -1, -1))
        for place in range(begin, end):
            number = numbers[place]
            if number in last and kinds[place] not in _CHANGES:
                if not free:
                    raise StrategyError(f"{who}: a member changes or cancels more than {MOST_HELD:,} open orders")
                held[number] = free.pop()
            slots[place] = held.get(number, _NO_SLOT)
            if last.get(number) == place and number in held:
                free.append(held.pop(number))
    return slots
