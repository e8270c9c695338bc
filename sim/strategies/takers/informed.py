"""Informed traders: they take quotes that are wrong according to their signal."""

from sim.core.codes import MOST_LOTS
from sim.core.compiled import njit
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import (
    BUY,
    SELL,
    best_ask,
    best_bid,
    immediate_or_cancel_order,
    in_auction,
    inventory,
    signal,
    tick_above,
    tick_below,
)


@strategy(
    "informed",
    summary="takes the best quote if it is wrong, according to the signal, by more than a threshold",
    source="the insiders of Glosten and Milgrom 1985; Copeland and Galai 1983",
    parameters={
        "threshold": Parameter(0.0, "how wrong a quote must be before it is taken", unit="currency", low=0.0),
        "amount": Parameter(
            "one",
            "how much: one lot, the stated quantity, or all that is mispriced",
            choices=("one", "quantity", "all"),
        ),
        "quantity": Parameter(1, "lots, where amount is quantity", unit="lots", low=1, high=MOST_LOTS),
        "inventory_limit": Parameter(0, "most lots held either way, 0 for no limit", unit="lots", low=0),
    },
    max_messages=2,
    needs=("signal",),
)
def act(me, market):
    """Take the quotes that are wrong according to the signal."""
    choice = me.parameters
    known = signal(me, market)
    # At the worst price that it takes, the gain is strictly greater than the threshold.
    most = tick_above(me, market, me.venue, known - choice.threshold) - 1
    least = tick_below(me, market, me.venue, known + choice.threshold) + 1
    if in_auction(me, market, me.venue):  # the others' orders are hidden; the clearing price decides
        _take(me, market, BUY, most)
        _take(me, market, SELL, least)
    elif best_ask(me, market, me.venue) <= most:
        _take(me, market, BUY, most)
    elif best_bid(me, market, me.venue) >= least:
        _take(me, market, SELL, least)


@njit
def _lots(me, market, side):
    choice = me.parameters
    lots = MOST_LOTS
    if choice.amount == 0:
        lots = 1
    elif choice.amount == 1:
        lots = choice.quantity
    if choice.inventory_limit > 0:
        lots = min(lots, choice.inventory_limit - side * inventory(me, market))
    return lots


@njit
def _take(me, market, side, price):
    lots = _lots(me, market, side)
    if lots > 0:
        immediate_or_cancel_order(me, market, me.venue, side, price, lots)
