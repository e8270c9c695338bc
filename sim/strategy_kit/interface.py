"""What an agent can see and do in its turn. Every strategy, ours or a user's, is written with these.

``me`` is the agent's seat, ``market`` the market, which shows nothing but through these functions. Prices are whole
ticks, quantities whole lots, values and cash currency (float64). ``side`` is BUY (1) or SELL (-1). A strategy reads
what a real trader could: the public value, its own signal, the books, the tape, itself.

A venue, an instrument, a side or the serial number of a trade that does not exist is a mistake in the strategy: the run
ends when the turn is over and says which. What a market may reject, such as a price beyond its grid, is rejected and
counted.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.core.compiled import njit
from sim.core.ledger import PER_NOTIONAL, market_price
from sim.core.rng import SIGNAL, mix, next_uniform, normal_quantile, to_uniform
from sim.core.world import BUY, HISTORY, NO_PRICE, NONE, NOTHING, SELL, opened
from sim.strategy_kit.seat import own
from sim.valuation.reservation_prices import keep_reservation
from sim.venues import auction, book
from sim.venues.gateway import (
    INSTRUMENT,
    PLACE,
    PRECOMPUTED,
    SERIAL,
    complain,
    is_side,
    is_venue,
    send_cancel,
    send_order,
    send_replace,
    send_schedule,
)

__all__ = [
    "BUY",
    "HISTORY",
    "NOTHING",
    "NO_ASK",
    "NO_BID",
    "SELL",
    "best_ask",
    "best_bid",
    "best_of_others",
    "best_volume",
    "cancel_all",
    "cancel_order",
    "cash",
    "demand_schedule",
    "episode",
    "episode_steps",
    "fill_or_kill_order",
    "filled",
    "imbalance",
    "immediate_or_cancel_order",
    "in_auction",
    "indicative_lots",
    "indicative_price",
    "instrument_of",
    "inventory",
    "is_live",
    "last_price",
    "last_trade_price",
    "limit_order",
    "mark_price",
    "market_order",
    "messages_left",
    "nearest_lots",
    "nearest_tick",
    "next_trade_number",
    "normal",
    "open_quantity",
    "order_price",
    "own_order",
    "own_orders",
    "post_only_order",
    "precomputed",
    "precomputed_count",
    "price_from_ticks",
    "private_value",
    "public_value",
    "publish_belief",
    "recent_trade",
    "replace_order",
    "requote",
    "reservation_price",
    "round_lots",
    "signal",
    "step",
    "taker_cost",
    "tick_above",
    "tick_below",
    "tick_size",
    "trade_price",
    "trades_of_venue",
    "uniform",
    "venue_of",
]  # fmt: skip

NO_BID, NO_ASK = NO_PRICE, -NO_PRICE  # a missing best bid is below, a missing best ask above, every price
_MOST_LOTS = float(book.MOST_LOTS)
_FAR = float(1 << 40)
_SLACK = 1e-9  # of a tick: 100.05 / 0.01 is 10004.999…, and means 10005


# --- what there is to see -------------------------------------------------------------------------------------------


class Trade(NamedTuple):
    """A trade of the tape, as every trader may see it. Prices in the venue's ticks, see :func:`trade_price`."""

    step: int
    episode: int
    venue: int
    price: int
    quantity: int
    aggressor: int  # BUY where the taker bought
    maker: int  # agents
    taker: int
    maker_order: int
    taker_order: int
    mark: float  # just before it. Currency


@njit
def messages_left(me, market):
    """Messages the agent may still send in this turn, of those its strategy declared."""
    clock = opened(market).clock[0]
    return clock.allowed - clock.sent


@njit
def step(me, market):
    """The step of the episode, from 0."""
    return opened(market).clock[0].step


@njit
def episode(me, market):
    """The episode of the run, from 0."""
    return opened(market).clock[0].episode


@njit
def episode_steps(me, market):
    """The length of an episode in steps."""
    return opened(market).clock[0].steps


@njit
def venue_of(me, market, place):
    """The agent's venue number ``place`` (0 is ``me.venue``)."""
    me = own(me)
    world = opened(market)
    population = world.populations[world.agents[me.agent].population]
    if not (0 <= place < population.venues or complain(world, PLACE, place)):
        return np.int64(me.venue)
    return world.in_venues[population.first_venue + place]


@njit
def instrument_of(me, market, venue):
    """The instrument that a venue trades."""
    world = opened(market)
    return world.venues[venue].instrument if is_venue(world, venue) else NONE


@njit
def best_bid(me, market, venue):
    """The best bid in ticks, NO_BID where there is none, or where an auction hides it."""
    world = opened(market)
    if not is_venue(world, venue):
        return np.int64(NO_BID)
    side = world.sides[2 * venue]
    return world.levels[side.best].price if side.best != NOTHING and side.hidden == 0 else np.int64(NO_BID)


@njit
def best_ask(me, market, venue):
    """The best ask in ticks, NO_ASK where there is none, or where an auction hides it."""
    world = opened(market)
    if not is_venue(world, venue):
        return np.int64(NO_ASK)
    side = world.sides[2 * venue + 1]
    return world.levels[side.best].price if side.best != NOTHING and side.hidden == 0 else np.int64(NO_ASK)


@njit
def best_volume(me, market, venue, side):
    """Lots at the best price on which orders of ``side`` rest; 0 where there are none, or an auction hides them."""
    world = opened(market)
    if not (is_venue(world, venue) and is_side(world, side)):
        return NONE
    row = world.sides[2 * venue + (0 if side > 0 else 1)]
    return world.levels[row.best].volume if row.best != NOTHING and row.hidden == 0 else NONE


@njit
def in_auction(me, market, venue):
    """Whether the venue collects orders for an auction, so that nothing trades before that is cleared."""
    world = opened(market)
    return is_venue(world, venue) and book.collects(world, venue)


@njit
def indicative_price(me, market, venue):
    """The price at which an auction would clear now, the mark where nothing would trade. Currency."""
    world = opened(market)
    if not is_venue(world, venue):
        return math.nan
    price, _, _ = auction.find_price(world, venue)
    if price == NO_PRICE:
        return market_price(world, world.venues[venue].instrument)
    return np.float64(price) * world.venues[venue].price_size


@njit
def indicative_lots(me, market, venue):
    """What an auction would trade if it were cleared now."""
    world = opened(market)
    if not is_venue(world, venue):
        return NONE
    _, lots, _ = auction.find_price(world, venue)
    return lots


@njit
def imbalance(me, market, venue):
    """Demand less supply that an auction would leave if it were cleared now, in lots."""
    world = opened(market)
    if not is_venue(world, venue):
        return NONE
    _, _, lots = auction.find_price(world, venue)
    return lots


@njit
def best_of_others(me, market, venue, side):
    """The best price at which orders of others rest on a side; NO_BID or NO_ASK where there are none."""
    me = own(me)
    world = opened(market)
    if not (is_venue(world, venue) and is_side(world, side)):
        return np.int64(NO_BID)
    return book.best_of_others(world, venue, side, me.agent)


@njit
def mark_price(me, market, instrument):
    """The mark: mid of the consolidated book, or the last valid one. Currency."""
    world = opened(market)
    if not (0 <= instrument < len(world.instruments) or complain(world, INSTRUMENT, instrument)):
        return math.nan
    return market_price(world, instrument)


@njit
def last_price(me, market, venue):
    """The last trade's price, to the nearest tick; NO_BID before the first of the episode."""
    world = opened(market)
    if not is_venue(world, venue):
        return np.int64(NO_BID)
    place = world.venues[venue]
    if place.last_price == NO_PRICE or place.per_tick == 1:
        return place.last_price
    return (place.last_price + place.per_tick // 2) // place.per_tick


@njit
def last_trade_price(me, market, venue):
    """The last trade's price, the mark before the first of the episode. Currency."""
    world = opened(market)
    if not is_venue(world, venue):
        return math.nan
    place = world.venues[venue]
    if place.last_price == NO_PRICE:
        return market_price(world, place.instrument)
    return np.float64(place.last_price) * place.price_size


@njit
def public_value(me, market):
    """What everybody knows of the instrument's value: the last published one, or the initial one. Currency."""
    me = own(me)
    return opened(market).instruments[me.instrument].public


@njit
def next_trade_number(me, market):
    """Serial number of the next trade in the market: trades ``since`` to this one less 1 came after ``since``."""
    return opened(market).clock[0].trades


@njit
def trades_of_venue(me, market, venue):
    """Trades on a venue since the episode began."""
    world = opened(market)
    return world.venues[venue].trades if is_venue(world, venue) else NONE


@njit
def recent_trade(me, market, serial):
    """The trade with that serial number, as a :class:`Trade`. The last HISTORY trades of the run can be read."""
    world = opened(market)
    trades = world.clock[0].trades
    if not (max(NONE, trades - HISTORY) <= serial < trades or complain(world, SERIAL, serial)):
        serial = NONE
    row = world.tape[serial & (len(world.tape) - 1)]
    return Trade(
        row.step, row.episode, np.int64(row.venue), row.price, row.quantity, np.int64(row.aggressor),
        np.int64(row.maker), np.int64(row.taker), row.maker_order, row.taker_order, row.mark,
    )  # fmt: skip


@njit
def trade_price(me, market, trade):
    """The price of a trade of the tape. Currency."""
    world = opened(market)
    return np.float64(trade.price) * world.venues[trade.venue].price_size if is_venue(world, trade.venue) else math.nan


@njit
def publish_belief(me, market, belief):
    """Let the record know what the agent takes the value to be; trades against its orders are marked with it."""
    me = own(me)
    opened(market).agents[me.agent].belief = belief


@njit
def inventory(me, market):
    """The agent's lots of its instrument, negative when short."""
    me = own(me)
    world = opened(market)
    return world.holdings[me.agent * world.clock[0].instruments + me.instrument].lots


@njit
def cash(me, market):
    """The agent's cash. Currency."""
    me = own(me)
    world = opened(market)
    return np.float64(world.accounts[me.agent].cash) * world.clock[0].money_unit


@njit
def signal(me, market):
    """What the agent's population sees of the value: late, noisy, or only at times, as the scenario says. Currency.

    The same however often it is asked within a step (or an episode, if it is drawn once an episode).
    """
    me = own(me)
    world = opened(market)
    agent = world.agents[me.agent]
    population = world.populations[agent.population]
    instrument = world.instruments[me.instrument]
    clock = world.clock[0]
    when = clock.step_key
    if population.redraw != 0:
        when = np.uint64(clock.episode)
    key = mix(mix(agent.stream, when), SIGNAL)
    if population.sight < 1.0 and to_uniform(mix(key, NONE)) >= population.sight:
        return instrument.public
    value = instrument.value
    if population.delay > clock.step:
        value = instrument.initial
    elif population.delay > 0:
        value = world.history[instrument.history_start + ((clock.step - population.delay) & instrument.history_mask)]
    if population.noise > 0.0:
        value += population.noise * normal_quantile(to_uniform(mix(key, np.int64(1))))
    return value


@njit
def uniform(me, market):
    """A random number, uniform on (0, 1), from the agent's own stream."""
    return next_uniform(opened(market))


@njit
def normal(me, market):
    """A standard normal random number from the agent's own stream."""
    return normal_quantile(next_uniform(opened(market)))


@njit
def reservation_price(me, market, side):
    """A draw of the most the agent pays now (BUY), or the least it takes (SELL). Currency.

    Its distance from what it is drawn around is private value: each trade gains the agent so much a unit, at the last
    draw for the trade's side; in an auction, at the last one before the order was sent.
    """
    me = own(me)
    world = opened(market)
    if not is_side(world, side):
        return math.nan
    population = world.populations[world.agents[me.agent].population]
    anchor = world.instruments[me.instrument].public
    if population.reference == 1:
        anchor = signal(me, market)
    elif population.reference == 2:
        anchor = market_price(world, me.instrument)
    distance = population.first_number
    if population.reservation == 2:
        distance += (population.second_number - distance) * next_uniform(world)
    elif population.reservation == 3:
        distance += population.second_number * normal_quantile(next_uniform(world))
    elif population.reservation == 4:
        distance = population.second_number - population.first_number * math.log(next_uniform(world))
    if population.reservation != 0:
        keep_reservation(world, me.agent, side, distance)
    return anchor + side * distance


@njit
def private_value(me, market, side):
    """What one lot more (BUY) or less (SELL) is privately worth to the agent, beyond the instrument's value. Currency.

    Infinitely bad beyond the number of units its population has private values for.
    """
    me = own(me)
    world = opened(market)
    if not is_side(world, side):
        return math.nan
    population = world.populations[world.agents[me.agent].population]
    width = population.units_down + population.units_up
    place = population.units_down + inventory(me, market) - population.endowment_lots - (0 if side > 0 else 1)
    if place < 0 or place >= width:
        return -side * np.inf
    return world.private_values[population.private_first + width * world.agents[me.agent].number + place]


@njit
def precomputed(me, market, place):
    """Number ``place`` of those that the strategy's ``precompute`` solved before the run."""
    me = own(me)
    world = opened(market)
    population = world.populations[world.agents[me.agent].population]
    if not (0 <= place < population.precomputed_count or complain(world, PRECOMPUTED, place)):
        return math.nan
    return world.precomputed[population.precomputed_first + place]


@njit
def precomputed_count(me, market):
    """How many numbers the strategy's ``precompute`` left."""
    me = own(me)
    world = opened(market)
    return world.populations[world.agents[me.agent].population].precomputed_count


# --- ticks ----------------------------------------------------------------------------------------------------------


@njit
def price_from_ticks(me, market, venue, ticks):
    """A price in currency."""
    return np.float64(ticks) * tick_size(me, market, venue)


@njit
def tick_size(me, market, venue):
    """A venue's tick. Currency."""
    world = opened(market)
    return world.venues[venue].tick_size if is_venue(world, venue) else math.nan


@njit
def taker_cost(me, market, venue, price):
    """What a taker pays the venue on one unit at ``price``. Currency."""
    world = opened(market)
    if not is_venue(world, venue):
        return math.nan
    place = world.venues[venue]
    if place.fee_per == PER_NOTIONAL:
        return place.taker_fee * abs(price)
    return place.taker_fee / world.instruments[place.instrument].lot_size


@njit
def _whole_ticks(ticks):
    """A whole number of ticks, or one beyond every book: a price farther away would not fit an integer.

    Of no price (nan) it is NO_BID, at which every order is rejected.
    """
    if ticks != ticks:
        return np.int64(NO_BID)
    return np.int64(max(-_FAR, min(_FAR, ticks)))


@njit
def tick_below(me, market, venue, price):
    """The last tick at or below a price."""
    return _whole_ticks(np.floor(price / tick_size(me, market, venue) + _SLACK))


@njit
def tick_above(me, market, venue, price):
    """The first tick at or above a price."""
    return _whole_ticks(np.ceil(price / tick_size(me, market, venue) - _SLACK))


@njit
def nearest_tick(me, market, venue, price):
    """The tick nearest to a price, the higher one of two equally near."""
    return _whole_ticks(np.floor(price / tick_size(me, market, venue) + 0.5 + _SLACK))


@njit
def nearest_lots(lots):
    """The whole number of lots nearest to ``lots``, negative to sell; no more than an order may have; 0 of nan."""
    return np.int64(math.floor(max(-_MOST_LOTS, min(_MOST_LOTS, lots)) + 0.5)) if lots == lots else NONE


@njit
def round_lots(lots):
    """The whole number of lots nearest to ``lots``, at least 1, no more than an order may have; 0 of nan."""
    return max(np.int64(1), nearest_lots(lots)) if lots == lots else NONE


# --- what there is to do --------------------------------------------------------------------------------------------


@njit
def limit_order(me, market, venue, side, price, quantity, expires_after=0):
    """Trade up to ``price`` and rest with what is left, for ``expires_after`` steps (0: until cancelled).

    Returns the order's handle if it rests, else 0. ``filled(me, market)`` says what traded at once.
    """
    me = own(me)
    return send_order(opened(market), me.agent, venue, book.LIMIT, side, price, quantity, expires_after)


@njit
def post_only_order(me, market, venue, side, price, quantity, expires_after=0):
    """Rest at ``price`` without trading; where it would trade, the venue moves it a tick away or rejects it."""
    me = own(me)
    return send_order(opened(market), me.agent, venue, book.POST_ONLY, side, price, quantity, expires_after)


@njit
def market_order(me, market, venue, side, quantity):
    """Trade at whatever price; what the book cannot fill is dropped. Returns the lots traded."""
    me = own(me)
    send_order(opened(market), me.agent, venue, book.MARKET, side, np.int64(0), quantity, np.int64(0))
    return opened(market).clock[0].filled


@njit
def immediate_or_cancel_order(me, market, venue, side, price, quantity):
    """Trade up to ``price``; what is left is dropped. Returns the lots traded."""
    me = own(me)
    send_order(opened(market), me.agent, venue, book.IMMEDIATE_OR_CANCEL, side, price, quantity, np.int64(0))
    return opened(market).clock[0].filled


@njit
def fill_or_kill_order(me, market, venue, side, price, quantity):
    """Trade all of it up to ``price``, or nothing. Returns the lots traded."""
    me = own(me)
    send_order(opened(market), me.agent, venue, book.FILL_OR_KILL, side, price, quantity, np.int64(0))
    return opened(market).clock[0].filled


@njit
def demand_schedule(me, market, venue, price, slope, most=0):
    """While an auction is running: buy ``slope`` lots per unit of currency below ``price``, sell as many above it.

    ``price`` in currency, ``slope`` in lots per currency, ``most`` lots either way (0: no limit). It waits for the next
    clearing only. Several add up, so that any line that falls with the price can be pieced together. Returns its
    handle, 0 if it is rejected.
    """
    me = own(me)
    return send_schedule(opened(market), me.agent, venue, price, slope, most)


@njit
def cancel_order(me, market, handle):
    """Cancel one of the agent's orders. Returns the lots cancelled, 0 if it is gone."""
    me = own(me)
    return send_cancel(opened(market), me.agent, handle)


@njit
def replace_order(me, market, handle, price, quantity):
    """Change an order's price and open quantity. Returns its handle if it rests, else 0.

    Fewer lots keep the place in the queue; the same price and quantity change nothing; all else goes to the end.
    """
    me = own(me)
    return send_replace(opened(market), me.agent, handle, price, quantity)


@njit
def filled(me, market):
    """Lots that the agent's last message traded at once."""
    return opened(market).clock[0].filled


@njit
def _own_slot(me, world, handle):
    """The slot of one of the agent's live orders, or NOTHING: nobody learns of others' orders by their handles."""
    me = own(me)
    order = book.slot_of(world, handle)
    return order if order != NOTHING and world.orders[order].agent == me.agent else np.int64(NOTHING)


@njit
def is_live(me, market, handle):
    """Whether one of the agent's orders still rests (or waits for its class to finish)."""
    return handle > 0 and _own_slot(me, opened(market), handle) != NOTHING


@njit
def open_quantity(me, market, handle):
    """Open lots of one of the agent's orders, 0 if it is gone."""
    world = opened(market)
    order = _own_slot(me, world, handle)
    return world.orders[order].remaining if order != NOTHING else NONE


@njit
def order_price(me, market, handle):
    """Price of one of the agent's resting orders in ticks, NO_BID if it is gone."""
    world = opened(market)
    order = _own_slot(me, world, handle)
    if order == NOTHING or world.orders[order].level == NOTHING:
        return np.int64(NO_BID)
    return world.levels[world.orders[order].level].price


@njit
def own_orders(me, market):
    """How many orders the agent has in all its venues."""
    me = own(me)
    return np.int64(opened(market).agents[me.agent].orders)


@njit
def own_order(me, market, place):
    """The handle of the agent's order number ``place``, the oldest first; 0 if it has not so many.

    Costs a step for each older one.
    """
    me = own(me)
    world = opened(market)
    if place < 0 or place >= world.agents[me.agent].orders:
        return NONE
    order = np.int64(world.agents[me.agent].first_order)
    while place > 0:
        order = np.int64(world.orders[order].agent_next)
        place -= 1
    return book.handle_of(world, order)


@njit
def cancel_all(me, market):
    """Cancel every order of the agent. Returns how many."""
    me = own(me)
    world = opened(market)
    cancelled = 0
    order = np.int64(world.agents[me.agent].first_order)
    while order != NOTHING:
        following = np.int64(world.orders[order].agent_next)
        handle = book.handle_of(world, order)
        if book.slot_of(world, handle) != NOTHING:  # not one that waits, cancelled, for its class to finish
            if send_cancel(world, me.agent, handle) == 0:
                break
            cancelled += 1
        order = following
    return cancelled


@njit
def requote(me, market, venue, handle, side, price, quantity):
    """Keep one post-only order where the agent wants it: replace it if it lives, enter it if not. Returns its handle.

    A quantity of 0 cancels it.
    """
    if is_live(me, market, handle):
        if quantity > 0:
            return replace_order(me, market, handle, price, quantity)
        cancel_order(me, market, handle)
        return np.int64(0)
    if quantity > 0:
        return post_only_order(me, market, venue, side, price, quantity)
    return np.int64(0)
