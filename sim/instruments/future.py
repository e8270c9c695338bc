"""Futures and perpetual futures: what they are worth, gains that are paid every step, and funding.

Whoever trades a future pays nothing for it but what its price has come to since the last settlement. At the end of each
step the change of the mark is paid, so that a position is worth nothing then but the rounding to whole units of money.
"""

from __future__ import annotations

import numpy as np

from sim.core.compiled import njit
from sim.core.ledger import pay_per_lot, rounded_units
from sim.core.marks import market_price
from sim.instruments.derivative import final_price, fixing
from sim.instruments.settlement import settle


@njit
def open_future(world, instrument):
    """An episode begins: gains count from the initial value on."""
    record = world.instruments[instrument]
    record.settled_units = rounded_units(record.initial * record.lot_size / world.clock[0].money_unit)


@njit
def pay_variation(world, instrument):
    """What a future's mark has changed by since the last settlement is paid to its holders, by those who are short."""
    clock = world.clock[0]
    record = world.instruments[instrument]
    units = rounded_units(market_price(world, instrument) * record.lot_size / clock.money_unit)
    change = units - record.settled_units
    if change == 0:
        return
    record.settled_units = units
    for account in range(clock.first_account):
        lots = world.holdings[account * clock.instruments + instrument].lots
        if lots != 0:
            pay_per_lot(world, clock.settlement_account, account, lots, np.float64(change))


@njit
def note_premium(world, instrument):
    """A step ends: how far a perpetual future is above its underlying, as a share of that price, is added up."""
    record = world.instruments[instrument]
    price = fixing(world, instrument)
    if price > 0.0:
        record.fixed += market_price(world, instrument) / price - 1.0
    record.fixings += 1


@njit
def funding_rate(premium, base_rate, clamp, cap):
    """Share of a position that its holder pays at a mean premium; negative if those who are short pay.

    premium + clamp(base_rate − premium, ±clamp), within ±cap, as exchanges of perpetual futures document it.
    """
    rate = premium + max(-clamp, min(clamp, base_rate - premium))
    return max(-cap, min(cap, rate))


@njit
def pay_funding(world, instrument):
    """A step ends: if it is due, those who are long pay a share of their position to those who are short."""
    clock = world.clock[0]
    record = world.instruments[instrument]
    note_premium(world, instrument)
    if (clock.step + 1) % record.funding_every != 0:
        return
    rate = funding_rate(record.fixed / np.float64(record.fixings), record.base_rate, record.clamp, record.cap)
    record.fixed, record.fixings = 0.0, 0
    amount = rate * market_price(world, instrument) * record.lot_size / clock.money_unit
    for account in range(clock.first_account):
        lots = world.holdings[account * clock.instruments + instrument].lots
        if lots != 0:
            before = world.accounts[account].cash
            pay_per_lot(world, account, record.funding_account, lots, amount)
            world.accounts[account].funding += world.accounts[account].cash - before


@njit
def settle_future(world, instrument):
    """It expires, or an episode ends: the last gains are paid at the final price, and its positions are closed."""
    record = world.instruments[instrument]
    price = final_price(world, instrument) if record.lasts > 0 else fixing(world, instrument)
    settle(world, instrument, price, True)
