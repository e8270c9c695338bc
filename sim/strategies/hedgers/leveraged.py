"""Leveraged funds: to keep what they owe in proportion to their wealth, they buy after a rise and sell after a fall."""

from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.exposure import trade_to_exposure, wealth_of


@strategy(
    "leveraged",
    summary="keeps its position at a constant multiple of its wealth, and sells all once nothing is left of that",
    source="the constant leverage of Adrian and Shin 2010",
    parameters={
        "leverage": Parameter(3.0, "value of its position as a multiple of its wealth", low=0.0, high=1000.0),
    },
    max_messages=1,
)
def act(me, market):
    """Send one market order."""
    trade_to_exposure(me, market, me.parameters.leverage * max(0.0, wealth_of(me, market)))
