"""A maker's obligation: to quote both sides, within a spread and at a size, in a share of its turns.

It is put around whatever strategy the maker plays. The strategy acts first, its own orders alone on the book; where
they fall short, and leaving it at that would let the presence fall below the share, the missing lots are added.
Where orders collect for an auction, the turns in the step that clears it are those that count.
"""

from __future__ import annotations

import numpy as np

from sim.core.codes import POST_ONLY, WAITING
from sim.core.compiled import njit
from sim.core.world import BUY, NONE, NOTHING, SELL
from sim.rules.declare import Rule
from sim.strategy_kit import view
from sim.venues.gateway import send_cancel, send_order
from sim.venues.mechanisms import is_hidden
from sim.venues.orders import slot_of
from sim.venues.ticks import NO_ASK, NO_BID, tick_above, tick_below

_MESSAGES = np.int64(4)  # in a turn, beyond the strategy's: two cancellations, two new orders
_SLACK = 1e-9  # of a turn: a share of turns is seldom exact in binary


@njit
def withdraw_required(world, agent):
    """Before the strategy's turn: what was added in an earlier turn goes, and the strategy has its own messages.

    Returns True: it may act.
    """
    clock = world.clock[0]
    record = _record_of(world, agent)
    sent = clock.sent
    for handle in (record.bid, record.ask):
        if handle > 0 and slot_of(world, handle) != NOTHING:
            send_cancel(world, agent, handle)
    record.bid = 0
    record.ask = 0
    clock.allowed += clock.sent - sent - _MESSAGES
    return True


@njit
def add_required(world, agent):
    """After the strategy's turn: add the lots that are missing where the share would otherwise not be kept."""
    world.clock[0].allowed += _MESSAGES
    population = world.populations[world.agents[agent].population]
    venue = world.in_venues[population.first_venue]
    if is_hidden(world, venue):
        return  # where orders collect, only the turns in the step that clears them count
    record = _record_of(world, agent)
    record.turns += 1
    low, high = _required_prices(world, agent, venue)
    _, _, bid_lots, ask_lots = _own_quotes(world, agent, venue, low, high)
    least = population.minimum_size
    if min(bid_lots, ask_lots) < least and record.kept + _SLACK < population.presence * np.float64(record.turns):
        if bid_lots < least:
            record.bid = send_order(world, agent, venue, POST_ONLY, BUY, low, least - bid_lots, NONE)
        if ask_lots < least:
            record.ask = send_order(world, agent, venue, POST_ONLY, SELL, high, least - ask_lots, NONE)
        _, _, bid_lots, ask_lots = _own_quotes(world, agent, venue, low, high)
    if min(bid_lots, ask_lots) >= least:
        record.kept += 1


@njit
def _record_of(world, agent):
    member = world.agents[agent]
    return world.obligations[world.populations[member.population].first_obligation + member.number]


@njit
def _required_prices(world, agent, venue):
    """The lowest bid and the highest ask that count: around the strategy's own quotes, or the mark if a side lacks.

    Where the others' quotes are in the way both move, so that neither would trade.
    """
    population = world.populations[world.agents[agent].population]
    place = world.venues[venue]
    bid, ask, _, _ = _own_quotes(world, agent, venue, np.int64(0), np.int64(0))
    centre = view.mark(world, agent, place.instrument)
    if bid != NO_BID and ask != NO_ASK:
        centre = 0.5 * np.float64(bid + ask) * place.tick_size
    reach = 0.5 * population.maximum_spread
    low, high = tick_above(world, venue, centre - reach), tick_below(world, venue, centre + reach)
    above = view.best_of_others(world, agent, venue, SELL)
    below = view.best_of_others(world, agent, venue, BUY)
    shift = max(NONE, below + 1 - high) - max(NONE, low - above + 1)
    return low + shift, high + shift


@njit
def _own_quotes(world, agent, venue, low, high):
    """An agent's best bid and ask on a venue, its lots bid at ``low`` or above, its lots asked at ``high`` or below.

    Quotes are orders that would stay. In a simultaneous class all of its orders still wait to enter.
    """
    clock = world.clock[0]
    found = (NO_BID, NO_ASK, NONE, NONE)
    if clock.simultaneous != 0:
        for i in range(clock.pending):
            waiting = world.pending[i]
            record = world.orders[waiting.handle & 0xFFFFFFFF]
            if waiting.agent == agent and waiting.venue == venue and record.state == WAITING and record.leaves == 0:
                found = _with(found, waiting.side > 0, waiting.price, record.remaining, low, high)
        return found
    order = np.int64(world.agents[agent].first_order)
    while order != NOTHING:
        record = world.orders[order]
        if record.level != NOTHING and record.leaves == 0:
            level = world.levels[record.level]
            if level.side >> 1 == venue:
                found = _with(found, level.side & 1 == 0, level.price, record.remaining, low, high)
        order = np.int64(record.agent_next)
    return found


@njit
def _with(found, bids, price, lots, low, high):
    """What was found, and one quote more."""
    bid, ask, bid_lots, ask_lots = found
    if bids:
        return max(bid, price), ask, bid_lots + (lots if price >= low else NONE), ask_lots
    return bid, min(ask, price), bid_lots, ask_lots + (lots if price <= high else NONE)


RULE = Rule(table="obligation", messages=int(_MESSAGES), before_turn=withdraw_required, after_turn=add_required)
