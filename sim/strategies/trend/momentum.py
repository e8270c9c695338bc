"""Momentum traders: they buy what has risen and sell what has fallen, so that moves go on."""

from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import mark_price
from sim.strategy_kit.taking import BOUNDS, trade_bounded


@strategy(
    "momentum",
    summary="buys in proportion to the trend of the price, an average of its changes from turn to turn",
    source="the chartists of Beja and Goldman 1980, eqs. 3 and 4; Chiarella 1992",
    parameters={
        "intensity": Parameter(
            10.0,
            "lots for each unit of currency by which the price rises per turn",
            unit="lots per currency",
            low=0.0,
            high=1e9,
        ),
        "weight": Parameter(0.1, "weight of the last change in the trend", above=0.0, high=1.0),
    }
    | BOUNDS,
    memory={"price": float, "trend": float, "begun": int},
    max_messages=1,
)
def act(me, market):
    """Send one market order."""
    kept = me.memory
    price = mark_price(me, market, me.instrument)
    if kept.begun == 0:
        kept.begun = 1
        kept.price = price
    kept.trend += me.parameters.weight * (price - kept.price - kept.trend)
    kept.price = price
    trade_bounded(me, market, me.parameters.intensity * kept.trend)
