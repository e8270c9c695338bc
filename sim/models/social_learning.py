"""The information in an order about a value that is high or low, if some traders have signals and see earlier orders.

Everybody knows that a share of the orders comes from learners. Their private signals say high or low, and are right
with a known probability. The other orders are noise, which buys and sells with the same probability. A learner compares
the quotes with the expected value given its signal and all earlier orders. If the expected value lies between bid and
ask, the learner is indifferent and follows a rule. So an order may reveal the signal, reveal nothing (a cascade), or
reveal a part: Bikhchandani, Hirshleifer and Welch 1992; with prices that learn, Avery and Zemsky 1998.

Actions and signals are 1 (buy, high), -1 (sell, low) or 0 (none).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from sim.core.compiled import njit
from sim.models.logistic import logistic

COIN, SIGNAL, ABSTAIN = 0, 1, 2  # rules of a learner who is indifferent
RULES = ("coin", "signal", "abstain")


class Learning(NamedTuple):
    """Common knowledge about the value and the learners."""

    low: float  # currency
    high: float  # currency
    prior: float  # probability of the high value
    precision: float  # probability that a signal is right
    informed_share: float  # of orders
    rule: int  # COIN, SIGNAL or ABSTAIN


@njit
def first_log_odds(known: Learning) -> float:
    """Logarithm of the odds of the high value before the first order."""
    return math.log(known.prior / (1.0 - known.prior))


@njit
def own_log_odds(known: Learning, log_odds: float, signal: int) -> float:
    """The log odds of a learner who has also seen a signal, 1 or -1."""
    return log_odds + signal * math.log(known.precision / (1.0 - known.precision))


@njit
def expected_value(known: Learning, log_odds: float) -> float:
    """Expected value given the log odds of the high value. Currency."""
    return known.low + (known.high - known.low) * logistic(log_odds)


@njit
def decision(known: Learning, log_odds: float, bid: float, ask: float) -> int:
    """1 to buy, -1 to sell, 0 if the expected value lies between the quotes. Quotes are in currency."""
    value = expected_value(known, log_odds)
    if value > ask:
        return 1
    return -1 if value < bid else 0


@njit
def _chance(known: Learning, action: int, decided: int, signal: int) -> float:
    """Probability of an action of a learner who has this decision and this signal."""
    if decided != 0:
        return 1.0 if action == decided else 0.0
    if known.rule == COIN:
        return 0.0 if action == 0 else 0.5
    if known.rule == SIGNAL or known.informed_share < 1.0:
        return 1.0 if action == signal else 0.0
    return 1.0 if action == 0 else 0.0


@njit
def after_action(known: Learning, log_odds: float, action: int, bid: float, ask: float) -> float:
    """The public log odds after an action was seen at these quotes, in currency.

    An action of probability 0 has no information. If there is noise, a step without an order has no information either,
    because a noise trader may have stayed away. So a learner who waits cannot be recognised, and an order has the
    same information as if learners did not wait.
    """
    of_high = _chance(known, action, decision(known, own_log_odds(known, log_odds, 1), bid, ask), 1)
    of_low = _chance(known, action, decision(known, own_log_odds(known, log_odds, -1), bid, ask), -1)
    right, share = known.precision, known.informed_share
    if action == 0 and share < 1.0:  # noise may have stayed away
        return log_odds
    noise = 0.5 * (1.0 - share)
    if_high = share * (right * of_high + (1.0 - right) * of_low) + noise
    if_low = share * ((1.0 - right) * of_high + right * of_low) + noise
    if if_high <= 0.0 or if_low <= 0.0:
        return log_odds
    return log_odds + math.log(if_high / if_low)


@njit
def replayed(known: Learning, actions: Any, steps: Any, bids: Any, asks: Any, until: int) -> tuple[float, int]:
    """The public log odds at the end of an episode in which at most one order arrived per step.

    Parameters
    ----------
    actions, steps, bids, asks : side, step and quotes (currency) of each order; ``(orders,)``.
    until : number of steps of the episode.

    Returns
    -------
    log_odds : log odds of the high value.
    herd : 1 if the next learner buys whatever its signal is, -1 if it sells whatever its signal is, else 0.
    """
    log_odds, upcoming = first_log_odds(known), 0
    for place in range(len(actions)):
        bid, ask = bids[place], asks[place]
        while upcoming < steps[place]:
            log_odds = after_action(known, log_odds, 0, bid, ask)
            upcoming += 1
        log_odds = after_action(known, log_odds, actions[place], bid, ask)
        upcoming = steps[place] + 1
    if len(actions) == 0:
        return log_odds, 0
    bid, ask = bids[len(actions) - 1], asks[len(actions) - 1]
    while upcoming < until:
        log_odds = after_action(known, log_odds, 0, bid, ask)
        upcoming += 1
    if_high = decision(known, own_log_odds(known, log_odds, 1), bid, ask)
    if_low = decision(known, own_log_odds(known, log_odds, -1), bid, ask)
    return log_odds, if_high if if_high == if_low else 0
