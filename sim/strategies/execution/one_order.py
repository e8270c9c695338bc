"""One market order: what the market does in answer to it is a measurement."""

from sim.core.codes import MOST_LOTS
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import BUY, SELL, market_order, step


@strategy(
    "one_order",
    summary="sends one market order in each episode, and nothing else",
    source="this simulator's definition: the impulse of an impulse response",
    parameters={
        "side": Parameter("buy", "of the order", choices=("buy", "sell")),
        "quantity": Parameter(1, "size of the order", unit="lots", low=1, high=MOST_LOTS),
        "at": Parameter(0, "step of the episode in which it is sent", unit="steps", low=0),
    },
)
def act(me, market):
    """Send the order in its step; where an auction is running it waits for the clearing."""
    if step(me, market) == me.parameters.at:
        market_order(me, market, me.venue, BUY if me.parameters.side == 0 else SELL, me.parameters.quantity)
