"""Presence: the time for which traders had orders on both sides of the book, and at its best quotes.

Time is counted in steps at whose end the book can be seen; steps within auctions do not count. Intervals are half open,
[begin, end), in such steps since the start of the run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.reading.orders import RESTING, Orders, orders_of, shows
from analysis.stats.clusters import STRETCHES
from analysis.stats.regression import long_run_variance
from sim.core.errors import RunError
from sim.runs.result import Run

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
SHARES = ("two_sided", "best", "best_bid", "best_ask")
_MOST_WINDOWS = 1000


class Intervals(NamedTuple):
    """Intervals of groups, int64 (intervals,)."""

    groups: Integers  # not negative
    begins: Integers
    ends: Integers

    def some(self, which: ArrayLike) -> Intervals:
        """The intervals that a mask or indices choose."""
        return Intervals(*(each[np.asarray(which)] for each in self))


def union(intervals: Intervals) -> Intervals:
    """The union of each group's intervals, as sorted intervals that neither overlap nor touch."""
    parts = intervals.some(intervals.ends > intervals.begins)
    if not len(parts.groups):
        return parts
    reach = int(parts.ends.max()) + 2  # one more than needed, so that groups do not touch
    parts = parts.some(np.argsort(parts.groups * reach + parts.begins, kind="stable"))
    covered = np.maximum.accumulate(parts.groups * reach + parts.ends)
    first = np.ones(len(covered), bool)
    first[1:] = (parts.groups * reach + parts.begins)[1:] > covered[:-1]
    starts = np.flatnonzero(first)
    last = np.append(starts[1:], len(covered)) - 1
    groups = parts.groups[starts]
    return Intervals(groups, parts.begins[starts], covered[last] - groups * reach)


def overlaps(one: Intervals, other: Intervals) -> tuple[Intervals, Integers]:
    """Intersections of intervals with those of the same group in ``other``, and the index in ``one`` of each.

    No interval may be empty, and ``other`` must be a result of :func:`union`.
    """
    reach = int(max(one.ends.max(initial=0), other.ends.max(initial=0))) + 1
    low = np.searchsorted(other.groups * reach + other.ends, one.groups * reach + one.begins, side="right")
    high = np.searchsorted(other.groups * reach + other.begins, one.groups * reach + one.ends, side="left")
    many = np.maximum(high - low, 0)
    source = np.repeat(np.arange(len(many)), many)
    within = np.arange(len(source)) - np.repeat(np.cumsum(many) - many, many)
    match = low[source] + within
    begins, ends = np.maximum(one.begins[source], other.begins[match]), np.minimum(one.ends[source], other.ends[match])
    return Intervals(one.groups[source], begins, ends), source


def time_in(intervals: Intervals, count: int, edges: Integers) -> Integers:
    """Time covered by each group in each window, int64 (count, windows).

    Parameters
    ----------
    intervals : a result of :func:`union`, with groups below ``count``.
    edges : of the windows, rising, (windows + 1,).
    """
    reach = int(max(intervals.ends.max(initial=0), edges[-1])) + 1
    begins, ends = intervals.groups * reach + intervals.begins, intervals.groups * reach + intervals.ends
    until = (np.arange(count) * reach)[:, None] + edges[None, :]
    place = np.searchsorted(begins, until.ravel(), side="left")
    lengths = np.concatenate([[0], np.cumsum(ends - begins)])
    beyond = np.maximum(np.concatenate([[-1], ends])[place] - until.ravel(), 0)
    return np.asarray(np.diff((lengths[place] - beyond).reshape(until.shape), axis=1), np.int64)


def holders(run: Run, by: str) -> pd.Index:
    """The populations of a run, or its agents as pairs of population and number.

    Raises
    ------
    RunError
        If ``by`` is neither ``population`` nor ``agent``.
    """
    if by == "population":
        return pd.Index([each.name for each in run.scenario.populations], name="population")
    if by != "agent":
        raise RunError(f"traders are told apart by population or by agent, not by {by!r}")
    pairs = [(each.name, number) for each in run.scenario.populations for number in range(each.count)]
    return pd.MultiIndex.from_tuples(pairs, names=["population", "agent"])


def presence_of(run: Run, venue: str, by: str = "population") -> pd.DataFrame:
    """Share of time that each population or agent was present on a venue, a row each.

    ``two_sided`` is the share of time with limit orders on both sides. ``best_bid`` and ``best_ask`` are the shares
    with an order at that quote, and ``best`` is the mean of the two. ``two_sided_standard_error`` and so on are their
    standard errors: over episodes if there are many, otherwise over stretches of time that may depend on one another
    (Newey and West 1987). A population is present if any of its members is.

    Raises
    ------
    RunError
        As :func:`analysis.reading.orders.orders_of` does, or if ``by`` is neither ``population`` nor ``agent``.
    """
    index, known = holders(run, by), orders_of(run)
    clock = _Clock(run, venue)
    bids, asks = (_stays(known, venue, side, by, clock, run) for side in ("buy", "sell"))
    count, edges = len(index), clock.edges
    waits = [union(Intervals(*each[:3])) for each in (bids, asks)]
    either = union(Intervals(*(np.concatenate(parts) for parts in zip(*waits, strict=True))))
    bid_time, ask_time, either_time = (time_in(each, count, edges) for each in (*waits, either))
    best = [
        time_in(_at_best(known, venue, side, stays, clock), count, edges)
        for side, stays in (("buy", bids), ("sell", asks))
    ]
    times: list[Any] = [bid_time + ask_time - either_time, (best[0] + best[1]) / 2, *best]
    table = pd.DataFrame(index=index)
    for name, time in zip(SHARES, times, strict=True):
        table[name], table[f"{name}_standard_error"] = _shares(time, np.diff(edges), clock.independent)
    return table


class _Clock:
    """Steps at whose end a venue's book can be seen, counted from the run's start, and the windows that hold them."""

    def __init__(self, run: Run, venue: str) -> None:
        self.length, self.done = run.scenario.run.steps, int(run.manifest["steps"])
        place = next(each for each in run.scenario.venues if each.name == venue)
        seen = shows(place, self.length, np.arange(min(self.length, self.done)))
        self._before: Integers = np.concatenate([[0], np.cumsum(seen)])
        total = int(self.at(np.array([self.done]))[0])
        episodes = -(-self.done // self.length)
        self.independent = episodes >= STRETCHES
        windows = min(episodes, _MOST_WINDOWS) if self.independent else STRETCHES
        if self.independent:
            ends = np.minimum(np.arange(1, windows + 1) * episodes // windows * self.length, self.done)
            edges = np.concatenate([[0], self.at(ends)])
        else:
            edges = np.arange(windows + 1) * total // windows
        self.edges: Integers = np.unique(edges)

    def at(self, steps: Integers) -> Integers:
        """Number of visible steps from the start of the run to the start of the given steps."""
        episodes, within = np.divmod(steps, self.length)
        return np.asarray(episodes * self._before[-1] + self._before[within], np.int64)


def _stays(known: Orders, venue: str, side: str, by: str, clock: _Clock, run: Run) -> list[Integers]:
    """Holder, begin, end and price of the stays of limit orders on a side."""
    stays = known.stays
    own = stays[(stays["venue"] == venue) & (stays["side"] == side) & stays["kind"].isin(RESTING)]
    holder = own["population"].cat.codes.to_numpy()
    if by == "agent":
        firsts = np.cumsum([0, *(each.count for each in run.scenario.populations)])
        holder = firsts[holder] + own["agent"].to_numpy()
    begin = (own["episode"] * clock.length + own["step"]).to_numpy(np.int64)
    end = begin + own["lifetime"].to_numpy(np.int64) + (own["end"] == "alive").to_numpy()
    found = (holder, clock.at(begin), clock.at(end), own["price"].to_numpy())
    return [np.asarray(each, np.int64) for each in found]


def _at_best(known: Orders, venue: str, side: str, stays: Sequence[Integers], clock: _Clock) -> Intervals:
    """When each holder had an order at the best price of a side."""
    holder, begin, end, price = stays
    quotes = known.quotes[(known.quotes["venue"] == venue) & (known.quotes["side"] == side)]
    step = (quotes["episode"] * clock.length + quotes["step"]).to_numpy(np.int64)
    close = np.minimum((quotes["episode"].to_numpy(np.int64) + 1) * clock.length, clock.done)
    until = np.minimum(np.append(step[1:], clock.done)[: len(step)], close)
    there = quotes["price"].notna().to_numpy()
    _, levels = np.unique(np.concatenate([quotes["price"][there], price]), return_inverse=True)
    spells = union(Intervals(levels[: there.sum()], clock.at(step[there]), clock.at(until[there])))
    place = levels[there.sum() :]
    most = int(levels.max(initial=0)) + 1
    own = union(Intervals(holder * most + place, begin, end))  # of each holder at each price
    met, source = overlaps(Intervals(own.groups % most, own.begins, own.ends), spells)
    return union(Intervals(own.groups[source] // most, met.begins, met.ends))


def _shares(time: Any, widths: Integers, independent: bool) -> tuple[Floats, Floats]:
    """Share of all windows that is covered, and its standard error, (holders,)."""
    total = float(widths.sum())
    if not total:
        return np.full(len(time), math.nan), np.full(len(time), math.nan)
    share = time.sum(axis=1) / total
    moved = (time - share[:, None] * widths) / widths.mean()
    windows = len(widths)
    if windows < 2:
        return share, np.full(len(time), math.inf)
    lags = 0 if independent else None
    return share, np.array([math.sqrt(long_run_variance(each, lags) / windows) for each in moved])
