"""Cash and lots: every movement leaves one account and enters another, in whole units, so that all sums stay zero."""

from __future__ import annotations

import numpy as np

from sim.core.codes import MONEY_OVERFLOW, PER_NOTIONAL
from sim.core.compiled import inlined, njit
from sim.core.marks import market_prices

MOST_MONEY = np.int64(4 * 10**18)  # a little below 2**62: two such sums still fit an int64


@inlined
def move_cash(world, payer, receiver, units):
    """Move whole money units from one account to another."""
    world.accounts[payer].cash -= units
    world.accounts[receiver].cash += units
    paid, received = world.accounts[payer].cash, world.accounts[receiver].cash  # they may be one account
    if paid > MOST_MONEY or paid < -MOST_MONEY or received > MOST_MONEY or received < -MOST_MONEY:
        world.clock[0].status = MONEY_OVERFLOW


@inlined
def move_lots(world, giver, receiver, instrument, lots):
    """Move lots of an instrument from one account to another."""
    width = world.clock[0].instruments
    world.holdings[giver * width + instrument].lots -= lots
    world.holdings[receiver * width + instrument].lots += lots


@njit
def rounded_units(amount):
    """Money units nearest to ``amount`` (float64, in units), halves to even."""
    return np.int64(np.rint(amount))


@njit
def pay_per_lot(world, payer, receiver, lots, amount):
    """Move cash for lots at ``amount`` money units each (float64), which is rounded once."""
    if abs(amount) * np.float64(abs(lots)) > np.float64(MOST_MONEY) or abs(amount) > np.float64(MOST_MONEY):
        world.clock[0].status = MONEY_OVERFLOW
        return
    move_cash(world, payer, receiver, lots * rounded_units(amount))


@inlined
def record_trade(world, venue, price, lots, maker, taker, aggressor, maker_order, taker_order):
    """Settle a trade between two accounts, charge both fees, and write it on the tape.

    The price counts in the venue's ``price_units``: ticks, or money units where auctions clear at any price.
    ``aggressor`` is BUY when the taker buys. The tape has room: whoever lets an agent act has seen to that.
    """
    clock = world.clock[0]
    place = world.venues[venue]
    if lots > place.safe_lots and (
        np.float64(abs(price)) * np.float64(lots) * np.float64(place.price_units) > np.float64(MOST_MONEY)
    ):
        clock.status = MONEY_OVERFLOW
        return
    money = price * lots * place.price_units
    settle_trade(world, venue, price, money, lots, maker, taker, aggressor, maker_order, taker_order)


@inlined
def settle_trade(world, venue, price, money, lots, maker, taker, aggressor, maker_order, taker_order):
    """As :func:`record_trade`, of lots that cost ``money`` units, whatever the price says."""
    clock = world.clock[0]
    place = world.venues[venue]
    instrument = place.instrument
    mark, microprice = market_prices(world, instrument)
    paid = money
    maker_fee = np.int64(0)
    taker_fee = np.int64(0)
    charged = place.maker_fee != 0.0 or place.taker_fee != 0.0
    if charged:
        base = np.float64(abs(money)) if place.fee_per == PER_NOTIONAL else np.float64(lots) / clock.money_unit
        if max(abs(place.maker_fee), abs(place.taker_fee)) * base > np.float64(MOST_MONEY):
            clock.status = MONEY_OVERFLOW
            return
        maker_fee = rounded_units(place.maker_fee * base)
        taker_fee = rounded_units(place.taker_fee * base)
    future = world.instruments[instrument]
    if future.margined != 0:  # what its price has come to since the last settlement is all that is paid
        paid -= lots * future.settled_units
    move_cash(world, taker, maker, aggressor * paid)
    move_lots(world, maker, taker, instrument, aggressor * lots)
    if charged:
        move_cash(world, maker, place.fee_account, maker_fee)
        move_cash(world, taker, place.fee_account, taker_fee)
        world.accounts[maker].fees += maker_fee
        world.accounts[taker].fees += taker_fee
    _count_trade(world, venue, price, lots, maker, taker, aggressor)
    row = world.tape[clock.trades & (len(world.tape) - 1)]
    row.sequence = clock.sequence
    row.step = clock.step
    row.episode = clock.episode
    row.price = price
    row.quantity = lots
    row.money = money
    row.maker_order = maker_order
    row.taker_order = taker_order
    row.maker_fee = maker_fee
    row.taker_fee = taker_fee
    row.mark = mark
    row.microprice = microprice
    row.value = world.instruments[instrument].value
    row.belief = world.agents[maker].belief
    row.maker = maker
    row.taker = taker
    row.venue = venue
    row.aggressor = aggressor
    row.hedged = clock.hedging
    clock.trades += 1
    clock.sequence += 1


@inlined
def _count_trade(world, venue, price, lots, maker, taker, aggressor):
    """Add a trade to what the two accounts and the venue count, and make it the venue's last."""
    place = world.venues[venue]
    world.accounts[maker].trades += 1
    world.accounts[taker].trades += 1
    world.accounts[maker].volume += lots
    world.accounts[taker].volume += lots
    place.trades += 1
    place.volume += lots
    place.last_price = price
    place.last_quantity = lots
    place.last_side = aggressor
    place.last_trade = world.clock[0].trades
    world.sides[2 * venue + (0 if aggressor > 0 else 1)].bought += lots


# --- sums -----------------------------------------------------------------------------------------------------------


@inlined
def clear_income(total):
    """Set to zero what :func:`add_income` adds to."""
    total.cash = 0
    total.fees = 0
    total.dividends = 0
    total.interest = 0
    total.funding = 0


@inlined
def add_income(total, row):
    """Add an account's cash, and what it paid and was paid, to a record with fields of these names."""
    total.cash += row.cash
    total.fees += row.fees
    total.dividends += row.dividends
    total.interest += row.interest
    total.funding += row.funding


@inlined
def add_activity(total, row):
    """Add trades, lots traded and messages, of an account or of a result, to a record with fields of these names."""
    total.trades += row.trades
    total.volume += row.volume
    total.messages += row.messages


@inlined
def add_presence(total, row):
    """Add a maker's turns and those in which it kept its obligation to a record with fields of these names."""
    total.turns += row.turns
    total.kept += row.kept
