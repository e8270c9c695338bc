"""One recorded trading day: quotes as they stood, and arriving orders with the mid just before each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.reading.trades_and_quotes import Quotes, Tape, quoted
from analysis.stats.clusters import STRETCHES

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
OPENS, CLOSES = 34_200.0, 57_600.0  # seconds after midnight, 9:30 and 16:00 New York


class Orders(NamedTuple):
    """Arriving orders that traded, in the order of time, each (orders,)."""

    times: Floats  # seconds after midnight
    prices: Floats  # currency, the mean over the order's shares
    signs: Integers  # +1 the taker bought, -1 it sold
    quantities: Floats  # shares
    mids: Floats  # currency, just before; nan where none was known


@dataclass(frozen=True)
class Day:
    """A stock's day."""

    name: str
    tick: float  # currency
    quote_times: Floats  # seconds after midnight, never falling: from when each quote stands, (quotes,)
    bids: Floats  # currency, (quotes,); nan where that side is empty or the quotes cross
    asks: Floats
    visible: Orders  # that traded with displayed orders, or with any where none is known to be hidden
    hidden: Orders  # that traded with hidden orders

    @property
    def all_orders(self) -> Orders:
        """Those with displayed and those with hidden orders, in the order of time."""
        place = np.argsort(np.concatenate([self.visible.times, self.hidden.times]), kind="stable")
        return Orders(*(np.concatenate(pair)[place] for pair in zip(self.visible, self.hidden, strict=True)))

    @property
    def mids(self) -> Floats:
        """Halfway between bid and ask, currency, (quotes,)."""
        return quoted(self.bids, self.asks).mids

    def mids_at(self, times: ArrayLike) -> Floats:
        """The mid that stands at each time, its own quotes included; nan before the first and after the close."""
        at = np.asarray(times, float)
        place = np.searchsorted(self.quote_times, at, side="right") - 1
        if not len(self.quote_times):
            return np.full(len(at), np.nan)
        return np.where((place >= 0) & (at <= CLOSES), self.mids[np.maximum(place, 0)], np.nan)

    def tape(self, orders: Orders) -> Tape:
        """Orders as measures of runs take them, a step being a second after the open."""
        steps = np.clip(orders.times - OPENS, 0, CLOSES - OPENS - 1).astype(np.int64)
        none = np.zeros(len(steps), np.int64)
        return Tape(none, steps, orders.prices, orders.signs, orders.quantities, orders.mids)

    def quotes(self) -> Quotes:
        """Quotes at the end of each second after the open."""
        steps = np.arange(int(CLOSES - OPENS))
        place = np.searchsorted(self.quote_times, OPENS + steps + 1.0, side="right") - 1
        known, place = place >= 0, np.maximum(place, 0)
        sides = (np.where(known, each[place], np.nan) if len(each) else np.full(len(steps), np.nan)
                 for each in (self.bids, self.asks))  # fmt: skip
        return Quotes(np.zeros(len(steps), np.int64), steps, *sides)


def orders_of(times: ArrayLike, prices: ArrayLike, signs: ArrayLike, quantities: ArrayLike, mids: ArrayLike) -> Orders:
    """Executions, each (rows,) in the order of time, as the orders that caused them.

    Successive executions at one time and on one side are one order; its mid is the first one's.
    """
    t, p, lots, m = (np.asarray(each, float) for each in (times, prices, quantities, mids))
    q = np.asarray(signs, np.int64)
    starts = np.flatnonzero(np.r_[True, (t[1:] != t[:-1]) | (q[1:] != q[:-1])]) if len(t) else np.zeros(0, np.int64)
    if not len(starts):
        return Orders(t, p, q, lots, m)
    whole = np.add.reduceat(lots, starts)
    alone = np.diff(starts, append=len(t)) == 1  # keeps the price as it stands, on its grid
    mean = np.where(alone, p[starts], np.add.reduceat(p * lots, starts) / whole)
    return Orders(t[starts], mean, q[starts], whole, m[starts])


def stretches(times: ArrayLike) -> Integers:
    """Which of as many equally long stretches of the day each time falls into: clusters for errors, (rows,)."""
    since = (np.asarray(times, float) - OPENS) / (CLOSES - OPENS)
    return np.clip(since * STRETCHES, 0, STRETCHES - 1).astype(np.int64)
