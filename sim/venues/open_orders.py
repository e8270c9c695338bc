"""What orders may still trade: of one order, and of all that an agent has in an instrument."""

from __future__ import annotations

from sim.core.codes import RESTING, SCHEDULED, WAITING
from sim.core.compiled import njit
from sim.core.world import NONE, NOTHING, int64


@njit
def open_lots(world, order):
    """What an order may still trade, wherever it is: in a book, in an auction, or waiting for its class to finish.

    Returns
    -------
    venue : where; NOTHING if it is gone.
    bought, sold : lots that it may still buy, and sell; a demand schedule may do either.
    """
    record = world.orders[order]
    lots = record.remaining
    if record.state == SCHEDULED:
        return int64(world.auction_orders[order].venue), lots, lots
    if record.state == RESTING:
        side = int64(world.levels[record.level].side)
        venue = int64(world.sides[side].venue)
        return (venue, lots, NONE) if side & 1 == 0 else (venue, NONE, lots)
    if record.state == WAITING:
        for place in range(world.clock[0].pending):
            waiting = world.pending[place]
            if waiting.handle & 0xFFFFFFFF == order:
                venue = int64(waiting.venue)
                if waiting.side == 0:
                    return venue, lots, lots
                return (venue, lots, NONE) if waiting.side > 0 else (venue, NONE, lots)
    return NOTHING, NONE, NONE


@njit
def open_in(world, agent, instrument):
    """Lots of an instrument that an agent's orders may still buy, and those that they may still sell."""
    bought, sold = NONE, NONE
    order = int64(world.agents[agent].first_order)
    while order != NOTHING:
        venue, buys, sells = open_lots(world, order)
        if venue != NOTHING and world.venues[venue].instrument == instrument:
            bought += buys
            sold += sells
        order = int64(world.orders[order].agent_next)
    return bought, sold


@njit
def may_reduce(world, agent, instrument, side):
    """Lots by which an order of a side can bring a position nearer to zero, its open orders of that side filled."""
    lots = world.holdings[agent * world.clock[0].instruments + instrument].lots
    bought, sold = open_in(world, agent, instrument)
    if side > 0:
        return max(NONE, -lots - bought)
    return max(NONE, lots - sold)
