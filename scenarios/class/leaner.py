"""A maker with a fixed spread around the public value, which it shifts against its inventory."""

from spreadgame.strategy import BUY, SELL, Parameter, inventory, public_value, requote, strategy, tick_above, tick_below


@strategy(
    "leaner",
    summary="quotes a fixed half-spread around the public value, and leans against its inventory",
    source="an example for a class",
    parameters={
        "half_spread": Parameter(0.05, "half of its spread", unit="currency", low=0.0, high=10.0),
        "lean": Parameter(0.01, "how far quotes move down for each lot held", unit="currency", low=0.0, high=1.0),
    },
    memory={"bid": int, "ask": int},
    max_messages=2,
)
def act(me, market):
    """Quote one lot on each side."""
    kept, choice = me.memory, me.parameters
    middle = public_value(me, market) - choice.lean * inventory(me, market)
    bid = tick_below(me, market, me.venue, middle - choice.half_spread)
    ask = tick_above(me, market, me.venue, middle + choice.half_spread)
    kept.bid = requote(me, market, me.venue, kept.bid, BUY, bid, 1)
    kept.ask = requote(me, market, me.venue, kept.ask, SELL, ask, 1)
