"""A maker with a mistake that shows late: it divides by the lots it holds, which are sometimes none."""

from spreadgame.strategy import BUY, SELL, inventory, public_value, requote, step, strategy, tick_above, tick_below


@strategy(
    "hasty",
    summary="quotes a fixed half-spread, and counts how many steps have passed per lot it holds",
    source="an example for a class",
    memory={"bid": int, "ask": int, "pace": int},
    max_messages=2,
)
def act(me, market):
    """Quote one lot on each side; from step 500 on, divide by what is held."""
    kept = me.memory
    bid = tick_below(me, market, me.venue, public_value(me, market) - 0.05)
    ask = tick_above(me, market, me.venue, public_value(me, market) + 0.05)
    kept.bid = requote(me, market, me.venue, kept.bid, BUY, bid, 1)
    kept.ask = requote(me, market, me.venue, kept.ask, SELL, ask, 1)
    if step(me, market) >= 500:
        kept.pace = step(me, market) // inventory(me, market)
