"""The way to every venue: what an agent sends in its turn, and what may be wrong with what it says.

Messages go through callbacks that are called by address (:mod:`sim.kernel.messages` takes them), so the matching
engine is compiled once and not into every strategy. A venue, an agent or a side that does not exist is a mistake in a
strategy: it ends the run in words (:func:`complain`). What a market may say no to, such as a price beyond its grid or
an order that is gone, is rejected and counted.
"""

from __future__ import annotations

import numpy as np

from sim.core.codes import MISTAKEN, NOT_HERE, RUNNING, SCHEDULE
from sim.core.compiled import caller, njit
from sim.core.world import NONE, address_of
from sim.venues.book import collects
from sim.venues.orders import reject

# What a strategy may have got wrong, in ``clock.fault_reason``; ``clock.fault_value`` is the number it gave.
VENUE, INSTRUMENT, SIDE, AGENT, PLACE, SERIAL, PRECOMPUTED, LEVELS, SEVERAL, UNTRADED, MEMBER, NEIGHBOUR = (
    np.int64(i) for i in range(12)
)
LONGEST = np.int64(1 << 61)  # steps that an order may live
WRONG = np.int64(-100)  # what Python is told of an argument that means nothing


@njit
def bits(number):
    """A whole number from Python as 64 bits, at no cost.

    A float, which has no bits to be joined, does not compile, nor does a bool, which to Numba has no real part.
    """
    return np.int64(number.real | NONE)


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
def is_agent(world, agent):
    """Whether there is such an agent; if not, the run will end."""
    return 0 <= agent < len(world.agents) or complain(world, AGENT, agent)


@njit
def reject_unseen(world, agent, reason):
    """Reject a message before any venue sees it; returns 0, which is no handle."""
    world.clock[0].filled = 0
    return reject(world, agent, reason)


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
    if not collects(world, venue):
        return reject_unseen(world, agent, NOT_HERE)
    world.clock[0].centre = centre
    world.clock[0].slope = slope
    return send_order(world, agent, venue, SCHEDULE, NONE, NONE, most, NONE)


@njit
def send_cancel(world, agent, handle):
    """Cancel an order. Returns the lots cancelled."""
    return _call_cancel(world.gateway[1], address_of(world), agent, handle)


@njit
def send_replace(world, agent, handle, price, lots):
    """Change an order's price and open quantity. Returns its handle if it rests, else 0."""
    return _call_replace(world.gateway[2], address_of(world), agent, handle, price, lots)
