"""Orders as slots of a pool: taken, linked into lists, found by handle, given back; and the log of messages.

An order is a slot in a pool, linked into its level's queue, its agent's list and, if it has a lifetime, the list of
the step in which it expires. Agents hold an order by its handle, ``generation * 2**32 + slot``: a handle whose order
is gone is rejected. Public order numbers are serial and do not depend on capacities.
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
    """Take a slot for an agent's order; ``expires`` is a step of the episode, 0 for never."""
    clock = world.clock[0]
    order = clock.free_order
    if order != NOTHING:
        clock.free_order = np.int64(world.orders[order].next)
    else:
        order = clock.orders_used
        clock.orders_used += 1
        world.orders[order].generation = 1  # so that no handle is 0, which says that nothing rests
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
    """Give an order's slot back; its handle is stale from now on."""
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
    """The handle by which an agent holds an order."""
    return (np.int64(world.orders[order].generation) << 32) | np.int64(order)


@inlined
def slot_of(world, handle):
    """The slot of a live order, or NOTHING for a handle that is stale or was never one."""
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
    """Take an order out of its queue, and the level with it when it was the last."""
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
    """Take a schedule out of its venue's list."""
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
    """Take an order off the book and free its slot."""
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


@njit
def reduce(world, order, lots):
    """Take lots off a resting order without a trade, keeping its place: recorded messages do so."""
    record = world.orders[order]
    if lots >= record.remaining:
        remove_order(world, order)
        return
    queue = world.levels[record.level]
    record.remaining -= lots
    queue.volume -= lots
    world.sides[queue.side].volume -= lots


# --- the log, and removal by rule -------------------------------------------------------------------------------------


@njit
def note(world, kind, venue, agent, side, price, asked, lots, number, filled):
    """Write a message into the log of a run that keeps one: the price that it asked for, and the one that it got."""
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
    """Write into the log that an order leaves, and why."""
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
    """Remove an order by rule, not by message: it expires, or its class withdraws it, or it met its own agent."""
    if world.orders[order].state != WAITING:
        note_removal(world, order, kind)
    remove_order(world, order)


@njit
def reject(world, agent, reason):
    """Count an agent's rejected message and say why; returns 0, which is no handle."""
    world.clock[0].rejected += 1
    world.clock[0].rejection = reason
    world.rejections[world.agents[agent].population * _REASONS + reason] += 1
    return np.int64(0)
