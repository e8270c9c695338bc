"""A venue's trades and quotes as arrays, in the order of time; and which rows of them follow one another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.measures import Measure
from analysis.samples import columns
from sim.runs import Run

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Tape:
    """Arriving orders that traded, each of shape (orders,); what one order traded at several prices is one row."""

    episodes: Integers
    steps: Integers
    prices: Floats  # currency, the mean over the order's lots
    signs: Integers  # +1 the taker bought, -1 it sold, 0 unknown
    quantities: Floats  # lots
    mids: Floats  # currency, the mid of the consolidated book just before


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
        return (self.bids + self.asks) / 2


def tape_of(run: Run, venue: str) -> Tape:
    """The trades of a venue, an arriving order a row."""
    names = ["episode", "step", "venue", "price", "quantity", "aggressor", "taker_order", "mark"]
    rows = columns(run, "trades", names)
    rows = rows[rows["venue"] == venue]
    episodes, orders = rows["episode"].to_numpy(), rows["taker_order"].to_numpy()
    new = np.ones(len(rows), bool)
    new[1:] = (orders[1:] != orders[:-1]) | (episodes[1:] != episodes[:-1])
    starts = np.flatnonzero(new)
    quantities = rows["quantity"].to_numpy().astype(float)
    lots = np.add.reduceat(quantities, starts) if len(starts) else quantities
    prices = rows["price"].to_numpy()
    money = np.add.reduceat(prices * quantities, starts) if len(starts) else prices
    alone = np.diff(starts, append=len(rows)) == 1  # keeps the price as it stands, on its grid
    side = rows["aggressor"]
    return Tape(
        episodes=episodes[starts],
        steps=rows["step"].to_numpy()[starts],
        prices=np.where(alone, prices[starts], money / np.maximum(lots, 1)),
        signs=((side == "buy").to_numpy().astype(np.int64) - (side == "sell").to_numpy())[starts],
        quantities=lots,
        mids=rows["mark"].to_numpy()[starts],
    )


def quotes_of(run: Run, venue: str) -> Quotes:
    """The samples of a venue's book."""
    rows = columns(run, "book", ["episode", "step", "venue", "bid", "ask"])
    rows = rows[rows["venue"] == venue]
    return Quotes(*(rows[name].to_numpy() for name in ("episode", "step", "bid", "ask")))


def consecutive(count: int, lags: int, episodes: ArrayLike | None = None) -> NDArray[np.bool_]:
    """Which of the rows from ``lags`` on have the ``lags`` rows before them in the same episode; (count - lags,)."""
    if episodes is None:
        return np.ones(max(count - lags, 0), bool)
    labels = np.asarray(episodes)
    same: NDArray[np.bool_] = labels[lags:] == labels[: max(count - lags, 0)]
    return same


def by_venue(run: Run, measure: Callable[[Run, str], list[Measure]]) -> list[Measure]:
    """The measures of every venue; their names begin with the venue's where there are several."""
    venues = [venue.name for venue in run.scenario.venues]
    if len(venues) == 1:
        return measure(run, venues[0])
    return [replace(each, name=f"{name}.{each.name}") for name in venues for each in measure(run, name)]
