"""Brock and Hommes 1998, section 4.1: costly fundamentalists and free trend chasers, as a map with three lags.

x is the distance of the price from the fundamental value. The product of risk aversion a and the variance of the payoff
is set to 1. With gross return R, trend g, cost C and intensity of choice beta,

    R x(t) = n(t) g x(t-1),   n(t) = 1 / (1 + exp(beta (U1 - U2))),
    U1 = (x(t-1) - R x(t-2)) (0 - R x(t-2)) - C,   U2 = (x(t-1) - R x(t-2)) (g x(t-3) - R x(t-2)).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit


class Rules(NamedTuple):
    """Parameters of the map."""

    intensity: float
    cost: float = 1.0
    trend: float = 1.2
    gross_return: float = 1.1


def step(rules: Rules, lags: NDArray[np.float64]) -> float:
    """The next distance, from the last three distances (3,), of which the newest is first."""
    last, before, first = lags
    growth, trend = rules.gross_return, rules.trend
    excess = last - growth * before
    lead = excess * (-growth * before) - rules.cost - excess * (trend * first - growth * before)
    return float(expit(-rules.intensity * lead)) * trend * float(last) / growth


def orbit(rules: Rules, start: float, steps: int) -> NDArray[np.float64]:
    """The distances after three equal ones, ``start``; float64 ``(steps,)``."""
    lags = np.full(3, start)
    path = np.empty(steps)
    for place in range(steps):
        path[place] = step(rules, lags)
        lags = np.array([path[place], lags[0], lags[1]])
    return path


def steady_state(rules: Rules) -> float:
    """The positive fixed point of the map; 0 if there is none."""
    growth, trend, cost = rules.gross_return, rules.trend, rules.cost
    square = (cost + math.log(trend / growth - 1.0) / rules.intensity) / ((growth - 1.0) * trend)
    return math.sqrt(square) if square > 0.0 else 0.0


def _radius(rules: Rules) -> float:
    """The spectral radius of the map's Jacobian at the steady state, by central differences."""
    at = np.full(3, steady_state(rules))
    gap = 1e-6
    slopes = [(step(rules, at + gap * e) - step(rules, at - gap * e)) / (2 * gap) for e in np.eye(3)]
    return float(abs(np.linalg.eigvals(np.array([slopes, [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))).max())


def bifurcations(rules: Rules) -> tuple[float, float]:
    """The intensities of choice at the two bifurcations.

    Above the first one, the price does not converge to the value. Above the second one, it does not converge at all. At
    each of them the modulus of an eigenvalue passes 1: first at the fixed point 0, then at the positive fixed point.
    """
    leaves = -math.log(rules.trend / rules.gross_return - 1.0) / rules.cost
    swings = brentq(lambda beta: _radius(rules._replace(intensity=beta)) - 1.0, 1.01 * leaves, 4.0 * leaves, xtol=1e-9)
    return leaves, float(swings)
