"""Learners: each knows a little, and infers from the tape what those before it knew."""

from sim.core.compiled import njit
from sim.models.social_learning import (
    RULES,
    Learning,
    after_action,
    decision,
    expected_value,
    first_log_odds,
    own_log_odds,
)
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import (
    BUY,
    NO_ASK,
    NO_BID,
    SELL,
    best_ask,
    best_bid,
    market_order,
    next_trade_number,
    price_from_ticks,
    publish_opinion,
    recent_trade,
    signal,
    step,
    trade_price,
    uniform,
)
from sim.strategy_kit.trade_tape import first_unseen, tells

_COIN, _SIGNAL = 0, 1


@strategy(
    "social_learner",
    summary="weighs its signal against what the orders before it told, and buys or sells a lot if the quotes are wrong",
    source="Bikhchandani, Hirshleifer and Welch 1992; at prices that learn Avery and Zemsky 1998",
    parameters={
        "low": Parameter(0.0, "the low value", unit="currency"),
        "high": Parameter(1.0, "the high value", unit="currency"),
        "prior": Parameter(0.5, "probability of the high value before the first order", above=0.0, high=0.999999),
        "precision": Parameter(
            0.7, "probability that a signal is right; as in sees.precision", low=0.500001, high=0.999999,
            same_as="precision",
        ),
        "informed_share": Parameter(
            1.0, "share of orders that come from learners; one order arrives in each step", above=0.0, high=1.0
        ),
        "when_indifferent": Parameter(
            "coin", "what it does if the quotes lie around what it expects: a coin decides, its signal, or it waits",
            choices=RULES,
        ),
    },
    memory={"begun": int, "seen": int, "next_step": int, "log_odds": float},
    max_messages=1,
    needs=("signal",),
    validate=lambda given: "" if given["low"] < given["high"] else "low must be below high",
)  # fmt: skip
def act(me, market):
    """Read the tape, then trade."""
    choice = me.parameters
    lowest, highest = best_bid(me, market, me.venue), best_ask(me, market, me.venue)
    if lowest == NO_BID or highest == NO_ASK:
        return
    bid, ask = price_from_ticks(me, market, me.venue, lowest), price_from_ticks(me, market, me.venue, highest)
    known = Learning(
        choice.low, choice.high, choice.prior, choice.precision, choice.informed_share, choice.when_indifferent
    )
    _learn(me, market, known, bid, ask)
    told = 1 if signal(me, market) > 0.5 * (choice.low + choice.high) else -1
    log_odds = own_log_odds(known, me.memory.log_odds, told)
    publish_opinion(me, market, (expected_value(known, log_odds) - choice.low) / (choice.high - choice.low))
    side = decision(known, log_odds, bid, ask)
    if side == 0 and choice.when_indifferent == _COIN:
        side = BUY if uniform(me, market) < 0.5 else SELL
    elif side == 0 and choice.when_indifferent == _SIGNAL:
        side = told
    if side != 0:
        market_order(me, market, me.venue, side, 1)


@njit
def _learn(me, market, known, bid, ask):
    """Go through the orders since its last turn, and the steps without one, at the quotes at which they came."""
    kept = me.memory
    if kept.begun == 0:
        kept.begun = 1
        kept.log_odds = first_log_odds(known)
    serial = first_unseen(me, market, kept.seen)
    lower, upper = bid, ask
    while serial < next_trade_number(me, market):
        if tells(me, market, me.instrument, serial):
            trade = recent_trade(me, market, serial)
            half = abs(trade_price(me, market, trade) - trade.mark)
            lower, upper = trade.mark - half, trade.mark + half
            _wait(me, known, trade.step, lower, upper)
            kept.log_odds = after_action(known, kept.log_odds, trade.aggressor, lower, upper)
            kept.next_step = trade.step + 1
        serial += 1
    kept.seen = serial
    _wait(me, known, step(me, market), bid, ask)


@njit
def _wait(me, known, until, bid, ask):
    """The steps before ``until`` in which nobody traded: whoever came then waited."""
    kept = me.memory
    while kept.next_step < until:
        kept.log_odds = after_action(known, kept.log_odds, 0, bid, ask)
        kept.next_step += 1
