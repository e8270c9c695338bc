"""Orders that bring positions nearer to zero, and the withdrawal of those that rest."""

from __future__ import annotations

import math

import numpy as np

from sim.core.codes import MARKET, MOST_LOTS, WITHDRAW
from sim.core.compiled import njit
from sim.core.world import BUY, NONE, NOTHING, SELL
from sim.strategy_kit import view
from sim.venues.gateway import send_order
from sim.venues.orders import withdraw
from sim.venues.ticks import NO_ASK, NO_BID


@njit
def withdraw_all(world, agent):
    """Withdraw all orders of an agent, with a message in the log and none of its own."""
    while world.agents[agent].first_order != NOTHING:
        withdraw(world, np.int64(world.agents[agent].first_order), WITHDRAW)


@njit
def trade_out(world, agent, instrument, lots, messages):
    """Market orders that bring a position ``lots`` nearer to zero, at the best prices first, in so many messages.

    Returns
    -------
    int
        Messages that are left.
    """
    held = world.holdings[agent * world.clock[0].instruments + instrument].lots
    side = SELL if held > 0 else BUY
    left = min(lots, abs(held), np.int64(MOST_LOTS))
    while left > 0 and messages > 0:
        venue = _best_venue(world, agent, instrument, side)
        if venue == NOTHING:
            return messages
        collecting = view.collects(world, agent, venue)
        send_order(world, agent, venue, MARKET, side, NONE, left, NONE)
        messages -= 1
        if collecting:
            return messages  # it waits
        if world.clock[0].filled == 0:
            return messages
        left -= world.clock[0].filled
    return messages


@njit
def _best_venue(world, agent, instrument, side):
    """Where a market order gets the best price, fee included; NOTHING without a quote.

    An auction comes after every venue that trades at once.
    """
    best, found, auction = math.inf, NOTHING, NOTHING
    for venue in range(len(world.venues)):
        place = world.venues[venue]
        if place.instrument != instrument:
            continue
        if view.collects(world, agent, venue):
            auction = np.int64(venue)
            continue
        quote = view.best_ask(world, agent, venue) if side > 0 else view.best_bid(world, agent, venue)
        if quote in (NO_ASK, NO_BID):
            continue
        price = np.float64(quote) * place.tick_size
        cost = np.float64(side) * price + view.taker_cost(world, agent, venue, price)
        if cost < best:
            best, found = cost, np.int64(venue)
    return found if found != NOTHING else auction
