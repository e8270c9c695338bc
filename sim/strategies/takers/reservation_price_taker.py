"""Takers with a reservation price: they trade only if the quote is no worse than it."""

from sim.core.codes import MOST_LOTS
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import (
    BUY,
    SELL,
    best_ask,
    best_bid,
    immediate_or_cancel_order,
    in_auction,
    reservation_price,
    tick_above,
    tick_below,
    uniform,
)


@strategy(
    "reservation_price_taker",
    summary="draws a side and a reservation price, and takes the best quote if it is no worse",
    source="the elastic demand of Avellaneda and Stoikov 2008; Glosten and Milgrom 1985",
    parameters={
        "quantity": Parameter(1, "size of an order", unit="lots", low=1, high=MOST_LOTS),
        "buy_probability": Parameter(0.5, "chance that a taker buys", low=0.0, high=1.0),
    },
    max_messages=1,
    needs=("reservation",),
)
def act(me, market):
    """Take the best quote if it is no worse than the reservation price."""
    side = BUY if uniform(me, market) < me.parameters.buy_probability else SELL
    limit = reservation_price(me, market, side)
    if side == BUY:
        price = tick_below(me, market, me.venue, limit)
        if best_ask(me, market, me.venue) <= price or in_auction(me, market, me.venue):
            immediate_or_cancel_order(me, market, me.venue, BUY, price, me.parameters.quantity)
    else:
        price = tick_above(me, market, me.venue, limit)
        if best_bid(me, market, me.venue) >= price or in_auction(me, market, me.venue):
            immediate_or_cancel_order(me, market, me.venue, SELL, price, me.parameters.quantity)
