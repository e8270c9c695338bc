"""Fundamentalists: they buy what is cheaper than its value, and sell what is dearer, so that prices return to it."""

from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import mark_price, public_value, signal
from sim.strategy_kit.taking import BOUNDS, trade_bounded


@strategy(
    "fundamentalist",
    summary="buys in proportion to how far the price lies below the value, and sells above it",
    source="Beja and Goldman 1980, eq. 2; Day and Huang 1990",
    parameters={
        "intensity": Parameter(
            10.0, "lots for each unit of currency between value and price", unit="lots per currency", low=0.0, high=1e9
        ),
        "threshold": Parameter(0.0, "how wrong the price must be before it trades", unit="currency", low=0.0),
        "value": Parameter(
            "public_value",
            "what it takes the value to be",
            choices=("public_value", "signal"),
            needs={"signal": "signal"},
        ),
    }
    | BOUNDS,
    max_messages=1,
)
def act(me, market):
    """Send one market order."""
    known = public_value(me, market) if me.parameters.value == 0 else signal(me, market)
    mispricing = known - mark_price(me, market, me.instrument)
    if abs(mispricing) > me.parameters.threshold:
        trade_bounded(me, market, me.parameters.intensity * mispricing)
