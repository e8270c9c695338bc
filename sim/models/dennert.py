"""Makers who mix over half-spreads because the informed hit every quote and all others only the best.

Dennert 1993, in the form in which one trader comes: with probability `informed_share` he is informed of a jump and
takes one unit of every maker, who loses jump less half-spread; else he takes one unit at the best quote, if that costs
him the jump at most. A maker who undercuts wins the uninformed and loses more to the informed, so that no half-spread
is best for sure: in the symmetric equilibrium each maker draws his from informed_share * jump, at which competition
would stop if the informed took one unit in all, to the jump, and expects nothing. More makers make the best half-spread
wider.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def support(informed_share: float, jump: float) -> tuple[float, float]:
    """The lowest and the highest half-spread that makers quote, informed_share * jump and jump, in the unit of jump.

    Raises ValueError if informed_share is not between 0 and 1 or jump is not positive.
    """
    _check(informed_share, jump)
    return informed_share * jump, jump


def distribution(half_spreads: ArrayLike, informed_share: float, jump: float, makers: int) -> Floats:
    """Probability F(s) that a maker quotes a half-spread of at most s.

    On the support the uninformed pay what the informed take, whatever s is:
    (1 - informed_share) s (1 - F(s))^(makers - 1) = informed_share (jump - s).

    Parameters
    ----------
    half_spreads : of any shape, which is the answer's too, in the unit of jump.
    informed_share : probability that the trader is informed, above 0 and below 1.
    jump : by how much the value moves, in any unit of price.
    makers : how many, at least 2.

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """
    low, high = support(informed_share, jump)
    _check_makers(makers)
    s = np.clip(np.asarray(half_spreads, np.float64), low, high)
    return 1.0 - ((high - s) / (s * _odds_against(informed_share))) ** (1.0 / (makers - 1))


def quantile(u: ArrayLike, informed_share: float, jump: float, makers: int) -> Floats:
    """The half-spread at which `distribution` is u, in the unit of jump: a uniform u draws from the mixture.

    jump / (1 + (1 - u)^(makers - 1) (1 - informed_share) / informed_share), of the shape of u. Raises ValueError if u
    is not from 0 to 1, and as `distribution` does.
    """
    _check(informed_share, jump)
    _check_makers(makers)
    probability = np.asarray(u, np.float64)
    if not np.all((probability >= 0.0) & (probability <= 1.0)):
        raise ValueError(f"u must be from 0 to 1, not {u!r}")
    return jump / (1.0 + (1.0 - probability) ** (makers - 1) * _odds_against(informed_share))


def expected_individual(informed_share: float, jump: float, makers: int) -> float:
    """Mean half-spread of one maker, in the unit of jump: `quantile` integrated over u, a hypergeometric function.

    Raises ValueError as `distribution` does.
    """
    _check(informed_share, jump)
    _check_makers(makers)
    return jump * _mean_of_reciprocal(makers - 1, informed_share)


def expected_best(informed_share: float, jump: float, makers: int) -> float:
    """Mean of the lowest half-spread, which is what the uninformed pay, in the unit of jump.

    `quantile` integrated over the probability (1 - u)^makers that all makers quote more, a hypergeometric function. As
    makers expect nothing, it is makers * informed_share / (1 - informed_share) * (jump - `expected_individual`) too.
    Raises ValueError as `distribution` does.
    """
    _check(informed_share, jump)
    _check_makers(makers)
    return jump * _mean_of_reciprocal((makers - 1) / makers, informed_share)


def expected_best_of_many(informed_share: float, jump: float) -> float:
    """Limit of `expected_best` for many makers, jump * informed_share / (1 - informed_share) * ln(1 / informed_share).

    Raises ValueError as `support` does.
    """
    _check(informed_share, jump)
    return -jump * math.log(informed_share) / _odds_against(informed_share)


def expected_payoff(half_spreads: ArrayLike, informed_share: float, jump: float, makers: int) -> Floats:
    """What a maker expects of certain half-spreads while all others mix, of the shape of half_spreads.

    In the unit of jump, a trader: 0 on the support and above it, negative below. Raises ValueError as `distribution`
    does.
    """
    s = np.asarray(half_spreads, np.float64)
    best = (1.0 - distribution(s, informed_share, jump, makers)) ** (makers - 1)
    return (1.0 - informed_share) * s * best - informed_share * np.maximum(jump - s, 0.0)


def _odds_against(informed_share: float) -> float:
    return (1.0 - informed_share) / informed_share


def _mean_of_reciprocal(power: float, informed_share: float) -> float:
    """Integral of 1 / (1 + odds * w^power) over w from 0 to 1 (Abramowitz and Stegun 15.3.1)."""
    from scipy.special import hyp2f1

    return float(hyp2f1(1.0, 1.0 / power, 1.0 + 1.0 / power, -_odds_against(informed_share)))


def _check(informed_share: float, jump: float) -> None:
    if not 0.0 < informed_share < 1.0:
        raise ValueError(f"informed_share must be between 0 and 1, not {informed_share}")
    if not 0.0 < jump < math.inf:
        raise ValueError(f"jump must be positive and finite, not {jump}")


def _check_makers(makers: int) -> None:
    if makers < 2:
        raise ValueError(f"makers must be at least 2, not {makers}")
