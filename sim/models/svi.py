"""Raw SVI: the total variance of one expiry over log-moneyness, and whether it leaves arbitrage.

Gatheral 2004; Gatheral and Jacquier 2014, Quantitative Finance 14, 59: w(k) = a + b(ρ(k − m) + √((k − m)² + s²)) with
k = ln(strike / forward price); the implied volatility is √(w / time).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from sim.core.compiled import njit


class Slice(NamedTuple):
    """Parameters of one expiry, in the letters of the paper; s, its σ, is positive."""

    a: float
    b: float
    rho: float
    m: float
    s: float


@njit
def total_variance(slice: Slice, k: float) -> float:
    """Volatility² · time at a log-moneyness."""
    x = k - slice.m
    return slice.a + slice.b * (slice.rho * x + math.sqrt(x * x + slice.s * slice.s))


@njit
def shape(slice: Slice, x: float, root: float) -> tuple[float, float, float]:
    """Total variance and its first and second derivative by k, at x = k − m with root = √(x² + s²)."""
    w = slice.a + slice.b * (slice.rho * x + root)
    return w, slice.b * (slice.rho + x / root), slice.b * slice.s * slice.s / (root * root * root)


@njit
def butterfly(slice: Slice, k: float) -> float:
    """Durrleman's g(k), of the sign of the density of the price at expiry; −inf where there is no variance."""
    x = k - slice.m
    return _durrleman(slice, x, math.sqrt(x * x + slice.s * slice.s))


@njit
def _durrleman(slice: Slice, x: float, root: float) -> float:
    w, first, second = shape(slice, x, root)
    if w <= 0.0:
        return -math.inf
    slant = 1.0 - 0.5 * (slice.m + x) * first / w
    return slant * slant - 0.25 * first * first * (1.0 / w + 0.25) + 0.5 * second


# --- the least on an interval -----------------------------------------------------------------------------------------


@njit
def _grid(slice: Slice, reach: float, points: int) -> tuple[float, float, float, float]:
    """First place and step of a grid of |k| ≤ reach that is even in u where k = m + s · sinh(u).

    It is fine at the bend and wide in the wings. Of the place u it has sinh u and cosh u, of the step likewise, so that
    each place follows from the last by the sum of arguments.
    """
    low = math.asinh((-reach - slice.m) / slice.s)
    step = (math.asinh((reach - slice.m) / slice.s) - low) / (points - 1)
    return math.sinh(low), math.cosh(low), math.sinh(step), math.cosh(step)


@njit
def least_butterfly(slice: Slice, reach: float, points: int) -> tuple[float, float]:
    """The least g on |k| ≤ reach, and where it is, on a grid that is as fine as the smile is bent."""
    sinh, cosh, step_sinh, step_cosh = _grid(slice, reach, points)
    least, place = math.inf, 0.0
    for _ in range(points):
        g = _durrleman(slice, slice.s * sinh, slice.s * cosh)
        if g < least:
            least, place = g, slice.m + slice.s * sinh
        sinh, cosh = sinh * step_cosh + cosh * step_sinh, cosh * step_cosh + sinh * step_sinh
    return least, place


@njit
def greatest_crossing(slice: Slice, before: Slice, reach: float, points: int) -> float:
    """By how much an earlier expiry's total variance is above this one's on |k| ≤ reach; negative if it is nowhere."""
    most = -math.inf
    for own, sign, other in ((slice, -1.0, before), (before, 1.0, slice)):  # the difference bends where either does
        sinh, cosh, step_sinh, step_cosh = _grid(own, reach, points)
        for _ in range(points):
            x = own.s * sinh
            most = max(most, sign * (own.a + own.b * (own.rho * x + own.s * cosh) - total_variance(other, own.m + x)))
            sinh, cosh = sinh * step_cosh + cosh * step_sinh, cosh * step_cosh + sinh * step_sinh
    return most
