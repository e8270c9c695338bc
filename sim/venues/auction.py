"""The call auction: orders and demand schedules collect, then all that can trade does so at one price.

The price is the one that trades most; of several, the one that leaves the least imbalance; of several, the one nearest
the mark (Domowitz and Madhavan 2001 compare such rules). Whoever offers the better price trades first, schedules after
the orders that beat the price and before those that just meet it; among equals time decides, or size.

What limits an auction's orders to one side of the price is a step function, so the excess of demand over supply never
rises with the price, and every question about it is a bisection. Prices here are in the venue's ``price_units``.
"""

from __future__ import annotations

import math

import numpy as np

from sim.core.compiled import njit
from sim.core.ledger import market_price, record_trade
from sim.core.world import BUY, NO_PRICE, NONE, NOTHING, SELL
from sim.venues import book
from sim.venues.levels import HIGHEST_PRICE, LOWEST_PRICE, next_level

_LOTS = np.float64(book.MOST_LOTS)
_FARTHEST = np.int64(1 << 61)


# --- the schedule of auctions-----------------------------------------------------------------------------------------


@njit
def next_clearing(world, venue):
    """The step of the episode at whose end the running auction is cleared, NOTHING where there is none."""
    place = world.venues[venue]
    clock = world.clock[0]
    last = clock.steps - 1
    if place.mechanism == book.CALL_AUCTION:
        return min(last, clock.step - clock.step % place.every + place.every - 1)
    if clock.step < place.opening:
        return min(last, place.opening - 1)
    if clock.step >= clock.steps - place.closing:
        return last
    return np.int64(NOTHING)


@njit
def open_calls(world):
    """A step begins: which venues collect orders in it."""
    for venue in range(len(world.venues)):
        place = world.venues[venue]
        hidden = 0 if next_clearing(world, venue) == NOTHING else 1
        if hidden != world.sides[2 * venue].hidden:
            if hidden != 0:
                market_price(world, place.instrument)  # the last mid before the book may cross is the mark
                _leave(world, venue)
            else:
                place.next_of_instrument = world.instruments[place.instrument].first_venue
                world.instruments[place.instrument].first_venue = venue
            world.sides[2 * venue].hidden = hidden
            world.sides[2 * venue + 1].hidden = hidden


@njit
def _leave(world, venue):
    """Take a venue off its instrument's list of those whose mid counts."""
    place = world.venues[venue]
    instrument = world.instruments[place.instrument]
    before = instrument.first_venue
    if before == venue:
        instrument.first_venue = place.next_of_instrument
        return
    while world.venues[before].next_of_instrument != venue:
        before = world.venues[before].next_of_instrument
    world.venues[before].next_of_instrument = place.next_of_instrument


@njit
def is_due(world, venue):
    """Whether a venue's auction ends with this step."""
    return book.collects(world, venue) and next_clearing(world, venue) == world.clock[0].step


# --- collecting -----------------------------------------------------------------------------------------------------


@njit
def leaves(kind):
    """Whether orders of a kind wait for no more than one clearing."""
    return kind == book.MARKET or kind == book.IMMEDIATE_OR_CANCEL or kind == book.SCHEDULE


@njit
def enter(world, venue, agent, kind, side, price, lots, expires, slot):
    """An order joins an auction. Returns its handle, 0 if it is rejected.

    Market and immediate-or-cancel orders leave with the next clearing, and so do schedules, for which ``lots`` is the
    most they buy or sell, 0 for no limit, and the clock holds ``centre`` and ``slope``. ``slot`` is as for the book.
    """
    clock = world.clock[0]
    clock.filled = 0
    clock.rejection = book.ACCEPTED
    reason = book.ACCEPTED
    if kind == book.MARKET:
        price = np.int64(HIGHEST_PRICE if side > 0 else LOWEST_PRICE)
    if kind == book.SCHEDULE:
        if lots < 0 or lots > book.MOST_LOTS or not (0.0 <= clock.slope < math.inf and abs(clock.centre) < math.inf):
            reason = book.BAD_QUANTITY
    elif lots <= 0 or lots > book.MOST_LOTS:
        reason = book.BAD_QUANTITY
    elif price < LOWEST_PRICE or price > HIGHEST_PRICE:
        reason = book.BAD_PRICE
    elif kind == book.FILL_OR_KILL:
        reason = book.NOT_HERE
    if reason != book.ACCEPTED:
        if slot != NOTHING:
            book.release(world, slot)
        return book.reject(world, agent, reason)
    clock.messages += 1
    world.accounts[agent].messages += 1
    clock.next_number += 1
    number = clock.next_number
    order = slot if slot != NOTHING else allocate(world, venue, agent, kind, lots, expires)
    record = world.orders[order]
    record.number = number
    record.post_only = 1 if kind == book.POST_ONLY else 0
    if kind == book.SCHEDULE:
        _link_schedule(world, venue, order)
    else:
        book.link(world, order, 2 * venue + (0 if side > 0 else 1), price)
    if clock.keeps_log != 0:
        _note(world, venue, agent, kind, side, price, order)
    return book.handle_of(world, order)


@njit
def allocate(world, venue, agent, kind, lots, expires):
    """Take a slot for an order to an auction; a schedule's line is the clock's."""
    if leaves(kind):
        expires = next_clearing(world, venue) + 1
    if kind == book.SCHEDULE and lots == 0:
        lots = np.int64(book.MOST_LOTS)
    order = book.allocate(world, agent, NONE, lots, expires)
    waiting = world.auction_orders[order]
    waiting.venue = venue
    world.orders[order].leaves = 1 if leaves(kind) else 0
    waiting.centre = world.clock[0].centre
    waiting.slope = world.clock[0].slope
    waiting.most = lots
    return order


@njit
def _link_schedule(world, venue, order):
    place = world.venues[venue]
    record = world.orders[order]
    record.state = book.SCHEDULED
    record.next = NOTHING
    record.previous = place.last_schedule
    if place.last_schedule != NOTHING:
        world.orders[place.last_schedule].next = order
    else:
        place.first_schedule = order
    place.last_schedule = order


@njit
def _note(world, venue, agent, kind, side, price, order):
    shown = price if kind != book.MARKET else NONE
    if kind == book.SCHEDULE:
        ticks = world.auction_orders[order].centre / world.venues[venue].tick_size
        shown = np.int64(math.floor(max(LOWEST_PRICE, min(HIGHEST_PRICE, ticks)) + 0.5))
    slope = world.auction_orders[order].slope if kind == book.SCHEDULE else 0.0
    row = world.log[world.clock[0].messages_logged & (len(world.log) - 1)]
    record = world.orders[order]
    book.note(world, kind, venue, agent, side, shown, record.remaining, record.number, NONE)
    row.slope = slope


# --- the price ------------------------------------------------------------------------------------------------------


@njit
def _wanted(world, order, price):
    """Lots that a schedule buys, or sells if negative, at a price: its slope times the distance from its centre."""
    waiting = world.auction_orders[order]
    lots = waiting.slope * (waiting.centre - price)
    return np.int64(math.floor(max(-_LOTS, min(_LOTS, lots)) + 0.5))


@njit
def _of_schedule(world, order, side, price):
    """Lots that a schedule trades on a side."""
    return max(NONE, min(side * _wanted(world, order, price), world.auction_orders[order].most))


@njit
def _interest(world, venue, side, price):
    """Lots that all orders and schedules would trade on a side at a price: demand, or supply."""
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
    """The lowest price of a range at which demand exceeds supply by no more than ``excess``; ``high + 1`` if none.

    Bisection, but no step goes farther from the guess than twice the one before: the answer is most often near.
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
    price : price units; NO_PRICE where nothing would trade.
    lots : what would trade.
    imbalance : demand less supply at the price, in lots; where nothing would trade, at the mark.
    """
    place = world.venues[venue]
    per_tick = place.per_tick
    low, high = np.int64(LOWEST_PRICE) * per_tick, np.int64(HIGHEST_PRICE) * per_tick
    wish = market_price(world, place.instrument) / place.price_size
    wish = np.int64(math.floor(max(np.float64(low), min(np.float64(high), wish)) + 0.5))
    if not _can_trade(world, venue):
        return np.int64(NO_PRICE), NONE, _excess(world, venue, wish)
    above = _first_at_most(world, venue, NONE, low, high, wish)  # from here on supply is enough
    lots_above = _interest(world, venue, BUY, above) if above <= high else NONE
    excess_above = _excess(world, venue, above) if above <= high else NONE
    lots_below = _interest(world, venue, SELL, above - 1) if above > low else NONE
    excess_below = _excess(world, venue, above - 1) if above > low else NONE
    price_above, price_below = above, above - 1
    if lots_above > 0 and wish > above:  # as near the mark as the same is traded and left
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
    """Whether any two orders could meet; schedules are not asked, they may."""
    bids, asks = world.sides[2 * venue], world.sides[2 * venue + 1]
    if world.venues[venue].first_schedule != NOTHING:
        return True
    return (
        bids.best != NOTHING and asks.best != NOTHING
        and world.levels[bids.best].price >= world.levels[asks.best].price
    )  # fmt: skip


# --- clearing -------------------------------------------------------------------------------------------------------


@njit
def clear(world, venue):
    """An auction ends: all that can trade does, what waited for this clearing only leaves, the rest stays."""
    place = world.venues[venue]
    price, lots, _ = find_price(world, venue)
    if lots > 0:
        buying = _allot(world, venue, BUY, price, lots)
        selling = _allot(world, venue, SELL, price, lots)
        _pair(world, venue, price, buying, selling)
        _take_off(world, buying)
        _take_off(world, selling)
        world.instruments[place.instrument].mark = np.float64(price) * place.price_size
    _dismiss(world, venue)


@njit
def _share(take, part, whole):
    """``take * part // whole`` for ``take <= whole``, whose product may be beyond 64 bits."""
    high, low = part >> 16, part & 0xFFFF
    quotient = take * high // whole
    rest = take * high - quotient * whole
    return (quotient << 16) + ((rest << 16) + take * low) // whole


@njit
def _chain(world, first, last, order, lots):
    """Give an order lots, at the end of a chain. Returns the chain's first and last."""
    world.auction_orders[order].allotted = lots
    world.auction_orders[order].chain = NOTHING
    if last != NOTHING:
        world.auction_orders[last].chain = order
        return first, order
    return order, order


@njit
def _allot(world, venue, side, price, lots):
    """Share ``lots`` among a side's orders and schedules. Returns the first of the chain of those that get any."""
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
        by_size = place.matching == book.PRO_RATA or (scheduled and at == at)
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
    """Lots that an order, or a schedule at the price ``at``, has to trade on a side."""
    if world.orders[order].state == book.SCHEDULED:
        return _of_schedule(world, order, side, at)
    return world.orders[order].remaining


@njit
def _pair(world, venue, price, buyer, seller):
    """Trades between the two chains, first with first; the order that came later is the taker's."""
    bought = sold = np.int64(0)
    while buyer != NOTHING and seller != NOTHING:
        lots = min(world.auction_orders[buyer].allotted - bought, world.auction_orders[seller].allotted - sold)
        buys, sells = world.orders[buyer], world.orders[seller]
        if buys.number > sells.number:
            record_trade(world, venue, price, lots, np.int64(sells.agent), np.int64(buys.agent), BUY,
                         sells.number, buys.number)  # fmt: skip
        else:
            record_trade(world, venue, price, lots, np.int64(buys.agent), np.int64(sells.agent), SELL,
                         buys.number, sells.number)  # fmt: skip
        bought += lots
        sold += lots
        if bought == world.auction_orders[buyer].allotted:
            buyer, bought = np.int64(world.auction_orders[buyer].chain), np.int64(0)
        if sold == world.auction_orders[seller].allotted:
            seller, sold = np.int64(world.auction_orders[seller].chain), np.int64(0)


@njit
def _take_off(world, order):
    """Take what was traded off the orders of a chain."""
    while order != NOTHING:
        following = np.int64(world.auction_orders[order].chain)
        if world.orders[order].state == book.RESTING:
            book.reduce(world, order, world.auction_orders[order].allotted)
        order = following


@njit
def _dismiss(world, venue):
    """The orders that waited for this clearing only leave."""
    half = len(world.wheel) >> 1
    expires = world.clock[0].step + 1
    order = np.int64(world.wheel[expires & (half - 1)])
    while order != NOTHING:
        following = np.int64(world.orders[order].wheel_next)
        record = world.orders[order]
        if record.expires == expires and record.leaves != 0 and book.venue_of(world, order) == venue:
            book.withdraw(world, order, book.EXPIRE)
        order = following
