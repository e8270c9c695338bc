"""How often herds without a price form, and form wrongly: Bikhchandani, Hirshleifer and Welch 1992.

One learner arrives after another, with a signal right with probability p; prices do not move. After two more of one
side nobody's signal matters. Where prices learn no herd forms, and the belief finds the value: Avery and Zemsky 1998.
"""

from __future__ import annotations

from scipy.stats import binom


def wrong(p: float, arrivals: int, coin: bool) -> float:
    """Probability that a cascade on the wrong side has begun.

    Parameters
    ----------
    arrivals : an even number.
    coin : whether a coin decides for who is indifferent; else its own signal, or it waits.
    """
    pairs = arrivals // 2
    if coin:
        mixed = (p - p * p) ** pairs  # no cascade yet
        return (1.0 - mixed) * (p - 2.0) * (p - 1.0) / (2.0 * (1.0 - p + p * p))
    mixed = (2.0 * p * (1.0 - p)) ** pairs
    return (1.0 - mixed) * (1.0 - p) ** 2 / (p * p + (1.0 - p) ** 2)


def belief_wrong(orders: int, right: float) -> float:
    """Probability that fewer than half of so many orders were on the right side; exactly half counts half.

    Parameters
    ----------
    right : probability that one order is on the right side, whoever sent it.
    """
    half = 0.5 * float(binom.pmf(orders // 2, orders, right)) if orders % 2 == 0 else 0.0
    return float(binom.cdf((orders - 1) // 2, orders, right)) + half
