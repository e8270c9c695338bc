"""A maker that learns the value from the side and price of every order, and quotes for zero expected profit.

Its belief is a density over equal cells, uniform within each cell. A quote is the mean of the value given that the
quote is taken. An informed trader takes it if the value is beyond the quote. Noise buys and sells with equal
probability at any price.
"""

import math
from itertools import pairwise

from sim.core.codes import MOST_LOTS
from sim.core.compiled import njit
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import (
    next_trade_number,
    precomputed,
    price_from_ticks,
    public_value,
    publish_belief,
    recent_trade,
    tick_above,
    tick_below,
    trade_price,
)
from sim.strategy_kit.quoting import keep_bid_and_ask
from sim.strategy_kit.trade_tape import first_unseen, tells

_CELLS = 512
_REACH = 6.0  # deviations of a normal value that the grid covers either way


def _prior(params, steps):
    """Probability of each cell before the first order."""
    if params["distribution"] == "uniform":
        return [1.0 / _CELLS] * _CELLS
    edges = [_REACH * (2.0 * edge / _CELLS - 1.0) for edge in range(_CELLS + 1)]
    below = [0.5 * math.erfc(-edge / math.sqrt(2.0)) for edge in edges]
    return [(upper - lower) / (below[-1] - below[0]) for lower, upper in pairwise(below)]


@strategy(
    "glosten_milgrom_grid",
    summary="quotes the expected value given that the quote is taken; the value may lie anywhere",
    source="Glosten and Milgrom 1985, zero expected profit, with a continuous value; Copeland and Galai 1983 for the "
    "first quote; Das 2005 for beliefs on a grid",
    parameters={
        "distribution": Parameter(
            "normal",
            "of the value before the first order: normal around the public value, or uniform from low to high",
            choices=("normal", "uniform"),
        ),
        "deviation": Parameter(0.5, "standard deviation of the normal distribution", unit="currency", above=0.0),
        "low": Parameter(99.0, "least value of the uniform distribution", unit="currency"),
        "high": Parameter(101.0, "greatest value of the uniform distribution", unit="currency"),
        "informed_share": Parameter(
            0.3, "probability that an order would come from somebody who knows the value", low=0.0, high=1.0
        ),
        "learns_from_silence": Parameter(
            False,
            "treat a step without a trade as an informed trader who found no wrong quote",
        ),
        "quantity": Parameter(1, "size of each order", unit="lots", low=1, high=MOST_LOTS),
    },
    memory={
        "begun": int,
        "seen": int,
        "published": float,
        "bottom": float,
        "width": float,
        "bid": float,
        "ask": float,
        "chances": (float, _CELLS),
        "bids": (int, 1),
        "asks": (int, 1),
    },
    max_messages=2,
    validate=lambda given: "" if given["low"] < given["high"] else "low must be below high",
    precompute=_prior,
)
def act(me, market):
    """Learn from the orders since the last turn, or begin anew if there is news, then quote for the next order."""
    kept = me.memory
    quantity = me.parameters.quantity
    news = kept.begun == 1 and public_value(me, market) != kept.published
    silent = kept.begun == 1 and kept.seen == next_trade_number(me, market)
    if kept.begun == 0 or news:
        _begin(me, market)
    if silent and me.parameters.learns_from_silence == 1 and not news:
        _learn_from_silence(me)
    elif not news:  # trades before the news no longer help
        _learn(me, market)
    kept.seen = next_trade_number(me, market)
    mean = 0.0  # in cells from the lowest, as in all code below
    for cell in range(_CELLS):
        mean += kept.chances[cell] * (cell + 0.5)
    publish_belief(me, market, kept.bottom + kept.width * mean)
    bid = _break_even(me, False, mean)
    ask = _CELLS - _break_even(me, True, _CELLS - mean)
    bid_tick = tick_below(me, market, me.venue, kept.bottom + kept.width * bid)
    ask_tick = tick_above(me, market, me.venue, kept.bottom + kept.width * ask)
    kept.bid = (price_from_ticks(me, market, me.venue, bid_tick) - kept.bottom) / kept.width
    kept.ask = (price_from_ticks(me, market, me.venue, ask_tick) - kept.bottom) / kept.width
    keep_bid_and_ask(me, market, me.venue, bid_tick, quantity, ask_tick, quantity)


@njit
def _begin(me, market):
    choice = me.parameters
    kept = me.memory
    kept.begun = 1
    kept.published = public_value(me, market)
    kept.bottom = kept.published - _REACH * choice.deviation
    kept.width = 2.0 * _REACH * choice.deviation / _CELLS
    if choice.distribution == 1:
        kept.bottom = choice.low
        kept.width = (choice.high - choice.low) / _CELLS
    for cell in range(_CELLS):
        kept.chances[cell] = precomputed(me, market, cell)


@njit
def _learn(me, market):
    kept = me.memory
    serial = first_unseen(me, market, kept.seen)
    while serial < next_trade_number(me, market):
        if tells(me, market, me.instrument, serial):
            trade = recent_trade(me, market, serial)
            _learn_from_order(me, trade.aggressor, (trade_price(me, market, trade) - kept.bottom) / kept.width)
        serial += 1


@njit
def _learn_from_silence(me):
    """Bayes, after no trade: noise would have traded, so the trader knew that the value is between the quotes."""
    kept = me.memory
    total = 0.0
    for cell in range(_CELLS):
        total += kept.chances[cell] * _between(cell, kept.bid, kept.ask)
    if total > 0.0:
        for cell in range(_CELLS):
            kept.chances[cell] *= _between(cell, kept.bid, kept.ask) / total


@njit
def _between(cell, low, high):
    """Share of a cell that lies between two prices."""
    return max(0.0, min(cell + 1.0, high) - max(float(cell), low))


@njit
def _learn_from_order(me, side, price):
    """Bayes: noise sends the order at any value, an informed trader only if the value is beyond the price."""
    kept = me.memory
    total = 0.0
    for cell in range(_CELLS):
        total += kept.chances[cell] * _likelihood(me, side, price, cell)
    if total > 0.0:  # else the order was impossible, and teaches nothing
        for cell in range(_CELLS):
            kept.chances[cell] *= _likelihood(me, side, price, cell) / total


@njit
def _likelihood(me, side, price, cell):
    """Likelihood of an order at a price, given that the value is in a cell."""
    above = max(0.0, min(1.0, cell + 1.0 - price))
    mispriced = above if side > 0 else 1.0 - above
    share = me.parameters.informed_share
    return share * mispriced + 0.5 * (1.0 - share)


@njit
def _break_even(me, from_top, mean):
    """The quote of zero expected profit. Quote and mean are in cells, from the end of the grid beyond the quote.

    The quote gains from noise (half of the time, its distance to the mean) and loses to the informed. The difference
    changes sign in one cell, and is quadratic there: ``gain`` is the mean gain of the informed against a quote at the
    outer edge of the cell, ``beyond`` the probability of all cells beyond it.
    """
    share = me.parameters.informed_share
    noise = 0.5 * (1.0 - share)
    gain = 0.0
    beyond = 0.0
    for cell in range(_CELLS):
        here = me.memory.chances[_CELLS - 1 - cell] if from_top else me.memory.chances[cell]
        further = gain + beyond + 0.5 * here
        if share * further > noise * (mean - cell - 1.0):
            slope = share * beyond + noise
            short = noise * (mean - cell) - share * gain
            root = slope + math.sqrt(slope * slope + 2.0 * share * here * short)
            return cell + (2.0 * short / root if root > 0.0 else 0.0)
        gain = further
        beyond += here
    return float(_CELLS)
