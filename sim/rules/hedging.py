"""A hedge: at the end of its turns a member trades off the delta that it holds, whatever its strategy.

The orders are market orders in the same books as everybody's: what they cost and how far they push prices are results.
Whalley and Wilmott 1997, equation 5.8, have the band; Ederington 1979 the ratio of least variance.
"""

from __future__ import annotations

import math

import numpy as np

from sim.core.codes import MARKET
from sim.core.compiled import njit
from sim.core.world import BUY, NONE, NOTHING, SELL
from sim.instruments.exposures import exposure_of
from sim.instruments.kinds import greeks_of
from sim.rules.declare import Rule
from sim.strategy_kit import view
from sim.strategy_kit.interface.prices import nearest_lots
from sim.venues.gateway import send_order
from sim.venues.ticks import NO_ASK, NO_BID

INTERVAL, BAND, WHALLEY_WILMOTT = (np.int64(i) for i in range(3))
RULES_OF_HEDGING = {"interval": INTERVAL, "band": BAND, "whalley_wilmott": WHALLEY_WILMOTT}
_MESSAGES = np.int64(8)  # in a turn: one for each hedge venue
_FEWEST_CHANGES = 10  # from which a ratio is estimated


@njit
def reserve(world, agent):
    """Before the strategy's turn: it has its own messages, not the hedge's. Returns True: it may act."""
    world.clock[0].allowed -= _MESSAGES
    return True


@njit
def trade_off(world, agent):
    """After the strategy's turn: what it is exposed to beyond what its rule leaves is traded off."""
    clock = world.clock[0]
    clock.allowed += _MESSAGES
    population = world.populations[world.agents[agent].population]
    hedge = world.hedges[population.hedge]
    hedger = world.hedgers[hedge.first_hedger + world.agents[agent].number]
    mark = view.mark(world, agent, hedge.of)
    if hedger.begun == 0:
        hedger.begun = 1
        hedger.first_mark = mark
    if hedge.estimates != 0:
        _note_changes(world, agent, hedge)
    forced = hedger.forced != 0
    if hedge.rule == INTERVAL and (clock.step + 1) % hedge.every != 0 and not forced:
        return
    exposure = exposure_of(world, agent, hedge.of, hedge.stated)
    in_hedges, hedged = _in_hedges(world, agent, hedge)
    held = exposure.delta - in_hedges
    if hedge.slope != 0.0 and mark > 0.0:
        held -= hedge.slope / mark * exposure.vega  # the smile moves along: at a strike, volatility moves against it
    held += hedge.delta + hedge.gamma * (mark - hedger.first_mark)
    net = hedge.ratio * held + hedged
    left = 0.0
    if hedge.rule == BAND and abs(net) <= hedge.band and not forced:
        return
    if hedge.rule == WHALLEY_WILMOTT and not forced:
        left = _band(hedge, mark, exposure.gamma + hedge.gamma)
        if abs(net) <= left:
            return
    _send(world, agent, hedge, net - math.copysign(left, net))


@njit
def _in_hedges(world, agent, hedge):
    """Of what the member holds as its hedge: its delta, and the exposure that it offsets, with what it has ordered.

    What was ordered waits for auctions. An instrument that does not follow from the underlying has no delta here.
    """
    width = world.clock[0].instruments
    delta = hedged = 0.0
    for place in range(hedge.first_venue, hedge.first_venue + hedge.venues):
        venue = world.hedge_venues[place].venue
        instrument = world.venues[venue].instrument
        record = world.instruments[instrument]
        if view.collects(world, agent, venue):
            hedged += _waiting(world, agent, venue) * record.lot_size * _offset(world, hedge, place)
        if _is_listed(world, hedge, place, instrument):
            continue
        lots = np.float64(world.holdings[agent * width + instrument].lots)
        if instrument == hedge.of or record.of == hedge.of:
            delta += lots * record.lot_size * _own_delta(world, instrument, hedge.of)
        hedged += lots * record.lot_size * _offset(world, hedge, place)
    return delta, hedged


@njit
def _waiting(world, agent, venue):
    """Lots that the hedge's orders of earlier turns will buy when the venue's auction clears; negative: sell."""
    total = 0.0
    order = np.int64(world.agents[agent].first_order)
    while order != NOTHING:
        record = world.orders[order]
        if record.hedges != 0 and record.level != NOTHING:
            level = world.levels[record.level]
            if level.side >> 1 == venue:
                total += np.float64(record.remaining if level.side & 1 == 0 else -record.remaining)
        order = np.int64(record.agent_next)
    return total


@njit
def _is_listed(world, hedge, place, instrument):
    """Whether an earlier hedge venue trades the instrument too."""
    for earlier in range(hedge.first_venue, place):
        if world.venues[world.hedge_venues[earlier].venue].instrument == instrument:
            return True
    return False


@njit
def _own_delta(world, instrument, underlying):
    """What a unit of an instrument moves by if the underlying moves by one; one for one for another stock."""
    if instrument == underlying or world.instruments[instrument].of == NOTHING:
        return 1.0
    return greeks_of(world, instrument).delta


@njit
def _offset(world, hedge, place):
    """Units of exposure that a unit held on a hedge venue offsets; 0 while nothing is known of it."""
    known = world.hedge_venues[place]
    if hedge.estimates != 0 and known.changes >= _FEWEST_CHANGES:
        return known.square / known.product if known.product != 0.0 else 0.0
    return _own_delta(world, world.venues[known.venue].instrument, hedge.of)


@njit
def _note_changes(world, agent, hedge):
    """Every ``horizon`` steps: how the mids of what is hedged and of what hedges it have changed since then."""
    step = world.clock[0].step
    other = view.mark(world, agent, hedge.of)
    for place in range(hedge.first_venue, hedge.first_venue + hedge.venues):
        known = world.hedge_venues[place]
        own = view.mark(world, agent, world.venues[known.venue].instrument)
        if known.step == NOTHING:
            known.step, known.own, known.other = step, own, other
        elif step >= known.step + hedge.horizon:
            known.product += (own - known.own) * (other - known.other)
            known.square += (own - known.own) * (own - known.own)
            known.changes += 1
            known.step, known.own, known.other = step, own, other


@njit
def _band(hedge, mark, gamma):
    """Exposure that is left: (1.5 λ S Γ² / γ)^⅓ with λ the cost one way, Γ the gamma, γ the risk aversion. Units."""
    return (1.5 * hedge.cost * abs(mark) * gamma * gamma / hedge.risk_aversion) ** (1.0 / 3.0)


# --- orders -----------------------------------------------------------------------------------------------------------


@njit
def _send(world, agent, hedge, exposure):
    """Market orders against so many units of exposure: at the cheapest venue first, what is left at the next."""
    clock = world.clock[0]
    tried = NONE
    for _ in range(hedge.venues):
        place = _cheapest(world, agent, hedge, exposure, tried)
        if place == NOTHING:
            return
        tried |= np.int64(1) << (place - hedge.first_venue)
        venue = world.hedge_venues[place].venue
        unit = world.instruments[world.venues[venue].instrument].lot_size * _offset(world, hedge, place)
        wanted = -exposure / unit
        lots = np.int64(nearest_lots(abs(wanted)))
        if lots == 0:
            return
        side = BUY if wanted > 0.0 else SELL
        collecting = view.collects(world, agent, venue)
        clock.hedging = 1
        send_order(world, agent, venue, MARKET, side, NONE, lots, NONE)
        clock.hedging = 0
        if collecting or clock.simultaneous != 0:
            return  # it waits, and trades what it can
        exposure += np.float64(side * clock.filled) * unit


@njit
def _cheapest(world, agent, hedge, exposure, tried):
    """The hedge venue with the least half-spread and fee per unit of exposure, of those not tried; NOTHING without any.

    A venue without a quote to trade with is out; in an auction there is no telling, and it counts as free.
    """
    best, found = math.inf, NOTHING
    for place in range(hedge.first_venue, hedge.first_venue + hedge.venues):
        if tried >> (place - hedge.first_venue) & 1 != 0:
            continue
        offset = _offset(world, hedge, place)
        if offset == 0.0:
            continue
        cost = _cost(world, agent, world.hedge_venues[place].venue, exposure * offset < 0.0) / abs(offset)
        if cost < best:
            best, found = cost, np.int64(place)
    return found


@njit
def _cost(world, agent, venue, buys):
    """Half-spread and fee per unit of a venue's instrument; infinite where nothing is quoted. Currency."""
    if view.collects(world, agent, venue):
        return 0.0
    place = world.venues[venue]
    best = view.best_ask(world, agent, venue) if buys else view.best_bid(world, agent, venue)
    if best in (NO_ASK, NO_BID) or world.instruments[place.instrument].settled != 0:
        return math.inf
    price = np.float64(best) * place.tick_size
    return abs(price - view.mark(world, agent, place.instrument)) + view.taker_cost(world, agent, venue, price)


RULE = Rule(table="hedge", messages=int(_MESSAGES), before_turn=reserve, after_turn=trade_off)
