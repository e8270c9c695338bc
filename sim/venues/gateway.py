"""The gateway to all venues: the messages that an agent sends in its turn, and checks of their arguments.

Messages go through callbacks that are called by address (:mod:`sim.kernel.messages` receives them), so the matching
engine is compiled once and not into every strategy. A venue, an agent or a side that does not exist is a mistake in a
strategy; it ends the run with an error (:func:`complain`). A message that a market may reject, for example a price
beyond its grid or an order that is gone, is rejected and counted.
"""

from __future__ import annotations

import numpy as np

from sim.core.codes import MISTAKEN, NOT_HERE, RUNNING, SCHEDULE
from sim.core.compiled import caller, njit
from sim.core.world import NONE, address_of
from sim.venues.book import collects
from sim.venues.orders import reject

# Mistakes of a strategy, in ``clock.fault_reason``; ``clock.fault_value`` is the wrong number.
VENUE, INSTRUMENT, SIDE, AGENT, PLACE, SERIAL, PRECOMPUTED, LEVELS, SEVERAL, UNTRADED, MEMBER, NEIGHBOUR = (
    np.int64(i) for i in range(12)
)
LONGEST = np.int64(1 << 61)  # longest lifetime of an order, steps
WRONG = np.int64(-100)  # returned to Python for an argument that has no meaning


@njit
def bits(number):
    """A whole number from Python as a 64-bit integer, without cost at run time.

    A float does not compile, because it has no bitwise or. A bool does not compile, because Numba gives it no real
    part.
    """
    return np.int64(number.real | NONE)


@njit
def complain(world, what, value):
    """Note that a strategy gave a number without meaning, so that the run ends after its turn. Returns False.

    Functions that look at the market then return no data. If there are several mistakes, the first one is kept.
    """
    clock = world.clock[0]
    if clock.status == RUNNING:
        clock.status = MISTAKEN
        clock.fault_reason = what
        clock.fault_value = value
    return False


@njit
def is_venue(world, venue):
    """Whether there is such a venue. If not, the run ends after this turn."""
    return 0 <= venue < len(world.venues) or complain(world, VENUE, venue)


@njit
def is_side(world, side):
    """Whether a side is BUY or SELL. If not, the run ends after this turn."""
    return side == 1 or side == -1 or complain(world, SIDE, side)


@njit
def is_agent(world, agent):
    """Whether there is such an agent. If not, the run ends after this turn."""
    return 0 <= agent < len(world.agents) or complain(world, AGENT, agent)


@njit
def reject_unseen(world, agent, reason):
    """Reject a message before it reaches a venue. Returns 0, which is not a handle."""
    world.clock[0].filled = 0
    return reject(world, agent, reason)


_call_order, _call_cancel, _call_replace = caller(8), caller(3), caller(5)


@njit
def send_order(world, agent, venue, kind, side, price, lots, lifetime):
    """Send a new order. Returns its handle if it rests or waits for its class to finish, else 0."""
    return _call_order(world.gateway[0], address_of(world), agent, venue, kind, side, price, lots, lifetime)


@njit
def send_schedule(world, agent, venue, centre, slope, most):
    """Send a demand schedule to an auction: ``slope * (centre - price)`` lots at each price, at most ``most`` per side.

    Negative lots are sold. Prices are in currency, the slope in lots per currency. Returns the handle, or 0 if no
    auction is collecting orders.
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
    """Cancel an order. Returns the number of lots that are cancelled."""
    return _call_cancel(world.gateway[1], address_of(world), agent, handle)


@njit
def send_replace(world, agent, handle, price, lots):
    """Change an order's price and open quantity. Returns its handle if it rests, else 0."""
    return _call_replace(world.gateway[2], address_of(world), agent, handle, price, lots)
