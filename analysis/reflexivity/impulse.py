"""How much of a move answers the move: the move that one order causes, with a population live and frozen.

One market order more is sent, by an agent that is added to the scenario. In one pair of markets, with the order and
without, the population acts as it always does. In another pair it is frozen: it sends what it sent in the market
without the order (strategy ``recorded``). All four markets of a seed have the same draws. The move that the order
causes is the mark with it less the mark without it, so many steps later. Live over frozen is what the population's
answer makes of the move: above 1 it amplifies it. If a = impact times what it buys for each unit of currency by which
the price rose, this is (1 - a^(h + 1)) / (1 - a) after h steps.

``python -m analysis.amplification SCENARIO --population P --lots Q --at STEP`` prints it.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.stats.estimates import Estimate, mean, ratio
from sim.core.errors import RunError
from sim.core.wording import near_or_all
from sim.runs.execute import execute, whole
from sim.runs.result import Run
from sim.scenario import Scenario, parse, with_overrides
from sim.scenario.choices import market_given
from sim.scenario.tables.table import MOST_RANK

_MOST_LOTS = (1 << 31) - 1
_ORDER = "one_order"  # the strategy, and the population that is added
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Horizon:
    """What an order has moved the price by, so many steps after its own."""

    steps: int
    frozen: Estimate  # currency, with the population's messages as they were
    live: Estimate  # currency, with the population itself
    ratio: Estimate  # live over frozen, of the means

    @property
    def why_no_ratio(self) -> str:
        """Why there is no ratio; empty where there is one."""
        if math.isfinite(self.ratio.value):
            return ""
        if not math.isfinite(self.frozen.value):
            return "there is no price yet in one of the markets"
        return "with the population frozen, the order moves the price by 0"

    def as_json(self) -> dict[str, Any]:
        """As JSON has it: what is no finite number is null."""
        parts = {name: getattr(self, name).as_json() for name in ("frozen", "live", "ratio")}
        return {"steps": self.steps, **parts, "why_no_ratio": self.why_no_ratio or None}


@dataclass(frozen=True)
class Amplification:
    """What an order moves at each horizon, and what the population itself did in the live markets of all seeds."""

    horizons: list[Horizon]
    messages: int  # that the population sent, with the order and without
    trades: int  # that it made

    @property
    def note(self) -> str:
        """What says that the ratios are about nobody; empty where they are not."""
        if not self.messages:
            return "it sent no message in any market, live or frozen: whatever the ratio is, it answered nothing"
        if not self.trades:
            return "it never traded in any market, live or frozen: only its orders can have answered"
        return ""


def amplification(
    scenario: Scenario,
    population: str,
    lots: int,
    at: int,
    horizons: Sequence[int],
    seeds: Sequence[int],
    watch: Callable[[int], None] = lambda done: None,
) -> Amplification:
    """How a population's answer changes the move that an order causes.

    Parameters
    ----------
    population : who is live in one pair of markets and frozen in the other; it trades on one venue.
    lots : of the order, negative to sell.
    at : the step of each episode in which it is sent, after everybody's turn; an auction takes it to the next clearing.
    horizons : steps behind ``at``, 0 for the end of its own step.
    seeds : each a set of four markets. Over several episodes moves are means.
    watch : told how many seeds are done.

    Raises
    ------
    RunError
        If there is no such population, it trades on several venues, a horizon lies beyond the episode, or a population
        acts so late in a step that no order can come after it.
    """
    base = _prepared(scenario, population, lots, at, horizons)
    order = _with_order(base, population, lots, at)
    live, frozen = np.empty((len(seeds), len(horizons))), np.empty((len(seeds), len(horizons)))
    sent, traded = 0, 0
    for place, seed in enumerate(seeds):
        with tempfile.TemporaryDirectory(prefix="spreadgame-") as folder:
            logged = with_overrides(base, {"record.messages": True}, seed)
            undisturbed = whole(execute(logged, folder))
            recorded = {
                f"populations.{population}.strategy": "recorded",
                f"populations.{population}.params": {"run": str(undisturbed.folder), "population": population},
            }
            before = _marks(undisturbed, population)
            frozen_before, frozen_after = (
                _marks(whole(execute(with_overrides(each, recorded, seed))), population) for each in (base, order)
            )
            disturbed = whole(execute(with_overrides(order, seed=seed)))
            after = _marks(disturbed, population)
            for run in (undisturbed, disturbed):
                own = run.episodes[run.episodes["population"] == population]
                sent, traded = sent + int(own["messages"].sum()), traded + int(own["trades"].sum())
        steps = at + np.asarray(horizons)
        live[place] = (after - before)[:, steps].mean(axis=0)
        frozen[place] = (frozen_after - frozen_before)[:, steps].mean(axis=0)
        watch(place + 1)
    found = [
        Horizon(steps, mean(frozen[:, each]), mean(live[:, each]), ratio(live[:, each], frozen[:, each]))
        for each, steps in enumerate(horizons)
    ]
    return Amplification(found, sent, traded)


# --- the markets ----------------------------------------------------------------------------------------------------


def _prepared(scenario: Scenario, population: str, lots: int, at: int, horizons: Sequence[int]) -> Scenario:
    """The scenario without questions about it, with the mark of every step kept and little else."""
    names = [each.name for each in scenario.populations]
    if population not in names:
        raise RunError(f"--population {population}: there is none of this name — {near_or_all(population, names)}")
    if len(scenario.populations[names.index(population)].venues) > 1:
        raise RunError(f"--population {population}: it trades on several venues, and a frozen one trades on one")
    if not 1 <= abs(lots) <= _MOST_LOTS:
        raise RunError(f"--lots {lots}: an order has from 1 to {_MOST_LOTS:,} lots, negative to sell")
    last = at + max(horizons)
    if last >= scenario.run.steps:
        raise RunError(f"--at {at}: {last:,} steps on there is no market, as run.steps is {scenario.run.steps:,}")
    last_turn = max(scenario.populations, key=lambda each: each.turn)
    if last_turn.turn >= MOST_RANK:
        raise RunError(
            f"{scenario.source}: populations.{last_turn.name}.turn is {last_turn.turn:,}, the last that there is, and "
            "the order has to come after everybody — give it a lower turn"
        )
    given = market_given(scenario)
    levels = scenario.record.levels or 1
    kept = {"trades": False, "messages": False, "levels": levels, "book_every": 1, "agents": "none"}
    recording = {f"record.{name}": value for name, value in kept.items()} | {"record.episodes": "populations"}
    return parse(given, scenario.source, scenario.folder, recording, scenario.run.seed, scenario.changes)


def _with_order(scenario: Scenario, population: str, lots: int, at: int) -> Scenario:
    """The scenario with one agent more, who acts after all others and sends one order."""
    names = [each.name for each in scenario.populations]
    name, number = _ORDER, 1
    while name in names:
        number += 1
        name = f"{_ORDER}-{number}"
    sender = {
        "name": name,
        "strategy": _ORDER,
        "turn": max(each.turn for each in scenario.populations) + 1,
        "venues": list(_venues(scenario, population)),
        "params": {"side": "buy" if lots > 0 else "sell", "quantity": abs(lots), "at": at},
    }
    given = {**scenario.given, "populations": [*scenario.given["populations"], sender]}
    return parse(given, scenario.source, scenario.folder, None, scenario.run.seed, scenario.changes)


def _venues(scenario: Scenario, population: str) -> tuple[str, ...]:
    return next(each.venues for each in scenario.populations if each.name == population)


def _marks(run: Run, population: str) -> Floats:
    """The mark at the end of each step, (episodes, steps), of what the population trades; nan before there is one."""
    (venue,) = _venues(run.scenario, population)
    book = run.book[run.book["venue"] == venue]
    return np.asarray(book["mark"].to_numpy(float).reshape(run.scenario.run.episodes, run.scenario.run.steps))
