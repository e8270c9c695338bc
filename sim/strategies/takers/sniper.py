"""Snipers: they race to take the quotes that public news has made stale."""

from sim.core.codes import MOST_LOTS
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import (
    BUY,
    SELL,
    best_ask,
    best_bid,
    immediate_or_cancel_order,
    in_auction,
    public_value,
    step,
    tick_above,
    tick_below,
)

_ALL = 0


@strategy(
    "sniper",
    summary="takes every quote that is wrong, according to the public value, by more than a threshold",
    source="Budish, Cramton and Shim 2015, The high-frequency trading arms race",
    parameters={
        "threshold": Parameter(0.0, "gain per unit that a trade must exceed", unit="currency", low=0.0),
        "quantity": Parameter(_ALL, "most lots in a turn, 0 for all that is stale", unit="lots", low=0, high=MOST_LOTS),
    },
    memory={"known": float},
    max_messages=1,
)
def act(me, market):
    """Take stale quotes; only one side of a book can be stale."""
    kept = me.memory
    choice = me.parameters
    known = public_value(me, market)
    lots = MOST_LOTS if choice.quantity == _ALL else choice.quantity
    # At the worst price that it takes, the gain is strictly greater than the threshold.
    most = tick_above(me, market, me.venue, known - choice.threshold) - 1
    least = tick_below(me, market, me.venue, known + choice.threshold) + 1
    # An auction hides resting orders; quotes from before the news may be there. The first value is no news.
    blind = in_auction(me, market, me.venue) and step(me, market) > 0
    rises, falls = blind and known > kept.known, blind and known < kept.known
    kept.known = known
    if rises or best_ask(me, market, me.venue) <= most:
        immediate_or_cancel_order(me, market, me.venue, BUY, most, lots)
    elif falls or best_bid(me, market, me.venue) >= least:
        immediate_or_cancel_order(me, market, me.venue, SELL, least, lots)
