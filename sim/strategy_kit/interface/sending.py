"""What an agent can send in its turn: orders, schedules, changes and cancellations."""

from __future__ import annotations

import numpy as np

from sim.core.codes import FILL_OR_KILL, IMMEDIATE_OR_CANCEL, LIMIT, MARKET, POST_ONLY
from sim.core.compiled import njit
from sim.core.world import NONE, NOTHING, Market, opened
from sim.strategy_kit.interface.own_state import filled, is_live
from sim.strategy_kit.seat import Seat, own
from sim.venues.gateway import send_cancel, send_order, send_replace, send_schedule
from sim.venues.orders import handle_of, slot_of


@njit
def limit_order(
    me: Seat, market: Market, venue: int, side: int, price: int, quantity: int, expires_after: int = 0
) -> int:
    """Trade up to ``price`` and rest with what is left, for ``expires_after`` steps (0: until cancelled).

    Returns the order's handle if it rests, else 0. ``filled(me, market)`` says what traded at once.
    """
    me = own(me)
    handle: int = send_order(opened(market), me.agent, venue, LIMIT, side, price, quantity, expires_after)
    return handle


@njit
def post_only_order(
    me: Seat, market: Market, venue: int, side: int, price: int, quantity: int, expires_after: int = 0
) -> int:
    """Rest at ``price`` without trading; where it would trade, the venue moves it a tick away or rejects it."""
    me = own(me)
    handle: int = send_order(opened(market), me.agent, venue, POST_ONLY, side, price, quantity, expires_after)
    return handle


@njit
def market_order(me: Seat, market: Market, venue: int, side: int, quantity: int) -> int:
    """Trade at whatever price; what the book cannot fill is dropped. Returns the lots traded."""
    me = own(me)
    send_order(opened(market), me.agent, venue, MARKET, side, NONE, quantity, NONE)
    return filled(me, market)


@njit
def immediate_or_cancel_order(me: Seat, market: Market, venue: int, side: int, price: int, quantity: int) -> int:
    """Trade up to ``price``; what is left is dropped. Returns the lots traded."""
    me = own(me)
    send_order(opened(market), me.agent, venue, IMMEDIATE_OR_CANCEL, side, price, quantity, NONE)
    return filled(me, market)


@njit
def fill_or_kill_order(me: Seat, market: Market, venue: int, side: int, price: int, quantity: int) -> int:
    """Trade all of it up to ``price``, or nothing. Returns the lots traded."""
    me = own(me)
    send_order(opened(market), me.agent, venue, FILL_OR_KILL, side, price, quantity, NONE)
    return filled(me, market)


@njit
def demand_schedule(me: Seat, market: Market, venue: int, price: float, slope: float, most: int = 0) -> int:
    """While an auction is running: buy ``slope`` lots per unit of currency below ``price``, sell as many above it.

    ``price`` in currency, ``slope`` in lots per currency, ``most`` lots either way (0: no limit). It waits for the next
    clearing only. Several add up, so that any line that falls with the price can be pieced together. Returns its
    handle, 0 if it is rejected.
    """
    me = own(me)
    handle: int = send_schedule(opened(market), me.agent, venue, price, slope, most)
    return handle


@njit
def cancel_order(me: Seat, market: Market, handle: int) -> int:
    """Cancel one of the agent's orders. Returns the lots cancelled, 0 if it is gone."""
    me = own(me)
    lots: int = send_cancel(opened(market), me.agent, handle)
    return lots


@njit
def replace_order(me: Seat, market: Market, handle: int, price: int, quantity: int) -> int:
    """Change an order's price and open quantity. Returns its handle if it rests, else 0.

    Fewer lots keep the place in the queue; the same price and quantity change nothing; all else goes to the end.
    """
    me = own(me)
    new: int = send_replace(opened(market), me.agent, handle, price, quantity)
    return new


@njit
def cancel_all(me: Seat, market: Market) -> int:
    """Cancel every order of the agent, on all its venues. Returns how many."""
    me = own(me)
    world = opened(market)
    cancelled = 0
    order = np.int64(world.agents[me.agent].first_order)
    while order != NOTHING:
        following = np.int64(world.orders[order].agent_next)
        handle = handle_of(world, order)
        if slot_of(world, handle) != NOTHING:  # not one that waits, cancelled, for its class to finish
            if send_cancel(world, me.agent, handle) == 0:
                break
            cancelled += 1
        order = following
    return cancelled


@njit
def requote(me: Seat, market: Market, venue: int, handle: int, side: int, price: int, quantity: int) -> int:
    """Keep one post-only order where the agent wants it: replace it if it lives, enter it if not. Returns its handle.

    A quantity of 0 cancels it.
    """
    if is_live(me, market, handle):
        if quantity > 0:
            new = replace_order(me, market, handle, price, quantity)
            return handle if new == NONE and is_live(me, market, handle) else new  # a change that was rejected
        cancel_order(me, market, handle)
        return NONE
    if quantity > 0:
        return post_only_order(me, market, venue, side, price, quantity)
    return NONE
