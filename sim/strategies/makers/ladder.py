"""A maker that keeps a ladder of orders on both sides of the final value that it expects."""

from sim.core.codes import MOST_LOTS
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.final_value import expected_final_value
from sim.strategy_kit.interface import (
    BUY,
    SELL,
    best_ask,
    best_bid,
    cancel_all,
    post_only_order,
    tick_above,
    tick_below,
)


@strategy(
    "ladder",
    summary="quotes a ladder of orders on each side of the expected final value",
    source="the fundamental market maker of Wah, Wright and Wellman 2017, Welfare effects of market making in "
    "continuous double auctions",
    parameters={
        "reversion": Parameter(
            0.05, "share of the distance to the mean that the value moves per step", low=0.0, high=1.0
        ),
        "long_run_mean": Parameter(100.0, "mean that the value reverts to", unit="currency"),
        "spread": Parameter(
            0.1, "distance of its best bid from its best ask; both are rounded outward", unit="currency", low=0.0
        ),
        "levels": Parameter(10, "orders on each side, 0 for none", low=0, high=100),
        "level_gap": Parameter(1, "distance of one level from the next", unit="ticks", low=1, high=1_000_000),
        "quantity": Parameter(1, "size of each order", unit="lots", low=1, high=MOST_LOTS),
    },
    max_messages=lambda given: 4 * given["levels"],
    needs=("signal",),
)
def act(me, market):
    """Cancel the old ladder and send a new one, without the levels that would trade with resting orders."""
    choice = me.parameters
    cancel_all(me, market)
    expected = expected_final_value(me, market)
    lowest_ask, highest_bid = best_ask(me, market, me.venue), best_bid(me, market, me.venue)
    bid = tick_below(me, market, me.venue, expected - 0.5 * choice.spread)
    # With a spread of 0 on a tick, its bid would equal its ask.
    ask = max(bid + 1, tick_above(me, market, me.venue, expected + 0.5 * choice.spread))
    for level in range(choice.levels):
        below, above = bid - choice.level_gap * level, ask + choice.level_gap * level
        if below < lowest_ask:
            post_only_order(me, market, me.venue, BUY, below, choice.quantity)
        if above > highest_bid:
            post_only_order(me, market, me.venue, SELL, above, choice.quantity)
