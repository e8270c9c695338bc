"""Dealers who hedge options that they have sold or bought: each move of the price makes them trade in its direction."""

from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import inventory, mark_price, nearest_lots
from sim.strategy_kit.taking import trade


@strategy(
    "feedback_hedger",
    summary="holds gamma lots more for each unit of currency that the price has risen, one turn later",
    source="Frey and Stremme 1997; Platen and Schweizer 1998, with a lag of one turn",
    parameters={
        "gamma": Parameter(
            10.0,
            "lots bought for each unit of currency by which the price rose; negative: sold",
            unit="lots per currency",
            low=-1e9,
            high=1e9,
        ),
    },
    memory={"begun": int, "price": float, "held": int},
    max_messages=1,
)
def act(me, market):
    """Trade to the position that the price asks for. Since positions are whole lots, what is rounded is made up for."""
    kept = me.memory
    price = mark_price(me, market, me.instrument)
    if kept.begun == 0:
        kept.begun = 1
        kept.price = price
        kept.held = inventory(me, market)
    change = nearest_lots(me.parameters.gamma * (price - kept.price))
    trade(me, market, kept.held + change - inventory(me, market))
