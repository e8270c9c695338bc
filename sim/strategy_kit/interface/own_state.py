"""What an agent has: its lots, its cash, its orders. Nobody learns of others' orders by their handles."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.core.compiled import njit
from sim.core.world import NONE, NOTHING, Market, int64, opened
from sim.strategy_kit.interface.places import instrument_meant
from sim.strategy_kit.seat import Seat, own
from sim.venues.orders import handle_of, slot_of
from sim.venues.ticks import NO_BID


@njit
def inventory(me: Seat, market: Market, instrument: int | None = None) -> int:
    """The agent's lots of an instrument, negative when short.

    Of its own instrument, where none is named and its venues trade one.
    """
    me = own(me)
    world = opened(market)
    meant = instrument_meant(me, world, instrument)
    lots: int = world.holdings[me.agent * world.clock[0].instruments + meant].lots
    return lots


@njit
def cash(me: Seat, market: Market) -> float:
    """The agent's cash. Currency."""
    me = own(me)
    world = opened(market)
    money: float = np.float64(world.accounts[me.agent].cash) * world.clock[0].money_unit
    return money


@njit
def publish_belief(me: Seat, market: Market, belief: float) -> None:
    """Let the record know what the agent takes the value to be; trades against its orders are marked with it."""
    me = own(me)
    opened(market).agents[me.agent].belief = belief


@njit
def filled(me: Seat, market: Market) -> int:
    """Lots that the agent's last message traded at once."""
    lots: int = opened(market).clock[0].filled
    return lots


@njit
def is_live(me: Seat, market: Market, handle: int) -> bool:
    """Whether one of the agent's orders still rests (or waits for its class to finish)."""
    return handle > 0 and _own_slot(me, opened(market), handle) != NOTHING


@njit
def open_quantity(me: Seat, market: Market, handle: int) -> int:
    """Open lots of one of the agent's orders, 0 if it is gone."""
    world = opened(market)
    order = _own_slot(me, world, handle)
    return world.orders[order].remaining if order != NOTHING else NONE


@njit
def order_price(me: Seat, market: Market, handle: int) -> int:
    """Price of one of the agent's resting orders in ticks, NO_BID if it is gone."""
    world = opened(market)
    order = _own_slot(me, world, handle)
    if order == NOTHING or world.orders[order].level == NOTHING:
        return NO_BID
    price: int = world.levels[world.orders[order].level].price
    return price


@njit
def own_orders(me: Seat, market: Market) -> int:
    """How many orders the agent has in all its venues."""
    me = own(me)
    return int64(opened(market).agents[me.agent].orders)


@njit
def own_order(me: Seat, market: Market, place: int) -> int:
    """The handle of the agent's order number ``place``, the oldest first; 0 if it has not so many.

    Costs a step for each older one.
    """
    me = own(me)
    world = opened(market)
    if place < 0 or place >= world.agents[me.agent].orders:
        return NONE
    order = int64(world.agents[me.agent].first_order)
    while place > 0:
        order = int64(world.orders[order].agent_next)
        place -= 1
    handle: int = handle_of(world, order)
    return handle


@njit
def _own_slot(me: Seat, world: Any, handle: int) -> int:
    """The slot of one of the agent's live orders, or NOTHING."""
    me = own(me)
    order: int = slot_of(world, handle)
    return order if order != NOTHING and world.orders[order].agent == me.agent else NOTHING
