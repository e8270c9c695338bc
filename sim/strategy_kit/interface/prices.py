"""Prices, ticks and lots: from one to the other, and what a trade costs."""

from __future__ import annotations

import math

from sim.core.codes import MOST_LOTS
from sim.core.compiled import njit
from sim.core.world import NONE, Market, opened
from sim.strategy_kit import view
from sim.strategy_kit.seat import Seat
from sim.venues import ticks as grid
from sim.venues.gateway import is_venue
from sim.venues.ticks import NO_BID

_MOST_LOTS = float(MOST_LOTS)


@njit
def price_from_ticks(me: Seat, market: Market, venue: int, ticks: int) -> float:
    """A price in currency."""
    world = opened(market)
    return grid.to_currency(world, venue, ticks) if is_venue(world, venue) else math.nan


@njit
def tick_size(me: Seat, market: Market, venue: int) -> float:
    """A venue's tick. Currency."""
    world = opened(market)
    return world.venues[venue].tick_size if is_venue(world, venue) else math.nan


@njit
def tick_below(me: Seat, market: Market, venue: int, price: float) -> int:
    """The last tick at or below a price."""
    world = opened(market)
    return grid.tick_below(world, venue, price) if is_venue(world, venue) else NO_BID


@njit
def tick_above(me: Seat, market: Market, venue: int, price: float) -> int:
    """The first tick at or above a price."""
    world = opened(market)
    return grid.tick_above(world, venue, price) if is_venue(world, venue) else NO_BID


@njit
def nearest_tick(me: Seat, market: Market, venue: int, price: float) -> int:
    """The tick nearest to a price, the higher one of two equally near."""
    world = opened(market)
    return grid.nearest_tick(world, venue, price) if is_venue(world, venue) else NO_BID


@njit
def nearest_lots(lots: float) -> int:
    """The whole number of lots nearest to ``lots``, negative to sell; no more than an order may have; 0 of nan."""
    return math.floor(max(-_MOST_LOTS, min(_MOST_LOTS, lots)) + 0.5) if lots == lots else NONE


@njit
def round_lots(lots: float) -> int:
    """The whole number of lots nearest to ``lots``, at least 1, no more than an order may have; 0 of nan."""
    return max(1, nearest_lots(lots)) if lots == lots else NONE


@njit
def taker_cost(me: Seat, market: Market, venue: int, price: float) -> float:
    """What a taker pays the venue on one unit at ``price``. Currency."""
    world = opened(market)
    if not is_venue(world, venue):
        return math.nan
    return view.taker_cost(world, me.agent, venue, price)
