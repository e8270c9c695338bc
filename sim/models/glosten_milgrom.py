"""Glosten and Milgrom (1985): competitive makers quote the expected value given that the quote is taken.

Binary model: the value is high or low. In each period one trader arrives and trades one unit. With probability
`informed_share` the trader is informed; otherwise the trader buys or sells with probability 1/2 each.

Continuous value: the value is normal, and makers do not learn within the game, as in Copeland and Galai (1983).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim.models.ranges import positive, probability_below_one

Floats = NDArray[np.float64]


def posterior(informed_share: float, net_buys: int, prior: float = 0.5) -> float:
    """Makers' probability that the value is high, given the number of buys less the number of sells.

    With r = (1 + informed_share) / (1 - informed_share), every buy multiplies the odds by r, and every sell divides
    them by r (Glosten and Milgrom 1985).

    Parameters
    ----------
    informed_share : probability that a trader is informed, from 0 to below 1.
    net_buys : number of buys less number of sells so far.
    prior : probability of the high value before the first trade, above 0 and below 1.

    Raises
    ------
    ValueError
        If informed_share or prior is outside its range.
    """
    probability_below_one(informed_share=informed_share)
    if not 0 < prior < 1:
        raise ValueError(f"prior must be above 0 and below 1, not {prior}")
    return float(_probability(math.log(prior / (1 - prior)) + net_buys * _log_odds(informed_share)))


def quotes(
    informed_share: float, net_buys: int, prior: float = 0.5, low: float = 0.0, high: float = 1.0
) -> tuple[float, float]:
    """Bid and ask, in the unit of low and high: the expected value if the next trader sells, and if the trader buys.

    Parameters
    ----------
    informed_share, net_buys, prior : as in `posterior`.
    low, high : the two values, low below high.

    Raises
    ------
    ValueError
        If low is not below high, or an argument of `posterior` is outside its range.
    """
    if not -math.inf < low < high < math.inf:
        raise ValueError(f"low must be below high, both finite, not {low} and {high}")
    bid, ask = (low + (high - low) * posterior(informed_share, net_buys + side, prior) for side in (-1, 1))
    return bid, ask


def expected_posterior(informed_share: float, trades: int) -> float:
    """Mean of the makers' probability of the high value after ``trades`` trades, if the value is high.

    The prior is 1/2. The mean is an exact sum over the binomial number of buys. Raises ValueError as `expected_spread`
    does.
    """
    chance, net_buys = _net_buys(informed_share, trades)
    return float(chance @ _belief(informed_share, net_buys))


def expected_spread(informed_share: float, trades: int) -> float:
    """Mean quoted spread after ``trades`` trades, in units of high less low, from the prior 1/2.

    It is an exact sum over the binomial number of buys if the value is high; by symmetry it is the same if the value is
    low. It is also the mean effective spread of the next trade, measured against the midpoint of the quotes.

    Raises
    ------
    ValueError
        If informed_share is not from 0 to below 1 or trades is negative.
    """
    chance, net_buys = _net_buys(informed_share, trades)
    return float(chance @ (_belief(informed_share, net_buys + 1) - _belief(informed_share, net_buys - 1)))


def expected_effective_spread(informed_share: float, trades: int) -> float:
    """Mean effective spread of the next trade after ``trades`` trades, measured against the makers' belief.

    It is twice the distance between price and belief, in units of high less low, from the prior 1/2. It equals the
    price impact: the price is the belief after the trade, so the realised spread against that belief is 0. Raises
    ValueError as `expected_spread` does.
    """
    chance, net_buys = _net_buys(informed_share, trades)
    lower, now, upper = (_belief(informed_share, net_buys + shift) for shift in (-1, 0, 1))
    return float(chance @ ((1 + informed_share) * (upper - now) + (1 - informed_share) * (now - lower)))


def expected_realised_spread(informed_share: float, trades: int) -> float:
    """Mean realised spread of the next trade after ``trades`` trades, measured against the midpoint after it.

    It is twice the distance between the price and the next midpoint, in units of high less low, from the prior 1/2. It
    is not 0, because the midpoint of the quotes equals the belief only at 1/2. Raises ValueError as `expected_spread`
    does.
    """
    chance, net_buys = _net_buys(informed_share, trades)
    beliefs = [_belief(informed_share, net_buys + shift) for shift in (-2, -1, 0, 1, 2)]
    after_sell = beliefs[0] + beliefs[2] - 2 * beliefs[1]
    after_buy = 2 * beliefs[3] - beliefs[2] - beliefs[4]
    return float(chance @ ((1 + informed_share) * after_buy + (1 - informed_share) * after_sell)) / 2


def first_realised_spread(informed_share: float) -> float:
    """Realised spread of the first trade against the next midpoint, in units of high less low, from the prior 1/2.

    It is 2 π₁ - π₂ - 1/2, where π_n is the posterior after n net buys. Raises ValueError if informed_share is not from
    0 to below 1.
    """
    return 2 * posterior(informed_share, 1) - posterior(informed_share, 2) - 0.5


def expected_informed_gain(informed_share: float, trades: int) -> float:
    """Mean gain of the informed in the period after ``trades`` trades, in units of high less low, from the prior 1/2.

    It is the probability that the trader is informed, times the mean distance between value and quote. Raises
    ValueError as `expected_spread` does.
    """
    chance, net_buys = _net_buys(informed_share, trades)
    return informed_share * float(chance @ _belief(informed_share, -net_buys - 1))


def entropy_rate(informed_share: float) -> float:
    """The information of one trade about the value, in nats: the mean growth of the log odds of the true value.

    It is informed_share * ln r, the relative entropy of a trade's side under the two values. Raises ValueError if
    informed_share is not from 0 to below 1.
    """
    probability_below_one(informed_share=informed_share)
    return informed_share * _log_odds(informed_share)


def normal_half_spread(informed_share: float, deviation: float = 1.0) -> float:
    """Break-even half-spread a if the value is normal with a known mean and noise traders are inelastic.

    It solves (1 - informed_share) a / 2 = informed_share E[(v - a)+] (Copeland and Galai 1983; Glosten and Milgrom
    1985).

    Parameters
    ----------
    informed_share : probability that a trader is informed, from 0 to below 1.
    deviation : standard deviation of the value, in currency. The result is in currency too.

    Raises
    ------
    ValueError
        If informed_share is outside its range or deviation is not positive.
    """
    probability_below_one(informed_share=informed_share)
    positive(deviation=deviation)
    from scipy.optimize import brentq

    most = 2 * informed_share / (1 - informed_share) * _normal_excess(0.0)
    return deviation * float(
        brentq(lambda a: (1 - informed_share) / 2 * a - informed_share * _normal_excess(a), 0.0, most, xtol=1e-15)
    )


def normal_informed_trades(informed_share: float) -> float:
    """Probability that an informed trader trades at `normal_half_spread`, because the value is outside the quotes.

    Raises ValueError if informed_share is not from 0 to below 1.
    """
    return math.erfc(normal_half_spread(informed_share) / math.sqrt(2))


def _log_odds(informed_share: float) -> float:
    """The change of the log odds of the high value after one buy, ln r."""
    return 2 * math.atanh(informed_share)


def _probability(log_odds: float | Floats) -> Floats:
    probability: Floats = np.exp(-np.logaddexp(0.0, -np.asarray(log_odds)))
    return probability


def _belief(informed_share: float, net_buys: Floats) -> Floats:
    """Posterior probability of the high value, from the prior 1/2, for an array of net buys."""
    return _probability(net_buys * _log_odds(informed_share))


def _net_buys(informed_share: float, trades: int) -> tuple[Floats, Floats]:
    """Distribution of buys less sells if the value is high: probabilities and numbers, each (trades + 1,)."""
    probability_below_one(informed_share=informed_share)
    if trades < 0:
        raise ValueError(f"trades must not be negative, not {trades}")
    buys = np.arange(trades + 1.0)
    log_factorial = np.cumsum(np.log(np.maximum(buys, 1.0)))
    log_ways = log_factorial[-1] - log_factorial - log_factorial[::-1]
    log_chance = buys * math.log1p(informed_share) + (trades - buys) * math.log1p(-informed_share)
    return np.exp(log_ways + log_chance - trades * math.log(2)), 2 * buys - trades


def _normal_excess(threshold: float) -> float:
    """E[(z - threshold)+] of a standard normal z."""
    density = math.exp(-(threshold**2) / 2) / math.sqrt(2 * math.pi)
    return density - threshold * math.erfc(threshold / math.sqrt(2)) / 2
