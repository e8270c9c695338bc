"""Kinds of instrument: the one place that tells them apart, and what the loop asks of all of them.

A kind is a file beside this one: how the value begins and moves, or what it is worth at a price of the instrument that
it follows from; what it pays when a step ends; and how it is settled at its date. Values of derivatives are computed
when somebody reads them (:func:`refresh`), so a market in which nobody does pays nothing for them.
"""

from __future__ import annotations

import math

import numpy as np

from sim.core.compiled import inlined, njit
from sim.core.marks import market_price
from sim.core.world import NONE, NOTHING
from sim.instruments import future, option, stock
from sim.instruments.contract import Contract, worth_at
from sim.instruments.derivative import deviation_per_step, moves_left, take_fixing, terms_of, underlying_of
from sim.instruments.income import pay_interest
from sim.models.options import Greeks, Terms

STOCK, CALL, PUT, FUTURE, PERPETUAL = (np.int64(i) for i in range(5))
KINDS = {"stock": STOCK, "call": CALL, "put": PUT, "future": FUTURE, "perpetual": PERPETUAL}


@njit
def open_values(world):
    """An episode begins: values at their start, nothing known but that start."""
    for instrument in range(world.clock[0].instruments):
        record = world.instruments[instrument]
        if record.kind == STOCK:
            stock.open_value(world, instrument)
        record.mark = math.nan  # no price yet: whoever asks is told the initial value
        record.public = record.initial
        record.jumped = 0
        record.settled = 0
    if world.clock[0].derivatives != 0:
        _open_derivatives(world)


@njit
def _open_derivatives(world):
    """Derivatives open once the values are there from which theirs follow; what is known of those gives the first."""
    for instrument in range(world.clock[0].instruments):
        record = world.instruments[instrument]
        if record.of == NOTHING:
            continue
        record.fixed, record.fixings = 0.0, 0
        record.valued = record.published = NOTHING
        moves = record.lasts if record.lasts > 0 else world.clock[0].steps
        record.initial = _value_at(world, instrument, moves, world.instruments[record.of].initial)
        record.value = record.public = record.initial
        if record.margined != 0:
            future.open_future(world, instrument)


@njit
def move_values(world):
    """A step begins: every value moves, then what is due becomes public."""
    for instrument in range(world.clock[0].instruments):
        if world.instruments[instrument].kind == STOCK:
            stock.move_value(world, instrument)


@inlined
def pay_incomes(world):
    """A step ends: what holders of instruments and of cash are paid."""
    for instrument in range(world.clock[0].instruments):
        kind = world.instruments[instrument].kind
        if kind == STOCK:
            stock.pay_income(world, instrument)
        elif world.instruments[instrument].of != NOTHING and world.instruments[instrument].settled == 0:
            _pay_derivative(world, instrument, kind)
    pay_interest(world)


@njit
def _pay_derivative(world, instrument, kind):
    if kind == PERPETUAL:
        future.pay_funding(world, instrument)
    else:
        take_fixing(world, instrument)
    if world.instruments[instrument].margined != 0:
        future.pay_variation(world, instrument)


@njit
def settle_expired(world):
    """A step ends: instruments whose date it is are settled."""
    for instrument in range(world.clock[0].instruments):
        record = world.instruments[instrument]
        if record.lasts == world.clock[0].step + 1 and record.settled == 0:
            _settle(world, instrument)


@njit
def settle_rest(world):
    """An episode ends: instruments that have not been settled are, derivatives at what the others then are worth."""
    for instrument in range(world.clock[0].instruments):
        record = world.instruments[instrument]
        if record.settled == 0 and record.of != NOTHING:
            _settle(world, instrument)
    for instrument in range(world.clock[0].instruments):
        if world.instruments[instrument].settled == 0:
            _settle(world, instrument)


@njit
def _settle(world, instrument):
    kind = world.instruments[instrument].kind
    if kind == STOCK:
        stock.settle_stock(world, instrument)
        return
    refresh(world, instrument)
    if world.instruments[instrument].margined != 0:
        future.settle_future(world, instrument)
    else:
        option.settle_option(world, instrument)


# --- values of derivatives --------------------------------------------------------------------------------------------


@inlined
def refresh(world, instrument):
    """See to it that an instrument's value is that of the clock's step; one that moves by itself always is."""
    if world.instruments[instrument].of != NOTHING:
        _refresh(world, instrument)


@njit
def _refresh(world, instrument):
    clock = world.clock[0]
    record = world.instruments[instrument]
    now = clock.episode * clock.steps + clock.step
    if record.valued == now:
        return
    record.valued = now
    record.value = value_if(world, instrument, world.instruments[record.of].value)


@inlined
def public_value(world, instrument):
    """What everybody knows of an instrument's value: of a derivative, what follows from its underlying's. Currency."""
    if world.instruments[instrument].of != NOTHING:
        _refresh_public(world, instrument)
    return world.instruments[instrument].public


@njit
def _refresh_public(world, instrument):
    clock = world.clock[0]
    record = world.instruments[instrument]
    now = clock.episode * clock.steps + clock.step
    if record.published == now:
        return
    record.published = now
    record.public = value_if(world, instrument, world.instruments[record.of].public)


@njit
def value_if(world, instrument, spot):
    """What a derivative is worth if its underlying is at a price, in the clock's step. Currency per unit."""
    if world.instruments[instrument].settled != 0:
        return world.instruments[instrument].settled_price
    return _value_at(world, instrument, moves_left(world, instrument), spot)


@njit
def contract_of(world, instrument, moves):
    """What an instrument is worth at any price of its underlying, so many moves before it is settled.

    A future is worth the forward price: what it costs to hold the underlying until expiry. A stock and a perpetual
    future are worth their underlying's price, an option what the law of the underlying's value says.
    """
    record = world.instruments[instrument]
    rate = world.clock[0].rate
    if record.of == NOTHING or record.kind == PERPETUAL:
        return Contract(NONE, Terms(1.0, 0.0, 0.0, 0.0, 0.0), rate, 0.0, False)
    terms = terms_of(world, instrument, moves)
    if record.side == 0:
        return Contract(NONE, terms, rate, 0.0, False)
    deviation, absolute = deviation_per_step(world, instrument, moves)
    return Contract(record.side, terms, rate, deviation, absolute)


@njit
def _value_at(world, instrument, moves, spot):
    contract = contract_of(world, instrument, moves)
    return worth_at(contract, spot, contract.deviation)


# --- greeks -----------------------------------------------------------------------------------------------------------


@njit
def greeks_at(world, instrument, spot, deviation):
    """Price and greeks of a unit if its underlying is at ``spot``; of a stock, those of itself. Currency and steps.

    Parameters
    ----------
    deviation : of a move of the underlying's value, relative or in currency as its law has it; negative: its own.
    """
    record = world.instruments[instrument]
    if record.of == NOTHING:
        return Greeks(np.float64(spot), 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    if record.settled != 0:
        return Greeks(record.settled_price, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    moves = moves_left(world, instrument)
    if record.margined != 0:
        price = _value_at(world, instrument, moves, spot)
        slope = 1.0 if record.kind == PERPETUAL else terms_of(world, instrument, moves).of
        return Greeks(price, slope, 0.0, 0.0, -world.clock[0].rate * price, moves * price, 0.0, 0.0)
    own, absolute = deviation_per_step(world, instrument, moves)
    return option.greeks_at(world, instrument, moves, spot, own if deviation < 0.0 else deviation, absolute)


@njit
def greeks_of(world, instrument):
    """An instrument's greeks per unit at the mark of what it follows from, computed once per step.

    Whoever asks first in a step has the mark of that moment; so have all who ask after.
    """
    clock = world.clock[0]
    found = world.greeks[instrument]
    now = clock.episode * clock.steps + clock.step + 1  # 0 is never
    if found.known != now:
        one = greeks_at(world, instrument, market_price(world, underlying_of(world, instrument)), -1.0)
        found.known = now
        found.price, found.delta, found.gamma, found.vega = one.price, one.delta, one.gamma, one.vega
        found.theta, found.rho, found.vanna, found.volga = one.theta, one.rho, one.vanna, one.volga
    return Greeks(found.price, found.delta, found.gamma, found.vega, found.theta, found.rho, found.vanna, found.volga)
