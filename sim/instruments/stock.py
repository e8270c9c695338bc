"""A stock: its value moves by a process, it pays dividends, and it is settled at its value or at the mark."""

from __future__ import annotations

from sim.core.compiled import njit
from sim.core.marks import market_price
from sim.instruments.income import pay_dividend
from sim.instruments.processes import move_process, open_process, publish
from sim.instruments.settlement import AT_VALUE, NOT_AT_ALL, settle

open_value, pay_income = open_process, pay_dividend


@njit
def move_value(world, instrument):
    """A step begins: the value moves, then what is due of it becomes public."""
    world.instruments[instrument].jumped = 0
    move_process(world, instrument)
    publish(world, instrument)


@njit
def settle_stock(world, instrument):
    """Positions are closed at the value or the mark, or stay open, as the scenario says."""
    record = world.instruments[instrument]
    price = record.value if record.settlement == AT_VALUE else market_price(world, instrument)
    settle(world, instrument, price, record.settlement != NOT_AT_ALL)
