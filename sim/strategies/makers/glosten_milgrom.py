"""A maker that learns from the side of every order. Each quote is the expected value if that quote is taken."""

import math

from sim.core.codes import MOST_LOTS
from sim.core.compiled import njit
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import next_trade_number, publish_belief, recent_trade, tick_above, tick_below
from sim.strategy_kit.quoting import keep_bid_and_ask
from sim.strategy_kit.trade_tape import first_unseen, tells

_CERTAIN = 700.0  # log odds whose exponential is still finite


@strategy(
    "glosten_milgrom",
    summary="quotes the expected value given the side of the next order; the value is either low or high",
    source="Glosten and Milgrom 1985, zero expected profit; rounded outward, so that no quote loses",
    parameters={
        "low": Parameter(99.5, "the low value", unit="currency"),
        "high": Parameter(100.5, "the high value", unit="currency"),
        "prior": Parameter(0.5, "probability of the high value before the first order", low=0.0, high=1.0),
        "informed_share": Parameter(
            0.3, "probability that an order comes from somebody who knows the value", low=0.0, high=1.0
        ),
        "quantity": Parameter(1, "size of each order", unit="lots", low=1, high=MOST_LOTS),
    },
    memory={"seen": int, "net_buys": int, "bids": (int, 1), "asks": (int, 1)},
    max_messages=2,
    validate=lambda given: "" if given["low"] < given["high"] else "low must be below high",
)
def act(me, market):
    """Count the orders since the last turn, then quote for the next one."""
    kept = me.memory
    quantity = me.parameters.quantity
    serial = first_unseen(me, market, kept.seen)
    while serial < next_trade_number(me, market):
        if tells(me, market, me.instrument, serial):
            kept.net_buys += recent_trade(me, market, serial).aggressor
        serial += 1
    kept.seen = serial
    publish_belief(me, market, _expected_value(me, kept.net_buys))
    bid = tick_below(me, market, me.venue, _expected_value(me, kept.net_buys - 1))
    ask = tick_above(me, market, me.venue, _expected_value(me, kept.net_buys + 1))
    keep_bid_and_ask(me, market, me.venue, bid, quantity, ask, quantity)


@njit
def _expected_value(me, net_buys):
    """Expected value after net_buys: each buy multiplies the odds of the high value by (1 + mu) / (1 - mu)."""
    choice = me.parameters
    told = _CERTAIN
    if choice.informed_share < 1.0:
        told = math.log((1.0 + choice.informed_share) / (1.0 - choice.informed_share))
    odds = math.exp(-min(_CERTAIN, abs(net_buys * told)))  # of the less likely value, from a prior of 1/2
    to_high, to_low = (1.0, odds) if net_buys > 0 else (odds, 1.0)
    high = choice.prior * to_high
    return choice.low + (choice.high - choice.low) * high / (high + (1.0 - choice.prior) * to_low)
