"""How often cascades form at a fixed price, and how often they are wrong: Bikhchandani, Hirshleifer and Welch 1992.

Learners arrive one after another. Each has a signal that is right with probability p. The price is fixed. Once one side
leads by two, later learners follow it whatever their signals are. If prices learn, no herd forms, and the belief
converges to the value: Avery and Zemsky 1998.
"""

from __future__ import annotations

from scipy.stats import binom


def wrong(p: float, arrivals: int, coin: bool) -> float:
    """Probability that a cascade on the wrong side has begun.

    Parameters
    ----------
    p : probability that a signal is right.
    arrivals : number of learners that have arrived; even.
    coin : whether a learner who is indifferent tosses a coin. If not, it follows its own signal or waits.
    """
    pairs = arrivals // 2
    if coin:
        mixed = (p - p * p) ** pairs  # no cascade yet
        return (1.0 - mixed) * (p - 2.0) * (p - 1.0) / (2.0 * (1.0 - p + p * p))
    mixed = (2.0 * p * (1.0 - p)) ** pairs
    return (1.0 - mixed) * (1.0 - p) ** 2 / (p * p + (1.0 - p) ** 2)


def belief_wrong(orders: int, right: float) -> float:
    """Probability that fewer than half of the orders are on the right side, plus half the probability of a tie.

    Parameters
    ----------
    right : probability that one order is on the right side, whoever sent it.
    """
    half = 0.5 * float(binom.pmf(orders // 2, orders, right)) if orders % 2 == 0 else 0.0
    return float(binom.cdf((orders - 1) // 2, orders, right)) + half
