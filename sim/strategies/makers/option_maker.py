"""Makers of options: they quote every book of a chain around the option's worth, and lean against what they hold."""

import math

import numpy as np

from sim.core.compiled import njit
from sim.core.world import NOTHING
from sim.strategy_kit import smile, solved_option_quotes
from sim.strategy_kit.declare import MOST_VENUES, Parameter, strategy
from sim.strategy_kit.interface import (
    BUY,
    SELL,
    exposure,
    instrument_of,
    inventory,
    is_live,
    is_settled,
    mark_price,
    order_price,
    requote,
    step,
    tick_above,
    tick_below,
    underlying_of,
    venue_count,
    venue_of,
)
from sim.strategy_kit.option_values import SURFACE, VOLATILITY, Held, greeks_of_one, held_of
from sim.strategy_kit.quoting import room_to_trade

_FIXED = np.int64(0)


def _problem(given):
    """What is wrong with parameters that are right one by one."""
    if given["volatility"] == "surface" and given["slope"]:
        return f"slope = {given['slope']:g} is for a known or stated volatility; a surface has its own"
    if given["quotes"] == "solved":
        for name in ("vega_skew", "gamma_skew"):
            if given[name]:
                return f'{name} = {given[name]:g} is for quotes = "fixed"; solved quotes lean by risk_aversion'
    return ""


@strategy(
    "option_maker",
    summary="quotes options at a half-spread around their worth, less what vega and gamma that it holds cost it",
    source="Black and Scholes 1973, Gatheral and Jacquier 2014 of its surface; skews as in Stoikov and Saglam 2009; "
    "solved quotes: Baldacci, Bergault and Guéant 2021",
    parameters={
        "quotes": Parameter(
            "fixed",
            "at which distance from an option's worth: the half-spread with skews, or what solves a maker's problem "
            "with the vega of all that it holds",
            choices=("fixed", "solved"),
        ),
        "half_spread": Parameter(
            0.05,
            "of fixed quotes: distance from what an option is worth to it; rounded outward",
            unit="currency",
            low=0.0,
        ),
        "quantity": Parameter(1, "size of each order", unit="lots", low=1, high=(1 << 31) - 1),
        **VOLATILITY,
        "refit": Parameter(
            10, "steps between two fits of its surface, and between two solutions of its quotes", unit="steps", low=1
        ),
        "vega_skew": Parameter(
            0.0,
            "how far quotes move down for each unit of vega held times a unit's vega",
            unit="currency per vega squared",
            low=0.0,
            high=1e15,
        ),
        "gamma_skew": Parameter(
            0.0,
            "how far quotes move down for each unit of gamma held times a unit's gamma",
            unit="currency per gamma squared",
            low=0.0,
            high=1e15,
        ),
        "inventory_limit": Parameter(0, "most lots held either way in each book, 0 for no limit", unit="lots", low=0),
        **solved_option_quotes.GAME,
    },
    memory={
        "bids": (int, MOST_VENUES),
        "asks": (int, MOST_VENUES),
        "looks": int,
        **smile.MEMORY,
        **solved_option_quotes.MEMORY,
    },
    max_messages=2,
    per_venue=True,
    venues="any",
    validate=_problem,
)
def act(me, market):
    """Quote each book whose instrument has not been settled."""
    choice = me.parameters
    held = Held(0.0, 0.0)
    if choice.volatility == SURFACE or choice.quotes != _FIXED:
        _look_again(me, market)
    if choice.quotes != _FIXED:
        held = Held(solved_option_quotes.vega_held(me, market), 0.0)
    underlying = np.int64(NOTHING)
    spot = 0.0
    for place in range(venue_count(me, market)):
        venue = venue_of(me, market, place)
        instrument = instrument_of(me, market, venue)
        if is_settled(me, market, instrument):
            continue
        of = underlying_of(me, market, instrument)
        if of != underlying:
            underlying, spot = np.int64(of), mark_price(me, market, of)
            if choice.quotes == _FIXED:
                held = _exposed(me, market, of)
        _quote(me, market, place, venue, instrument, spot, held)


@njit
def _look_again(me, market):
    """Fit the surface and solve the quotes, where that is due."""
    kept, choice = me.memory, me.parameters
    if step(me, market) + 1 < kept.looks:
        return
    kept.looks = step(me, market) + 1 + choice.refit
    if choice.volatility == SURFACE:
        smile.fit_surface(me, market)
    if choice.quotes != _FIXED:
        solved_option_quotes.solve_quotes(me, market)


@njit
def _exposed(me, market, underlying):
    """What skews lean against: all that follows from an underlying."""
    if me.parameters.volatility == SURFACE:
        return held_of(me, market, underlying)
    held = exposure(me, market, underlying)
    return Held(held.vega, held.gamma)


@njit
def _quote(me, market, place, venue, instrument, spot, held):
    choice = me.parameters
    one = greeks_of_one(me, market, instrument, spot)
    worth, below, above = one.price, choice.half_spread, choice.half_spread
    if choice.quotes == _FIXED:
        worth -= choice.vega_skew * held.vega * one.vega + choice.gamma_skew * held.gamma * one.gamma
    else:
        below = solved_option_quotes.solved_distance(me, market, place, BUY, held.vega)
        above = solved_option_quotes.solved_distance(me, market, place, SELL, held.vega)
    lots = inventory(me, market, instrument)
    buying = room_to_trade(choice.inventory_limit, lots, BUY, choice.quantity)
    selling = room_to_trade(choice.inventory_limit, lots, SELL, choice.quantity)
    if below == math.inf:
        buying, below = 0, 0.0
    if above == math.inf:
        selling, above = 0, 0.0
    bid = tick_below(me, market, venue, worth - below)
    ask = max(bid + 1, tick_above(me, market, venue, worth + above))
    if bid <= 0:
        buying = 0  # nobody pays to be rid of a right
    kept = me.memory
    # The side that moves away goes first: a bid that moves up must not meet the maker's own old ask.
    ask_first = (
        buying > 0 and is_live(me, market, kept.asks[place]) and order_price(me, market, kept.asks[place]) <= bid
    )
    if ask_first:
        kept.asks[place] = requote(me, market, venue, kept.asks[place], SELL, max(ask, 1), selling)
    kept.bids[place] = requote(me, market, venue, kept.bids[place], BUY, bid, buying)
    if not ask_first:
        kept.asks[place] = requote(me, market, venue, kept.asks[place], SELL, max(ask, 1), selling)
