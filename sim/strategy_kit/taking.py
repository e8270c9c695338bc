"""What strategies share that trade at the market: a signed number of lots, within limits."""

from __future__ import annotations

from sim.core.codes import MOST_LOTS
from sim.core.compiled import njit
from sim.core.world import Market
from sim.strategy_kit.declare import Parameter
from sim.strategy_kit.interface import BUY, SELL, inventory, market_order, nearest_lots
from sim.strategy_kit.seat import Seat

BOUNDS = {
    "most": Parameter(0, "most lots in one turn, 0 for no limit", unit="lots", low=0, high=MOST_LOTS),
    "inventory_limit": Parameter(0, "most lots held either way, 0 for no limit", unit="lots", low=0),
}  # of the parameters, for trade_bounded


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
    """Send a market order for ``lots``: buy if positive, sell if negative, send nothing for 0.

    An order has at most ``MOST_LOTS`` lots.
    """
    if lots != 0:
        market_order(me, market, me.venue, BUY if lots > 0 else SELL, min(abs(lots), MOST_LOTS))
