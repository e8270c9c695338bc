"""How much a member may hold in each book, by its capital: shares of it, and what each share allows.

A position of ``n`` units whose unit moves by a root mean square of ``s`` and gains ``m`` on average makes wealth ``w``
grow fastest if n = w m / s² (Kelly 1956; Thorp 2006 for small moves). At a risk budget ``f`` it is n = f w / s.
"""

from __future__ import annotations

import math

import numpy as np

from sim.core.compiled import njit
from sim.core.marks import first_wealth, market_price, wealth
from sim.core.world import NOTHING
from sim.instruments.derivative import underlying_of
from sim.instruments.kinds import greeks_of
from sim.instruments.processes import HESTON, is_relative

EQUAL, STATED, INVERSE_RISK = (np.int64(i) for i in range(3))
SHARES = {"equal": EQUAL, "stated": STATED, "inverse_risk": INVERSE_RISK}
SPEND, RISK_BUDGET, KELLY = (np.int64(i) for i in range(3))
SIZINGS = {"spend": SPEND, "risk_budget": RISK_BUDGET, "kelly": KELLY}


@njit
def allow_positions(world, agent, risk, first_use):
    """Set the most of the limits that a member's capital gives it, now."""
    capital = max(0.0, risk.capital + wealth(world, agent) - first_wealth(world, agent))
    first = risk.limits - risk.sized
    weights = 0.0
    if risk.shares == INVERSE_RISK:
        for number in range(first, risk.limits):
            weights += _weight(world, risk, world.limits[risk.first_limit + number].instrument)
    for number in range(first, risk.limits):
        limit = world.limits[risk.first_limit + number]
        share = limit.share
        if risk.shares == INVERSE_RISK:
            share = _weight(world, risk, limit.instrument) / weights if weights > 0.0 else 0.0
        allowed = _lots_for(world, risk, limit.instrument, share * capital)
        world.limit_uses[first_use + number].most = allowed


@njit
def _lots_for(world, risk, instrument, capital):
    """Lots that so much capital allows; they need not be whole. What moves nothing is not limited by its risk."""
    size = world.instruments[instrument].lot_size
    if risk.sizing == SPEND:
        worth = abs(market_price(world, instrument)) * size
        return capital / worth if worth > 0.0 else math.inf
    deviation = deviation_of(world, risk, instrument)
    if risk.sizing == RISK_BUDGET:
        per_lot = deviation * size
        return risk.fraction * capital / per_lot if per_lot > 0.0 else math.inf
    per_lot = deviation * deviation * size  # of an option far out of the money it may be 0, and its delta not
    return risk.fraction * capital * risk.edge / per_lot if per_lot > 0.0 else math.inf


@njit
def _weight(world, risk, instrument):
    """Price over deviation of a unit: capital in this proportion has the same risk in each book. 0 if it has none."""
    deviation = deviation_of(world, risk, instrument)
    return abs(market_price(world, instrument)) / deviation if deviation > 0.0 else 0.0


@njit
def deviation_of(world, risk, instrument):
    """Deviation of a unit's moves per step, at the mark: stated, or that of the value's law. Currency.

    Of a derivative: its delta times that of what it follows from.
    """
    if not math.isnan(risk.deviation):
        return risk.deviation
    stock = underlying_of(world, instrument)
    record = world.instruments[stock]
    own = record.volatility
    if record.process == HESTON:
        own = math.sqrt(max(0.0, record.variance))
    if is_relative(record):
        own *= abs(market_price(world, stock))
    own *= record.volatility_factor
    if world.instruments[instrument].of == NOTHING:
        return own
    return abs(greeks_of(world, instrument).delta) * own
