"""Private values of trades to agents with a reservation price.

A reservation price says what a unit is worth to an agent: its anchor, and so far beyond it, above for one who buys and
below for one who sells. What lies beyond the anchor is private. Each trade credits it, side * (reservation price -
anchor) * lots * lot size, at what the agent last drew for that side; an order to an auction at what its agent had
drawn when it was sent, however many others wait with it. Trades of the instrument of the population's first venue
count, since its prices are what is drawn.
"""

from __future__ import annotations

import math

import numpy as np

from sim.core.compiled import inlined, njit
from sim.core.world import BUY, NOTHING, SELL


@njit
def forget_reservations(world):
    """An episode begins: nothing is drawn, and nothing gained."""
    world.clock[0].credited = world.clock[0].trades
    for agent in range(len(world.reserved)):
        kept = world.reserved[agent]
        kept.buying = 0.0
        kept.selling = 0.0
        kept.gain = 0.0


@njit
def keep_reservation(world, agent, side, distance):
    """An agent draws how far beyond the anchor it trades on a side, in currency; what it did before is not affected."""
    credit_trades(world, agent)
    if side > 0:
        world.reserved[agent].buying = distance
    else:
        world.reserved[agent].selling = distance


@njit
def credit_trades(world, agent):
    """Credit the trades since it was last called; what the agent has sent since then is worth what it has drawn."""
    clock = world.clock[0]
    if clock.trades - clock.credited > len(world.tape):  # in one turn of a Python agent: they cannot be read any more
        for member in range(len(world.reserved)):
            if _draws(world, member):
                world.reserved[member].gain = math.nan
        clock.credited = clock.trades
    while clock.credited < clock.trades:
        trade = world.tape[clock.credited & (len(world.tape) - 1)]
        venue, side, lots = np.int64(trade.venue), np.int64(trade.aggressor), trade.quantity
        for party in (np.int64(trade.taker), np.int64(trade.maker)):
            kept = world.reserved[party]
            _credit(world, party, venue, lots, kept.buying if side > 0 else kept.selling)
            side = -side
        clock.credited += 1
    if clock.auctions != 0 and _draws(world, agent):
        _mark_orders(world, agent)


@inlined
def credit_allotted(world, venue):
    """An auction is about to clear: credit what its orders will trade.

    Once it is cleared they are gone, and the tape does not say which of an agent's reservation prices was theirs.
    """
    if len(world.reserved) > 0:
        place = world.venues[venue]
        _credit_chain(world, venue, np.int64(place.buyers), BUY)
        _credit_chain(world, venue, np.int64(place.sellers), SELL)


@njit
def _credit_chain(world, venue, order, side):
    while order != NOTHING:
        waiting = world.auction_orders[order]
        distance = waiting.buying if side > 0 else waiting.selling
        _credit(world, np.int64(world.orders[order].agent), venue, waiting.allotted, distance)
        order = np.int64(waiting.chain)


@njit
def _mark_orders(world, agent):
    """Write beside each of an agent's new orders what it had drawn; a slot's generation tells whose the mark is."""
    order = np.int64(world.agents[agent].last_order)
    while order != NOTHING and world.auction_orders[order].marked != world.orders[order].generation:
        waiting = world.auction_orders[order]
        waiting.marked = world.orders[order].generation
        waiting.buying = world.reserved[agent].buying
        waiting.selling = world.reserved[agent].selling
        order = np.int64(world.orders[order].agent_previous)


@njit
def _draws(world, agent):
    return world.populations[world.agents[agent].population].reservation != 0


@njit
def _credit(world, agent, venue, lots, distance):
    if not _draws(world, agent):
        return
    population = world.populations[world.agents[agent].population]
    instrument = world.venues[venue].instrument
    if instrument == world.venues[world.in_venues[population.first_venue]].instrument:
        world.reserved[agent].gain += distance * np.float64(lots) * world.instruments[instrument].lot_size
