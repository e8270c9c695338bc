"""Margin: what an account has for it, what it needs to take a position on, and what it needs to keep it.

The standard rule adds up a requirement for each position, whatever the others are. It contains the price of options
that were sold, so options are no collateral under it. The rule of the scan asks for a share of the worst loss of all
positions together, and counts them at the mark.
"""

from __future__ import annotations

import numpy as np

from sim.core.compiled import njit
from sim.core.marks import market_price, wealth, worth_of_a_lot
from sim.core.world import NONE, NOTHING
from sim.instruments.derivative import underlying_of
from sim.instruments.scan import stress_with
from sim.models.option_margin import short_option

STANDARD, SCAN = (np.int64(i) for i in range(2))
MARGIN_RULES = {"standard": STANDARD, "scan": SCAN}


@njit
def margin_of(world, account):
    """What an account has for margin, its initial and its maintenance requirement. Currency.

    An account takes on no more once it has less than the initial requirement, and is called once it has less than the
    maintenance requirement.
    """
    return margin_with(world, account, NOTHING, NONE)


@njit
def margin_with(world, account, instrument, lots):
    """As :func:`margin_of`, as if the account held so many more lots of an instrument, traded at the mark."""
    margin = world.margin[0]
    if margin.scans != 0:
        loss = stress_with(world, account, instrument, lots)
        return wealth(world, account), margin.initial_factor * loss, margin.maintenance_factor * loss
    return _standard(world, account, instrument, lots)


@njit
def _standard(world, account, instrument, lots):
    """Available: cash, and what is no option at the mark. Long options need nothing, paid stocks neither."""
    clock, margin = world.clock[0], world.margin[0]
    cash = np.float64(world.accounts[account].cash) * clock.money_unit
    linear = bought = initial = maintenance = 0.0
    for each in range(clock.instruments):
        more = lots if each == instrument else NONE
        held = world.holdings[account * clock.instruments + each].lots + more
        if held == 0 and more == 0:
            continue
        record = world.instruments[each]
        mark = market_price(world, each)
        worth = worth_of_a_lot(world, each, mark)
        cash -= np.float64(more) * worth
        units = np.float64(held) * record.lot_size
        if record.side != 0:
            if held < 0:
                first, kept = _short_option(world, each, mark)
                initial -= units * first
                maintenance -= units * kept
            continue
        linear += np.float64(held) * worth
        if record.margined == 0 and held > 0:
            bought += max(0.0, units * mark)
        else:
            initial += margin.linear_initial * abs(units * mark)
            maintenance += margin.linear_maintenance * abs(units * mark)
    borrowed = min(bought, max(0.0, -cash))
    initial += margin.linear_initial * borrowed
    maintenance += margin.linear_maintenance * borrowed
    return cash + linear, initial, maintenance


@njit
def _short_option(world, instrument, mark):
    """Requirements of a unit of an option that was sold, whose mark is known. Currency."""
    record, margin = world.instruments[instrument], world.margin[0]
    spot = market_price(world, underlying_of(world, instrument))
    return short_option(
        record.side,
        spot,
        record.strike,
        mark,
        margin.option_initial,
        margin.option_least,
        margin.option_maintenance,
    )
