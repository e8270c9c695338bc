"""Shared by traders who want a number of lots now, at the market."""

from __future__ import annotations

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
    "most": Parameter(0, "most lots in one turn, 0 for no limit", unit="lots", low=0, high=(1 << 31) - 1),
    "inventory_limit": Parameter(0, "most lots held either way, 0 for no limit", unit="lots", low=0),
}  # of the parameters, for trade_bounded
_MOST = (1 << 31) - 1  # lots in one order


@njit
def drawn_venue(me: Seat, market: Market) -> int:
    """One of the agent's venues, drawn with equal chances; its only one without a draw."""
    count = venue_count(me, market)
    if count == 1:
        return me.venue
    return venue_of(me, market, min(count - 1, int64(count * uniform(me, market))))


@njit
def trade_bounded(me: Seat, market: Market, wanted: float) -> None:
    """Send a market order for ``wanted`` lots, to sell if negative, within the limits that the parameters set."""
    choice = me.parameters
    lots: int = nearest_lots(max(-2.0e9, min(2.0e9, wanted)))
    if choice.most > 0:
        lots = max(-choice.most, min(choice.most, lots))
    if choice.inventory_limit > 0:
        held = inventory(me, market)
        lots = max(-choice.inventory_limit - held, min(choice.inventory_limit - held, lots))
    trade(me, market, lots)


@njit
def trade(me: Seat, market: Market, lots: int) -> None:
    """Send a market order for so many lots, to sell if negative; none for 0."""
    if lots != 0:
        market_order(me, market, me.venue, BUY if lots > 0 else SELL, min(abs(lots), _MOST))
