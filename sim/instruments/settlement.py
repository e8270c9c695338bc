"""How positions are closed: each instrument at a date of its own and at its price, against the settlement account."""

from __future__ import annotations

import numpy as np

from sim.core.compiled import njit
from sim.core.ledger import pay_per_lot
from sim.core.marks import is_marked, market_price

AT_VALUE, AT_MID, NOT_AT_ALL = 0, 1, 2
SETTLEMENTS = {"value": AT_VALUE, "mid": AT_MID, "none": NOT_AT_ALL}


@njit
def settle(world, instrument, price, closes):
    """An instrument's date has come: its positions are closed at a price, unless they stay open.

    What it came to is noted in its record: the price at which a lot was closed, which is a whole number of money units,
    or the last mark where positions stay open.

    Parameters
    ----------
    price : currency per unit.
    closes : False to leave positions open; ``price`` does not matter then.
    """
    clock = world.clock[0]
    record = world.instruments[instrument]
    record.settled = 1
    record.settled_value = record.value
    record.settled_price = market_price(world, instrument)
    record.marked = is_marked(record)
    if not closes:
        return
    record.mark = price
    amount = price * record.lot_size / clock.money_unit
    record.settled_price = np.rint(amount) * clock.money_unit / record.lot_size
    if record.margined != 0:  # what its price had come to before has been paid
        amount = np.rint(amount) - record.settled_units
    for account in range(clock.first_account):
        holding = world.holdings[account * clock.instruments + instrument]
        lots = holding.lots
        if lots != 0:
            pay_per_lot(world, clock.settlement_account, account, lots, amount)
            holding.lots = 0
            world.holdings[clock.settlement_account * clock.instruments + instrument].lots += lots


@njit
def note_settlements(world):
    """An episode has ended: a row for what each instrument came to. The caller has seen to the room."""
    clock = world.clock[0]
    for instrument in range(clock.instruments):
        record = world.instruments[instrument]
        settled = world.settlements[clock.settlements_used + instrument]
        settled.episode = clock.episode
        settled.instrument = instrument
        settled.initial = record.initial
        settled.price = record.settled_price
        settled.value = record.settled_value
        settled.marked = record.marked
    clock.settlements_used += clock.instruments
