"""What strategies share that trade at the market: a signed number of lots, within limits."""

from __future__ import annotations

from sim.core.codes import MOST_LOTS
from sim.core.compiled import njit
from sim.core.world import Market, int64
from sim.strategy_kit.declare import Parameter
from sim.strategy_kit.interface import (
    BUY,
    SELL,
    inventory,
    market_order,
    nearest_lots,
    uniform,
    venue_count,
    venue_of,
)
from sim.strategy_kit.seat import Seat

BOUNDS = {
    "most": Parameter(0, "most lots in one turn, 0 for no limit", unit="lots", low=0, high=MOST_LOTS),
    "inventory_limit": Parameter(0, "most lots held either way, 0 for no limit", unit="lots", low=0),
}  # of the parameters, for trade_bounded


@njit
def drawn_venue(me: Seat, market: Market) -> int:
    """One of the agent's venues, drawn with equal chances; its only one without a draw."""
    count = venue_count(me, market)
    if count == 1:
        return me.venue
    return venue_of(me, market, min(count - 1, int64(count * uniform(me, market))))


@njit
def trade_bounded(me: Seat, market: Market, wanted: float) -> None:
    """Send a market order for ``wanted`` lots, within the limits that the parameters set.

    A negative number is sold. The number is rounded to whole lots; nothing is sent for 0 or nan.
    """
    choice = me.parameters
    lots: int = nearest_lots(wanted)
    if choice.most > 0:
        lots = max(-choice.most, min(choice.most, lots))
    if choice.inventory_limit > 0:
        held = inventory(me, market)
        lots = max(-choice.inventory_limit - held, min(choice.inventory_limit - held, lots))
    trade(me, market, lots)


@njit
def trade(me: Seat, market: Market, lots: int) -> None:
    """Send a market order for ``lots`` to the first venue: buy if positive, sell if negative, send nothing for 0.

    An order has at most ``MOST_LOTS`` lots.
    """
    trade_on(me, market, me.venue, lots)


@njit
def trade_on(me: Seat, market: Market, venue: int, lots: int) -> None:
    """As :func:`trade`, to a venue."""
    if lots != 0:
        market_order(me, market, venue, BUY if lots > 0 else SELL, min(abs(lots), MOST_LOTS))
