"""Zero-intelligence traders with private values: they ask for a random gain on the value of a lot to them."""

import math

from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.final_value import expected_final_value
from sim.strategy_kit.interface import (
    BUY,
    SELL,
    best_ask,
    best_bid,
    cancel_all,
    immediate_or_cancel_order,
    limit_order,
    price_from_ticks,
    private_value,
    tick_above,
    tick_below,
    uniform,
)


@strategy(
    "zir",
    summary="values a lot at the expected final value plus its private value, and asks for a random gain",
    source="Wah, Wright and Wellman 2017, Welfare effects of market making in continuous double auctions",
    parameters={
        "reversion": Parameter(
            0.05, "share of the distance to the mean that the value moves per step", low=0.0, high=1.0
        ),
        "long_run_mean": Parameter(100.0, "mean that the value reverts to", unit="currency"),
        "shading_low": Parameter(0.0, "one end of the range of gains from which it draws", unit="currency", low=0.0),
        "shading_high": Parameter(1.0, "the other end of that range", unit="currency", low=0.0),
        "threshold": Parameter(
            1.0, "share of the drawn gain that is enough to take a quote at once", low=0.0, high=1.0
        ),
    },
    max_messages=2,
    needs=("signal", "private_values"),
)
def act(me, market):
    """Cancel the old order. Trade at the quote if it is good enough, else send a new order."""
    choice = me.parameters
    cancel_all(me, market)
    side = BUY if uniform(me, market) < 0.5 else SELL
    shading = choice.shading_low + (choice.shading_high - choice.shading_low) * uniform(me, market)
    private = private_value(me, market, side)
    if math.isinf(private):
        return
    worth = expected_final_value(me, market) + private
    quote = best_ask(me, market, me.venue) if side == BUY else best_bid(me, market, me.venue)
    if side * (worth - price_from_ticks(me, market, me.venue, quote)) >= choice.threshold * shading:
        immediate_or_cancel_order(me, market, me.venue, side, quote, 1)
    elif side == BUY:
        limit_order(me, market, me.venue, side, tick_below(me, market, me.venue, worth - shading), 1)
    else:
        limit_order(me, market, me.venue, side, tick_above(me, market, me.venue, worth + shading), 1)
