"""The room that limits leave: what an agent holds and has ordered, of all that limits are of, kept message by message.

A limit of position or of a greek holds before the trade: open orders count as filled, in the worst case. Of each limit
it is known what the positions come to (``held``), and what they would come to if every order that adds were filled and
no other (``up``), or every order that takes away (``down``). These are counted anew when a step begins, since greeks
change then, and when a turn begins. In between, each message changes them.
"""

from __future__ import annotations

import math

import numpy as np

from sim.core.codes import MOST_LOTS, WITHDRAW
from sim.core.compiled import njit
from sim.core.world import NONE, NOTHING
from sim.instruments.limit_measures import held_of, holds_before, unit_of
from sim.venues.open_orders import open_lots
from sim.venues.orders import withdraw


@njit
def use_of(world, agent, number):
    """What is known of an agent's limit, the ``number``-th of its population."""
    member = world.agents[agent]
    risk = world.limited[world.populations[member.population].limited]
    return world.limit_uses[risk.first_use + member.number * risk.limits + number]


@njit
def count_room(world, agent, withdraws):
    """Count anew what an agent holds and has ordered. ``withdraws``: those that no longer fit leave, the last first."""
    risk = world.limited[world.populations[world.agents[agent].population].limited]
    first = risk.first_use + world.agents[agent].number * risk.limits
    for number in range(risk.limits):
        limit = world.limits[risk.first_limit + number]
        if holds_before(limit.of):
            use = world.limit_uses[first + number]
            use.held = held_of(world, agent, limit)
            use.up = use.down = use.held
    order = np.int64(world.agents[agent].first_order)
    while order != NOTHING:
        following = np.int64(world.orders[order].agent_next)
        venue, bought, sold = open_lots(world, order)
        if venue != NOTHING:
            if withdraws and not _fits(world, agent, venue, bought, sold):
                withdraw(world, order, WITHDRAW)
            else:
                _add(world, risk, first, venue, bought, sold)
        order = following


@njit
def _add(world, risk, first, venue, bought, sold):
    """Open orders on a venue may buy and sell so many lots more."""
    instrument = world.venues[venue].instrument
    for number in range(risk.limits):
        limit = world.limits[risk.first_limit + number]
        if not holds_before(limit.of):
            continue
        unit = unit_of(world, limit, instrument)
        use = world.limit_uses[first + number]
        use.up += unit * np.float64(bought if unit > 0.0 else -sold)
        use.down -= unit * np.float64(sold if unit > 0.0 else -bought)


@njit
def change_room(world, agent, venue, bought, sold, traded):
    """An agent's open orders on a venue may buy and sell so many lots more, and it has bought so many (``traded``)."""
    risk = world.limited[world.populations[world.agents[agent].population].limited]
    first = risk.first_use + world.agents[agent].number * risk.limits
    _add(world, risk, first, venue, bought, sold)
    if traded == 0:
        return
    instrument = world.venues[venue].instrument
    for number in range(risk.limits):
        limit = world.limits[risk.first_limit + number]
        if holds_before(limit.of):
            moved = unit_of(world, limit, instrument) * np.float64(traded)
            use = world.limit_uses[first + number]
            use.held += moved
            use.up += moved
            use.down += moved


@njit
def _fits(world, agent, venue, bought, sold):
    """Whether lots bought and sold on a venue leave every limit as it is, all that was counted so far filled."""
    return (bought == 0 or room_for(world, agent, venue, 1, bought) == bought) and (
        sold == 0 or room_for(world, agent, venue, -1, sold) == sold
    )


@njit
def room_for(world, agent, venue, side, lots):
    """Lots, at most ``lots``, that an order of a side may have so that no limit is passed if it is filled."""
    found, _ = tightest(world, agent, venue, side, lots)
    return found


@njit
def lots_left(world, agent, venue, side):
    """Lots that an order of a side may have at most; below 0: so many must be traded the other way until it may have 0.

    ``MOST_LOTS`` if no limit is about the venue's instrument.
    """
    if world.populations[world.agents[agent].population].guarded == 0:
        return np.int64(MOST_LOTS)
    risk = world.limited[world.populations[world.agents[agent].population].limited]
    left = np.int64(MOST_LOTS)
    for number in range(risk.limits):
        change, room = _room_of(world, agent, venue, side, number)
        if change > 0.0:
            left = min(left, _whole_lots(room, change, left))
    return left


@njit
def tightest(world, agent, venue, side, lots):
    """As :func:`room_for`, with the number of the limit that leaves the least; NOTHING if none takes anything away."""
    risk = world.limited[world.populations[world.agents[agent].population].limited]
    which = NOTHING
    for number in range(risk.limits):
        change, room = _room_of(world, agent, venue, side, number)
        if change == 0.0:
            continue
        fitting = max(NONE, _whole_lots(room, change, lots))
        if fitting < lots:
            lots, which = fitting, np.int64(number)
    return lots, which


@njit
def _room_of(world, agent, venue, side, number):
    """What a lot of an order adds to a limit, 0 or more, and what is left of the limit on that side."""
    risk = world.limited[world.populations[world.agents[agent].population].limited]
    limit = world.limits[risk.first_limit + number]
    if not holds_before(limit.of):
        return 0.0, math.inf
    change = np.float64(side) * unit_of(world, limit, world.venues[venue].instrument)
    use = use_of(world, agent, number)
    return abs(change), use.most - use.up if change > 0.0 else use.most + use.down


@njit
def _whole_lots(room, change, lots):
    """The most lots, at most ``lots``, with ``lots * change <= room``; at least ``-MOST_LOTS``."""
    if np.float64(lots) * change <= room:
        return lots
    if room <= -np.float64(MOST_LOTS) * change:
        return np.int64(-MOST_LOTS)
    found = np.int64(math.floor(room / change))
    while np.float64(found) * change > room:
        found -= 1
    return found
