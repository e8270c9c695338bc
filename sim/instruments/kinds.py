"""Kinds of instrument: the one place that tells them apart, and what the loop asks of all of them.

A kind is a file beside this one, with four functions of ``(world, instrument)``: the value when an episode begins, its
change when a step begins, the income when a step ends, and the settlement at the instrument's date. A value that
follows from another instrument's finds that one moved if it comes later in the scenario.
"""

from __future__ import annotations

import math

from sim.core.compiled import njit
from sim.instruments import stock
from sim.instruments.income import pay_interest
from sim.instruments.processes import publish

STOCK = 0
KINDS = {"stock": STOCK}


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


@njit
def move_values(world):
    """A step begins: every value moves, then what is due becomes public."""
    for instrument in range(world.clock[0].instruments):
        record = world.instruments[instrument]
        record.jumped = 0
        if record.kind == STOCK:
            stock.move_value(world, instrument)
        publish(world, instrument)


@njit
def pay_incomes(world):
    """A step ends: what holders of instruments and of cash are paid."""
    for instrument in range(world.clock[0].instruments):
        if world.instruments[instrument].kind == STOCK:
            stock.pay_income(world, instrument)
    pay_interest(world)


@njit
def settle_expired(world):
    """A step ends: instruments whose date it is are settled."""
    for instrument in range(world.clock[0].instruments):
        record = world.instruments[instrument]
        if record.lasts == world.clock[0].step + 1 and record.settled == 0:
            _settle(world, instrument)


@njit
def settle_rest(world):
    """An episode ends: instruments that have not been settled are."""
    for instrument in range(world.clock[0].instruments):
        if world.instruments[instrument].settled == 0:
            _settle(world, instrument)


@njit
def _settle(world, instrument):
    if world.instruments[instrument].kind == STOCK:
        stock.settle_stock(world, instrument)
