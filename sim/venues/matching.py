"""Matching of an incoming order: price-time priority or pro rata, with prevention of self-trades."""

from __future__ import annotations

import numpy as np

from sim.core.codes import ALLOW, CANCEL_INCOMING, PRICE_TIME, PRO_RATA, SELF_TRADE
from sim.core.compiled import njit
from sim.core.ledger import record_trade
from sim.core.world import NOTHING
from sim.venues.levels import next_level
from sim.venues.orders import reduce, withdraw


@njit
def _fill(world, venue, order, agent, side, lots, number):
    """Trade ``lots`` of an incoming order against one resting order."""
    record = world.orders[order]
    price = world.levels[record.level].price * world.venues[venue].per_tick
    record_trade(world, venue, price, lots, np.int64(record.agent), agent, side, record.number, number)
    reduce(world, order, lots)


@njit
def _own_at(world, level, agent):
    """The agent's first order in a level's queue, or NOTHING."""
    order = np.int64(world.levels[level].head)
    while order != NOTHING and world.orders[order].agent != agent:
        order = np.int64(world.orders[order].next)
    return order


@njit
def _fill_pro_rata(world, venue, level, agent, side, lots, number):
    """Fill a level's orders in proportion to their size, rounded down; the remainder is filled by time.

    Returns the lots that the level cannot fill.
    """
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
def match(world, venue, agent, side, worst_key, lots, number):
    """Trade an incoming order with the other side up to a key. Returns the lots that are left.

    ``clock.cut`` is set to 1 if it meets an order of its own agent and the venue cancels incoming orders in this case.
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
def can_fill(world, venue, agent, side, worst_key, lots):
    """Whether an incoming order would be filled completely. Orders of its own agent count only if they may trade."""
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
