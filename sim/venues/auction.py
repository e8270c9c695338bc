"""The call auction: it collects orders and demand schedules, and then trades as much as possible at one price.

This file says when a venue collects and when it clears, and how orders enter. The price and the trades are in
:mod:`sim.venues.clearing`.
"""

from __future__ import annotations

import math

import numpy as np

from sim.core.codes import (
    ACCEPTED,
    BAD_QUANTITY,
    CALL_AUCTION,
    EXPIRE,
    FILL_OR_KILL,
    IMMEDIATE_OR_CANCEL,
    MARKET,
    MOST_LOTS,
    NOT_HERE,
    POST_ONLY,
    SCHEDULE,
    SCHEDULED,
)
from sim.core.compiled import njit
from sim.core.marks import market_price
from sim.core.world import NONE, NOTHING
from sim.venues import orders
from sim.venues.book import collects, reason_against
from sim.venues.clearing import find_price as find_price
from sim.venues.clearing import trade
from sim.venues.levels import HIGHEST_PRICE, LOWEST_PRICE
from sim.venues.orders import count_message, handle_of, link, note, reject_entry, venue_of, withdraw

# --- when a venue collects --------------------------------------------------------------------------------------------


@njit
def next_clearing(world, venue):
    """The step of the episode at whose end the current auction clears; NOTHING if no auction is running."""
    place = world.venues[venue]
    clock = world.clock[0]
    last = clock.steps - 1
    if place.mechanism == CALL_AUCTION:
        return min(last, clock.step - clock.step % place.every + place.every - 1)
    if clock.step < place.opening:
        return min(last, place.opening - 1)
    if clock.step >= clock.steps - place.closing:
        return last
    return np.int64(NOTHING)


@njit
def open_auctions(world):
    """Begin a step: set which venues collect orders in it."""
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
    """Remove a venue from the list of venues whose mids make its instrument's mark."""
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
    return collects(world, venue) and next_clearing(world, venue) == world.clock[0].step


# --- collecting -------------------------------------------------------------------------------------------------------


@njit
def leaves(kind):
    """Whether orders of a kind leave after one clearing."""
    return kind in (MARKET, IMMEDIATE_OR_CANCEL, SCHEDULE)


@njit
def enter(world, venue, agent, kind, side, price, lots, expires, slot):
    """Enter an order into an auction. Returns its handle, or 0 if it is rejected.

    Market orders, immediate-or-cancel orders and schedules leave with the next clearing. For a schedule ``lots`` is the
    largest number that it buys or sells, 0 for no limit, and the clock holds ``centre`` and ``slope``. ``slot`` has the
    same meaning as for the book.
    """
    clock = world.clock[0]
    clock.filled = 0
    clock.rejection = ACCEPTED
    if kind == MARKET:
        price = np.int64(HIGHEST_PRICE if side > 0 else LOWEST_PRICE)
    reason = ACCEPTED if kind == SCHEDULE else reason_against(kind, price, lots)
    if kind == SCHEDULE:
        if lots < 0 or lots > MOST_LOTS or not (0.0 <= clock.slope < math.inf and abs(clock.centre) < math.inf):
            reason = BAD_QUANTITY
    elif kind == FILL_OR_KILL and reason == ACCEPTED:
        reason = NOT_HERE
    if reason != ACCEPTED:
        return reject_entry(world, agent, slot, reason)
    count_message(world, agent)
    clock.next_number += 1
    number = clock.next_number
    order = slot if slot != NOTHING else allocate(world, venue, agent, kind, lots, expires)
    record = world.orders[order]
    record.number = number
    record.post_only = 1 if kind == POST_ONLY else 0
    if kind == SCHEDULE:
        _link_schedule(world, venue, order)
    else:
        link(world, order, 2 * venue + (0 if side > 0 else 1), price)
    if clock.keeps_log != 0:
        _note(world, venue, agent, kind, side, price, order)
    return handle_of(world, order)


@njit
def allocate(world, venue, agent, kind, lots, expires):
    """Take a slot for an order to an auction. The line of a schedule is read from the clock."""
    if leaves(kind):
        expires = next_clearing(world, venue) + 1
    if kind == SCHEDULE and lots == 0:
        lots = np.int64(MOST_LOTS)
    order = orders.allocate(world, agent, NONE, lots, expires)
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
    record.state = SCHEDULED
    record.next = NOTHING
    record.previous = place.last_schedule
    if place.last_schedule != NOTHING:
        world.orders[place.last_schedule].next = order
    else:
        place.first_schedule = order
    place.last_schedule = order


@njit
def _note(world, venue, agent, kind, side, price, order):
    shown = price if kind != MARKET else NONE
    if kind == SCHEDULE:
        ticks = world.auction_orders[order].centre / world.venues[venue].tick_size
        shown = np.int64(math.floor(max(LOWEST_PRICE, min(HIGHEST_PRICE, ticks)) + 0.5))
    slope = world.auction_orders[order].slope if kind == SCHEDULE else 0.0
    row = world.log[world.clock[0].messages_logged & (len(world.log) - 1)]
    record = world.orders[order]
    note(world, kind, venue, agent, side, shown, shown, record.remaining, record.number, NONE)
    row.slope = slope
    row.centre = world.auction_orders[order].centre if kind == SCHEDULE else 0.0


# --- clearing ---------------------------------------------------------------------------------------------------------


@njit
def clear(world, venue):
    """End an auction: trade what was allotted, and remove the orders that were for this clearing only."""
    trade(world, venue)
    _dismiss(world, venue)


@njit
def _dismiss(world, venue):
    """Remove the orders that were for this clearing only."""
    half = len(world.wheel) >> 1
    expires = world.clock[0].step + 1
    order = np.int64(world.wheel[expires & (half - 1)])
    while order != NOTHING:
        following = np.int64(world.orders[order].wheel_next)
        record = world.orders[order]
        if record.expires == expires and record.leaves != 0 and venue_of(world, order) == venue:
            withdraw(world, order, EXPIRE)
        order = following
