"""A pool as a venue: market, immediate-or-cancel and fill-or-kill orders trade along its curve; nothing rests.

A pool is a population of one member, who is the maker of its trades and never acts. Its best bid and ask, after the fee
and for the next lot, stand on its venue's sides as the only levels, with the lots that trade at that tick. So whatever
reads a book reads a pool as well. The two levels belong to no trie, since there is never another one on their side.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.core.codes import (
    ACCEPTED,
    BAD_QUANTITY,
    FILL_OR_KILL,
    IMMEDIATE_OR_CANCEL,
    MARKET,
    NOT_RESTING,
    RESTING,
)
from sim.core.compiled import inlined, njit
from sim.core.ledger import settle_trade
from sim.core.marks import market_price
from sim.core.world import NO_PRICE, NONE, NOTHING, int64
from sim.venues.book import reason_against
from sim.venues.levels import HIGHEST_PRICE, key_of
from sim.venues.orders import allocate, count_message, note, reject_entry
from sim.venues.pools import constant_product


@inlined
def is_pool(world: Any, venue: int) -> bool:
    """Whether a venue is a pool."""
    pool: bool = world.venues[venue].pool != NOTHING
    return pool


# --- messages ---------------------------------------------------------------------------------------------------------


@njit
def enter(world: Any, venue: int, agent: int, kind: int, side: int, price: int, lots: int, slot: int) -> int:
    """Trade an order along the curve. Returns 0, since nothing rests; ``clock.filled`` is set to the lots that trade.

    A limit bounds the price of every lot, as it does on a book.
    """
    clock = world.clock[0]
    clock.filled = 0
    clock.rejection = ACCEPTED
    clock.cut = 0
    reason = reason_against(kind, price, lots)
    if reason == ACCEPTED and kind != MARKET and kind != IMMEDIATE_OR_CANCEL and kind != FILL_OR_KILL:
        reason = NOT_RESTING
    found = money = NONE
    if reason == ACCEPTED:
        pool = world.pools[world.venues[venue].pool]
        found = _tradable(world, venue, pool, side, price if kind != MARKET else NO_PRICE, lots)
        if kind == FILL_OR_KILL and found < lots:
            found = NONE
        money = money_for(pool, side, found) if found > 0 else NONE
        if money < 0:  # more than an account can count
            reason = BAD_QUANTITY
    if reason != ACCEPTED:
        return reject_entry(world, agent, slot, reason)
    count_message(world, agent)
    clock.next_number += 1
    number = clock.next_number
    if found > 0:
        _swap(world, venue, agent, side, found, money, number)
    if clock.keeps_log != 0:
        asked = price if kind != MARKET else NONE
        note(world, kind, venue, agent, side, asked, asked, lots, number, clock.filled)
    return NONE


@njit
def _swap(world: Any, venue: int, agent: int, side: int, lots: int, money: int, number: int) -> None:
    """Trade lots with the pool for so much money, and quote anew."""
    place = world.venues[venue]
    pool = world.pools[place.pool]
    price = int64(np.rint(np.float64(money) / np.float64(lots)))
    settle_trade(world, venue, price, money, lots, pool.agent, agent, side, NONE, number)
    constant_product.trade(pool, side, lots, money)
    world.clock[0].filled = lots
    quote(world, venue)


@njit
def money_for(pool: Any, side: int, lots: int) -> int:
    """Units of money that buying lots costs, or that selling them brings; -1 where they cannot be bought."""
    return constant_product.cost(pool, lots) if side > 0 else constant_product.proceeds(pool, lots)


@njit
def _tradable(world: Any, venue: int, pool: Any, side: int, limit: int, lots: int) -> int:
    """Lots of an order that trade: those within its limit in ticks, NO_PRICE for none, that the pool has."""
    if side > 0:
        lots = min(lots, pool.lots - 1)
    if lots <= 0 or limit == NO_PRICE:
        return max(lots, NONE)
    price = np.float64(limit) * np.float64(world.venues[venue].tick_units)
    within = constant_product.bought_within(pool, price) if side > 0 else constant_product.sold_within(pool, price)
    return max(min(lots, within), NONE)


# --- quotes -----------------------------------------------------------------------------------------------------------


@njit
def quote(world: Any, venue: int) -> None:
    """Let both levels of a pool's venue say what the next lot costs and brings, in whole ticks against the trader."""
    place = world.venues[venue]
    pool = world.pools[place.pool]
    units = place.tick_units
    ask = money_for(pool, 1, 1)
    if ask >= 0:
        ask = (ask + units - 1) // units
    if ask < 0 or ask > HIGHEST_PRICE:
        _show(world, venue, 1, pool.ask_level, NO_PRICE, NONE)
    else:
        _show(world, venue, 1, pool.ask_level, ask, max(_tradable(world, venue, pool, 1, ask, pool.lots), int64(1)))
    bid = money_for(pool, -1, 1) // units
    if bid <= 0:
        _show(world, venue, 0, pool.bid_level, NO_PRICE, NONE)
    else:
        lots = _tradable(world, venue, pool, -1, bid, pool.lots)
        _show(world, venue, 0, pool.bid_level, bid, max(lots, int64(1)))


@inlined
def _show(world: Any, venue: int, half: int, level: int, price: int, lots: int) -> None:
    """Show a price and its lots on a side; nothing for NO_PRICE."""
    side = 2 * venue + half
    row = world.sides[side]
    if price == NO_PRICE:
        if row.best != NOTHING:
            market_price(world, world.venues[venue].instrument)  # the last valid one, while it can be computed
        row.best = NOTHING
        row.volume = row.orders = 0
        return
    record = world.levels[level]
    record.price = price
    record.key = key_of(side, price)
    record.volume = lots
    world.orders[record.head].remaining = lots
    row.best = level
    row.volume = lots
    row.orders = 1


# --- opening ----------------------------------------------------------------------------------------------------------


@njit
def open_pools(world: Any) -> None:
    """Give each pool of a new World its two levels, each with an order that is never cancelled."""
    for number in range(len(world.pools)):
        pool = world.pools[number]
        pool.bid_level = _new_level(world, 2 * pool.venue, pool.agent)
        pool.ask_level = _new_level(world, 2 * pool.venue + 1, pool.agent)


@njit
def _new_level(world: Any, side: int, agent: int) -> int:
    clock = world.clock[0]
    order = allocate(world, agent, NONE, NONE, NONE)
    level: int = clock.levels_used
    clock.levels_used += 1
    record = world.levels[level]
    record.count = 1
    record.head = record.tail = order
    record.node = NOTHING
    record.side = side
    mine = world.orders[order]
    mine.state = RESTING
    mine.level = level
    mine.next = mine.previous = NOTHING
    return level


@njit
def begin(world: Any) -> None:
    """Give the pools what they begin an episode with, and quote."""
    for number in range(len(world.pools)):
        pool = world.pools[number]
        pool.lots = pool.first_lots
        pool.cash = pool.first_cash
        world.sides[2 * pool.venue].best = world.sides[2 * pool.venue + 1].best = NOTHING
        quote(world, pool.venue)
