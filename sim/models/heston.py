"""Heston 1993: a call on a price whose variance reverts to a mean, by its characteristic function."""

from __future__ import annotations

import cmath
import math
from typing import NamedTuple

from scipy.integrate import quad


class Variance(NamedTuple):
    """How the variance moves: dv = reversion (mean − v) dt + volatility √v dW, with a start and a correlation.

    Attributes
    ----------
    first, mean : per unit of time.
    reversion, volatility : per unit of time.
    correlation : of its moves with those of the price.
    """

    first: float
    mean: float
    reversion: float
    volatility: float
    correlation: float


def characteristic(law: Variance, time: float, u: complex) -> complex:
    """E exp(i u X) of X = ln(price after ``time`` / forward price).

    In the form of Albrecher, Mayer, Schoutens and Tistaert 2007, whose logarithm does not jump.
    """
    pull = law.reversion - law.correlation * law.volatility * 1j * u
    root = cmath.sqrt(pull * pull + law.volatility**2 * (1j * u + u * u))
    ratio = (pull - root) / (pull + root)
    decay = cmath.exp(-root * time)
    logarithm = cmath.log((1.0 - ratio * decay) / (1.0 - ratio))
    square = law.volatility**2
    of_mean = law.reversion * law.mean / square * ((pull - root) * time - 2.0 * logarithm)
    of_first = law.first / square * (pull - root) * (1.0 - decay) / (1.0 - ratio * decay)
    return cmath.exp(of_mean + of_first)


def call(law: Variance, forward: float, strike: float, time: float) -> float:
    """Undiscounted price of a call: F − √(F K) / π ∫ Re exp(i u k) φ(u − i/2) / (u² + ¼) du (Lewis 2000).

    Parameters
    ----------
    forward, strike : positive, currency; k = ln(F / K).
    time : positive.

    Raises
    ------
    ValueError
        If a price, the time, the reversion or the volatility of the variance is not positive.
    """
    if min(forward, strike, time, law.reversion, law.volatility) <= 0.0:
        raise ValueError("forward, strike, time, reversion and volatility must be above 0")
    moneyness = math.log(forward / strike)

    def integrand(u: float) -> float:
        value = cmath.exp(1j * u * moneyness) * characteristic(law, time, u - 0.5j)
        return value.real / (u * u + 0.25)

    total, _ = quad(integrand, 0.0, math.inf, epsabs=1e-10, epsrel=1e-10, limit=500)
    return float(forward - math.sqrt(forward * strike) / math.pi * total)
