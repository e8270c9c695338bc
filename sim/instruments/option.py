"""A call or a put of the European kind: what it is worth, and what it pays when it expires."""

from __future__ import annotations

from sim.core.compiled import njit
from sim.instruments.contract import law_at
from sim.instruments.derivative import final_price, terms_of
from sim.instruments.settlement import settle
from sim.models.options import greeks_of


@njit
def greeks_at(world, instrument, moves, spot, deviation, absolute):
    """Price and greeks at a price of the underlying and a standard deviation of its moves: currency and steps."""
    terms = terms_of(world, instrument, moves)
    absolute, deviation = law_at(terms, spot, deviation, absolute)
    return greeks_of(absolute, world.instruments[instrument].side, spot, terms, world.clock[0].rate, 0.0, deviation)


@njit
def settle_option(world, instrument):
    """It expires: its price is what it pays at the final price of its underlying, and its positions are closed."""
    record = world.instruments[instrument]
    settle(world, instrument, max(0.0, record.side * (final_price(world, instrument) - record.strike)), True)
