"""Zero intelligence: limit orders, market orders and cancellations as Poisson processes."""

import math

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
    cancel_order,
    limit_order,
    market_order,
    messages_left,
    nearest_tick,
    own_order,
    own_orders,
    public_value,
    uniform,
)

_MOST_A_TURN = 100_000


def _most_messages(parameters):
    """Twice the mean number of events per step, plus eight deviations. Further events wait for the next turn."""
    mean = 2.0 * (parameters["market_rate"] + 2.0 * parameters["limit_rate"] * parameters["window"])
    return min(_MOST_A_TURN, int(2.0 * mean + 8.0 * math.sqrt(mean) + 8.0))


@strategy(
    "poisson_flow",
    summary="a complete flow of random limit orders, market orders and cancellations (allow self-trades on its venue)",
    source="Farmer, Patelli and Zovko 2005; Smith, Farmer, Gillemot and Krishnamurthy 2003",
    parameters={
        "market_rate": Parameter(0.1, "market orders of each side", unit="per step", low=0.0, high=1e6),
        "limit_rate": Parameter(
            0.01, "limit orders of each side at each price", unit="per tick and step", low=0.0, high=1e6
        ),
        "cancel_rate": Parameter(
            0.01, "chance that a resting order is cancelled", unit="per order and step", low=0.0, high=1e6
        ),
        "window": Parameter(
            100,
            "prices, counted from the other side's best, at which limit orders arrive",
            unit="ticks",
            low=1,
            high=1_000_000,
        ),
        "quantity": Parameter(1, "size of every order", unit="lots", low=1, high=MOST_LOTS),
    },
    memory={"left": float, "bid": int, "ask": int, "begun": int},
    max_messages=_most_messages,
)
def act(me, market):
    """Send the events of one step."""
    choice = me.parameters
    kept = me.memory
    if kept.begun == 0:
        kept.begun = 1
        kept.bid = nearest_tick(me, market, me.venue, public_value(me, market)) - 1
        kept.ask = kept.bid + 2
    placing = 2.0 * choice.limit_rate * choice.window
    time = 1.0 + kept.left
    # Events in continuous time, at the rates of the current book (Gillespie 1977). A waiting time that
    # is longer than the step may be drawn again in the next one, because it has no memory.
    while messages_left(me, market) > 0:
        cancelling = choice.cancel_rate * own_orders(me, market)
        total = 2.0 * choice.market_rate + placing + cancelling
        wait = -math.log(uniform(me, market)) / total if total > 0.0 else math.inf
        if wait > time:
            kept.left = 0.0
            return
        time -= wait
        event = uniform(me, market) * total
        if event < cancelling:
            place = int(uniform(me, market) * own_orders(me, market))
            cancel_order(me, market, own_order(me, market, place))
        elif event < cancelling + placing:
            _place(me, market)
        else:
            side = BUY if uniform(me, market) < 0.5 else SELL
            market_order(me, market, me.venue, side, choice.quantity)
    kept.left = time


@njit
def _place(me, market):
    """A limit order, uniform over the window that ends one tick from the other side's best, or from its last best."""
    choice = me.parameters
    kept = me.memory
    ask = best_ask(me, market, me.venue)
    bid = best_bid(me, market, me.venue)
    if ask != NO_ASK:
        kept.ask = ask
    if bid != NO_BID:
        kept.bid = bid
    away = 1 + int(uniform(me, market) * choice.window)
    if uniform(me, market) < 0.5:
        limit_order(me, market, me.venue, BUY, kept.ask - away, choice.quantity)
    else:
        limit_order(me, market, me.venue, SELL, kept.bid + away, choice.quantity)
