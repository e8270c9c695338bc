"""Noise traders: they buy or sell at the market for reasons of their own."""

import math

from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import BUY, SELL, market_order, nearest_lots, normal, round_lots, uniform
from sim.strategy_kit.taking import drawn_venue, trade_on

_GEOMETRIC, _LOGNORMAL, _NORMAL = 1, 2, 3  # places among the choices of ``distribution``


@strategy(
    "noise",
    summary="market orders of random side and size, at any price",
    source="the uninformed of Glosten and Milgrom 1985; Kyle 1985",
    parameters={
        "distribution": Parameter(
            "fixed",
            "how sizes are drawn; normal: side and size at once, a normal number of lots",
            choices=("fixed", "geometric", "lognormal", "normal"),
        ),
        "quantity": Parameter(
            1.0, "mean size; with the normal law, the standard deviation", unit="lots", low=1.0, high=1e9
        ),
        "dispersion": Parameter(0.5, "standard deviation of the logarithm of a lognormal size", low=0.0, high=10.0),
        "buy_probability": Parameter(0.5, "chance that an order buys", low=0.0, high=1.0),
    },
    max_messages=1,
    venues="any",
)
def act(me, market):
    """Send one market order to one of its venues; none if a normal number of lots rounds to 0."""
    venue = drawn_venue(me, market)
    choice = me.parameters
    if choice.distribution == _NORMAL:
        trade_on(me, market, venue, nearest_lots(choice.quantity * normal(me, market)))
        return
    side = BUY if uniform(me, market) < choice.buy_probability else SELL
    lots = choice.quantity
    if choice.distribution == _GEOMETRIC and choice.quantity > 1.0:
        lots = 1.0 + math.floor(math.log(uniform(me, market)) / math.log(1.0 - 1.0 / choice.quantity))
    elif choice.distribution == _LOGNORMAL:
        spread = choice.dispersion
        lots = choice.quantity * math.exp(spread * normal(me, market) - 0.5 * spread * spread)
    market_order(me, market, venue, side, round_lots(lots))
