"""Insiders who know the value and hide behind noise: each trades a share of what the price is wrong by."""

from sim.models import kyle
from sim.strategies.declare import Parameter, strategy
from sim.strategies.desk import (
    BUY,
    SELL,
    last_trade_price,
    market_order,
    nearest_lots,
    prepared,
    public_value,
    signal,
    step,
    trades_of_venue,
)

MODEL = {
    "value_deviation": Parameter(
        1.0, "standard deviation of the value, given what is public", unit="currency", above=0.0, high=1e9
    ),
    "noise_deviation": Parameter(
        1000.0, "standard deviation of what noise traders buy net, in all auctions", unit="lots", above=0.0, high=1e9
    ),
    "insiders": Parameter(1, "how many know the value", low=1, high=100),
    "auctions": Parameter(
        1, "auctions, one a step, until the value is public and all begins anew", low=1, high=100
    ),
}  # fmt: skip


def equilibrium(given):
    """Kyle's equilibrium for parameters as in MODEL."""
    return kyle.solve(given["value_deviation"], given["noise_deviation"], given["auctions"], given["insiders"])


def unsolvable(given):
    """Why there is no equilibrium to play, or an empty text."""
    try:
        equilibrium(given)
    except ValueError as error:
        return str(error)
    return ""


@strategy(
    "kyle_insider",
    summary="knows the value, and buys in each auction a share of what the last price is below it",
    source="Kyle 1985; Holden and Subrahmanyam 1992 (several insiders)",
    parameters=MODEL
    | {
        "factor": Parameter(1.0, "multiple of the equilibrium's intensity that it plays", low=0.0, high=100.0),
    },
    memory={"price": float, "trades": int},
    max_messages=1,
    needs=("signal",),
    wrong=unsolvable,
    prepare=lambda given, steps: equilibrium(given).intensity,
)
def act(me, market):
    """Send one market order."""
    choice = me.parameters
    kept = me.memory
    auction = step(me, market) % choice.auctions
    if auction == 0:
        kept.price = public_value(me, market)
    elif trades_of_venue(me, market, me.venue) > kept.trades:
        kept.price = last_trade_price(me, market, me.venue)
    kept.trades = trades_of_venue(me, market, me.venue)
    lots = nearest_lots(choice.factor * prepared(me, market, auction) * (signal(me, market) - kept.price))
    if lots != 0:
        market_order(me, market, me.venue, BUY if lots > 0 else SELL, abs(lots))
