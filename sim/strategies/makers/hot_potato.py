"""Makers who pass on what they hold too much of: in a crash it goes from one to the next."""

from sim.core.codes import MOST_LOTS
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import cancel_all, inventory, mark_price, tick_above, tick_below
from sim.strategy_kit.quoting import keep_bid_and_ask
from sim.strategy_kit.taking import trade


@strategy(
    "hot_potato",
    summary="quotes around the mark, and sells at the market what it holds beyond its limit (or buys it back)",
    source="the high-frequency traders of Kirilenko, Kyle, Samadi and Tuzun 2017",
    parameters={
        "half_spread": Parameter(
            0.05, "distance of the quotes from the mark; they are rounded outward", unit="currency", low=0.0
        ),
        "quantity": Parameter(1, "size of each order", unit="lots", low=1, high=MOST_LOTS),
        "inventory_skew": Parameter(
            0.0, "how far the quotes move down for each lot held", unit="currency per lot", low=0.0
        ),
        "limit": Parameter(20, "lots held either way beyond which it dumps", unit="lots", low=0),
        "target": Parameter(0, "lots that it keeps when it dumps", unit="lots", low=0),
    },
    memory={"bids": (int, 1), "asks": (int, 1)},
    max_messages=6,  # to cancel two quotes and a market order that waits for an auction, to send three
    validate=lambda given: "" if given["target"] <= given["limit"] else "target must not be above limit",
)
def act(me, market):
    """Dump what is beyond the limit, then quote."""
    choice = me.parameters
    held = inventory(me, market)
    if abs(held) > choice.limit:
        cancel_all(me, market)
        trade(me, market, -(held - choice.target) if held > 0 else -(held + choice.target))
        held = inventory(me, market)
    middle = mark_price(me, market, me.instrument) - choice.inventory_skew * held
    bid = tick_below(me, market, me.venue, middle - choice.half_spread)
    ask = tick_above(me, market, me.venue, middle + choice.half_spread)
    keep_bid_and_ask(me, market, me.venue, bid, choice.quantity, ask, choice.quantity)
