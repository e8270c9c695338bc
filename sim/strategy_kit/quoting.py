"""Shared by makers: keeping post-only orders at the prices they want."""

from __future__ import annotations

from typing import Any

from sim.core.compiled import njit
from sim.core.world import Market, opened
from sim.strategy_kit.interface import BUY, SELL, episode_steps, is_live, order_price, requote, step
from sim.strategy_kit.seat import Seat
from sim.venues.gateway import LEVELS, complain

MOST_LEVELS = 10


@njit
def keep_ladder(
    me: Seat,
    market: Market,
    venue: int,
    handles: Any,
    side: int,
    price: int,
    lots: int,
    quantity: int,
    levels: int,
    gap: int,
) -> None:
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
def keep_quotes(
    me: Seat,
    market: Market,
    venue: int,
    bids: Any,
    asks: Any,
    bid: int,
    buying: int,
    ask: int,
    selling: int,
    quantity: int,
    levels: int,
    gap: int,
) -> None:
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
def _reaches(me: Seat, market: Market, asks: Any, bid: int, levels: int) -> bool:
    """Whether a bid would meet one of the asks that still rest."""
    for level in range(levels):
        if is_live(me, market, asks[level]) and order_price(me, market, asks[level]) <= bid:
            return True
    return False


@njit
def keep_bid_and_ask(me: Seat, market: Market, venue: int, bid: int, buying: int, ask: int, selling: int) -> None:
    """Keep one order on each side of a venue, of ``buying`` and ``selling`` lots, at least a tick apart.

    They must not lock their own book. The memory holds their handles: ``"bids": (int, 1), "asks": (int, 1)``.
    """
    if ask <= bid and buying > 0 and selling > 0:
        ask = bid + 1
    keep_quotes(me, market, venue, me.memory.bids, me.memory.asks, bid, buying, ask, selling, max(buying, selling),
                1, 1)  # fmt: skip


@njit
def steps_left(me: Seat, market: Market) -> int:
    """Steps to the maker's horizon, or to the end of the episode where that is 0."""
    horizon: int = me.parameters.horizon if me.parameters.horizon > 0 else episode_steps(me, market)
    return max(0, horizon - step(me, market))


@njit
def room_to_trade(limit: int, inventory: int, side: int, quantity: int) -> int:
    """Lots to quote on a side so that a fill keeps the inventory within ``limit`` either way; 0 means no limit."""
    if limit <= 0:
        return quantity
    return max(0, min(quantity, limit - side * inventory))
