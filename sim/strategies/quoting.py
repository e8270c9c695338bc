"""What makers share: keeping a ladder of post-only orders where they want it."""

from __future__ import annotations

from sim.compiled import njit
from sim.strategies.desk import BUY, SELL, order_price, requote

MOST_LEVELS = 10


@njit
def keep_ladder(me, market, venue, handles, side, price, quantity, levels, gap):
    """Keep ``levels`` orders of a side at ``price`` and every ``gap`` ticks behind it; a quantity of 0 withdraws them.

    ``handles`` is the agent's memory of them: int64 (MOST_LEVELS,).
    """
    for level in range(levels):
        handles[level] = requote(me, market, venue, handles[level], side, price - side * gap * level, quantity)


@njit
def keep_quotes(me, market, venue, bids, asks, bid, bid_quantity, ask, ask_quantity, levels, gap):
    """Keep a ladder on both sides.

    The side that moves away goes first: a bid that moves up must not meet the agent's own old ask.
    """
    if bid_quantity > 0 and asks[0] > 0 and order_price(me, market, asks[0]) <= bid:
        keep_ladder(me, market, venue, asks, SELL, ask, ask_quantity, levels, gap)
        keep_ladder(me, market, venue, bids, BUY, bid, bid_quantity, levels, gap)
    else:
        keep_ladder(me, market, venue, bids, BUY, bid, bid_quantity, levels, gap)
        keep_ladder(me, market, venue, asks, SELL, ask, ask_quantity, levels, gap)


@njit
def room_to_trade(limit, inventory, side, quantity):
    """Lots to quote on a side so that a fill keeps the inventory within ``limit`` either way; 0 means no limit."""
    if limit <= 0:
        return quantity
    return max(0, min(quantity, limit - side * inventory))
