"""An arbitrageur: it buys an instrument at the cheaper venue and sells it at once at the dearer one."""

from sim.core.codes import MOST_LOTS
from sim.core.compiled import njit
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import (
    BUY,
    NO_ASK,
    NO_BID,
    SELL,
    best_ask,
    best_bid,
    best_volume,
    immediate_or_cancel_order,
    messages_left,
    price_from_ticks,
    taker_cost,
    venue_of,
)


@strategy(
    "arbitrageur",
    summary="trades two books of one instrument against each other when the gap exceeds its costs",
    source="Foucault, Pagano and Roell 2013, Market Liquidity, on fragmented markets",
    parameters={
        "least_gain": Parameter(
            0.0, "profit after fees below which it does not trade", unit="currency per unit", low=0.0
        ),
        "quantity": Parameter(100, "most lots of one trade", unit="lots", low=1, high=MOST_LOTS),
        "rounds": Parameter(5, "most trades in one turn", low=1, high=1000),
    },
    max_messages=lambda given: 2 * given["rounds"],
    venues=2,
)
def act(me, market):
    """Trade as long as it gains."""
    one = venue_of(me, market, 0)
    other = venue_of(me, market, 1)
    while messages_left(me, market) >= 2:
        if not (_trade(me, market, one, other) or _trade(me, market, other, one)):
            return


@njit
def _trade(me, market, cheap, dear):
    """Buy at one venue and sell the same lots at the other, if that gains. Says whether it did."""
    ask = best_ask(me, market, cheap)
    bid = best_bid(me, market, dear)
    if ask == NO_ASK or bid == NO_BID:
        return False
    paid = price_from_ticks(me, market, cheap, ask)
    got = price_from_ticks(me, market, dear, bid)
    gain = got - taker_cost(me, market, dear, got) - paid - taker_cost(me, market, cheap, paid)
    if gain <= me.parameters.least_gain:
        return False
    lots = min(best_volume(me, market, cheap, SELL), best_volume(me, market, dear, BUY), me.parameters.quantity)
    bought = immediate_or_cancel_order(me, market, cheap, BUY, ask, lots)
    if bought > 0:
        immediate_or_cancel_order(me, market, dear, SELL, bid, bought)
    return bought > 0
