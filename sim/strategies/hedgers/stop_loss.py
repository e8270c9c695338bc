"""Holders with a stop: once the price has fallen far enough they sell everything at the market, whatever it then is."""

from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import inventory, mark_price, uniform
from sim.strategy_kit.taking import trade


@strategy(
    "stop_loss",
    summary="sells what it holds (or buys back what it is short of) once the price has moved against it by a distance",
    source="the stop-loss orders of Osler 2005",
    parameters={
        "distance": Parameter(
            1.0, "how far the price must move against the position", unit="currency", above=0.0, high=1e15
        ),
        "dispersion": Parameter(
            0.0, "each member's distance is longer by up to this share, drawn once per episode", low=0.0, high=1000.0
        ),
        "trailing": Parameter(
            False, "the distance counts from the best price since the episode began, not from the first"
        ),
    },
    memory={"begun": int, "distance": float, "best": float, "stopped": int},
    max_messages=1,
)
def act(me, market):
    """Watch the price; sell once, and again what was not sold."""
    choice, kept = me.parameters, me.memory
    price, held = mark_price(me, market, me.instrument), inventory(me, market)
    if kept.begun == 0:
        kept.begun = 1
        kept.best = price
        kept.distance = choice.distance * (1.0 + choice.dispersion * uniform(me, market))
    direction = 1.0 if held > 0 else -1.0
    if choice.trailing != 0:
        kept.best = direction * max(direction * kept.best, direction * price)
    if held != 0 and direction * (kept.best - price) >= kept.distance:
        kept.stopped = 1
    if kept.stopped != 0:
        trade(me, market, -held)
