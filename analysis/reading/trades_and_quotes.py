"""A venue's trades and quotes as arrays, in the order of time; and which rows of them follow one another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.reading.columns import columns
from analysis.reading.measures import Measurement
from analysis.reading.trades import trades_of
from analysis.stats.arguments import checked
from sim.core.errors import RunError
from sim.runs.result import Run

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_ABOVE_ONE = 1.5  # ticks: spreads are whole ticks, and currency is not exact


@dataclass(frozen=True)
class Tape:
    """Arriving orders that traded, each of shape (orders,); what one order traded at several prices is one row."""

    episodes: Integers
    steps: Integers
    prices: Floats  # currency, the mean over the order's lots
    signs: Integers  # +1 the taker bought, -1 it sold, 0 unknown
    quantities: Floats  # lots
    mids: Floats  # currency, the mid of the consolidated book just before


class Quoted(NamedTuple):
    """What best quotes say, each float64 (samples,); nan where a side is empty."""

    mids: Floats  # currency, halfway between best bid and best ask
    spreads: Floats  # currency, best ask less best bid
    relative: Floats  # spread over mid; nan too where the mid is not positive

    def at_one_tick(self, tick: float) -> Floats:
        """1 where the spread is one tick or less, 0 where it is wider, nan where it is unknown. Tick in currency."""
        return np.where(np.isfinite(self.spreads), self.spreads < _ABOVE_ONE * tick, np.nan)


@checked("bids", "asks", infinite=True)
def quoted(bids: ArrayLike, asks: ArrayLike) -> Quoted:
    """Mids and quoted spreads of best bids and asks (samples,), currency; nan where a side is empty."""
    bid, ask = np.asarray(bids, float), np.asarray(asks, float)
    mids, spreads = (bid + ask) / 2, ask - bid
    relative = np.divide(spreads, mids, out=np.full(mids.shape, np.nan), where=mids > 0)
    return Quoted(mids, spreads, relative)


@dataclass(frozen=True)
class Quotes:
    """Best quotes at the ends of steps, each of shape (samples,); nan where a side is empty."""

    episodes: Integers
    steps: Integers
    bids: Floats  # currency
    asks: Floats  # currency

    @property
    def mids(self) -> Floats:
        """Halfway between best bid and best ask."""
        return quoted(self.bids, self.asks).mids


def tape_of(run: Run, venue: str) -> Tape:
    """The trades of a venue, an arriving order a row; arrays may be those of :func:`analysis.reading.trades.trades_of`.

    Raises
    ------
    RunError
        If the run has no such venue, or kept no trades.
    """
    own = next((each for each in run.scenario.venues if each.name == venue), None)
    if own is None:
        names = ", ".join(each.name for each in run.scenario.venues)
        raise RunError(f"this run has no venue {venue!r} — there are {names}")
    trades = trades_of(run, own.instrument)
    here = slice(None) if len(trades.venues) == 1 else trades.venue == trades.venues.index(venue)
    orders = trades.first_of_order[here]
    new = np.ones(len(orders), bool)
    new[1:] = orders[1:] != orders[:-1]
    starts = np.flatnonzero(new)
    single = len(starts) == len(orders)  # each order traded once, as most do: there is nothing to add up

    def first(values: NDArray[Any]) -> NDArray[Any]:
        return values[here] if single else values[here][starts]

    lots, prices = trades.quantities[here].astype(float), first(trades.prices)
    if not single:
        alone = np.diff(starts, append=len(orders)) == 1  # keeps the price as it stands, on its grid
        money = np.add.reduceat(trades.prices[here] * lots, starts)
        lots = np.add.reduceat(lots, starts)
        prices = np.where(alone, prices, money / np.maximum(lots, 1))
    return Tape(
        episodes=first(trades.episodes),
        steps=first(trades.steps),
        prices=prices,
        signs=first(trades.signs).astype(np.int64),
        quantities=lots,
        mids=first(trades.mids),
    )


def kept_tape(run: Run, venue: str) -> Tape:
    """The trades of a venue, an arriving order a row; none where the run kept none."""
    if run.scenario.record.trades:
        return tape_of(run, venue)
    whole, real = np.zeros(0, np.int64), np.zeros(0)
    return Tape(whole, whole, real, whole, real, real)


def quotes_of(run: Run, venue: str) -> Quotes:
    """The samples of a venue's book."""
    rows = columns(run, "book", ["episode", "step", "venue", "bid", "ask"])
    rows = rows[rows["venue"] == venue]
    return Quotes(*(rows[name].to_numpy() for name in ("episode", "step", "bid", "ask")))


@checked(labels=["episodes"])
def consecutive(count: int, lags: int, episodes: ArrayLike | None = None) -> NDArray[np.bool_]:
    """Which of the rows from ``lags`` on have the ``lags`` rows before them in the same episode; (count - lags,)."""
    if episodes is None:
        return np.ones(max(count - lags, 0), bool)
    labels = np.asarray(episodes)
    if len(labels) != count:
        raise ValueError(f"episodes has {len(labels):,} rows for {count:,} — give one for each row")
    same: NDArray[np.bool_] = labels[lags:] == labels[: max(count - lags, 0)]
    return same


def by_venue(run: Run, measure: Callable[[Run, str], list[Measurement]]) -> list[Measurement]:
    """The measures of every venue; their names begin with the venue's where there are several."""
    venues = [venue.name for venue in run.scenario.venues]
    if len(venues) == 1:
        return measure(run, venues[0])
    return [replace(each, name=f"{name}.{each.name}") for name in venues for each in measure(run, name)]
