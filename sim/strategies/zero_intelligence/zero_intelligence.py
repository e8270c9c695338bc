"""Zero-intelligence traders of the laboratory: random offers, with or without a budget constraint.

As in the laboratory, an offer enters the book only if it improves on the best offer of its side.
"""

import math

from sim.core.compiled import njit
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import (
    BUY,
    SELL,
    best_ask,
    best_bid,
    is_live,
    limit_order,
    private_value,
    public_value,
    replace_order,
    tick_above,
    tick_below,
    uniform,
)


@strategy(
    "zero_intelligence",
    summary="bids or asks at random for the lots that it wants to buy or sell; never at a loss if constrained",
    source="Gode and Sunder 1993, Allocative efficiency of markets with zero-intelligence traders",
    parameters={
        "constrained": Parameter(True, "bid at most what a lot is worth, ask at least what it costs"),
        "low": Parameter(0.0, "least offer", unit="currency"),
        "high": Parameter(200.0, "greatest offer", unit="currency"),
    },
    memory={"side": int, "order": int},
    max_messages=1,
    needs=("private_values",),
)
def act(me, market):
    """Draw an offer, and replace the old one if the new one improves on the best."""
    choice = me.parameters
    kept = me.memory
    if kept.side == 0:
        kept.side = _role(me, market)
    worth = public_value(me, market) + private_value(me, market, kept.side)
    if math.isinf(worth):
        return  # it has traded all its lots
    low, high = choice.low, choice.high
    if choice.constrained == 1 and kept.side == BUY:
        high = min(high, worth)
    elif choice.constrained == 1:
        low = max(low, worth)
    if high < low:
        return
    offer = low + (high - low) * uniform(me, market)
    if kept.side == BUY:
        price = tick_below(me, market, me.venue, offer)
        improves = price > best_bid(me, market, me.venue)
    else:
        price = tick_above(me, market, me.venue, offer)
        improves = price < best_ask(me, market, me.venue)
    if not improves:
        return
    if is_live(me, market, kept.order):
        kept.order = replace_order(me, market, kept.order, price, 1)
    else:
        kept.order = limit_order(me, market, me.venue, kept.side, price, 1)


@njit
def _role(me, market):
    """The side: a buyer values lots to get, a seller lots to give up; an agent that values both chooses at random."""
    buys = not math.isinf(private_value(me, market, BUY))
    sells = not math.isinf(private_value(me, market, SELL))
    if buys and sells:
        return BUY if uniform(me, market) < 0.5 else SELL
    return BUY if buys else SELL
