"""Quotes of a maker of options whose risk is the vega of all it holds: one number in the place of many inventories.

Baldacci, Bergault and Guéant 2021, Algorithmic market making for options, Quantitative Finance 21, 85: options are
hedged in delta, and their vegas are taken to stay as they are, so that what the maker holds enters by its vega V alone.
With fills at rate A·e^(−k·distance) the distance of a quote is 1/k + u(V) − u(V ± v), and w = e^(ku) solves
w' = −k(γ/2)ξ²V²w + e⁻¹ΣA(w(V + v) + w(V − v)), linear in w. Far from the end w is the matrix's positive eigenvector.
One option is the maker of Cartea and Jaimungal with the running penalty (γ/2)ξ²v².
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.core.compiled import njit

MOST_QUOTES: Any = np.int64(50)  # of the largest vega, up to which either way a position is solved for
_PER_QUOTE: Any = np.int64(6)  # distance of two places, of the largest vega
MOST_PLACES = 2 * int(MOST_QUOTES) * int(_PER_QUOTE) + 1
_MOST_STEPS = 60  # ten suffice
_CLOSE = 1e-11
_ABOVE = 1e-12  # of the matrix's size, by which a shift stays above the eigenvalue, so that the system can be solved
_SPREAD = 1e-4  # share of fills that lead to the places beside: else places a whole vega apart know nothing of others
_LEAST = 1e-300


@njit
def solve(vegas: Any, rates: Any, decay: float, penalty: float, limit: float, u: Any) -> tuple[int, float]:
    """Solve for u on a grid of vegas, far from the end.

    Parameters
    ----------
    vegas, rates : ``(options,)``: what a fill changes the vega by, not negative, one of them positive; fills per step
        of a quote at the option's worth, on either side.
    decay : k, per currency that a fill earns.
    penalty : (γ/2)ξ², with the risk aversion γ per currency and the deviation ξ of volatility's moves per √step.
    limit : of |V|; no more than MOST_QUOTES of the largest vega count.
    u : ``(MOST_PLACES,)``, filled: currency, its greatest 0.

    Returns
    -------
    places : how many of ``u`` count, evenly over |V| ≤ limit.
    limit : that counts.
    """
    largest = 0.0
    for v in vegas:
        largest = max(largest, v)
    limit = min(limit, MOST_QUOTES * largest)
    half = min(MOST_QUOTES * _PER_QUOTE, max(1, math.ceil(_PER_QUOTE * limit / largest - 1e-9)))
    places, gap = 2 * half + 1, limit / half
    reach = min(places - 1, int(largest / gap + 1e-9) + 2)
    matrix = _matrix(vegas, rates, decay * penalty, limit, gap, places, reach)
    w = _eigenvector(matrix, places, reach)
    for i in range(places):
        u[i] = math.log(max(w[i], _LEAST)) / decay
    return places, limit


@njit
def _matrix(vegas: Any, rates: Any, penalty: float, limit: float, gap: float, places: int, reach: int) -> Any:
    """Of w', in bands: ``(places, 2·reach + 1)``; between two places w is linear, beyond the limit it is 0."""
    matrix = np.zeros((places, 2 * reach + 1))
    for j in range(len(vegas)):
        whole = int(vegas[j] / gap + 1e-9)
        share = max(0.0, vegas[j] / gap - whole)
        weights = (
            0.5 * _SPREAD * (1.0 - share),
            (1.0 - _SPREAD) * (1.0 - share) + 0.5 * _SPREAD * share,
            0.5 * _SPREAD * (1.0 - share) + (1.0 - _SPREAD) * share,
            0.5 * _SPREAD * share,
        )
        for i in range(places):
            for side in (-1, 1):
                if not 0 <= i + side * (whole + (share > 1e-9)) < places:
                    continue  # the fill would lead beyond the limit
                for n in range(4):
                    place = i + side * (whole + n - 1)
                    if 0 <= place < places:
                        matrix[i, reach + place - i] += rates[j] / math.e * weights[n]
    for i in range(places):
        at = i * gap - limit
        matrix[i, reach] -= penalty * at * at
    return matrix


@njit
def _eigenvector(matrix: Any, places: int, reach: int) -> Any:
    """The positive eigenvector, its greatest number 1: Noda's iteration (1971), every guess of which is positive."""
    width = 2 * reach + 1
    w, y, solved = np.ones(places), np.empty(places), np.empty((places, width))
    shift = -math.inf
    for i in range(places):
        total = 0.0
        for j in range(width):
            total += matrix[i, j]
        shift = max(shift, total)
    size = max(abs(shift), _LEAST)
    for _ in range(_MOST_STEPS):
        for i in range(places):
            for j in range(width):
                solved[i, j] = -matrix[i, j]
            solved[i, reach] += shift + _ABOVE * size
            y[i] = w[i]
        _eliminate(solved, y, places, reach, size)
        least, greatest, peak = math.inf, 0.0, 0.0
        for i in range(places):
            ratio = w[i] / max(y[i], _LEAST)
            least, greatest, peak = min(least, ratio), max(greatest, ratio), max(peak, y[i])
        for i in range(places):
            w[i] = max(y[i] / peak, _LEAST)
        shift = min(shift, shift + _ABOVE * size - least)
        if greatest - least <= _CLOSE * size:
            break
    return w


@njit
def _eliminate(matrix: Any, y: Any, places: int, reach: int, size: float) -> None:
    """Solve a banded system in place. Its off-diagonal is not positive and its inverse is, so no pivot is needed."""
    for i in range(places):
        pivot = max(matrix[i, reach], 1e-16 * size)  # rounding alone makes it smaller
        matrix[i, reach] = pivot
        for row in range(i + 1, min(places, i + reach + 1)):
            factor = matrix[row, reach + i - row] / pivot
            if factor == 0.0:
                continue
            for column in range(i + 1, min(places, i + reach + 1)):
                matrix[row, reach + column - row] -= factor * matrix[i, reach + column - i]
            y[row] -= factor * y[i]
    for i in range(places - 1, -1, -1):
        total = y[i]
        for column in range(i + 1, min(places, i + reach + 1)):
            total -= matrix[i, reach + column - i] * y[column]
        y[i] = total / matrix[i, reach]


@njit
def distance(u: Any, places: int, limit: float, decay: float, vega: float, change: float) -> float:
    """How far from an option's worth a quote is whose fill changes the vega held by ``change``. Currency.

    Infinite if the fill would lead beyond the limit. A vega that is beyond it already counts as at the limit.
    """
    vega = max(-limit, min(limit, vega))
    if abs(vega + change) > limit * (1.0 + 1e-9):
        return math.inf
    return 1.0 / decay + _at(u, places, limit, vega) - _at(u, places, limit, vega + change)


@njit
def _at(u: Any, places: int, limit: float, vega: float) -> float:
    """The utility u at a vega: the parabola through the three nearest places."""
    place = (vega + limit) / (2.0 * limit) * (places - 1)
    middle = max(1, min(places - 2, math.floor(place + 0.5)))
    x = place - middle
    low, mid, high = u[middle - 1], u[middle], u[middle + 1]
    at: float = mid + 0.5 * x * (high - low) + 0.5 * x * x * (high - 2.0 * mid + low)
    return at
