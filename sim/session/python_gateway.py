"""What Python sends to a market and sees of it, a compiled call each, by the address of the World.

A message first asks for its room: what is lacking comes back as ``-1 - status``, the caller mends it and sends again.
What ends the run, such as money too large to count, comes back so too: it is no answer, and cannot be mended.
``WRONG`` of the gateway is what an argument gives that means nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sim.core.codes import RESTING, RUNNING
from sim.core.compiled import inlined, njit
from sim.core.marks import wealth
from sim.core.rng import next_uniform
from sim.core.storage import short_of_room
from sim.core.world import NONE, NOTHING, Market, attach, close, int64
from sim.strategy_kit import interface, view
from sim.strategy_kit.seat import Seat
from sim.venues import gateway
from sim.venues.levels import next_level
from sim.venues.ticks import NO_BID

# --- messages -------------------------------------------------------------------------------------------------------


@njit
def _short(world: Any) -> int:
    """0 where a message can be taken, else -1 less why the run has ended, or what there is no room for."""
    status: int = world.clock[0].status
    return -1 - status if status != RUNNING else short_of_room(world)


@njit
def _answered(world: Any, answer: int) -> int:
    """What a message came to, -1 less its status if it ended the run."""
    status: int = world.clock[0].status
    return answer if status == RUNNING else -1 - status


@njit
def send_order(address: int, agent: int, venue: int, kind: int, side: int, price: int, lots: int, lifetime: int) -> int:
    """A new order of the agent whose turn it is. Returns its handle if it rests, else 0."""
    world = attach(address)
    side, price, lots, lifetime = gateway.bits(side), gateway.bits(price), gateway.bits(lots), gateway.bits(lifetime)
    if (side != 1 and side != -1) or lifetime < 0 or lifetime > gateway.LONGEST:
        return int(gateway.WRONG)
    short: int = _short(world)
    if short != 0:
        return short
    handle: int = gateway.send_order(world, agent, venue, kind, side, price, lots, lifetime)
    return _answered(world, handle)


@njit
def send_schedule(address: int, agent: int, venue: int, centre: float, slope: float, most: int) -> int:
    """A demand schedule. Returns its handle, 0 where no auction is running."""
    world = attach(address)
    short: int = _short(world)
    if short != 0:
        return short
    handle: int = gateway.send_schedule(world, agent, venue, centre, slope, most)
    return _answered(world, handle)


@njit
def send_cancel(address: int, agent: int, handle: int) -> int:
    """Cancel an order. Returns the lots cancelled."""
    world = attach(address)
    handle = gateway.bits(handle)
    short: int = _short(world)
    if short != 0:
        return short
    lots: int = gateway.send_cancel(world, agent, handle)
    return _answered(world, lots)


@njit
def send_replace(address: int, agent: int, handle: int, price: int, lots: int) -> int:
    """Change an order's price and open quantity. Returns its handle if it rests, else 0."""
    world = attach(address)
    handle, price, lots = gateway.bits(handle), gateway.bits(price), gateway.bits(lots)
    short: int = _short(world)
    if short != 0:
        return short
    new: int = gateway.send_replace(world, agent, handle, price, lots)
    return _answered(world, new)


# --- what an agent sees and draws -----------------------------------------------------------------------------------


@njit
def _seat(agent: int, instrument: int) -> Seat:
    return Seat(agent, NONE, instrument, NONE, NONE)


@inlined  # not kept on disk: the type it returns would be another one when it is read again
def _market(address: int) -> Market:
    return close(attach(address))


@njit
def best_bid(address: int, agent: int, venue: int) -> int:
    """The best bid in ticks, NO_BID where there is none, or where an auction hides it."""
    return view.best_bid(attach(address), agent, venue)


@njit
def best_ask(address: int, agent: int, venue: int) -> int:
    """The best ask in ticks, NO_ASK where there is none, or where an auction hides it."""
    return view.best_ask(attach(address), agent, venue)


@njit
def in_auction(address: int, agent: int, venue: int) -> bool:
    """Whether a venue collects orders for an auction."""
    return interface.in_auction(_seat(agent, NONE), _market(address), venue)


@njit
def indicative_price(address: int, agent: int, venue: int) -> float:
    """The price at which an auction would clear now. Currency."""
    return interface.indicative_price(_seat(agent, NONE), _market(address), venue)


@njit
def indicative_lots(address: int, agent: int, venue: int) -> int:
    """What an auction would trade now. Lots."""
    return interface.indicative_lots(_seat(agent, NONE), _market(address), venue)


@njit
def imbalance(address: int, agent: int, venue: int) -> int:
    """Demand less supply that an auction would leave now. Lots."""
    return interface.imbalance(_seat(agent, NONE), _market(address), venue)


@njit
def public_value(address: int, agent: int, instrument: int) -> float:
    """What everybody knows of the value. Currency."""
    return view.public_value(attach(address), agent, instrument)


@njit
def signal(address: int, agent: int, instrument: int) -> float:
    """What an agent's population sees of the value. Currency."""
    return interface.signal(_seat(agent, instrument), _market(address), instrument)


@njit
def reservation_price(address: int, agent: int, instrument: int, side: int) -> float:
    """A draw of the price beyond which an agent does not trade. Currency."""
    return interface.reservation_price(_seat(agent, instrument), _market(address), side)


@njit
def uniform(address: int, agent: int) -> float:
    """A random number of the agent, whose turn it is."""
    number: float = next_uniform(attach(address))
    return number


def begun(address: int, agent: int) -> int:
    """Nothing: the turn in which it is done has begun."""
    return 0


# What an agent can do in its turn that changes the run: how a log calls it, and what it takes behind address and agent.
ACTS: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    "order": (send_order, ("venue", "kind", "side", "price", "quantity", "lifetime")),
    "schedule": (send_schedule, ("venue", "price", "slope", "most")),
    "cancel": (send_cancel, ("handle",)),
    "replace": (send_replace, ("handle", "price", "quantity")),
    "reservation_price": (reservation_price, ("instrument", "side")),
    "uniform": (uniform, ()),
    "begin_turn": (begun, ()),
}


# --- what is seen from outside --------------------------------------------------------------------------------------


@njit
def best_price(address: int, side: int) -> int:
    """The best price on a row of sides, NO_BID where there is none, or where an auction hides it."""
    world = attach(address)
    level = world.sides[side].best
    hidden = level == NOTHING or world.sides[side].hidden != 0
    return NO_BID if hidden else world.levels[level].price


@njit
def depth(address: int, side: int, rows: Any) -> int:
    """Fill ``rows`` (price, volume) level by level from the best of a row of sides. Returns how many it has."""
    world = attach(address)
    if world.sides[side].hidden != 0:
        return 0
    level = int64(world.sides[side].best)
    found = 0
    while level != NOTHING and found < len(rows):
        rows[found, 0] = world.levels[level].price
        rows[found, 1] = world.levels[level].volume
        found += 1
        level = next_level(world, level)
    return found


# --- what an agent has ----------------------------------------------------------------------------------------------


@njit
def lots_held(address: int, agent: int, instrument: int) -> int:
    """Lots of an instrument that an agent holds."""
    world = attach(address)
    lots: int = world.holdings[agent * world.clock[0].instruments + instrument].lots
    return lots


@njit
def account_wealth(address: int, account: int) -> float:
    """Cash and positions at the mark. Currency."""
    worth: float = wealth(attach(address), account)
    return worth


@njit
def is_live(address: int, agent: int, handle: int) -> bool:
    """Whether one of an agent's orders still rests."""
    return interface.is_live(_seat(agent, NONE), _market(address), handle)


def own_orders(world: Any, row: int) -> list[dict[str, Any]]:
    """An agent's resting orders, the oldest first: venue, side, price (ticks), quantity (open lots), order, handle."""
    found = []
    order = int(world.agents[row]["first_order"])
    while order != NOTHING:
        record = world.orders[order]
        if record["state"] == RESTING:
            level = world.levels[int(record["level"])]
            side = int(level["side"])
            found.append(
                {
                    "venue": side // 2,
                    "side": 1 - 2 * (side & 1),
                    "price": int(level["price"]),
                    "quantity": int(record["remaining"]),
                    "order": int(record["number"]),
                    "handle": int(record["generation"]) << 32 | order,
                }
            )
        order = int(record["agent_next"])
    return found
