"""What an agent is exposed to: greeks of all it holds that follows from one instrument, summed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.core.compiled import njit
from sim.core.marks import market_price
from sim.instruments.kinds import greeks_at, greeks_of


class Exposure(NamedTuple):
    """Greeks of positions.

    Attributes
    ----------
    delta : units of the underlying.
    gamma : units per currency of its price.
    vega, volga : currency per 1 of volatility per √step, once and twice.
    theta : currency per step.
    vanna : units per 1 of volatility.
    """

    delta: float
    gamma: float
    vega: float
    theta: float
    vanna: float
    volga: float


@njit
def exposure_of(world, account, underlying, deviation):
    """What an account holds of an instrument and of all that follows from it, in greeks.

    Parameters
    ----------
    deviation : at which options are valued, as for :func:`sim.instruments.kinds.greeks_at`. Negative: the law's; then
        greeks are those of the step's first question, shared by all who ask.
    """
    width = world.clock[0].instruments
    delta, gamma, vega, theta, vanna, volga = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    spot = market_price(world, underlying)
    for instrument in range(width):
        lots = world.holdings[account * width + instrument].lots
        record = world.instruments[instrument]
        if lots == 0 or (instrument != underlying and record.of != underlying):
            continue
        units = np.float64(lots) * record.lot_size
        if instrument == underlying:
            delta += units
            continue
        one = greeks_of(world, instrument) if deviation < 0.0 else greeks_at(world, instrument, spot, deviation)
        delta += units * one.delta
        gamma += units * one.gamma
        vega += units * one.vega
        theta += units * one.theta
        vanna += units * one.vanna
        volga += units * one.volga
    return Exposure(delta, gamma, vega, theta, vanna, volga)
