"""The limit order book: price-time priority or pro rata; entering, cancelling, replacing, expiring.

An order is a slot in a pool, linked into its level's queue, its agent's list and, if it has a lifetime, the list of
the step in which it expires. Agents hold an order by its handle, ``generation * 2**32 + slot``: a handle whose order
is gone is rejected. Public order numbers are serial and do not depend on capacities.

Whoever calls ``enter`` has seen to it that the pools and the tape have room (``has_room``).
"""

from __future__ import annotations

import numpy as np

from sim.core.compiled import inlined, njit
from sim.core.ledger import NEED_ORDERS, NEED_TAPE, RUNNING, record_trade
from sim.core.world import HISTORY, NO_PRICE, NONE, NOTHING
from sim.venues.levels import (
    HIGHEST_PRICE,
    KEYS,
    LOWEST_PRICE,
    NODES_PER_LEVEL,
    key_of,
    level_at,
    next_level,
    open_side,
    remove_level,
)

# Kinds of message; the log has them all, agents send the first seven.
LIMIT, MARKET, IMMEDIATE_OR_CANCEL, FILL_OR_KILL, POST_ONLY, CANCEL, REPLACE = (np.int64(i) for i in range(7))
EXPIRE, SELF_TRADE, WITHDRAW, SCHEDULE = (np.int64(i) for i in range(7, 11))
KINDS = ("limit", "market", "immediate_or_cancel", "fill_or_kill", "post_only", "cancel", "replace", "expire",
         "self_trade", "withdraw", "schedule")  # fmt: skip
# Venue settings.
CONTINUOUS, CALL_AUCTION = 0, 1
PRICE_TIME, PRO_RATA = 0, 1
CANCEL_RESTING, CANCEL_INCOMING, ALLOW = 0, 1, 2
REJECT, REPRICE = 0, 1
# States of an order's slot.
FREE, RESTING, WAITING, WITHDRAWN, SCHEDULED = 0, 1, 2, 3, 4
# Why a message was rejected; ``clock.rejection``, and counted by population in ``world.rejections``.
ACCEPTED, BAD_PRICE, BAD_QUANTITY, GONE, WOULD_TRADE, NOT_HERE, TOO_MANY_SENT, AT_ONCE, BAD_LIFETIME, BAD_ARGUMENT = (
    np.int64(i) for i in range(10)
)
REASONS = ("accepted", "price", "quantity", "gone", "would_trade", "not_here", "too_many", "simultaneous", "lifetime",
           "argument")  # fmt: skip
_REASONS = np.int64(len(REASONS))
MOST_LOTS = (1 << 31) - 1
_SLOT = (1 << 32) - 1


# --- slots and lists ------------------------------------------------------------------------------------------------


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
def _unlink(world, order):
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
        _unlink(world, order)
    elif state == SCHEDULED:
        _unlink_schedule(world, order)
    release(world, order)


@njit
def note(world, kind, venue, agent, side, price, lots, number, filled):
    """Write a message into the log of a run that keeps one."""
    clock = world.clock[0]
    row = world.log[clock.messages_logged & (len(world.log) - 1)]
    row.sequence = clock.sequence
    row.step = clock.step
    row.episode = clock.episode
    row.number = number
    row.price = price
    row.quantity = lots
    row.filled = filled
    row.slope = 0.0
    row.agent = agent
    row.venue = venue
    row.kind = kind
    row.side = side
    clock.messages_logged += 1
    clock.sequence += 1


@njit
def _note_removal(world, order, kind):
    if world.clock[0].keeps_log == 0:
        return
    record = world.orders[order]
    venue, agent = venue_of(world, order), np.int64(record.agent)
    if record.state == SCHEDULED:
        note(world, kind, venue, agent, NONE, NONE, record.remaining, record.number, NONE)
        return
    level = world.levels[record.level]
    side = np.int64(1 - 2 * (level.side & 1))
    at_any = record.leaves != 0 and (level.price == LOWEST_PRICE or level.price == HIGHEST_PRICE)  # a market order
    note(world, kind, venue, agent, side, NONE if at_any else level.price, record.remaining, record.number, NONE)


@inlined
def collects(world, venue):
    """Whether a venue collects orders for an auction, so that nothing trades."""
    return world.sides[2 * venue].hidden != 0


@njit
def best_of_others(world, venue, side, agent):
    """The best price at which orders of others rest on a side; beyond all prices without any, or in an auction."""
    level = np.int64(world.sides[2 * venue + (0 if side > 0 else 1)].best)
    while level != NOTHING and not collects(world, venue):
        order = np.int64(world.levels[level].head)
        while order != NOTHING:
            if world.orders[order].agent != agent:
                return world.levels[level].price
            order = np.int64(world.orders[order].next)
        level = next_level(world, level)
    return np.int64(NO_PRICE) if side > 0 else np.int64(-NO_PRICE)


@njit
def venue_of(world, order):
    """The venue on which an order rests, or a schedule waits."""
    if world.orders[order].state == SCHEDULED:
        return np.int64(world.auction_orders[order].venue)
    level = world.orders[order].level
    return np.int64(world.sides[world.levels[level].side].venue) if level != NOTHING else NONE


@njit
def empty(world, venue):
    """Withdraw every order of a venue by rule."""
    for side in range(2 * venue, 2 * venue + 2):
        while world.sides[side].best != NOTHING:
            withdraw(world, np.int64(world.levels[world.sides[side].best].head), WITHDRAW)


@njit
def withdraw(world, order, kind):
    """Remove an order by rule, not by message: it expires, or its class withdraws it, or it met its own agent."""
    if world.orders[order].state != WAITING:
        _note_removal(world, order, kind)
    remove_order(world, order)


@njit
def reject(world, agent, reason):
    """Count an agent's rejected message and say why; returns 0, which is no handle."""
    world.clock[0].rejected += 1
    world.clock[0].rejection = reason
    world.rejections[world.agents[agent].population * _REASONS + reason] += 1
    return np.int64(0)


# --- matching -------------------------------------------------------------------------------------------------------


@njit
def _fill(world, venue, order, agent, side, lots, number):
    """Trade ``lots`` of an incoming order against one resting order."""
    record = world.orders[order]
    level = np.int64(record.level)
    queue = world.levels[level]
    price = queue.price * world.venues[venue].per_tick
    record_trade(world, venue, price, lots, np.int64(record.agent), agent, side, record.number, number)
    if lots == record.remaining:
        remove_order(world, order)
    else:
        record.remaining -= lots
        queue.volume -= lots
        world.sides[queue.side].volume -= lots


@njit
def _own_at(world, level, agent):
    """The agent's first order in a level's queue, or NOTHING."""
    order = np.int64(world.levels[level].head)
    while order != NOTHING and world.orders[order].agent != agent:
        order = np.int64(world.orders[order].next)
    return order


@njit
def _fill_pro_rata(world, venue, level, agent, side, lots, number):
    """Share ``lots`` by size, rounded down, and by time what is left. Returns what the level cannot take."""
    queue = world.levels[level]
    volume = queue.volume
    take = min(lots, volume)
    spare = take
    order = np.int64(queue.head)
    while order != NOTHING:
        spare -= take * world.orders[order].remaining // volume
        order = np.int64(world.orders[order].next)
    order = np.int64(queue.head)
    left = take
    while left > 0:
        following = np.int64(world.orders[order].next)
        remaining = world.orders[order].remaining
        share = take * remaining // volume
        extra = min(spare, remaining - share)
        spare -= extra
        if share + extra > 0:
            _fill(world, venue, order, agent, side, share + extra, number)
            left -= share + extra
        order = following
    return lots - take


@njit
def _match(world, venue, agent, side, worst_key, lots, number):
    """Trade an incoming order with the other side up to a key; returns what is left.

    ``clock.cut`` says that it met its own agent's order where the venue then cancels the incoming one.
    """
    place = world.venues[venue]
    row = world.sides[2 * venue + (1 if side > 0 else 0)]
    left = lots
    while left > 0 and row.best != NOTHING:
        level = np.int64(row.best)
        if world.levels[level].key > worst_key:
            break
        if place.matching == PRICE_TIME:
            order = np.int64(world.levels[level].head)
            own = order if world.orders[order].agent == agent else np.int64(NOTHING)
        else:
            own = _own_at(world, level, agent) if world.agents[agent].orders > 0 else np.int64(NOTHING)
        if own != NOTHING and place.self_trade_prevention != ALLOW:
            if place.self_trade_prevention == CANCEL_INCOMING:
                world.clock[0].cut = 1
                break
            withdraw(world, own, SELF_TRADE)
        elif place.matching == PRICE_TIME:
            take = min(left, world.orders[order].remaining)
            _fill(world, venue, order, agent, side, take, number)
            left -= take
        else:
            left = _fill_pro_rata(world, venue, level, agent, side, left, number)
    return left


@njit
def _can_fill(world, venue, agent, side, worst_key, lots):
    """Whether an incoming order would be filled in full. Its own agent's orders count only where they may trade."""
    place = world.venues[venue]
    level = np.int64(world.sides[2 * venue + (1 if side > 0 else 0)].best)
    found = np.int64(0)
    careful = place.self_trade_prevention != ALLOW and world.agents[agent].orders > 0
    while level != NOTHING and world.levels[level].key <= worst_key and found < lots:
        if not careful:
            found += world.levels[level].volume
        elif (
            place.matching == PRO_RATA
            and place.self_trade_prevention == CANCEL_INCOMING
            and (_own_at(world, level, agent) != NOTHING)
        ):
            return False
        else:
            order = np.int64(world.levels[level].head)
            while order != NOTHING and found < lots:
                if world.orders[order].agent != agent:
                    found += world.orders[order].remaining
                elif place.self_trade_prevention == CANCEL_INCOMING:
                    return False
                order = np.int64(world.orders[order].next)
        level = next_level(world, level)
    return found >= lots


# --- messages -------------------------------------------------------------------------------------------------------


@njit
def enter(world, venue, agent, kind, side, price, lots, expires, slot):
    """A new order reaches the book. Returns its handle if it rests, else 0; ``clock.filled`` is what traded at once.

    ``slot`` is the order's slot if it has one already (it waited for its class to finish), else NOTHING.
    """
    clock = world.clock[0]
    clock.filled = 0
    clock.rejection = ACCEPTED
    clock.cut = 0
    other = 2 * venue + (1 if side > 0 else 0)
    reason = ACCEPTED
    if lots <= 0 or lots > MOST_LOTS:
        reason = BAD_QUANTITY
    elif kind != MARKET and (price < LOWEST_PRICE or price > HIGHEST_PRICE):
        reason = BAD_PRICE
    worst_key = np.int64(KEYS) if kind == MARKET else key_of(other, price)
    best = np.int64(world.sides[other].best)
    if reason == ACCEPTED and kind == POST_ONLY and best != NOTHING and world.levels[best].key <= worst_key:
        price = world.levels[best].price - side
        if world.venues[venue].post_only == REJECT:
            reason = WOULD_TRADE
        elif price < LOWEST_PRICE or price > HIGHEST_PRICE:
            reason = BAD_PRICE
        else:
            clock.repriced_quotes += 1
    if reason != ACCEPTED:
        if slot != NOTHING:
            release(world, slot)
        return reject(world, agent, reason)
    clock.messages += 1
    world.accounts[agent].messages += 1
    clock.next_number += 1
    number = clock.next_number
    left = lots
    if (
        kind != POST_ONLY
        and best != NOTHING
        and world.levels[best].key <= worst_key
        and (kind != FILL_OR_KILL or _can_fill(world, venue, agent, side, worst_key, lots))
    ):
        left = _match(world, venue, agent, side, worst_key, lots, number)
        clock.filled = lots - left
    if clock.keeps_log != 0:
        note(world, kind, venue, agent, side, price if kind != MARKET else NONE, lots, number, clock.filled)
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
    """Cancel an order. Returns the lots cancelled; 0 if the handle is stale or another agent's."""
    clock = world.clock[0]
    clock.filled = 0
    clock.rejection = ACCEPTED
    order = slot_of(world, handle)
    if order == NOTHING or world.orders[order].agent != agent:
        return reject(world, agent, GONE)
    lots = world.orders[order].remaining
    if world.orders[order].state == WAITING:
        # Never reached the venue: it leaves when its class enters, without having been seen.
        world.orders[order].state = WITHDRAWN
        return lots
    clock.messages += 1
    world.accounts[agent].messages += 1
    _note_removal(world, order, CANCEL)
    remove_order(world, order)
    return lots


@njit
def replace(world, agent, handle, price, lots):
    """Change an order's price and open quantity. Returns its handle if it rests, else 0.

    Fewer lots at the same price keep the place in the queue, the same price and lots change nothing, and all else
    enters anew, behind what rests there, with the same order number, and may trade.
    """
    clock = world.clock[0]
    clock.filled = 0
    clock.rejection = ACCEPTED
    clock.cut = 0
    order = slot_of(world, handle)
    if order == NOTHING or world.orders[order].agent != agent or world.orders[order].state != RESTING:
        return reject(world, agent, GONE)
    record = world.orders[order]
    queue = world.levels[record.level]
    side_row = np.int64(queue.side)
    if price == queue.price and lots == record.remaining:
        return handle
    if lots <= 0 or lots > MOST_LOTS:
        return reject(world, agent, BAD_QUANTITY)
    if price < LOWEST_PRICE or price > HIGHEST_PRICE:
        return reject(world, agent, BAD_PRICE)
    venue = np.int64(world.sides[side_row].venue)
    side = np.int64(1) - 2 * (side_row & 1)
    number = record.number
    if price == queue.price and lots < record.remaining:
        clock.messages += 1
        world.accounts[agent].messages += 1
        queue.volume -= record.remaining - lots
        world.sides[side_row].volume -= record.remaining - lots
        record.remaining = lots
        if clock.keeps_log != 0:
            note(world, REPLACE, venue, agent, side, price, lots, number, NONE)
        return handle
    other = side_row ^ 1
    best = np.int64(world.sides[other].best)
    worst_key = key_of(other, price)
    crosses = best != NOTHING and world.levels[best].key <= worst_key and not collects(world, venue)
    if crosses and record.post_only == 1:
        price = world.levels[best].price - side
        if world.venues[venue].post_only == REJECT:
            return reject(world, agent, WOULD_TRADE)
        if price < LOWEST_PRICE or price > HIGHEST_PRICE:
            return reject(world, agent, BAD_PRICE)
        clock.repriced_quotes += 1
        crosses = False
    clock.messages += 1
    world.accounts[agent].messages += 1
    _unlink(world, order)
    record.state = WAITING
    left = _match(world, venue, agent, side, worst_key, lots, number) if crosses else lots
    clock.filled = lots - left
    if clock.keeps_log != 0:
        note(world, REPLACE, venue, agent, side, price, lots, number, clock.filled)
    if left == 0 or clock.cut == 1:
        release(world, order)
        return np.int64(0)
    record.remaining = left
    link(world, order, side_row, price)
    return handle


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


# --- opening and emptying -------------------------------------------------------------------------------------------


@njit
def open_books(world):
    """Make the zeroed arrays of a new World ready for orders."""
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
    """Remove every order of a side without a message: an episode is over."""
    while world.sides[side].best != NOTHING:
        remove_order(world, np.int64(world.levels[world.sides[side].best].head))


@njit
def has_room(world, messages):
    """0 if that many messages can be handled whatever they do, else NEED_ORDERS or NEED_TAPE."""
    clock = world.clock[0]
    if clock.resting + messages > len(world.orders):
        return NEED_ORDERS
    if clock.nodes_live + messages * NODES_PER_LEVEL > len(world.nodes):
        return NEED_ORDERS
    trades = clock.resting + messages
    if clock.shares != 0:  # pro rata: each message may trade with every order and leave all of them standing
        trades *= max(messages, 1)
    if clock.trades - clock.tape_drained + trades + HISTORY > len(world.tape):
        return NEED_TAPE
    if clock.keeps_log != 0 and (
        clock.messages_logged - clock.log_drained + clock.resting + 3 * messages > len(world.log)
    ):
        return NEED_TAPE
    return RUNNING
