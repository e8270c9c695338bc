"""The limit order book: orders enter, are cancelled, replaced or expire. Orders that cross trade at once.

The caller of ``enter`` must make sure that the pools and the tape have room (:func:`sim.core.storage.has_room`).
"""

from __future__ import annotations

import numpy as np

from sim.core.codes import (
    ACCEPTED,
    BAD_PRICE,
    BAD_QUANTITY,
    CANCEL,
    EXPIRE,
    FILL_OR_KILL,
    GONE,
    LIMIT,
    MARKET,
    MOST_LOTS,
    POST_ONLY,
    REJECT,
    REPLACE,
    RESTING,
    WAITING,
    WITHDRAW,
    WITHDRAWN,
    WOULD_TRADE,
)
from sim.core.compiled import inlined, njit
from sim.core.world import NO_PRICE, NONE, NOTHING
from sim.venues.levels import HIGHEST_PRICE, KEYS, LOWEST_PRICE, key_of, next_level, open_side
from sim.venues.matching import can_fill, match
from sim.venues.orders import (
    allocate,
    count_message,
    handle_of,
    link,
    note,
    note_removal,
    reject,
    reject_entry,
    release,
    remove_order,
    shrink,
    slot_of,
    unlink,
    withdraw,
)

# --- what there is ----------------------------------------------------------------------------------------------------


@inlined
def collects(world, venue):
    """Whether a venue collects orders for an auction, so that nothing trades."""
    return world.sides[2 * venue].hidden != 0


@njit
def best_of_others(world, venue, side, agent):
    """The best price at which orders of other agents rest on a side.

    If there are none, or in an auction, it is NO_PRICE for bids and -NO_PRICE for asks, beyond all prices.
    """
    level = np.int64(world.sides[2 * venue + (0 if side > 0 else 1)].best)
    while level != NOTHING and not collects(world, venue):
        order = np.int64(world.levels[level].head)
        while order != NOTHING:
            if world.orders[order].agent != agent:
                return world.levels[level].price
            order = np.int64(world.orders[order].next)
        level = next_level(world, level)
    return np.int64(NO_PRICE) if side > 0 else np.int64(-NO_PRICE)


# --- messages ---------------------------------------------------------------------------------------------------------


@inlined
def reason_against(kind, price, lots):
    """Why venues reject an order with this price and size; ACCEPTED if they do not. A market order has no price."""
    reason = ACCEPTED
    if lots <= 0 or lots > MOST_LOTS:
        reason = BAD_QUANTITY
    elif kind != MARKET and (price < LOWEST_PRICE or price > HIGHEST_PRICE):
        reason = BAD_PRICE
    return reason


@njit
def _behind(world, venue, side, best):
    """Apply the post-only rule: a quote that would trade with the level ``best`` is rejected, or moved a tick away.

    Returns the reason of the rejection (ACCEPTED if there is none) and the price.
    """
    price = world.levels[best].price - side
    if world.venues[venue].post_only == REJECT:
        return WOULD_TRADE, price
    if price < LOWEST_PRICE or price > HIGHEST_PRICE:
        return BAD_PRICE, price
    world.clock[0].repriced_quotes += 1
    return ACCEPTED, price


@njit
def enter(world, venue, agent, kind, side, price, lots, expires, slot):
    """Enter a new order into the book. Returns its handle if it rests, else 0.

    ``clock.filled`` is set to the lots that trade at once. ``slot`` is the order's slot if it already has one, because
    it waited for its class to finish, else NOTHING.
    """
    clock = world.clock[0]
    clock.filled = 0
    clock.rejection = ACCEPTED
    clock.cut = 0
    asked = price if kind != MARKET else NONE
    other = 2 * venue + (1 if side > 0 else 0)
    reason = reason_against(kind, price, lots)
    worst_key = np.int64(KEYS) if kind == MARKET else key_of(other, price)
    best = np.int64(world.sides[other].best)
    if reason == ACCEPTED and kind == POST_ONLY and best != NOTHING and world.levels[best].key <= worst_key:
        reason, price = _behind(world, venue, side, best)
    if reason != ACCEPTED:
        return reject_entry(world, agent, slot, reason)
    count_message(world, agent)
    clock.next_number += 1
    number = clock.next_number
    left = lots
    if (
        kind != POST_ONLY
        and best != NOTHING
        and world.levels[best].key <= worst_key
        and (kind != FILL_OR_KILL or can_fill(world, venue, agent, side, worst_key, lots))
    ):
        left = match(world, venue, agent, side, worst_key, lots, number)
        clock.filled = lots - left
    if clock.keeps_log != 0:
        note(world, kind, venue, agent, side, price if kind != MARKET else NONE, asked, lots, number, clock.filled)
    if left == 0 or clock.cut == 1 or (kind != LIMIT and kind != POST_ONLY):
        if slot != NOTHING:
            release(world, slot)
        return np.int64(0)
    order = slot if slot != NOTHING else allocate(world, agent, number, left, expires)
    record = world.orders[order]
    record.number = number
    record.remaining = left
    record.post_only = 1 if kind == POST_ONLY else 0
    link(world, order, other ^ 1, price)
    return handle_of(world, order)


@njit
def cancel(world, agent, handle):
    """Cancel an order. Returns the lots that are cancelled; 0 if the order is gone or belongs to another agent."""
    clock = world.clock[0]
    clock.filled = 0
    clock.rejection = ACCEPTED
    order = slot_of(world, handle)
    if order == NOTHING or world.orders[order].agent != agent:
        return reject(world, agent, GONE)
    lots = world.orders[order].remaining
    if world.orders[order].state == WAITING:
        # It has not reached the venue. Its slot is released when its class enters; nobody has seen it.
        world.orders[order].state = WITHDRAWN
        return lots
    count_message(world, agent)
    note_removal(world, order, CANCEL)
    remove_order(world, order)
    return lots


@njit
def replace(world, agent, handle, price, lots):
    """Change an order's price and open quantity. Returns its handle if it rests, else 0.

    With fewer lots at the same price, the order keeps its place in the queue. With the same price and lots, nothing
    changes. Otherwise the order enters again, at the end of the queue, with the same order number, and may trade.
    """
    clock = world.clock[0]
    clock.filled = 0
    clock.rejection = ACCEPTED
    clock.cut = 0
    order = slot_of(world, handle)
    if order == NOTHING or world.orders[order].agent != agent or world.orders[order].state != RESTING:
        return reject(world, agent, GONE)
    asked = price
    record = world.orders[order]
    queue = world.levels[record.level]
    side_row = np.int64(queue.side)
    if price == queue.price and lots == record.remaining:
        return handle
    reason = reason_against(REPLACE, price, lots)
    if reason != ACCEPTED:
        return reject(world, agent, reason)
    venue = np.int64(world.sides[side_row].venue)
    side = np.int64(1) - 2 * (side_row & 1)
    number = record.number
    if price == queue.price and lots < record.remaining:
        count_message(world, agent)
        shrink(world, order, record.remaining - lots)
        if clock.keeps_log != 0:
            note(world, REPLACE, venue, agent, side, price, price, lots, number, NONE)
        return handle
    other = side_row ^ 1
    best = np.int64(world.sides[other].best)
    worst_key = key_of(other, price)
    crosses = best != NOTHING and world.levels[best].key <= worst_key and not collects(world, venue)
    if crosses and record.post_only == 1:
        reason, price = _behind(world, venue, side, best)
        if reason != ACCEPTED:
            return reject(world, agent, reason)
        crosses = False
    count_message(world, agent)
    unlink(world, order)
    record.state = WAITING
    left = match(world, venue, agent, side, worst_key, lots, number) if crosses else lots
    clock.filled = lots - left
    if clock.keeps_log != 0:
        note(world, REPLACE, venue, agent, side, price, asked, lots, number, clock.filled)
    if left == 0 or clock.cut == 1:
        release(world, order)
        return np.int64(0)
    record.remaining = left
    link(world, order, side_row, price)
    return handle


@njit
def expire(world):
    """Remove the orders whose lifetime ends with the clock's step."""
    step = world.clock[0].step
    order = np.int64(world.wheel[step & ((len(world.wheel) >> 1) - 1)])
    while order != NOTHING:
        following = np.int64(world.orders[order].wheel_next)
        if world.orders[order].expires == step:
            withdraw(world, order, EXPIRE)
        order = following


# --- opening and emptying ---------------------------------------------------------------------------------------------


@njit
def open_books(world):
    """Prepare the arrays of a new World, which are all 0, for orders."""
    clock = world.clock[0]
    clock.free_order = NOTHING
    clock.free_level = NOTHING
    clock.free_node = NOTHING
    for spoke in range(len(world.wheel)):
        world.wheel[spoke] = NOTHING
    for agent in range(len(world.agents)):
        world.agents[agent].first_order = NOTHING
        world.agents[agent].last_order = NOTHING
    for side in range(len(world.sides)):
        world.sides[side].venue = side >> 1
        open_side(world, side)


@njit
def empty_side(world, side):
    """Remove every order of a side without a message, because the episode is over."""
    while world.sides[side].best != NOTHING:
        remove_order(world, np.int64(world.levels[world.sides[side].best].head))


@njit
def empty(world, venue):
    """Withdraw every order of a venue, with a message in the log."""
    for side in range(2 * venue, 2 * venue + 2):
        while world.sides[side].best != NOTHING:
            withdraw(world, np.int64(world.levels[world.sides[side].best].head), WITHDRAW)
