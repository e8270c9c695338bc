"""The gateway to every venue: what an agent sends in its turn passes here.

It holds agents to the number of messages their strategy declared, keeps the orders of a simultaneous class until all
its members have acted, tells a venue that collects orders for an auction from one that trades, and is where delays
will wait. A venue, an agent or a side that does not exist is a mistake in a strategy: it ends the run in words
(:func:`complain`). What a market may say no to, such as a price beyond its grid or an order that is gone, is rejected
and counted.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from sim.core.compiled import COMPILED, callback, caller, njit
from sim.core.ledger import BROKEN, MISTAKEN, RUNNING, TOO_MANY
from sim.core.rng import ENTRY, mix
from sim.core.world import NONE, NOTHING, address_of, attach
from sim.venues import auction, book

_FEW = 32  # orders that are sorted by insertion
# What a strategy may have got wrong, in ``clock.fault_reason``; ``clock.fault_value`` is the number it gave.
VENUE, INSTRUMENT, SIDE, AGENT, PLACE, SERIAL, PRECOMPUTED, LEVELS, SEVERAL, UNTRADED = (np.int64(i) for i in range(10))
LONGEST = np.int64(1 << 61)  # steps that an order may live
WRONG = np.int64(-100)  # what Python is told of an argument that means nothing


@njit
def bits(number):
    """A whole number from Python as 64 bits, at no cost; a float, which has no bits to be joined, does not compile."""
    return np.int64(number | NONE)


@njit
def complain(world, what, value):
    """A strategy gave a number that means nothing: the run ends when its turn is over. Returns False.

    Functions that look at the market return nothing of it then; the first complaint is kept.
    """
    clock = world.clock[0]
    if clock.status == RUNNING:
        clock.status = MISTAKEN
        clock.fault_reason = what
        clock.fault_value = value
    return False


@njit
def is_venue(world, venue):
    """Whether there is such a venue; if not, the run will end."""
    return 0 <= venue < len(world.venues) or complain(world, VENUE, venue)


@njit
def is_side(world, side):
    """Whether a side is BUY or SELL; if not, the run will end."""
    return side == 1 or side == -1 or complain(world, SIDE, side)


@njit
def _is_agent(world, agent):
    return 0 <= agent < len(world.agents) or complain(world, AGENT, agent)


@njit
def _may_send(world):
    clock = world.clock[0]
    if clock.sent >= clock.allowed:
        if clock.status == RUNNING:
            clock.status = TOO_MANY
        return False
    clock.sent += 1
    return True


# The gateway's three functions are callbacks, called by address: so the matching engine is compiled once, not into
# every strategy. A callback swallows what is raised in it, so each of them turns that into a status which ends the run.


def _order_gateway(address, agent, venue, kind, side, price, lots, lifetime):
    try:
        return _take_order(attach(address), agent, venue, kind, side, price, lots, lifetime)
    except Exception:
        return _break(address)


def _cancel_gateway(address, agent, handle):
    try:
        return _take_cancel(attach(address), agent, handle)
    except Exception:
        return _break(address)


def _replace_gateway(address, agent, handle, price, lots):
    try:
        return _take_replace(attach(address), agent, handle, price, lots)
    except Exception:
        return _break(address)


@njit
def _end_run(address):
    attach(address).clock[0].status = BROKEN
    return np.int64(0)


def _raise_again(address):
    raise


_break = _end_run if COMPILED else _raise_again


@njit
def _take_order(world, agent, venue, kind, side, price, lots, lifetime):
    clock = world.clock[0]
    if not _is_agent(world, agent):
        return np.int64(0)
    if not is_venue(world, venue) or not (kind == book.SCHEDULE or is_side(world, side)):
        return _reject(world, agent, book.BAD_ARGUMENT)
    if not _may_send(world):
        return _reject(world, agent, book.TOO_MANY_SENT)
    if lifetime < 0 or lifetime > LONGEST:
        return _reject(world, agent, book.BAD_LIFETIME)
    expires = clock.step + lifetime if lifetime > 0 else np.int64(0)
    if clock.simultaneous == 0:
        if clock.plain != 0:
            return book.enter(world, venue, agent, kind, side, price, lots, expires, NOTHING)
        if book.collects(world, venue):
            return auction.enter(world, venue, agent, kind, side, price, lots, expires, NOTHING)
        return _kept(world, book.enter(world, venue, agent, kind, side, price, lots, expires, NOTHING))
    collecting = book.collects(world, venue)
    clock.filled = 0
    clock.rejection = book.ACCEPTED
    if kind == book.FILL_OR_KILL or (auction.leaves(kind) and not collecting):
        return book.reject(world, agent, book.AT_ONCE)
    order = np.int64(NOTHING)
    if collecting:
        order = auction.allocate(world, venue, agent, kind, lots, expires)
    else:
        order = book.allocate(world, agent, NONE, lots, expires)
    waiting = world.pending[clock.pending]
    waiting.key = mix(mix(clock.turn_key, ENTRY), clock.sent)
    waiting.price = price
    waiting.handle = book.handle_of(world, order)
    waiting.venue = venue
    waiting.side = side
    waiting.agent = agent
    waiting.kind = kind
    clock.pending += 1
    return waiting.handle


@njit
def _reject(world, agent, reason):
    """Reject a message before any venue sees it."""
    world.clock[0].filled = 0
    return book.reject(world, agent, reason)


@njit
def _take_cancel(world, agent, handle):
    if not _is_agent(world, agent):
        return np.int64(0)
    if not _may_send(world):
        return _reject(world, agent, book.TOO_MANY_SENT)
    return book.cancel(world, agent, handle)


@njit
def _take_replace(world, agent, handle, price, lots):
    if not _is_agent(world, agent):
        return np.int64(0)
    if not _may_send(world):
        return _reject(world, agent, book.TOO_MANY_SENT)
    handle = book.replace(world, agent, handle, price, lots)
    return handle if world.clock[0].plain != 0 else _kept(world, handle)


@njit
def _kept(world, handle):
    """The handle of what rests after a message; nothing does where a trade empties the book."""
    clock = world.clock[0]
    if clock.filled > 0:
        venue = np.int64(world.tape[(clock.trades - 1) & (len(world.tape) - 1)].venue)
        if world.venues[venue].clear_book_after_trade != 0:
            book.empty(world, venue)
            return np.int64(0)
    return handle


@cache
def gateway_callbacks() -> list[Any]:
    """The gateway's compiled functions; their addresses go into the World."""
    return [callback(_order_gateway, 8), callback(_cancel_gateway, 3), callback(_replace_gateway, 5)]


_call_order, _call_cancel, _call_replace = caller(8), caller(3), caller(5)


@njit
def send_order(world, agent, venue, kind, side, price, lots, lifetime):
    """A new order. Returns its handle if it rests or waits for its class to finish, else 0."""
    return _call_order(world.gateway[0], address_of(world), agent, venue, kind, side, price, lots, lifetime)


@njit
def send_schedule(world, agent, venue, centre, slope, most):
    """A demand schedule for an auction: ``slope * (centre - price)`` lots at each price, up to ``most`` either way.

    Returns its handle, 0 where no auction is running. Prices in currency, the slope in lots per currency.
    """
    if not is_venue(world, venue):
        return np.int64(0)
    if not book.collects(world, venue):
        return _reject(world, agent, book.NOT_HERE)
    world.clock[0].centre = centre
    world.clock[0].slope = slope
    return send_order(world, agent, venue, book.SCHEDULE, NONE, NONE, most, NONE)


@njit
def send_cancel(world, agent, handle):
    """Cancel an order. Returns the lots cancelled."""
    return _call_cancel(world.gateway[1], address_of(world), agent, handle)


@njit
def send_replace(world, agent, handle, price, lots):
    """Change an order's price and open quantity. Returns its handle if it rests, else 0."""
    return _call_replace(world.gateway[2], address_of(world), agent, handle, price, lots)


@njit
def enter_pending(world):
    """The orders of a simultaneous class enter in random order, post-only: its members never trade with each other."""
    clock = world.clock[0]
    waiting = world.pending
    sort_pending(waiting, clock.pending)
    for i in range(clock.pending):
        order = waiting[i].handle & 0xFFFFFFFF
        record = world.orders[order]
        if record.state == book.WITHDRAWN:
            book.release(world, order)
        else:
            venue, agent, side = np.int64(waiting[i].venue), np.int64(waiting[i].agent), np.int64(waiting[i].side)
            lots, expires, price = record.remaining, record.expires, waiting[i].price
            if book.collects(world, venue):
                clock.centre, clock.slope = world.auction_orders[order].centre, world.auction_orders[order].slope
                auction.enter(world, venue, agent, np.int64(waiting[i].kind), side, price, lots, expires, order)
            else:
                book.enter(world, venue, agent, book.POST_ONLY, side, price, lots, expires, order)
    clock.pending = 0


@njit
def sort_pending(waiting, count):
    """Sort the first so many orders that wait by their keys: few by insertion, many by a heap."""
    if count <= _FEW:
        for i in range(1, count):
            j = i
            while j > 0 and waiting[j - 1].key > waiting[j].key:
                _swap(waiting, j - 1, j)
                j -= 1
        return
    for root in range(count // 2 - 1, -1, -1):
        _sift(waiting, root, count)
    for end in range(count - 1, 0, -1):
        _swap(waiting, 0, end)
        _sift(waiting, 0, end)


@njit
def _sift(waiting, root, end):
    """Let a heap's root sink to its place; the largest key comes to the top."""
    child = 2 * root + 1
    while child < end:
        if child + 1 < end and waiting[child].key < waiting[child + 1].key:
            child += 1
        if waiting[root].key >= waiting[child].key:
            return
        _swap(waiting, root, child)
        root = child
        child = 2 * root + 1


@njit
def _swap(waiting, i, j):
    low = waiting[i]
    high = waiting[j]
    low.key, high.key = high.key, low.key
    low.price, high.price = high.price, low.price
    low.handle, high.handle = high.handle, low.handle
    low.venue, high.venue = high.venue, low.venue
    low.side, high.side = high.side, low.side
    low.agent, high.agent = high.agent, low.agent
    low.kind, high.kind = high.kind, low.kind
