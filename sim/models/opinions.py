"""Opinions that are copied: Kirman 1993 on a complete network, the voter model on any."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def variance_of_share(members: int, mutation: float) -> float:
    """Variance of the share that is up, in the long run, on a complete network.

    One member at a time draws its opinion anew with the probability ``mutation``, or else copies another. The number up
    is beta-binomial with both parameters mutation (N - 1) / (2 (1 - mutation)).
    """
    alpha = mutation * (members - 1) / (2.0 * (1.0 - mutation))
    return (1.0 + (members - 1) / (2.0 * alpha + 1.0)) / (4.0 * members)


def all_up(degrees: ArrayLike, opinions: ArrayLike) -> float:
    """Probability that all end up, without mutation, on a connected network: sum of degree times opinion over degrees.

    The member that copies decides whom; if members imposed their opinion instead, degrees would divide.
    """
    degree, opinion = np.asarray(degrees, float), np.asarray(opinions, float)
    return float((degree * opinion).sum() / degree.sum())
