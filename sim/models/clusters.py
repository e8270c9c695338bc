"""Clusters whose members act together: sizes of random components, and the variance and kurtosis of their demand."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln


def borel(mean_degree: float, largest: int) -> NDArray[np.float64]:
    """Probability that a random member of a large random network has a component of 1, 2, … members, ``(largest,)``.

    Borel's law, for a mean degree below 1.
    """
    size = np.arange(1, largest + 1)
    law: NDArray[np.float64] = np.exp(-mean_degree * size + (size - 1) * np.log(mean_degree * size) - gammaln(size + 1))
    return law


def demand_variance(sizes: ArrayLike, activity: float) -> float:
    """Variance of the net demand of clusters: sizes of those that buy, less sizes of those that sell.

    A cluster buys with probability ``activity``, and sells with the same probability.
    """
    return 2.0 * activity * float((np.asarray(sizes, float) ** 2).sum())


def demand_kurtosis(sizes: ArrayLike, activity: float) -> float:
    """Excess kurtosis of the net demand, given the sizes: Cont and Bouchaud 2000, without their large-market limit."""
    size = np.asarray(sizes, float)
    return float((size**4).sum() * (1.0 / (2.0 * activity) - 3.0) / (size**2).sum() ** 2)
