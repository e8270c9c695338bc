"""What an instrument is worth to the market: the mark, the microprice, and an account's wealth at the mark."""

from __future__ import annotations

import numpy as np

from sim.core.compiled import inlined, njit
from sim.core.world import NO_PRICE, NOTHING


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
        mark = _stored_mark(record)
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


@inlined
def _stored_mark(record):
    return record.mark if is_marked(record) else record.initial


@njit
def market_price(world, instrument):
    """The mark, see :func:`market_prices`. Currency per unit."""
    return market_prices(world, instrument)[0]


@njit
def wealth(world, account):
    """Cash plus positions at the mark. Currency."""
    clock = world.clock[0]
    total = np.float64(world.accounts[account].cash) * clock.money_unit
    for instrument in range(clock.instruments):
        lots = world.holdings[account * clock.instruments + instrument].lots
        if lots != 0:
            total += np.float64(lots) * worth_of_a_lot(world, instrument, market_price(world, instrument))
    return total


@njit
def mark_all(world):
    """Store the mark of every instrument, for :func:`wealth_as_marked`."""
    for instrument in range(world.clock[0].instruments):
        market_price(world, instrument)


@inlined
def wealth_as_marked(world, account):
    """Wealth at the marks that were stored last: of many accounts at a time, with no mark computed twice. Currency."""
    clock = world.clock[0]
    total = np.float64(world.accounts[account].cash) * clock.money_unit
    for instrument in range(clock.instruments):
        lots = world.holdings[account * clock.instruments + instrument].lots
        if lots != 0:
            record = world.instruments[instrument]
            mark = _stored_mark(record)
            total += np.float64(lots) * worth_of_a_lot(world, instrument, mark)
    return total


@njit
def worth_of_a_lot(world, instrument, price):
    """What holding a lot is worth at a price: of a future only what has not been settled yet. Currency."""
    record = world.instruments[instrument]
    worth = record.lot_size * price
    if record.margined != 0:
        worth -= np.float64(record.settled_units) * world.clock[0].money_unit
    return worth


@njit
def first_wealth(world, account):
    """What an account began the episode with, its lots at the initial value. Currency."""
    clock = world.clock[0]
    total = np.float64(world.first_cash[account]) * clock.money_unit
    for instrument in range(clock.instruments):
        lots = world.first_holdings[account * clock.instruments + instrument]
        if lots != 0:
            record = world.instruments[instrument]
            if record.margined == 0:  # a future's gains are settled from its first price on
                total += np.float64(lots) * record.lot_size * record.initial
    return total
