"""Orders as slots of a pool: allocation, lists, handles, release; and the log of messages.

An order is a slot in a pool. It is linked into the queue of its level, the list of its agent and, if it has a lifetime,
the list of the step in which it expires. Agents refer to an order by its handle, ``generation * 2**32 + slot``, so the
handle of an order that is gone is recognised and rejected. Public order numbers are serial and do not depend on the
sizes of pools.
"""

from __future__ import annotations

import numpy as np

from sim.core.codes import FREE, REASONS, RESTING, SCHEDULED, WAITING, WITHDRAWN
from sim.core.compiled import inlined, njit
from sim.core.world import NO_PRICE, NONE, NOTHING
from sim.venues.levels import HIGHEST_PRICE, LOWEST_PRICE, level_at, remove_level

_REASONS = np.int64(len(REASONS))
_SLOT = (1 << 32) - 1


# --- slots ------------------------------------------------------------------------------------------------------------


@inlined
def allocate(world, agent, number, lots, expires):
    """Take a slot for an agent's order. ``expires`` is a step of the episode, 0 if the order does not expire."""
    clock = world.clock[0]
    order = clock.free_order
    if order != NOTHING:
        clock.free_order = np.int64(world.orders[order].next)
    else:
        order = clock.orders_used
        clock.orders_used += 1
        world.orders[order].generation = 1  # so that no handle is 0, which means that nothing rests
    clock.resting += 1
    record = world.orders[order]
    record.remaining = lots
    record.number = number
    record.expires = expires
    record.level = NOTHING
    record.agent = agent
    record.state = WAITING
    record.post_only = 0
    record.leaves = 0
    record.hedges = clock.hedging
    owner = world.agents[agent]
    record.agent_next = NOTHING
    record.agent_previous = owner.last_order
    if owner.last_order != NOTHING:
        world.orders[owner.last_order].agent_next = order
    else:
        owner.first_order = order
    owner.last_order = order
    owner.orders += 1
    if expires > 0:
        half = len(world.wheel) >> 1
        spoke = expires & (half - 1)
        record.wheel_next = NOTHING
        record.wheel_previous = world.wheel[half + spoke]
        if record.wheel_previous != NOTHING:
            world.orders[record.wheel_previous].wheel_next = order
        else:
            world.wheel[spoke] = order
        world.wheel[half + spoke] = order
    return order


@inlined
def release(world, order):
    """Return an order's slot to the pool. Its handle is no longer valid."""
    clock = world.clock[0]
    record = world.orders[order]
    owner = world.agents[record.agent]
    if record.agent_previous != NOTHING:
        world.orders[record.agent_previous].agent_next = record.agent_next
    else:
        owner.first_order = record.agent_next
    if record.agent_next != NOTHING:
        world.orders[record.agent_next].agent_previous = record.agent_previous
    else:
        owner.last_order = record.agent_previous
    owner.orders -= 1
    if record.expires > 0:
        half = len(world.wheel) >> 1
        spoke = record.expires & (half - 1)
        if record.wheel_previous != NOTHING:
            world.orders[record.wheel_previous].wheel_next = record.wheel_next
        else:
            world.wheel[spoke] = record.wheel_next
        if record.wheel_next != NOTHING:
            world.orders[record.wheel_next].wheel_previous = record.wheel_previous
        else:
            world.wheel[half + spoke] = record.wheel_previous
    record.state = FREE
    record.generation = record.generation + 1 if record.generation < 0x7FFFFFFF else 1
    record.next = clock.free_order
    clock.free_order = order
    clock.resting -= 1


@njit
def handle_of(world, order):
    """The handle by which an agent refers to an order."""
    return (np.int64(world.orders[order].generation) << 32) | np.int64(order)


@inlined
def slot_of(world, handle):
    """The slot of an order that still exists, or NOTHING if the handle belongs to no such order."""
    order = handle & _SLOT
    if handle < 0 or order >= world.clock[0].orders_used:
        return np.int64(NOTHING)
    record = world.orders[order]
    if record.state == FREE or record.state == WITHDRAWN or np.int64(record.generation) != handle >> 32:
        return np.int64(NOTHING)
    return order


# --- queues -----------------------------------------------------------------------------------------------------------


@inlined
def link(world, order, side, price):
    """Put an order at the end of its price's queue."""
    level = level_at(world, side, price)
    queue = world.levels[level]
    record = world.orders[order]
    record.level = level
    record.state = RESTING
    record.next = NOTHING
    record.previous = queue.tail
    if queue.tail != NOTHING:
        world.orders[queue.tail].next = order
    else:
        queue.head = order
    queue.tail = order
    queue.count += 1
    queue.volume += record.remaining
    world.sides[side].volume += record.remaining
    world.sides[side].orders += 1


@inlined
def unlink(world, order):
    """Remove an order from its queue, and remove the level if the queue becomes empty."""
    record = world.orders[order]
    level = np.int64(record.level)
    queue = world.levels[level]
    if record.previous != NOTHING:
        world.orders[record.previous].next = record.next
    else:
        queue.head = record.next
    if record.next != NOTHING:
        world.orders[record.next].previous = record.previous
    else:
        queue.tail = record.previous
    queue.count -= 1
    queue.volume -= record.remaining
    world.sides[queue.side].volume -= record.remaining
    world.sides[queue.side].orders -= 1
    record.level = NOTHING
    if queue.count == 0:
        remove_level(world, level)


@njit
def _unlink_schedule(world, order):
    """Remove a schedule from its venue's list."""
    record = world.orders[order]
    place = world.venues[world.auction_orders[order].venue]
    if record.previous != NOTHING:
        world.orders[record.previous].next = record.next
    else:
        place.first_schedule = record.next
    if record.next != NOTHING:
        world.orders[record.next].previous = record.previous
    else:
        place.last_schedule = record.previous


@inlined
def remove_order(world, order):
    """Remove an order from the book and release its slot."""
    state = world.orders[order].state
    if state == RESTING:
        unlink(world, order)
    elif state == SCHEDULED:
        _unlink_schedule(world, order)
    release(world, order)


@njit
def venue_of(world, order):
    """The venue on which an order rests, or a schedule waits."""
    if world.orders[order].state == SCHEDULED:
        return np.int64(world.auction_orders[order].venue)
    level = world.orders[order].level
    return np.int64(world.sides[world.levels[level].side].venue) if level != NOTHING else NONE


@inlined
def reduce(world, order, lots):
    """Reduce a resting order by lots. It keeps its place in the queue, and is removed if no lots are left."""
    if lots >= world.orders[order].remaining:
        remove_order(world, order)
    else:
        shrink(world, order, lots)


@inlined
def shrink(world, order, lots):
    """Reduce a resting order by fewer lots than it has. It keeps its place in the queue."""
    record = world.orders[order]
    queue = world.levels[record.level]
    record.remaining -= lots
    queue.volume -= lots
    world.sides[queue.side].volume -= lots


# --- the log, and removal by rule -------------------------------------------------------------------------------------


@njit
def note(world, kind, venue, agent, side, price, asked, lots, number, filled):
    """Write a message into the log: the price that it asked for, and the one that it got.

    Call it only in a run that keeps a log.
    """
    clock = world.clock[0]
    row = world.log[clock.messages_logged & (len(world.log) - 1)]
    row.sequence = clock.sequence
    row.step = clock.step
    row.episode = clock.episode
    row.number = number
    row.price = price
    row.asked = asked
    row.quantity = lots
    row.filled = filled
    row.turn = clock.turn
    row.slope = 0.0
    row.centre = 0.0
    row.agent = agent
    row.venue = venue
    row.kind = kind
    row.side = side
    clock.messages_logged += 1
    clock.sequence += 1


@njit
def note_removal(world, order, kind):
    """Write into the log that an order leaves, with the reason as its kind; nothing if the run keeps no log."""
    if world.clock[0].keeps_log == 0:
        return
    record = world.orders[order]
    venue, agent = venue_of(world, order), np.int64(record.agent)
    if record.state == SCHEDULED:
        note(world, kind, venue, agent, NONE, NONE, NO_PRICE, record.remaining, record.number, NONE)
        return
    level = world.levels[record.level]
    side = np.int64(1 - 2 * (level.side & 1))
    at_any = record.leaves != 0 and (level.price == LOWEST_PRICE or level.price == HIGHEST_PRICE)  # a market order
    price = NONE if at_any else level.price
    note(world, kind, venue, agent, side, price, NO_PRICE, record.remaining, record.number, NONE)


@njit
def withdraw(world, order, kind):
    """Remove an order that expires, that its class withdraws, or that would trade with its own agent."""
    if world.orders[order].state != WAITING:
        note_removal(world, order, kind)
    remove_order(world, order)


@inlined
def count_message(world, agent):
    """Count an accepted message of an agent."""
    world.clock[0].messages += 1
    world.accounts[agent].messages += 1


@njit
def reject_entry(world, agent, slot, reason):
    """Reject an agent's new order, and release its slot if it already has one. Returns 0, which is not a handle."""
    if slot != NOTHING:
        release(world, slot)
    return reject(world, agent, reason)


@njit
def reject(world, agent, reason):
    """Count an agent's rejected message and store the reason. Returns 0, which is not a handle."""
    world.clock[0].rejected += 1
    world.clock[0].rejection = reason
    world.rejections[world.agents[agent].population * _REASONS + reason] += 1
    return np.int64(0)
