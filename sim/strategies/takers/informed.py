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
    instrument_of,
    inventory,
    signal,
    tick_above,
    tick_below,
)
from sim.strategy_kit.taking import drawn_venue


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
    venues="any",
)
def act(me, market):
    """Take the quotes that are wrong according to the signal, on one of its venues."""
    venue = drawn_venue(me, market)
    instrument = instrument_of(me, market, venue)
    choice = me.parameters
    known = signal(me, market, instrument)
    # At the worst price that it takes, the gain is strictly greater than the threshold.
    most = tick_above(me, market, venue, known - choice.threshold) - 1
    least = tick_below(me, market, venue, known + choice.threshold) + 1
    if in_auction(me, market, venue):  # the others' orders are hidden; the clearing price decides
        _take(me, market, venue, BUY, most)
        _take(me, market, venue, SELL, least)
    elif best_ask(me, market, venue) <= most:
        _take(me, market, venue, BUY, most)
    elif best_bid(me, market, venue) >= least:
        _take(me, market, venue, SELL, least)


@njit
def _lots(me, market, venue, side):
    choice = me.parameters
    lots = MOST_LOTS
    if choice.amount == 0:
        lots = 1
    elif choice.amount == 1:
        lots = choice.quantity
    if choice.inventory_limit > 0:
        lots = min(lots, choice.inventory_limit - side * inventory(me, market, instrument_of(me, market, venue)))
    return lots


@njit
def _take(me, market, venue, side, price):
    lots = _lots(me, market, venue, side)
    if lots > 0:
        immediate_or_cancel_order(me, market, venue, side, price, lots)
