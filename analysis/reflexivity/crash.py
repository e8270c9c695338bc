"""The deepest fall of a price, what of it came back, and what the makers did while it fell.

The price is the mark (mid of the consolidated book, or the last clearing price) at the samples of the book, so set
``record.book_every = 1`` for all of it. In each episode the fall is the largest one from a running maximum, as a share
of the mark at that maximum; the window of the crash goes from the last sample at the maximum to the lowest one. By
this definition a rebound is never negative: its size is a finding, its sign is none. A fall of less than ``least`` is
no crash: what follows it over so little has no bound, so there is no rebound of it.

Makers who pass a position on trade much among themselves and little with anybody else. Kirilenko, Kyle, Samadi and
Tuzun (2017, J. Finance 72, 967) found this of 6 May 2010: ``makers_volume_over_net`` is the volume between makers in
the window over the change of what they all hold together.

``spreadgame measure crash RUN`` prints all of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.reading.columns import columns
from analysis.reading.marked import NEVER, marked
from analysis.reading.measures import Measurement, measure_of
from analysis.reading.registry import Option, measure
from analysis.reading.trades import Trades, trades_of
from analysis.stats.arguments import checked
from analysis.stats.estimates import NOTHING, Estimate, mean, ratio
from sim.core.errors import RunError
from sim.core.wording import near_or_all
from sim.runs.result import Run

Floats = NDArray[np.float64]
NUMBERS = ("drop", "rebound", "makers_volume_over_net", "largest_inventory")  # behind an instrument's name if several
_NO_DROP, _NOT_POSITIVE = (
    "no crash: the mark never fell",
    "the mark was not above 0, so that no share of it can be lost",
)
_NO_MAKERS = "no population makes a market: name those that do with --makers"
_NO_NET = "what makers hold together did not change"
_EPISODES = "a single episode"


class Fall(NamedTuple):
    """The deepest fall of a path from its running maximum."""

    drop: float  # share of the maximum, 0 where it never fell
    rebound: float  # share of the fall that is back at the end; nan where it never fell
    peak: int  # the last sample at the maximum
    trough: int  # the first of the lowest


@checked("marks")
def deepest_fall(marks: ArrayLike) -> Fall:
    """The deepest fall of marks, (samples,); samples without a mark are nan and left out.

    All nan where there is no mark, or the first is not above 0: nothing can be lost of it.
    """
    samples = np.asarray(marks, float)
    known = np.flatnonzero(np.isfinite(samples))
    path = samples[known]
    if not len(path) or not path[0] > 0.0:
        return Fall(math.nan, math.nan, 0, 0)
    highest = np.maximum.accumulate(path)
    falls = 1.0 - path / highest
    trough = int(np.argmax(falls))
    peak = int(np.flatnonzero(path[: trough + 1] == highest[trough])[-1])
    rebound = (path[-1] - path[trough]) / (path[peak] - path[trough]) if peak < trough else math.nan
    return Fall(float(falls[trough]), float(rebound), int(known[peak]), int(known[trough]))


@dataclass(frozen=True)
class Crash:
    """The crash of an episode, and what makers did in it."""

    fall: Fall
    between_makers: float  # lots that makers traded with one another in the window
    net: float  # lots by which what makers hold together changed in it, negative if they sold


def crashes_of(run: Run, instrument: str, makers: tuple[str, ...]) -> list[Crash]:
    """The crash of each episode in one instrument.

    Parameters
    ----------
    makers : names of the populations that make the market.
    """
    venue = next(each.name for each in run.scenario.venues if each.instrument == instrument)
    book = columns(run, "book", ["episode", "step", "venue", "mark"])
    book = book[book["venue"] == venue]
    trades, real = trades_of(run, instrument), marked(run, instrument)
    ours = np.isin(np.arange(len(trades.populations)), [trades.populations.index(name) for name in makers])
    rests, arrives = ours[trades.maker_populations], ours[trades.taker_populations]
    between = _sums(trades.quantities * (rests & arrives))
    bought = _sums(trades.signs * trades.quantities * (arrives.astype(np.int64) - rests.astype(np.int64)))
    marks, steps = book["mark"].to_numpy(float), book["step"].to_numpy()
    ends = np.searchsorted(book["episode"].to_numpy(), np.arange(len(real) + 1))
    found = []
    for episode, (begin, end) in enumerate(pairwise(ends)):
        fall = deepest_fall(marks[begin:end] if real[episode] else ())
        if not fall.drop > 0.0:
            found.append(Crash(fall, 0.0, 0.0))
            continue
        window = steps[begin + fall.peak], steps[begin + fall.trough]
        first, last = np.searchsorted(trades.keys, episode * run.scenario.run.steps + np.array(window), side="right")
        found.append(Crash(fall, float(between[last] - between[first]), float(bought[last] - bought[first])))
    return found


def _sums(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of the first so many numbers, (count + 1,)."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(numbers)])


def largest_inventory(run: Run, instrument: str, makers: tuple[str, ...]) -> float:
    """The most lots that any member of some populations held either way after any trade; what they begin with counts.

    nan where there are no such populations.
    """
    if not makers:
        return math.nan
    trades = trades_of(run, instrument)
    largest, first = 0, 0
    for population in run.scenario.populations:
        begin = run.scenario.endowed(population, instrument)
        if population.name in makers:
            held = _inventories(trades, first, first + population.count, begin)
            largest = max(largest, abs(begin), int(np.abs(held).max(initial=0)))
        first += population.count
    return float(largest)


def _inventories(trades: Trades, first: int, end: int, begin: int) -> NDArray[np.int64]:
    """What the agents of some rows hold after each of their trades; trades with oneself move nothing."""
    makers, takers, signed = trades.makers, trades.takers, trades.signs * trades.quantities
    who = np.concatenate([makers, takers])
    lots = np.concatenate([-signed, signed])
    place = np.tile(np.arange(len(signed)), 2)
    kept = (who >= first) & (who < end) & np.tile(makers != takers, 2)
    who, lots, place = who[kept], lots[kept], place[kept]
    order = np.lexsort((place, who, trades.episodes[place]))
    who, lots, episodes = who[order], lots[order], trades.episodes[place][order]
    held = np.cumsum(lots)
    new = np.ones(len(held), bool)
    new[1:] = (who[1:] != who[:-1]) | (episodes[1:] != episodes[:-1])
    starts = np.flatnonzero(new)
    before = np.repeat(held[starts] - lots[starts], np.diff(starts, append=len(held)))
    found: NDArray[np.int64] = begin + held - before
    return found


def named_makers(named: str, populations: Sequence[str], option: str = "makers") -> tuple[str, ...]:
    """Names with commas between, each of a population.

    Raises
    ------
    RunError
        If there is no population of a name.
    """
    wanted = tuple(dict.fromkeys(name.strip() for name in named.split(",") if name.strip()))
    for name in wanted:
        if name not in populations:
            raise RunError(f"{option}: there is no population {name!r} — {near_or_all(name, populations)}")
    return wanted


def makers_in(run: Run, named: str | None = None) -> tuple[str, ...]:
    """The populations that make the market: those that are named, else those with an obligation or a maker's strategy.

    A maker's strategy is one of ``sim/strategies/makers``; one of a user's own is none until it is named.

    Raises
    ------
    RunError
        If a population that is named is not there.
    """
    populations = [each.name for each in run.scenario.populations]
    if named is not None:
        return named_makers(named, populations)
    from sim.strategy_kit import registry  # here: it brings the compiler

    ours = registry.built_in()
    making = {name for name, each in ours.items() if Path(each.file).parent.name == "makers"}
    return tuple(each.name for each in run.scenario.populations if each.obligation or each.strategy in making)


@measure(
    "crash",
    summary="the deepest fall of the price, what of it came back, and what the makers did meanwhile",
    source="this simulator's definition, after Kirilenko, Kyle, Samadi and Tuzun 2017, J. Finance 72, 967",
    chapter="Reflexivity",
    needs=("trades", "book"),
    options={
        "makers": Option(None, "populations that make the market, with commas between; found if not given"),
        "least": Option(0.01, "smallest fall that is a crash, as a share of the mark", float, 0.0, 1.0),
    },
    without_error={"largest_inventory": "it is the largest there was"},
)
def measures(run: Run, makers: str | None = None, least: float = 0.01) -> list[Measurement]:
    """Drop, rebound, volume between makers over their net, and the largest inventory, of each instrument.

    Over several episodes means, and for ``makers_volume_over_net`` a ratio of means; of the largest inventory the
    largest. Episodes whose fall is below ``least`` count for the drop and the inventory only.
    """
    named = makers_in(run, makers)
    instruments = [each.name for each in run.scenario.instruments]
    found = []
    for instrument in instruments:
        prefix = "" if len(instruments) == 1 else f"{instrument}."
        found += [replace(each, name=f"{prefix}{each.name}") for each in _of_instrument(run, instrument, named, least)]
    return found


def _of_instrument(run: Run, instrument: str, makers: tuple[str, ...], least: float) -> list[Measurement]:
    crashes = crashes_of(run, instrument, makers)
    known = [each for each in crashes if math.isfinite(each.fall.drop)]
    fell = [each for each in known if each.fall.drop > 0.0 and each.fall.drop >= least]
    small = any(each.fall.drop > 0.0 for each in known) and not fell
    why_none = NEVER if not any(marked(run, instrument)) else _NOT_POSITIVE
    why_no_fall = f"no crash: no fall of {100.0 * least:g} % or more" if small else _NO_DROP if known else why_none
    over_net = _over_net(fell) if makers else NOTHING
    why_no_ratio = (_NO_NET if fell else why_no_fall) if makers else _NO_MAKERS
    among = f"among {', '.join(makers)}" if makers else "among makers"
    return [
        measure_of(
            "drop", mean([each.fall.drop for each in known]), "share of the mark",
            "greatest fall of the mark from its highest so far", why_none, _EPISODES,
        ),
        measure_of(
            "rebound", mean([each.fall.rebound for each in fell]), "share of the drop",
            "what of it is back at the end of the episode", why_no_fall, _EPISODES,
        ),
        measure_of(
            "makers_volume_over_net", over_net, "lots per lot",
            f"traded {among} while it fell, over the change of their joint inventory", why_no_ratio, _EPISODES,
        ),
        measure_of(
            "largest_inventory", Estimate(largest_inventory(run, instrument, makers), math.nan), "lots",
            "most that any maker held, long or short", _NO_MAKERS,
        ),
    ]  # fmt: skip


def _over_net(fell: list[Crash]) -> Estimate:
    return ratio([each.between_makers for each in fell], [abs(each.net) for each in fell])
