"""Shared by makers of options: what they take an option to be worth, and the vega and gamma that they hold by that."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.core.compiled import njit
from sim.core.world import Market, opened
from sim.instruments.derivative import moves_left, terms_of, underlying_of
from sim.models.options import Greeks
from sim.strategy_kit.declare import Parameter
from sim.strategy_kit.interface import greeks, inventory, mark_price, value_volatility
from sim.strategy_kit.seat import Seat
from sim.strategy_kit.smile import surface_greeks

VALUE, STATED, SURFACE = (np.int64(i) for i in range(3))
VOLATILITY = {
    "volatility": Parameter(
        "value",
        "at which it values options: that of the value's law, stated, or SVI of what others quote in its books; before "
        "five of an expiry have two sides, the stated one",
        choices=("value", "stated", "surface"),
    ),
    "stated_volatility": Parameter(
        0.01,
        "in the units of the value's law, per square root of a step; relative where there is a surface",
        unit="",
        low=0.0,
        high=1e9,
    ),
    "slope": Parameter(
        0.0,
        "change of a known or stated volatility per unit of ln(strike / forward price): a smile that moves with the "
        "price",
        unit="",
        low=-1e9,
        high=1e9,
    ),
}


class Held(NamedTuple):
    """Greeks of positions in options, as :class:`sim.instruments.exposures.Exposure` has them."""

    vega: float
    gamma: float


@njit
def greeks_of_one(me: Seat, market: Market, instrument: int, spot: float) -> Greeks:
    """Price and greeks of a unit, at the volatility that the parameters choose."""
    choice = me.parameters
    is_option = opened(market).instruments[instrument].side != 0
    if choice.volatility == SURFACE and is_option:
        return surface_greeks(me, market, instrument, spot, choice.stated_volatility)
    deviation = -1.0 if choice.volatility == VALUE else float(choice.stated_volatility)
    if choice.slope != 0.0 and is_option:
        level = value_volatility(me, market, instrument) if choice.volatility == VALUE else deviation
        deviation = max(0.0, level + choice.slope * _log_moneyness(market, instrument, spot))
    return greeks(me, market, instrument, spot, deviation)


@njit
def _log_moneyness(market: Market, instrument: int, spot: float) -> float:
    """ln(strike / forward price) of an option; 0 where there is none."""
    world = opened(market)
    terms = terms_of(world, instrument, moves_left(world, instrument))
    forward = spot * terms.of
    return math.log(terms.strike / forward) if forward > 0.0 and terms.strike > 0.0 else 0.0


@njit
def held_of(me: Seat, market: Market, underlying: int) -> Held:
    """Vega and gamma of the options on an underlying that the agent holds, at that volatility."""
    world = opened(market)
    vega, gamma = 0.0, 0.0
    for instrument in range(len(world.instruments)):
        record = world.instruments[instrument]
        if record.side == 0 or record.settled != 0:
            continue
        of = underlying_of(world, instrument)
        lots = inventory(me, market, instrument) if of == underlying else 0
        if lots != 0:
            one = greeks_of_one(me, market, instrument, mark_price(me, market, of))
            vega += lots * record.lot_size * one.vega
            gamma += lots * record.lot_size * one.gamma
    return Held(vega, gamma)
