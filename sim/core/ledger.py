"""Cash and lots: every movement leaves one account and enters another, in whole units, so that all sums stay zero."""

from __future__ import annotations

import numpy as np

from sim.core.compiled import inlined, njit
from sim.core.world import NO_PRICE, NOTHING

PER_NOTIONAL, PER_LOT = 0, 1
# Why a run must end; the clock's status.
RUNNING, NEED_ORDERS, NEED_TAPE, NEED_TURNS, NEED_NATURE, EXTERNAL = 0, 1, 2, 3, 4, 5
RAISED, TOO_MANY, MONEY_OVERFLOW, MISTAKEN, BROKEN = 10, 11, 12, 13, 14
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
def market_prices(world, instrument):
    """The mark, and the microprice. Currency per unit.

    The mark is the mid of the consolidated book, or the last valid one while a side is empty; the initial value before
    there is any. The instrument's list holds the venues that trade; one that collects orders for an auction has left
    it, and what its auctions clear at is a valid mark. Twice the mid is a sum of two whole numbers of money units, so
    equal books give equal marks to the last bit.

    The microprice weighs the best bid by the lots at the best ask and the other way round (Gatheral and Oomen 2010);
    without both it is the mark.
    """
    record = world.instruments[instrument]
    bid, ask = np.int64(NO_PRICE), np.int64(-NO_PRICE)
    at_bid, at_ask = np.int64(0), np.int64(0)
    venue = record.first_venue
    while venue != NOTHING:
        units = world.venues[venue].tick_units
        best_bid = world.sides[2 * venue].best
        best_ask = world.sides[2 * venue + 1].best
        if best_bid != NOTHING:
            price = world.levels[best_bid].price * units
            if price >= bid:
                at_bid = world.levels[best_bid].volume + (at_bid if price == bid else 0)
                bid = price
        if best_ask != NOTHING:
            price = world.levels[best_ask].price * units
            if price <= ask:
                at_ask = world.levels[best_ask].volume + (at_ask if price == ask else 0)
                ask = price
        venue = world.venues[venue].next_of_instrument
    if bid == NO_PRICE or ask == -NO_PRICE:
        mark = record.mark if is_marked(record) else record.initial
        return mark, mark
    record.mark = np.float64(bid + ask) * 0.5 * record.price_unit
    lots = np.float64(at_bid + at_ask)
    if lots == 0.0:
        return record.mark, record.mark
    return record.mark, (
        np.float64(bid) * np.float64(at_ask) + np.float64(ask) * np.float64(at_bid)
    ) / lots * record.price_unit


@njit
def is_marked(record):
    """Whether an instrument's mark ever was a price in this episode: a mid, or what an auction cleared at."""
    return record.mark == record.mark  # nan until then


@njit
def market_price(world, instrument):
    """The mark, see :func:`market_prices`. Currency per unit."""
    return market_prices(world, instrument)[0]


@inlined
def record_trade(world, venue, price, lots, maker, taker, aggressor, maker_order, taker_order):
    """Settle a trade between two accounts, charge both fees, and write it on the tape.

    The price counts in the venue's ``price_units``: ticks, or money units where auctions clear at any price.
    ``aggressor`` is BUY when the taker buys. The tape has room: whoever lets an agent act has seen to that.
    """
    clock = world.clock[0]
    place = world.venues[venue]
    instrument = place.instrument
    if lots > place.safe_lots and (
        np.float64(abs(price)) * np.float64(lots) * np.float64(place.price_units) > np.float64(MOST_MONEY)
    ):
        clock.status = MONEY_OVERFLOW
        return
    mark, microprice = market_prices(world, instrument)
    money = price * lots * place.price_units
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
    move_cash(world, taker, maker, aggressor * money)
    move_lots(world, maker, taker, instrument, aggressor * lots)
    if charged:
        move_cash(world, maker, place.fee_account, maker_fee)
        move_cash(world, taker, place.fee_account, taker_fee)
        world.accounts[maker].fees += maker_fee
        world.accounts[taker].fees += taker_fee
    world.accounts[maker].trades += 1
    world.accounts[taker].trades += 1
    world.accounts[maker].volume += lots
    world.accounts[taker].volume += lots
    place.trades += 1
    place.volume += lots
    place.last_price = price
    place.last_quantity = lots
    place.last_side = aggressor
    place.last_trade = clock.trades
    world.sides[2 * venue + (0 if aggressor > 0 else 1)].bought += lots
    row = world.tape[clock.trades & (len(world.tape) - 1)]
    row.sequence = clock.sequence
    row.step = clock.step
    row.episode = clock.episode
    row.price = price
    row.quantity = lots
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
    clock.trades += 1
    clock.sequence += 1
