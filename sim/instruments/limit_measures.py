"""What limits are of: how much of it an account has, and how much a lot of an instrument adds."""

from __future__ import annotations

import math

import numpy as np

from sim.core.compiled import njit
from sim.core.marks import market_price
from sim.instruments.kinds import FUTURE, PERPETUAL, greeks_of, value_if

POSITION, DELTA, GAMMA, VEGA, VALUE_AT_RISK, EXPECTED_SHORTFALL, STRESS, DRAWDOWN, LOSS, MARGIN, BASIS, UNWIND = (
    np.int64(i) for i in range(12)
)
MEASURES = {
    "position": POSITION, "delta": DELTA, "gamma": GAMMA, "vega": VEGA, "value_at_risk": VALUE_AT_RISK,
    "expected_shortfall": EXPECTED_SHORTFALL, "stress": STRESS, "drawdown": DRAWDOWN, "loss": LOSS, "margin": MARGIN,
    "basis": BASIS, "unwind": UNWIND,
}  # fmt: skip


@njit
def holds_before(measure):
    """Whether a limit of this holds before a trade: position and greeks, which each lot changes by a known amount."""
    return measure <= VEGA


@njit
def is_concerned(world, limit, instrument):
    """Whether positions in an instrument count for a limit."""
    if limit.of == POSITION:
        return instrument == limit.instrument
    if limit.of <= VEGA:
        return instrument == limit.instrument or world.instruments[instrument].of == limit.instrument
    return True


@njit
def unit_of(world, limit, instrument):
    """What a lot of an instrument adds to what a limit of position or of a greek is of; greeks as of this step."""
    if not is_concerned(world, limit, instrument):
        return 0.0
    if limit.of == POSITION:
        return 1.0
    size = world.instruments[instrument].lot_size
    if instrument == limit.instrument:
        return size if limit.of == DELTA else 0.0
    found = world.greeks[instrument]
    clock = world.clock[0]
    if found.known != clock.episode * clock.steps + clock.step + 1:
        greeks_of(world, instrument)
    if limit.of == DELTA:
        return size * found.delta
    return size * (found.gamma if limit.of == GAMMA else found.vega)


@njit
def held_of(world, account, limit):
    """What an account's positions come to, of a limit of position or of a greek; signed."""
    width = world.clock[0].instruments
    total = 0.0
    for instrument in range(width):
        lots = world.holdings[account * width + instrument].lots
        if lots != 0:
            total += np.float64(lots) * unit_of(world, limit, instrument)
    return total


@njit
def basis_of(world, account):
    """What an account gains or loses if every future comes to what its underlying's mark says it is worth. Currency."""
    width = world.clock[0].instruments
    total = 0.0
    for instrument in range(width):
        lots = world.holdings[account * width + instrument].lots
        record = world.instruments[instrument]
        if lots == 0 or (record.kind != FUTURE and record.kind != PERPETUAL) or record.settled != 0:
            continue
        fair = value_if(world, instrument, market_price(world, record.of))
        total += abs(np.float64(lots) * record.lot_size * (market_price(world, instrument) - fair))
    return total


@njit
def unwind_of(world, account):
    """Steps that working off the slowest position takes at the pace at which its venues have traded so far.

    Infinite while an instrument that is held has not traded.
    """
    width = world.clock[0].instruments
    slowest = 0.0
    for instrument in range(width):
        lots = abs(world.holdings[account * width + instrument].lots)
        if lots == 0 or world.instruments[instrument].settled != 0:
            continue
        traded = 0
        for venue in range(len(world.venues)):
            if world.venues[venue].instrument == instrument:
                traded += world.venues[venue].volume
        steps = np.float64(world.clock[0].step + 1)
        slowest = max(slowest, np.float64(lots) * steps / np.float64(traded) if traded > 0 else math.inf)
    return slowest


@njit
def hedges_with(world, population, instrument):
    """Whether a population with a hedge trades an instrument for it."""
    hedge = world.hedges[population.hedge]
    for place in range(hedge.first_venue, hedge.first_venue + hedge.venues):
        if world.venues[world.hedge_venues[place].venue].instrument == instrument:
            return True
    return False
