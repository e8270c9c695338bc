"""Holders: they keep what they have, or trade to a number of lots at the market, and leave the rest to their hedge."""

from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import inventory
from sim.strategy_kit.taking import trade


@strategy(
    "holder",
    summary="keeps its endowment, or a stated number of lots; what it does besides is its hedge, if it has one",
    source="buy and hold",
    parameters={
        "hold": Parameter("endowment", "what it keeps: its endowment, or the target", choices=("endowment", "target")),
        "target": Parameter(
            0, "lots of its first venue's instrument, negative for short", unit="lots", low=-(10**9), high=10**9
        ),
    },
    max_messages=1,
    venues="any",
)
def act(me, market):
    """Send one market order if lots are missing."""
    choice = me.parameters
    if choice.hold != 0:
        trade(me, market, choice.target - inventory(me, market, me.instrument))
