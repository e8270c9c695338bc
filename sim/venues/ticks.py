"""Conversion between ticks and prices in currency.

A book counts prices in whole ticks. Trades are counted in the venue's ``price_units``, which are finer than ticks if an
auction may clear between ticks.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.core.compiled import njit
from sim.core.world import NO_PRICE

NO_BID, NO_ASK = NO_PRICE, -NO_PRICE  # a missing best bid is below every price, a missing best ask above
_FAR = float(1 << 40)
_SLACK = 1e-9  # ticks: 100.05 / 0.01 is 10004.999… and must become 10005


@njit
def to_currency(world: Any, venue: int, ticks: int) -> float:
    """Convert a price in ticks to currency."""
    price: float = np.float64(ticks) * world.venues[venue].tick_size
    return price


@njit
def trade_to_currency(world: Any, venue: int, units: int) -> float:
    """Convert a price in the venue's ``price_units`` to currency."""
    price: float = np.float64(units) * world.venues[venue].price_size
    return price


@njit
def trade_to_ticks(world: Any, venue: int, units: int) -> int:
    """The tick nearest to a price in the venue's ``price_units``, the higher one of two equally near."""
    per_tick: int = world.venues[venue].per_tick
    return units if per_tick == 1 else (units + per_tick // 2) // per_tick


@njit
def tick_below(world: Any, venue: int, price: float) -> int:
    """The last tick at or below a price."""
    return _whole(np.floor(price / world.venues[venue].tick_size + _SLACK))


@njit
def tick_above(world: Any, venue: int, price: float) -> int:
    """The first tick at or above a price."""
    return _whole(np.ceil(price / world.venues[venue].tick_size - _SLACK))


@njit
def nearest_tick(world: Any, venue: int, price: float) -> int:
    """The tick nearest to a price, the higher one of two equally near."""
    return _whole(np.floor(price / world.venues[venue].tick_size + 0.5 + _SLACK))


@njit
def _whole(ticks: float) -> int:
    """A whole number of ticks. A price that is too far away for an integer becomes a number beyond every book.

    For nan the result is NO_BID, a price at which every order is rejected.
    """
    if ticks != ticks:
        return NO_BID
    return int(max(-_FAR, min(_FAR, ticks)))
