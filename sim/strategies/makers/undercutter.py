"""A maker that improves on the others' quotes by one tick, as far as its own reservation prices."""

from sim.core.codes import MOST_LOTS
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import (
    BUY,
    SELL,
    best_of_others,
    inventory,
    mark_price,
    public_value,
    tick_above,
    tick_below,
)
from sim.strategy_kit.quoting import keep_bid_and_ask, room_to_trade


@strategy(
    "undercutter",
    summary="improves on the best quotes of the others by one tick, as far as its own reservation prices",
    source="Bertrand competition on a tick grid; the dealers of Ho and Stoll 1983, who bid down to reservation fees",
    parameters={
        "reference": Parameter(
            "public_value", "price around which its reservation prices lie", choices=("public_value", "mid")
        ),
        "least_half_spread": Parameter(
            0.01, "distance of its reservation prices from the reference", unit="currency", low=0.0
        ),
        "widest_half_spread": Parameter(
            0.1,
            "distance of its quotes from the reference if no narrower quote has to be improved on",
            unit="currency",
            low=0.0,
        ),
        "inventory_skew": Parameter(
            0.0, "how far the reference moves down for each lot held", unit="currency per lot", low=0.0
        ),
        "inventory_limit": Parameter(0, "most lots held either way, 0 for no limit", unit="lots", low=0),
        "quantity": Parameter(1, "size of each order", unit="lots", low=1, high=MOST_LOTS),
    },
    memory={"bids": (int, 1), "asks": (int, 1)},
    max_messages=2,
    validate=lambda given: (
        "least_half_spread is above widest_half_spread"
        if given["least_half_spread"] > given["widest_half_spread"]
        else ""
    ),
)
def act(me, market):
    """Improve on the others' quotes."""
    choice = me.parameters
    held = inventory(me, market)
    centre = public_value(me, market) if choice.reference == 0 else mark_price(me, market, me.instrument)
    centre -= choice.inventory_skew * held
    bid = max(
        tick_below(me, market, me.venue, centre - choice.widest_half_spread),
        best_of_others(me, market, me.venue, BUY) + 1,
    )
    ask = min(
        tick_above(me, market, me.venue, centre + choice.widest_half_spread),
        best_of_others(me, market, me.venue, SELL) - 1,
    )
    bid = min(bid, tick_below(me, market, me.venue, centre - choice.least_half_spread))
    ask = max(ask, tick_above(me, market, me.venue, centre + choice.least_half_spread))
    buying = room_to_trade(choice.inventory_limit, held, BUY, choice.quantity)
    selling = room_to_trade(choice.inventory_limit, held, SELL, choice.quantity)
    keep_bid_and_ask(me, market, me.venue, bid, buying, ask, selling)
