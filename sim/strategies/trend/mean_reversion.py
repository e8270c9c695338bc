"""Contrarians: they sell above a moving average of the price and buy below it, so that moves are undone."""

from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import mark_price
from sim.strategy_kit.taking import BOUNDS, trade_bounded


@strategy(
    "mean_reversion",
    summary="sells in proportion to how far the price lies above its moving average, and buys below it",
    source="the contrarians of Lo and MacKinlay 1990, with a moving average of prices for the market's mean",
    parameters={
        "intensity": Parameter(
            10.0,
            "lots for each unit of currency between average and price",
            unit="lots per currency",
            low=0.0,
            high=1e9,
        ),
        "weight": Parameter(0.1, "weight of the newest price in the average, once per turn", above=0.0, high=1.0),
    }
    | BOUNDS,
    memory={"average": float, "begun": int},
    max_messages=1,
)
def act(me, market):
    """Send one market order."""
    kept = me.memory
    price = mark_price(me, market, me.instrument)
    if kept.begun == 0:
        kept.begun = 1
        kept.average = price
    kept.average += me.parameters.weight * (price - kept.average)
    trade_bounded(me, market, me.parameters.intensity * (kept.average - price))
