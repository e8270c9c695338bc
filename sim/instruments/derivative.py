"""What all derivatives share: the instrument they follow from, how long they still run, and what they are settled at.

A derivative draws nothing. Its value follows from that of its underlying, and is computed when somebody asks for it:
at most once per step (:mod:`sim.instruments.kinds`).
"""

from __future__ import annotations

import math

import numpy as np

from sim.core.compiled import njit
from sim.core.marks import market_price
from sim.core.world import NONE, NOTHING
from sim.instruments.processes import GEOMETRIC, HESTON, RANDOM_WALK
from sim.instruments.settlement import AT_VALUE
from sim.models.options import Terms, terms_at_end, terms_at_mean


@njit
def underlying_of(world, instrument):
    """The instrument that an instrument follows from; itself if its value is its own."""
    of = world.instruments[instrument].of
    return instrument if of == NOTHING else of


@njit
def moves_left(world, instrument):
    """How often the price at which the derivative is settled still moves before that.

    A value has had its move of the clock's step. A mid may still move in it, as in an auction, after all have acted.
    """
    clock = world.clock[0]
    record = world.instruments[instrument]
    moved = clock.step + (1 if record.settlement == AT_VALUE else 0)
    return max(NONE, (record.lasts if record.lasts > 0 else clock.steps) - moved)


@njit
def terms_of(world, instrument, moves):
    """What it is settled at, as :mod:`sim.models.options` takes it, so many moves before; a future's strike is 0."""
    record = world.instruments[instrument]
    rate = world.clock[0].rate
    if record.average <= 1:
        return terms_at_end(record.strike, float(moves), rate, 0.0)
    left = record.average - record.fixings
    if left == 0:  # the mean is known
        return Terms(0.0, record.strike - record.fixed / record.average, 0.0, float(moves), 0.0)
    return terms_at_mean(record.strike, moves - left + 1, left, record.average, record.fixed, rate, 0.0)


@njit
def twin_of(world, instrument):
    """The instrument just before an option if it is the call or the put to it, of equal terms; else NOTHING.

    So are those of a chain. What one gains, the other does but for what their underlying gains.
    """
    record = world.instruments[instrument]
    if record.side == 0 or instrument == 0:
        return NOTHING
    other = world.instruments[instrument - 1]
    alike = (
        other.of == record.of
        and other.side == -record.side
        and other.strike == record.strike
        and other.lasts == record.lasts
        and other.average == record.average
        and other.settlement == record.settlement
        and other.stated == record.stated
    )
    return np.int64(instrument - 1) if alike else NOTHING


@njit
def deviation_per_step(world, instrument, moves):
    """Standard deviation of a move of the underlying's value, of the mean variance of so many moves to come.

    Returns
    -------
    deviation : relative, or in currency.
    absolute : whether it is in currency, of a value with independent changes.
    """
    record = world.instruments[instrument]
    value = world.instruments[record.of]
    if value.process == GEOMETRIC:
        return value.volatility * value.volatility_factor, False
    if value.process == RANDOM_WALK:
        return value.volatility * value.volatility_factor, True
    if value.process == HESTON:
        return math.sqrt(mean_variance(value, moves)) * value.volatility_factor, False
    return record.stated, False


@njit
def mean_variance(record, moves):
    """Expected mean variance of the next so many moves of a Heston process, whose mean reverts per step. Per step."""
    variance = max(0.0, record.variance)
    if moves < 1 or record.reversion == 0.0:
        return variance
    left = 1.0 - (1.0 - record.reversion) ** np.float64(moves)
    return record.long_run_mean + (variance - record.long_run_mean) * left / (np.float64(moves) * record.reversion)


@njit
def fixing(world, instrument):
    """What the underlying is taken to be when the derivative is settled or fixed: its value, or its mark. Currency."""
    record = world.instruments[instrument]
    if record.settlement == AT_VALUE:
        return world.instruments[record.of].value
    return market_price(world, record.of)


@njit
def take_fixing(world, instrument):
    """A step ends: if it is one of those whose mean counts, what the underlying is now is added up."""
    record = world.instruments[instrument]
    step = world.clock[0].step
    if record.lasts - record.average <= step < record.lasts:
        record.fixed += fixing(world, instrument)
        record.fixings += 1


@njit
def final_price(world, instrument):
    """Mean of the fixings, or what the underlying is now where none was taken. Currency."""
    record = world.instruments[instrument]
    return record.fixed / np.float64(record.fixings) if record.fixings > 0 else fixing(world, instrument)
