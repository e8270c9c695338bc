"""Tails of losses: value at risk and expected shortfall of a sample and of a normal law, and each position's share."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.core.compiled import njit
from sim.models.normal import density

_ROUNDING = 1e-9  # of a share times a number, which are whole numbers but for that


def normal_tail(level: float) -> tuple[float, float]:
    """Quantile z of a standard normal loss, and the mean of the losses beyond it, φ(z) / (1 − level).

    Raises
    ------
    ValueError
        If the level is not between 0 and 1.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must be between 0 and 1, not {level}")
    z = NormalDist().inv_cdf(level)
    return z, float(density(z)) / (1.0 - level)


def euler_shares(weights: ArrayLike, covariance: ArrayLike, factor: float = 1.0) -> NDArray[np.float64]:
    """What each position adds to ``factor`` times the standard deviation of them all; the shares sum to that.

    The share of position i is factor · wᵢ (Σ w)ᵢ / √(wᵀ Σ w), its weight times the derivative of the whole (Tasche
    1999, Risk contributions and performance measurement). Value at risk and expected shortfall under a normal law with
    mean 0 are such multiples (:func:`normal_tail`).

    Parameters
    ----------
    weights : (n,), currency.
    covariance : (n, n), of the positions' relative moves.

    Returns
    -------
    (n,), currency; 0 where nothing moves.
    """
    held, moves = np.asarray(weights, float), np.asarray(covariance, float)
    slopes = moves @ held
    deviation = math.sqrt(max(0.0, float(held @ slopes)))
    found: NDArray[np.float64] = factor * held * slopes / deviation if deviation > 0.0 else np.zeros(len(held))
    return found


@njit
def sample_tail(losses: Any, count: int, worst: int, confidence: float, tail_confidence: float) -> tuple[float, float]:
    """Value at risk and expected shortfall of a sample of losses.

    Value at risk is the smallest loss that at least a share ``confidence`` of the losses do not exceed. Expected
    shortfall is the mean of the losses beyond the same of ``tail_confidence``, whose weight is 1 − tail_confidence in
    all: the loss at the border counts in part (Acerbi and Tasche 2002, J. Banking & Finance 26, 1487).

    Parameters
    ----------
    losses : indexed by whole numbers; the first ``count`` of them are the sample.
    worst : from this index on it has room for ``count`` more, which are written.
    """
    at = math.floor((1.0 - confidence) * count + _ROUNDING)
    beyond = (1.0 - tail_confidence) * count
    whole = math.floor(beyond + _ROUNDING)
    kept = min(count, max(at, whole) + 1)
    _keep_worst(losses, count, worst, kept)
    total = 0.0
    for place in range(whole):
        total += losses[worst + place]
    if whole < count:
        total += max(0.0, beyond - whole) * losses[worst + whole]
    return losses[worst + min(at, count - 1)], total / beyond


@njit
def _keep_worst(losses: Any, count: int, first: int, kept: int) -> None:
    """Write the ``kept`` greatest losses from ``first`` on, falling."""
    there = 0
    for place in range(count):
        loss = losses[place]
        if there == kept and loss <= losses[first + kept - 1]:
            continue
        there = min(kept, there + 1)
        at = first + there - 1
        while at > first and losses[at - 1] < loss:
            losses[at] = losses[at - 1]
            at -= 1
        losses[at] = loss
