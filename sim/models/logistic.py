"""The logistic function: shares from differences of attraction, and probabilities from log odds."""

from __future__ import annotations

import math

from sim.core.compiled import njit

_FURTHEST = 700.0  # exp(700) is finite


@njit
def logistic(x: float) -> float:
    """1 / (1 + exp(-x)), finite for every number."""
    return 1.0 / (1.0 + math.exp(-max(-_FURTHEST, min(_FURTHEST, x))))
