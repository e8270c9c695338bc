"""Opinions that members copy: Kirman 1993 on a complete network, the voter model on any network."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def variance_of_share(members: int, mutation: float) -> float:
    """Stationary variance of the share of members whose opinion is up, on a complete network.

    In each step one member draws a new opinion with probability ``mutation``; otherwise it copies another member. The
    number of members that are up is beta-binomial, with both parameters mutation (N - 1) / (2 (1 - mutation)).
    """
    alpha = mutation * (members - 1) / (2.0 * (1.0 - mutation))
    return (1.0 + (members - 1) / (2.0 * alpha + 1.0)) / (4.0 * members)


def all_up(degrees: ArrayLike, opinions: ArrayLike) -> float:
    """Probability that all members end with the opinion up, without mutation, on a connected network.

    It is Σ degree * opinion / Σ degree, where opinions are 0 or 1, (members,). This holds if the member that changes
    its opinion chooses whom it copies. If members imposed their opinion on others, the weights would be 1 / degree.
    """
    degree, opinion = np.asarray(degrees, float), np.asarray(opinions, float)
    return float((degree * opinion).sum() / degree.sum())
