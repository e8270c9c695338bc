"""The clearing of an auction: its price, the lots of each order, and the trades.

The price is the one at which most lots trade. If there are several, it is the one with the smallest imbalance; if there
are still several, the one nearest to the mark (Domowitz and Madhavan 2001 compare such rules). Orders with better
prices trade first. Schedules trade after the orders that are better than the clearing price, and before the orders at
it. Equal orders are ranked by time, or share by size.

Demand less supply never rises with the price, so prices are found by bisection. Prices here are in the venue's
``price_units``.
"""

from __future__ import annotations

import math

import numpy as np

from sim.core.codes import MOST_LOTS, PRO_RATA, RESTING, SCHEDULED
from sim.core.compiled import njit
from sim.core.ledger import record_trade
from sim.core.marks import market_price
from sim.core.world import BUY, NO_PRICE, NONE, NOTHING, SELL
from sim.venues.levels import HIGHEST_PRICE, LOWEST_PRICE, next_level
from sim.venues.orders import reduce

_LOTS = np.float64(MOST_LOTS)
_FARTHEST = np.int64(1 << 61)


# --- the price --------------------------------------------------------------------------------------------------------


@njit
def _wanted(world, order, price):
    """Lots that a schedule buys at a price (sells if negative): its slope times (centre - price), rounded."""
    waiting = world.auction_orders[order]
    lots = waiting.slope * (waiting.centre - price)
    return np.int64(math.floor(max(-_LOTS, min(_LOTS, lots)) + 0.5))


@njit
def _of_schedule(world, order, side, price):
    """Lots that a schedule would trade on a side at a price, not negative."""
    return max(NONE, min(side * _wanted(world, order, price), world.auction_orders[order].most))


@njit
def _interest(world, venue, side, price):
    """Demand (side BUY) or supply (side SELL) at a price: lots of all orders and schedules that would trade there."""
    place = world.venues[venue]
    per_tick = place.per_tick
    total = np.int64(0)
    level = np.int64(world.sides[2 * venue + (0 if side > 0 else 1)].best)
    while level != NOTHING and side * (world.levels[level].price * per_tick - price) >= 0:
        total += world.levels[level].volume
        level = next_level(world, level)
    order = np.int64(place.first_schedule)
    while order != NOTHING:
        total += _of_schedule(world, order, side, np.float64(price) * place.price_size)
        order = np.int64(world.orders[order].next)
    return total


@njit
def _excess(world, venue, price):
    return _interest(world, venue, BUY, price) - _interest(world, venue, SELL, price)


@njit
def _first_at_most(world, venue, excess, low, high, guess):
    """The lowest price from ``low`` to ``high`` with demand less supply at most ``excess``; ``high + 1`` if none.

    It is found by bisection around ``guess``. The distance from the guess at most doubles in each step, because the
    result is usually near it.
    """
    high += 1
    price, reach = guess, np.int64(1)
    while low < high:
        if _excess(world, venue, price) <= excess:
            high = price
        else:
            low = price + 1
        price = max(guess - reach, min(guess + reach, low + ((high - low) >> 1)))
        reach = min(2 * reach, _FARTHEST)
    return low


@njit
def find_price(world, venue):
    """The price at which an auction would clear now, the lots it would trade, and the imbalance it would leave.

    Returns
    -------
    price : in price units; NO_PRICE if nothing would trade.
    lots : lots that would trade.
    imbalance : demand less supply at the price, in lots. If nothing would trade, it is that at the mark.
    """
    place = world.venues[venue]
    per_tick = place.per_tick
    low, high = np.int64(LOWEST_PRICE) * per_tick, np.int64(HIGHEST_PRICE) * per_tick
    wish = market_price(world, place.instrument) / place.price_size
    wish = np.int64(math.floor(max(np.float64(low), min(np.float64(high), wish)) + 0.5))
    if not _can_trade(world, venue):
        return np.int64(NO_PRICE), NONE, _excess(world, venue, wish)
    above = _first_at_most(world, venue, NONE, low, high, wish)  # from here up, supply covers demand
    lots_above = _interest(world, venue, BUY, above) if above <= high else NONE
    excess_above = _excess(world, venue, above) if above <= high else NONE
    lots_below = _interest(world, venue, SELL, above - 1) if above > low else NONE
    excess_below = _excess(world, venue, above - 1) if above > low else NONE
    price_above, price_below = above, above - 1
    if lots_above > 0 and wish > above:  # nearer to the mark, with the same lots and imbalance
        price_above = _first_at_most(world, venue, excess_above - 1, above + 1, wish, wish) - 1
    if lots_below > 0 and wish < above - 1:
        price_below = _first_at_most(world, venue, excess_below, wish, above - 2, wish)
    if lots_above == 0 and lots_below == 0:
        return np.int64(NO_PRICE), NONE, _excess(world, venue, wish)
    higher = lots_above > lots_below
    if lots_above == lots_below:
        higher = -excess_above < excess_below
        if -excess_above == excess_below:
            higher = abs(price_above - wish) < abs(price_below - wish)
    if higher:
        return price_above, lots_above, excess_above
    return price_below, lots_below, excess_below


@njit
def _can_trade(world, venue):
    """Whether any two orders could trade. True if there is a schedule, whose prices are not looked at."""
    bids, asks = world.sides[2 * venue], world.sides[2 * venue + 1]
    if world.venues[venue].first_schedule != NOTHING:
        return True
    return (
        bids.best != NOTHING and asks.best != NOTHING
        and world.levels[bids.best].price >= world.levels[asks.best].price
    )  # fmt: skip


# --- who trades how much ----------------------------------------------------------------------------------------------


@njit
def allot(world, venue):
    """Find the clearing price and allot lots to the orders of both sides. Returns the lots that will trade.

    The venue stores the price and the first order of each side's chain. ``auction_orders[order].allotted`` are the lots
    of an order, and ``auction_orders[order].chain`` is the next order. They stay valid until :func:`trade`.
    """
    place = world.venues[venue]
    price, lots, _ = find_price(world, venue)
    place.clearing_price = price
    place.buyers = NOTHING
    place.sellers = NOTHING
    if lots > 0:
        place.buyers = _allot(world, venue, BUY, price, lots)
        place.sellers = _allot(world, venue, SELL, price, lots)
    return lots


@njit
def _share(take, part, whole):
    """``take * part // whole`` for ``take <= whole``, also if the product needs more than 64 bits."""
    high, low = part >> 16, part & 0xFFFF
    quotient = take * high // whole
    rest = take * high - quotient * whole
    return (quotient << 16) + ((rest << 16) + take * low) // whole


@njit
def _chain(world, first, last, order, lots):
    """Allot lots to an order and append it to a chain. Returns the first and the last order of the chain."""
    world.auction_orders[order].allotted = lots
    world.auction_orders[order].chain = NOTHING
    if last != NOTHING:
        world.auction_orders[last].chain = order
        return first, order
    return order, order


@njit
def _allot(world, venue, side, price, lots):
    """Allot ``lots`` to a side's orders and schedules. Returns the first order of the chain of those that get any."""
    place = world.venues[venue]
    per_tick = place.per_tick
    first = last = np.int64(NOTHING)
    level = np.int64(world.sides[2 * venue + (0 if side > 0 else 1)].best)
    scheduled = False
    while lots > 0 and (level != NOTHING or not scheduled):
        if not scheduled and (level == NOTHING or side * (world.levels[level].price * per_tick - price) <= 0):
            scheduled = True
            at = np.float64(price) * place.price_size
            head, volume = np.int64(place.first_schedule), _of_schedules(world, venue, side, at)
        else:
            at = math.nan
            head, volume = np.int64(world.levels[level].head), world.levels[level].volume
            level = next_level(world, level)
        take = min(lots, volume)
        spare = np.int64(0)
        by_size = place.matching == PRO_RATA or (scheduled and at == at)
        if by_size and volume > 0:
            spare = take
            order = head
            while order != NOTHING:
                spare -= _share(take, _offers(world, order, side, at), volume)
                order = np.int64(world.orders[order].next)
        order = head
        left = take
        while left > 0 and order != NOTHING:
            offers = _offers(world, order, side, at)
            given = _share(take, offers, volume) if by_size else min(left, offers)
            extra = min(spare, offers - given)
            spare -= extra
            given += extra
            if given > 0:
                first, last = _chain(world, first, last, order, given)
                left -= given
            order = np.int64(world.orders[order].next)
        lots -= take
    return first


@njit
def _of_schedules(world, venue, side, at):
    total = np.int64(0)
    order = np.int64(world.venues[venue].first_schedule)
    while order != NOTHING:
        total += _of_schedule(world, order, side, at)
        order = np.int64(world.orders[order].next)
    return total


@njit
def _offers(world, order, side, at):
    """Lots that an order, or a schedule at the price ``at``, offers on a side."""
    if world.orders[order].state == SCHEDULED:
        return _of_schedule(world, order, side, at)
    return world.orders[order].remaining


# --- the trades -------------------------------------------------------------------------------------------------------


@njit
def trade(world, venue):
    """Trade the allotted lots and reduce the orders by them. The clearing price becomes the mark."""
    place = world.venues[venue]
    price, buyers, sellers = place.clearing_price, np.int64(place.buyers), np.int64(place.sellers)
    if buyers == NOTHING:
        return
    _pair(world, venue, price, buyers, sellers)
    _take_off(world, buyers)
    _take_off(world, sellers)
    world.instruments[place.instrument].mark = np.float64(price) * place.price_size


@njit
def _pair(world, venue, price, buyer, seller):
    """Pair the two chains from their first orders on, and record trades. The later order is the taker's."""
    clock = world.clock[0]
    bought = sold = np.int64(0)
    while buyer != NOTHING and seller != NOTHING:
        lots = min(world.auction_orders[buyer].allotted - bought, world.auction_orders[seller].allotted - sold)
        buys, sells = world.orders[buyer], world.orders[seller]
        if buys.number > sells.number:
            clock.hedging = buys.hedges + 2 * sells.hedges
            record_trade(world, venue, price, lots, np.int64(sells.agent), np.int64(buys.agent), BUY,
                         sells.number, buys.number)  # fmt: skip
        else:
            clock.hedging = sells.hedges + 2 * buys.hedges
            record_trade(world, venue, price, lots, np.int64(buys.agent), np.int64(sells.agent), SELL,
                         buys.number, sells.number)  # fmt: skip
        bought += lots
        sold += lots
        if bought == world.auction_orders[buyer].allotted:
            buyer, bought = np.int64(world.auction_orders[buyer].chain), np.int64(0)
        if sold == world.auction_orders[seller].allotted:
            seller, sold = np.int64(world.auction_orders[seller].chain), np.int64(0)
    clock.hedging = 0


@njit
def _take_off(world, order):
    """Reduce the resting orders of a chain by the lots that they traded."""
    while order != NOTHING:
        following = np.int64(world.auction_orders[order].chain)
        if world.orders[order].state == RESTING:
            reduce(world, order, world.auction_orders[order].allotted)
        order = following
