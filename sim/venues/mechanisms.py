"""The mechanisms of venues: the one file that distinguishes their kinds.

A limit order book trades at once. A call auction collects orders and clears them together; a book may do so too, in the
first and the last steps of an episode. Both keep orders on the same price levels, so cancellation is the same. A pool
trades by a curve, and keeps no orders.

To add a kind of venue, write a file next to ``book.py`` and ``auction.py``, and a branch in the functions here. If all
venues are books in all steps (``clock.plain``), the only cost of several kinds is a check of this flag.
"""

from __future__ import annotations

import numpy as np

from sim.core.codes import FILL_OR_KILL, POST_ONLY
from sim.core.compiled import inlined, njit
from sim.core.world import NONE
from sim.venues import auction, book, clearing, orders
from sim.venues.book import collects as collects
from sim.venues.pools import pool

cancel = book.cancel  # cancellation is the same at every kind of venue


@njit
def open_run(world):
    """Prepare the arrays of a new World, which are all 0, for orders."""
    book.open_books(world)
    pool.open_pools(world)


@njit
def open_episode(world):
    """Begin an episode: empty books, and pools as they begin."""
    for side in range(len(world.sides)):
        if not pool.is_pool(world, side >> 1):
            book.empty_side(world, side)
        world.sides[side].bought = 0
    pool.begin(world)


@inlined
def open_step(world):
    """Begin a step: close the books of what was settled, and set which venues collect orders in the step."""
    if world.clock[0].closes != 0:
        _close_books(world)
    if world.clock[0].auctions != 0:
        auction.open_auctions(world)


@njit
def _close_books(world):
    for venue in range(len(world.venues)):
        if world.instruments[world.venues[venue].instrument].settled != 0:
            book.empty(world, venue)


@inlined
def enter(world, venue, agent, kind, side, price, lots, expires, slot):
    """Enter a new order at its venue. Returns its handle if it rests or waits for a clearing, else 0."""
    if world.clock[0].plain != 0:
        return book.enter(world, venue, agent, kind, side, price, lots, expires, slot)
    return _enter(world, venue, agent, kind, side, price, lots, expires, slot)


@njit
def _enter(world, venue, agent, kind, side, price, lots, expires, slot):
    if collects(world, venue):
        return auction.enter(world, venue, agent, kind, side, price, lots, expires, slot)
    if pool.is_pool(world, venue):
        return pool.enter(world, venue, agent, kind, side, price, lots, slot)
    return _kept(world, book.enter(world, venue, agent, kind, side, price, lots, expires, slot))


@inlined
def replace(world, agent, handle, price, lots):
    """Change an order's price and open quantity. Returns its handle if it rests, else 0."""
    handle = book.replace(world, agent, handle, price, lots)
    return handle if world.clock[0].plain != 0 else _kept(world, handle)


@njit
def _kept(world, handle):
    """The handle of the order that rests after a message; 0 if the venue empties its book after a trade."""
    clock = world.clock[0]
    if clock.filled > 0:
        venue = np.int64(world.tape[(clock.trades - 1) & (len(world.tape) - 1)].venue)
        if world.venues[venue].clear_book_after_trade != 0:
            book.empty(world, venue)
            return np.int64(0)
    return handle


@inlined
def trade_price(world, trade):
    """The price of a trade in the venue's ``price_units``, float64: whole on a book, money per lot with a pool."""
    if pool.is_pool(world, trade.venue):
        return np.float64(trade.money) / np.float64(trade.quantity)
    return np.float64(trade.price)


# --- orders of a simultaneous class, which wait until all its members have acted -------------------------------------


@njit
def may_wait(world, venue, kind):
    """Whether an order of a kind can wait for its class. Those that must trade at once can wait only for an auction."""
    return (
        kind != FILL_OR_KILL and not pool.is_pool(world, venue) and (collects(world, venue) or not auction.leaves(kind))
    )


@njit
def allocate(world, venue, agent, kind, lots, expires):
    """Take a slot for an order that waits."""
    if collects(world, venue):
        return auction.allocate(world, venue, agent, kind, lots, expires)
    return orders.allocate(world, agent, NONE, lots, expires)


@njit
def enter_waiting(world, venue, agent, kind, side, price, lots, expires, order):
    """Enter an order that waited. A book takes it as post-only, so members of a class do not trade with each other."""
    if collects(world, venue):
        clock = world.clock[0]
        clock.centre, clock.slope = world.auction_orders[order].centre, world.auction_orders[order].slope
        auction.enter(world, venue, agent, kind, side, price, lots, expires, order)
    else:
        book.enter(world, venue, agent, POST_ONLY, side, price, lots, expires, order)


# --- clearing -------------------------------------------------------------------------------------------------------


@inlined
def clears(world):
    """Whether there is a venue that may clear at the end of a step."""
    return world.clock[0].auctions != 0


@njit
def is_due(world, venue):
    """Whether a venue clears at the end of this step."""
    return auction.is_due(world, venue)


@njit
def is_hidden(world, venue):
    """Whether orders wait for a clearing after this step, so that the book is hidden."""
    return collects(world, venue) and not auction.is_due(world, venue)


@njit
def allot(world, venue):
    """Allot to the orders of a venue the lots that will trade when it clears (:func:`sim.venues.clearing.allot`)."""
    return clearing.allot(world, venue)


@njit
def clear(world, venue):
    """Clear a venue: trade the allotted lots."""
    auction.clear(world, venue)
