"""A maker's own surface of implied volatility: raw SVI for each expiry of its books, fitted to the quotes of others.

Between two fits a slice keeps its volatility at each log-moneyness, so its total variance falls with the time that is
left. Its form is that of :mod:`sim.models.svi`, whose variance is relative, whatever the law of the value is.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.core.compiled import njit
from sim.core.world import NONE, NOTHING, Market, int64, opened
from sim.instruments import option
from sim.instruments.derivative import moves_left, terms_of
from sim.models.options import Greeks
from sim.models.svi import Slice, total_variance
from sim.models.svi_fit import NO_SLICE, aims, fit, refit
from sim.strategy_kit.declare import MOST_VENUES
from sim.strategy_kit.interface import (
    BUY,
    NO_ASK,
    NO_BID,
    SELL,
    best_of_others,
    instrument_of,
    is_settled,
    mark_price,
    price_from_ticks,
    venue_count,
    venue_of,
)
from sim.strategy_kit.seat import Seat

FEWEST = np.int64(5)  # quotes with two sides from which a slice is fitted: it has five parameters
_PARTS = np.int64(5)
# Of each of the agent's books: 1 + the place of the first book of its expiry; there, that expiry's slice per step.
MEMORY: dict[str, type | tuple[type, int]] = {
    "first_of": (int, MOST_VENUES),
    "slices": (float, 5 * MOST_VENUES),
}


@njit
def fit_surface(me: Seat, market: Market) -> None:
    """Fit each expiry to the books of the agent in which others quote both sides.

    The expiries of an underlying are fitted in the order of their dates, each above the one before. An expiry with too
    few quotes keeps the slice that it had.
    """
    kept, count = me.memory, venue_count(me, market)
    if kept.first_of[0] == 0:
        _group(me, market, count)
    sides = np.empty(count, np.int64)
    numbers = np.empty((5, count))
    before, underlying, last = NO_SLICE, NOTHING, int64(-1)
    while True:
        first, order = _next_expiry(me, market, count, last)
        if first == NOTHING:
            return
        last = order
        of = opened(market).instruments[_instrument(me, market, first)].of
        if of != underlying:
            underlying, before = of, NO_SLICE
        spot = mark_price(me, market, of)
        found = _quotes(me, market, first, count, spot, sides, numbers)
        ks, wanted, weights = numbers[0, :found], numbers[3, :found], numbers[4, :found]
        if aims(sides[:found], ks, numbers[1, :found], numbers[2, :found], wanted, weights) < FEWEST:
            continue
        world = opened(market)
        instrument = _instrument(me, market, first)
        time = terms_of(world, instrument, moves_left(world, instrument)).time
        old = _slice(me, first, time)
        before = fit(ks, wanted, weights, before) if old.b < 0.0 else refit(ks, wanted, weights, before, old)
        at = first * _PARTS
        kept.slices[at], kept.slices[at + 1], kept.slices[at + 2] = before.a / time, before.b / time, before.rho
        kept.slices[at + 3], kept.slices[at + 4] = before.m, before.s


@njit
def surface_greeks(me: Seat, market: Market, instrument: int, spot: float, otherwise: float) -> Greeks:
    """Price and greeks of an option at the surface's volatility; at ``otherwise`` before its expiry has been fitted.

    Relative per square root of a step, as Black has it, also where the law's is in currency.
    """
    world = opened(market)
    moves = moves_left(world, instrument)
    terms = terms_of(world, instrument, moves)
    deviation, forward = otherwise, spot * terms.of
    first = _expiry_of(me, market, instrument)
    if first != NOTHING and forward > 0.0 and terms.strike > 0.0:
        slice = _slice(me, first, 1.0)
        if slice.b >= 0.0:
            deviation = math.sqrt(max(0.0, total_variance(slice, math.log(terms.strike / forward))))
    found: Greeks = option.greeks_at(world, instrument, moves, np.float64(spot), deviation, False)
    return found


@njit
def _instrument(me: Seat, market: Market, place: int) -> int:
    instrument: int = instrument_of(me, market, venue_of(me, market, place))
    return instrument


@njit
def _slice(me: Seat, first: int, time: float) -> Slice:
    """The slice of an expiry for a time; one whose b is negative where none has been fitted."""
    slices, at = me.memory.slices, first * _PARTS
    if slices[at + 4] <= 0.0:
        return Slice(0.0, -1.0, 0.0, 0.0, 1.0)
    return Slice(slices[at] * time, slices[at + 1] * time, slices[at + 2], slices[at + 3], slices[at + 4])


@njit
def _group(me: Seat, market: Market, count: int) -> None:
    """Find the first book of each book's expiry, itself of what is no option."""
    for place in range(count):
        me.memory.first_of[place] = place + 1
        instrument = _instrument(me, market, place)
        for other in range(place):
            if _expire_together(market, instrument, _instrument(me, market, other)):
                me.memory.first_of[place] = other + 1
                break


@njit
def _expire_together(market: Market, one: int, other: int) -> bool:
    """Whether two options follow from one instrument and are settled at the same of it."""
    a, b = opened(market).instruments[one], opened(market).instruments[other]
    options = a.side != 0 and b.side != 0
    alike: bool = (
        options and a.of == b.of and a.lasts == b.lasts and a.average == b.average and a.settlement == b.settlement
    )
    return alike


@njit
def _expiry_of(me: Seat, market: Market, instrument: int) -> int:
    """The place of the first of the agent's books whose option expires as this one does; NOTHING without any."""
    for place in range(venue_count(me, market)):
        if me.memory.first_of[place] == place + 1 and _expire_together(
            market, instrument, _instrument(me, market, place)
        ):
            return place
    return int(NOTHING)


@njit
def _next_expiry(me: Seat, market: Market, count: int, last: int) -> tuple[int, int]:
    """The place of the next expiry's first book by underlying and date, and where it stands in that order."""
    best, found = np.int64(1 << 62), np.int64(NOTHING)
    for place in range(count):
        instrument = _instrument(me, market, place)
        record = opened(market).instruments[instrument]
        if me.memory.first_of[place] != place + 1 or record.side == 0 or is_settled(me, market, instrument):
            continue
        order = ((np.int64(record.of) << 40) + moves_left(opened(market), instrument)) * 1_024 + place
        if last < order < best:
            best, found = order, np.int64(place)
    return int64(found), int64(best)


@njit
def _quotes(me: Seat, market: Market, first: int, count: int, spot: float, sides: Any, numbers: Any) -> int:
    """Fill in the quotes of others in an expiry: those out of the money, or all where these are too few."""
    found = _those(me, market, first, count, spot, sides, numbers, True)
    return found if found >= FEWEST else _those(me, market, first, count, spot, sides, numbers, False)


@njit
def _those(
    me: Seat, market: Market, first: int, count: int, spot: float, sides: Any, numbers: Any, out_of_the_money: bool
) -> int:
    world = opened(market)
    found = NONE
    for place in range(first, count):
        if me.memory.first_of[place] != first + 1:
            continue
        venue = venue_of(me, market, place)
        instrument = instrument_of(me, market, venue)
        bid, ask = best_of_others(me, market, venue, BUY), best_of_others(me, market, venue, SELL)
        moves = moves_left(world, instrument)
        terms = terms_of(world, instrument, moves)
        forward = spot * terms.of
        if bid == NO_BID or ask == NO_ASK or moves < 1 or not (forward > 0.0 and terms.strike > 0.0):
            continue
        k = math.log(terms.strike / forward)
        side = world.instruments[instrument].side
        if out_of_the_money and side * k < 0.0:
            continue
        growth = math.exp(world.clock[0].rate * terms.payment) / forward
        sides[found], numbers[0, found] = side, k
        numbers[1, found] = price_from_ticks(me, market, venue, bid) * growth
        numbers[2, found] = price_from_ticks(me, market, venue, ask) * growth
        found += 1
    return found
