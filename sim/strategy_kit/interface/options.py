"""What derivatives are worth at a price and a volatility, and how positions in them change."""

from __future__ import annotations

import math

import numpy as np

from sim.core.compiled import njit
from sim.core.world import NONE, NOTHING, Market, int64, opened
from sim.instruments import derivative, kinds
from sim.instruments.derivative import deviation_per_step, moves_left, terms_of
from sim.instruments.exposures import Exposure, exposure_of
from sim.models.implied_volatility import implied_deviation
from sim.models.options import Greeks
from sim.strategy_kit import view
from sim.strategy_kit.interface.places import instrument_meant, is_instrument
from sim.strategy_kit.seat import Seat, own


@njit
def underlying_of(me: Seat, market: Market, instrument: int) -> int:
    """The instrument from which an instrument's value follows; itself if its value is its own."""
    world = opened(market)
    if not is_instrument(world, instrument):
        return NONE
    return int64(derivative.underlying_of(world, instrument))


@njit
def moves_to_expiry(me: Seat, market: Market, instrument: int) -> int:
    """How often the price at which a derivative is settled still moves before; 0 of what is none, or is settled.

    That price is the underlying's value, or its mid, which may still move in the step that is.
    """
    world = opened(market)
    if not is_instrument(world, instrument):
        return NONE
    record = world.instruments[instrument]
    if record.of == NOTHING or record.settled != 0:
        return NONE
    left: int = moves_left(world, instrument)
    return left


@njit
def is_settled(me: Seat, market: Market, instrument: int) -> bool:
    """Whether an instrument has been settled, so that its books are closed."""
    world = opened(market)
    settled: bool = is_instrument(world, instrument) and world.instruments[instrument].settled != 0
    return settled


@njit
def value_volatility(me: Seat, market: Market, instrument: int) -> float:
    """Standard deviation of the underlying's moves until a derivative expires, by the law of its value.

    Of an option; of anything else it is nan.

    Relative per square root of a step; in currency of a value with independent changes. Of a variance that moves: the
    root of its expected mean.
    """
    world = opened(market)
    if not is_instrument(world, instrument) or world.instruments[instrument].side == 0:
        return math.nan
    deviation, _ = deviation_per_step(world, instrument, moves_left(world, instrument))
    found: float = deviation
    return found


@njit
def greeks(me: Seat, market: Market, instrument: int, spot: float, volatility: float) -> Greeks:
    """Price and greeks of a unit if the underlying is at ``spot``, at a volatility as :func:`value_volatility` has it.

    Of a stock, a future or a perpetual future the volatility does not matter. A negative one is the law's.
    """
    world = opened(market)
    if not is_instrument(world, instrument) or not (math.isfinite(spot) and math.isfinite(volatility)):
        return Greeks(math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, math.nan)
    found: Greeks = kinds.greeks_at(world, instrument, np.float64(spot), np.float64(volatility))
    return found


@njit
def exposure(me: Seat, market: Market, instrument: int | None = None) -> Exposure:
    """Greeks of all that the agent holds of an instrument with a value of its own, and of what follows from it.

    Of the underlying of its own instrument if none is named. At the mark and the law's volatility; the greeks of a unit
    are those of the step's first question.
    """
    me = own(me)
    world = opened(market)
    meant = instrument_meant(me, world, instrument)
    found: Exposure = exposure_of(world, me.agent, underlying_of(me, market, meant), -1.0)
    return found


@njit
def implied_volatility(me: Seat, market: Market, instrument: int, price: float) -> float:
    """The volatility at which an option is worth ``price`` if its underlying is at the mark; nan if none is.

    As :func:`value_volatility` has it, for options on a value that moves relatively.
    """
    me = own(me)
    world = opened(market)
    if not is_instrument(world, instrument) or world.instruments[instrument].side == 0:
        return math.nan
    record = world.instruments[instrument]
    moves: int = moves_left(world, instrument)
    _, absolute = deviation_per_step(world, instrument, moves)
    if absolute or record.settled != 0 or moves < 1:
        return math.nan
    terms = terms_of(world, instrument, moves)
    forward = view.mark(world, me.agent, record.of) * terms.of
    if not (forward > 0.0 and terms.strike > 0.0 and terms.time > 0.0):
        return math.nan
    undiscounted = price * math.exp(world.clock[0].rate * terms.payment)
    found: float = implied_deviation(record.side, undiscounted, forward, terms.strike) / math.sqrt(terms.time)
    return found
