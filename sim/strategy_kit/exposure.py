"""Shared by those who hold a position whose value they choose."""

from __future__ import annotations

import math

from sim.core.compiled import njit
from sim.core.world import Market, opened
from sim.strategy_kit.interface import cash, inventory, mark_price, nearest_lots
from sim.strategy_kit.seat import Seat
from sim.strategy_kit.taking import trade


@njit
def value_of_a_lot(me: Seat, market: Market) -> float:
    """A lot of the agent's instrument at the mark. Currency."""
    size: float = opened(market).instruments[me.instrument].lot_size
    return mark_price(me, market, me.instrument) * size


@njit
def wealth_of(me: Seat, market: Market) -> float:
    """The agent's cash, and its lots of its own instrument at the mark. Currency."""
    return cash(me, market) + inventory(me, market) * value_of_a_lot(me, market)


@njit
def trade_to_exposure(me: Seat, market: Market, exposure: float) -> None:
    """Send a market order so that the position at the mark comes to ``exposure``, in currency; none without a price."""
    lot = value_of_a_lot(me, market)
    if lot > 0.0 and not math.isnan(exposure):
        trade(me, market, nearest_lots(exposure / lot) - inventory(me, market))
