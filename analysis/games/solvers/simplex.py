"""Points that are spread evenly over the simplex of mixtures, the same in every call."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from sim.core.arguments import whole

Floats = NDArray[np.float64]


def from_cube(points: Floats) -> Floats:
    """Mixtures (points, dimensions + 1) that are uniform on the simplex where the points (points, dimensions) are.

    They are the gaps between the sorted coordinates and 0 and 1 (Devroye 1986, ch. 5).
    """
    edge = np.ones((len(points), 1))
    found: Floats = np.diff(np.concatenate([0.0 * edge, np.sort(points, axis=1), edge], axis=1), axis=1)
    return found


def spread_starts(strategies: int, starts: int, repeats: int) -> Floats:
    """Sobol points, scrambled by Owen's method (1995) with fixed seeds: float64 (repeats, starts, strategies).

    Each repeat covers the simplex evenly, so differences between repeats show the error of a share.

    Raises ValueError if starts is not a power of two, or repeats or strategies is below 1.
    """
    whole("strategies", strategies, low=1)
    whole("repeats", repeats, low=1)
    if whole("starts", starts, low=1) & (starts - 1):
        raise ValueError(f"starts must be a power of two, which Sobol points need to be even, not {starts}")
    if strategies == 1:
        return np.ones((repeats, starts, 1))
    return np.array(
        [
            from_cube(qmc.Sobol(strategies - 1, seed=np.random.default_rng(each)).random(starts))
            for each in range(repeats)
        ]
    )
