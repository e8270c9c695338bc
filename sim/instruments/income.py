"""What holders are paid: dividends on lots, interest on cash."""

from __future__ import annotations

import numpy as np

from sim.core.compiled import njit
from sim.core.ledger import move_cash, pay_per_lot, rounded_units
from sim.instruments.processes import increment_of


@njit
def pay_dividend(world, instrument):
    """A step ends: an instrument's dividend is paid to its holders if it is due."""
    clock = world.clock[0]
    record = world.instruments[instrument]
    if record.dividend_every == 0 or (clock.step + 1) % record.dividend_every != 0:
        return
    amount = record.dividend
    if record.dividend_deviation > 0.0:
        amount += record.dividend_deviation * increment_of(world, instrument).dividend
    amount *= record.lot_size / clock.money_unit
    for account in range(clock.first_account):
        lots = world.holdings[account * clock.instruments + instrument].lots
        if lots != 0:
            before = world.accounts[account].cash
            pay_per_lot(world, record.dividend_account, account, lots, amount)
            world.accounts[account].dividends += world.accounts[account].cash - before


@njit
def pay_interest(world):
    """A step ends: interest is paid on cash if it is due."""
    clock = world.clock[0]
    if clock.interest_every > 0 and (clock.step + 1) % clock.interest_every == 0:
        for account in range(clock.first_account):
            units = rounded_units(np.float64(world.accounts[account].cash) * clock.interest)
            move_cash(world, clock.interest_account, account, units)
            world.accounts[account].interest += units
