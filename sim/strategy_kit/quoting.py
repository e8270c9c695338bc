"""What makers share: keeping post-only orders where they want them."""

from __future__ import annotations

from sim.core.compiled import njit
from sim.core.world import opened
from sim.strategy_kit.interface import BUY, SELL, episode_steps, is_live, order_price, requote, step
from sim.venues.gateway import LEVELS, complain

MOST_LEVELS = 10


@njit
def keep_ladder(me, market, venue, handles, side, price, lots, quantity, levels, gap):
    """Keep ``lots`` in up to ``levels`` orders of ``quantity``, at ``price`` and every ``gap`` ticks behind it.

    ``handles`` is the agent's memory of them: int64, ``levels`` of them at least. What ``lots`` does not reach is
    withdrawn.
    """
    if levels > len(handles):
        complain(opened(market), LEVELS, levels)
        return
    for level in range(levels):
        size = min(lots, quantity)
        handles[level] = requote(me, market, venue, handles[level], side, price - side * gap * level, size)
        lots -= size


@njit
def keep_quotes(me, market, venue, bids, asks, bid, buying, ask, selling, quantity, levels, gap):
    """Keep a ladder on both sides: ``buying`` lots from ``bid`` down, ``selling`` lots from ``ask`` up.

    The side that moves away goes first: a bid that moves up must not meet the agent's own old ask.
    """
    if buying > 0 and levels <= len(asks) and _reaches(me, market, asks, bid, levels):
        keep_ladder(me, market, venue, asks, SELL, ask, selling, quantity, levels, gap)
        keep_ladder(me, market, venue, bids, BUY, bid, buying, quantity, levels, gap)
    else:
        keep_ladder(me, market, venue, bids, BUY, bid, buying, quantity, levels, gap)
        keep_ladder(me, market, venue, asks, SELL, ask, selling, quantity, levels, gap)


@njit
def _reaches(me, market, asks, bid, levels):
    """Whether a bid would meet one of the asks that still rest."""
    for level in range(levels):
        if is_live(me, market, asks[level]) and order_price(me, market, asks[level]) <= bid:
            return True
    return False


@njit
def keep_bid_and_ask(me, market, bid, buying, ask, selling):
    """Keep one order a side, of ``buying`` and ``selling`` lots, at least a tick apart: they must not lock their book.

    The strategy's memory has a place for each: ``"bids": (int, 1), "asks": (int, 1)``.
    """
    if ask <= bid and buying > 0 and selling > 0:
        ask = bid + 1
    keep_quotes(me, market, me.venue, me.memory.bids, me.memory.asks, bid, buying, ask, selling, max(buying, selling),
                1, 1)  # fmt: skip


@njit
def steps_left(me, market):
    """Steps to the maker's horizon, or to the end of the episode where that is 0."""
    horizon = me.parameters.horizon if me.parameters.horizon > 0 else episode_steps(me, market)
    return max(0, horizon - step(me, market))


@njit
def room_to_trade(limit, inventory, side, quantity):
    """Lots to quote on a side so that a fill keeps the inventory within ``limit`` either way; 0 means no limit."""
    if limit <= 0:
        return quantity
    return max(0, min(quantity, limit - side * inventory))
