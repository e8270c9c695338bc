"""Makers who mix over half-spreads, because the informed hit every quote and other traders only the best one.

Dennert 1993, in the form with one trader. With probability `informed_share` the trader is informed of a jump and takes
one unit from every maker; each maker loses the jump less the half-spread. Otherwise the trader takes one unit at the
best quote, if the half-spread is at most the jump. A maker who undercuts wins the uninformed trader but loses more to
the informed one, so there is no equilibrium in pure strategies. In the symmetric equilibrium each maker draws a
half-spread between informed_share * jump and jump, and the expected profit is 0. (At informed_share * jump competition
would stop if the informed took one unit from all makers together.) With more makers the best half-spread is wider.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.models.ranges import positive

Floats = NDArray[np.float64]


def support(informed_share: float, jump: float) -> tuple[float, float]:
    """The lowest and the highest half-spread that makers quote, informed_share * jump and jump, in the unit of jump.

    Raises ValueError if informed_share is not between 0 and 1 or jump is not positive.
    """
    _check(informed_share, jump)
    return informed_share * jump, jump


def distribution(half_spreads: ArrayLike, informed_share: float, jump: float, makers: int) -> Floats:
    """Probability F(s) that a maker quotes a half-spread of at most s.

    On the support, the gain from the uninformed equals the loss to the informed at every s:
    (1 - informed_share) s (1 - F(s))^(makers - 1) = informed_share (jump - s).

    Parameters
    ----------
    half_spreads : of any shape, in the unit of jump. The result has the same shape.
    informed_share : probability that the trader is informed, above 0 and below 1.
    jump : size of the move of the value, in any unit of price.
    makers : number of makers, at least 2.

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
    """The half-spread at which `distribution` is u, in the unit of jump. A uniform u gives a draw from the mixture.

    It is jump / (1 + (1 - u)^(makers - 1) (1 - informed_share) / informed_share), of the shape of u. Raises ValueError
    if u is not from 0 to 1, and as `distribution` does.
    """
    _check(informed_share, jump)
    _check_makers(makers)
    probability = np.asarray(u, np.float64)
    if not np.all((probability >= 0.0) & (probability <= 1.0)):
        raise ValueError(f"u must be from 0 to 1, not {u!r}")
    return jump / (1.0 + (1.0 - probability) ** (makers - 1) * _odds_against(informed_share))


def expected_individual(informed_share: float, jump: float, makers: int) -> float:
    """Mean half-spread of one maker, in the unit of jump: the integral of `quantile`, a hypergeometric function.

    Raises ValueError as `distribution` does.
    """
    _check(informed_share, jump)
    _check_makers(makers)
    return jump * _mean_of_reciprocal(makers - 1, informed_share)


def expected_best(informed_share: float, jump: float, makers: int) -> float:
    """Mean of the lowest half-spread, which the uninformed pay, in the unit of jump.

    It is the integral of `quantile` over the probability (1 - u)^makers that all makers quote more, a hypergeometric
    function. Because expected profits are 0, it also equals
    makers * informed_share / (1 - informed_share) * (jump - `expected_individual`). Raises ValueError as `distribution`
    does.
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
    """A maker's expected payoff per trader at given half-spreads, if all others mix; of the shape of half_spreads.

    In the unit of jump. It is 0 on the support and above it, and negative below. Raises ValueError as `distribution`
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
    positive(jump=jump)


def _check_makers(makers: int) -> None:
    if makers < 2:
        raise ValueError(f"makers must be at least 2, not {makers}")
