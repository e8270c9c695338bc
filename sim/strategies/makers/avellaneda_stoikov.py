"""A maker with a finite horizon and risk aversion: its reservation price leans against its inventory."""

import math

from sim.core.codes import MOST_LOTS
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import BUY, SELL, inventory, public_value, tick_above, tick_below
from sim.strategy_kit.quoting import keep_bid_and_ask, room_to_trade, steps_left


@strategy(
    "avellaneda_stoikov",
    summary="quotes around a reservation price that leans against its inventory, and less so near its horizon",
    source="Avellaneda and Stoikov 2008; unclipped: a bid may lie above the public value",
    parameters={
        "risk_aversion": Parameter(0.1, "of its exponential utility, gamma", unit="1 / currency", low=0.0),
        "volatility": Parameter(0.05, "of the value, sigma", unit="currency per square root of a step", low=0.0),
        "fill_decay": Parameter(
            20.0,
            "how fast orders become rarer with the quote's distance from the value, k",
            unit="1 / currency",
            above=0.0,
        ),
        "horizon": Parameter(0, "length of its game, 0 for the episode", unit="steps", low=0),
        "quantity": Parameter(1, "size of each order", unit="lots", low=1, high=MOST_LOTS),
        "inventory_limit": Parameter(0, "most lots held either way, 0 for no limit", unit="lots", low=0),
    },
    memory={"bids": (int, 1), "asks": (int, 1)},
    max_messages=2,
)
def act(me, market):
    """Quote around the reservation price."""
    choice = me.parameters
    held = inventory(me, market)
    risk = choice.risk_aversion * choice.volatility * choice.volatility * steps_left(me, market)
    half = 0.5 * risk
    if choice.risk_aversion > 0.0:
        half += math.log1p(choice.risk_aversion / choice.fill_decay) / choice.risk_aversion
    else:
        half += 1.0 / choice.fill_decay
    centre = public_value(me, market) - held * risk
    bid = tick_below(me, market, me.venue, centre - half)
    ask = tick_above(me, market, me.venue, centre + half)
    buying = room_to_trade(choice.inventory_limit, held, BUY, choice.quantity)
    selling = room_to_trade(choice.inventory_limit, held, SELL, choice.quantity)
    keep_bid_and_ask(me, market, me.venue, bid, buying, ask, selling)
