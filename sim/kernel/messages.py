"""The entry of agents' messages to all venues.

It enforces the number of messages that a strategy declared and asks the rules. Then it passes a message to the venue's
mechanism. Orders of a simultaneous class wait here until all members have acted. Delays of messages will be added here.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from sim.core.codes import (
    ACCEPTED,
    AT_ONCE,
    BAD_ARGUMENT,
    BAD_LIFETIME,
    EXPIRED,
    MOST_LOTS,
    REPLACE,
    RESTING,
    RUNNING,
    SCHEDULE,
    TOO_MANY,
    TOO_MANY_SENT,
    WITHDRAWN,
)
from sim.core.compiled import callback, inlined, njit
from sim.core.rng import ENTRY, mix
from sim.core.world import NONE, NOTHING, attach
from sim.instruments.kinds import refresh
from sim.rules.hooks import amend_order, check_message, checks_messages, end_broken, note_change
from sim.venues import mechanisms
from sim.venues.gateway import LONGEST, is_agent, is_side, is_venue, reject_unseen
from sim.venues.open_orders import open_lots
from sim.venues.orders import handle_of, release, slot_of

_FEW = 32  # up to this number, orders are sorted by insertion


# --- the callbacks --------------------------------------------------------------------------------------------------

# They are called by address, so the matching engine is compiled once and not into every strategy. A C callback hides an
# exception that is raised in it, so each of them turns an exception into a status that ends the run.


def _order_gateway(address, agent, venue, kind, side, price, lots, lifetime):
    try:
        return _take_order(attach(address), agent, venue, kind, side, price, lots, lifetime)
    except Exception:
        return end_broken(address)


def _cancel_gateway(address, agent, handle):
    try:
        return _take_cancel(attach(address), agent, handle)
    except Exception:
        return end_broken(address)


def _replace_gateway(address, agent, handle, price, lots):
    try:
        return _take_replace(attach(address), agent, handle, price, lots)
    except Exception:
        return end_broken(address)


@cache
def gateway_callbacks() -> list[Any]:
    """The compiled callbacks for orders, cancellations and replacements. Their addresses are stored in the World."""
    return [callback(_order_gateway, 8), callback(_cancel_gateway, 3), callback(_replace_gateway, 5)]


# --- what they do ---------------------------------------------------------------------------------------------------


@njit
def _may_send(world):
    clock = world.clock[0]
    if clock.sent >= clock.allowed:
        if clock.status == RUNNING:
            clock.status = TOO_MANY
        return False
    clock.sent += 1
    return True


@njit
def _take_order(world, agent, venue, kind, side, price, lots, lifetime):
    clock = world.clock[0]
    if not is_agent(world, agent):
        return np.int64(0)
    if not is_venue(world, venue) or not (kind == SCHEDULE or is_side(world, side)):
        return reject_unseen(world, agent, BAD_ARGUMENT)
    if not _may_send(world):
        return reject_unseen(world, agent, TOO_MANY_SENT)
    if lifetime < 0 or lifetime > LONGEST:
        return reject_unseen(world, agent, BAD_LIFETIME)
    expires = clock.step + lifetime if lifetime > 0 else np.int64(0)
    if clock.examines != 0:
        return _enter_examined(world, venue, agent, kind, side, price, lots, expires)
    return _enter(world, venue, agent, kind, side, price, lots, expires)


@inlined
def _enter(world, venue, agent, kind, side, price, lots, expires):
    if world.clock[0].simultaneous == 0:
        return mechanisms.enter(world, venue, agent, kind, side, price, lots, expires, NOTHING)
    return _keep(world, venue, agent, kind, side, price, lots, expires)


@njit
def _enter_examined(world, venue, agent, kind, side, price, lots, expires):
    """Enter a new order where its instrument may have been settled, or rules look at messages."""
    if world.clock[0].derivatives != 0 and not _is_traded(world, venue):
        return reject_unseen(world, agent, EXPIRED)
    if not checks_messages(world):
        return _enter(world, venue, agent, kind, side, price, lots, expires)
    rules = world.populations[world.agents[agent].population].rules
    if kind == SCHEDULE and lots == 0:
        lots = np.int64(MOST_LOTS)  # which 0 stands for
    reason = check_message(world, agent, venue, kind, side, price, lots)
    if reason == ACCEPTED:
        price, lots, reason = amend_order(world, agent, rules, venue, kind, side, price, lots, np.int64(NOTHING))
    if reason != ACCEPTED:
        return reject_unseen(world, agent, reason)
    handle = _enter(world, venue, agent, kind, side, price, lots, expires)
    bought, sold = NONE, NONE
    if handle != 0:
        _, bought, sold = open_lots(world, handle & 0xFFFFFFFF)
    note_change(world, agent, rules, venue, bought, sold, side * world.clock[0].filled)
    return handle


@njit
def _is_traded(world, venue):
    """Whether a venue's instrument has not been settled yet; its value is then that of the step, for the tape."""
    instrument = world.venues[venue].instrument
    refresh(world, instrument)
    return world.instruments[instrument].settled == 0


@njit
def _take_cancel(world, agent, handle):
    if not is_agent(world, agent):
        return np.int64(0)
    if not _may_send(world):
        return reject_unseen(world, agent, TOO_MANY_SENT)
    if checks_messages(world):
        return _cancel_checked(world, agent, handle)
    return mechanisms.cancel(world, agent, handle)


@njit
def _cancel_checked(world, agent, handle):
    """Cancel an order where rules look at messages."""
    rules = world.populations[world.agents[agent].population].rules
    order = slot_of(world, handle)
    venue, bought, sold = open_lots(world, order) if order != NOTHING else (NOTHING, NONE, NONE)
    lots = mechanisms.cancel(world, agent, handle)
    if lots > 0:
        note_change(world, agent, rules, venue, -bought, -sold, NONE)
    return lots


@njit
def _take_replace(world, agent, handle, price, lots):
    clock = world.clock[0]
    if not is_agent(world, agent):
        return np.int64(0)
    if not _may_send(world):
        return reject_unseen(world, agent, TOO_MANY_SENT)
    if clock.examines != 0:
        return _replace_examined(world, agent, handle, price, lots)
    return mechanisms.replace(world, agent, handle, price, lots)


@njit
def _replace_examined(world, agent, handle, price, lots):
    """Change an order of an instrument that may follow from another, or where rules look at messages.

    The venue rejects an order that is gone, or that waits.
    """
    if world.clock[0].derivatives != 0:
        _refresh_ordered(world, handle)
    if not checks_messages(world):
        return mechanisms.replace(world, agent, handle, price, lots)
    rules = world.populations[world.agents[agent].population].rules
    order = slot_of(world, handle)
    if order == NOTHING or world.orders[order].state != RESTING or world.orders[order].agent != agent:
        return mechanisms.replace(world, agent, handle, price, lots)
    venue, old_bought, old_sold = open_lots(world, order)
    side = np.int64(1 if old_bought > 0 else -1)
    reason = check_message(world, agent, venue, REPLACE, side, price, lots)
    if reason == ACCEPTED:
        price, lots, reason = amend_order(world, agent, rules, venue, REPLACE, side, price, lots, order)
    if reason != ACCEPTED:
        return reject_unseen(world, agent, reason)
    found = mechanisms.replace(world, agent, handle, price, lots)
    bought, sold = NONE, NONE
    if slot_of(world, handle) != NOTHING:
        _, bought, sold = open_lots(world, order)
    note_change(world, agent, rules, venue, bought - old_bought, sold - old_sold, side * world.clock[0].filled)
    return found


@njit
def _refresh_ordered(world, handle):
    """The value of what an order is for is that of the step, should the order trade."""
    order = slot_of(world, handle)
    if order != NOTHING and world.orders[order].level != NOTHING:
        side = world.sides[world.levels[world.orders[order].level].side]
        refresh(world, world.venues[side.venue].instrument)


# --- simultaneous classes -------------------------------------------------------------------------------------------


@njit
def _keep(world, venue, agent, kind, side, price, lots, expires):
    """Keep an order until its class has finished. Returns its handle, or 0 if it cannot wait."""
    clock = world.clock[0]
    clock.filled = 0
    clock.rejection = ACCEPTED
    if not mechanisms.may_wait(world, venue, kind):
        return reject_unseen(world, agent, AT_ONCE)
    order = mechanisms.allocate(world, venue, agent, kind, lots, expires)
    waiting = world.pending[clock.pending]
    waiting.key = mix(mix(clock.turn_key, ENTRY), clock.sent)
    waiting.price = price
    waiting.handle = handle_of(world, order)
    waiting.venue = venue
    waiting.side = side
    waiting.agent = agent
    waiting.kind = kind
    clock.pending += 1
    return waiting.handle


@njit
def enter_pending(world):
    """Enter the orders of a simultaneous class in random order."""
    clock = world.clock[0]
    waiting = world.pending
    sort_pending(waiting, clock.pending)
    for i in range(clock.pending):
        order = waiting[i].handle & 0xFFFFFFFF
        record = world.orders[order]
        if record.state == WITHDRAWN:
            release(world, order)
        else:
            mechanisms.enter_waiting(
                world, np.int64(waiting[i].venue), np.int64(waiting[i].agent), np.int64(waiting[i].kind),
                np.int64(waiting[i].side), waiting[i].price, record.remaining, record.expires, order,
            )  # fmt: skip
    clock.pending = 0


@njit
def sort_pending(waiting, count):
    """Sort the first ``count`` waiting orders by key: few by insertion, many by heapsort."""
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
    """Move a heap's root down to its place, so that the largest key is at the top."""
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
