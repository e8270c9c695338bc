"""Means of groups of rows that depend on one another in time, with errors from stretches of time or episodes.

Rows are gathered in clusters, taken as independent: episodes where there are many, else stretches of one long series.
With w the weights, a group's mean is Σ w x / Σ w and its variance C / (C - 1) Σ_c (Σ_{i in c} w_i (x_i - mean) / Σ
w)², over the C clusters in which the group has rows (the linearised, cluster-robust variance; Cameron and Miller
2015).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import Estimate

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
STRETCHES = 200  # of a run of few episodes


class GroupMeans(NamedTuple):
    """Of each group, float64 (groups,): the weighted mean, its standard error, rows and their weight."""

    values: Floats
    errors: Floats
    rows: Floats
    weights: Floats

    def estimate(self, group: int = 0) -> Estimate:
        """One group's mean; nan where it has no rows, with an infinite error where they are all in one cluster."""
        return Estimate(float(self.values[group]), float(self.errors[group]))


def clusters_of(episodes: ArrayLike, stretches: int = STRETCHES) -> Integers:
    """Clusters of rows in the order of time: their episodes, or equally long stretches of rows where these are fewer.

    Parameters
    ----------
    episodes : of each row, (rows,), never falling.
    stretches : as many as there shall be at least, and about as many as there are where episodes are fewer.
    """
    own = np.asarray(episodes, np.int64)
    count = len(own)
    if not count:
        return own
    _, places = np.unique(own, return_inverse=True)
    several = int(places[-1]) + 1
    if several >= stretches:
        return np.asarray(places, np.int64)
    each = max(1, math.ceil(stretches / several))
    starts = np.searchsorted(places, np.arange(several + 1))
    lengths = np.diff(starts)[places]
    since = np.arange(count) - starts[places]
    clusters: Integers = places * each + since * each // lengths
    return clusters


def group_means(
    values: ArrayLike,
    clusters: Integers,
    groups: ArrayLike | None = None,
    count: int = 1,
    weights: ArrayLike | None = None,
) -> GroupMeans:
    """Weighted means of groups.

    Parameters
    ----------
    values : float64 (rows,); rows that are nan are left out.
    clusters : of each row, from 0, (rows,).
    groups : of each row, from 0 and below ``count``, (rows,); None for one group.
    weights : not negative, (rows,); None for 1.
    """
    x = np.asarray(values, float)
    own = np.zeros(len(x), np.int64) if groups is None else np.asarray(groups, np.int64)
    w = np.ones(len(x)) if weights is None else np.asarray(weights, float)
    known = np.isfinite(x)
    if not known.all():
        x, own, w, clusters = x[known], own[known], w[known], clusters[known]
    rows = np.bincount(own, minlength=count).astype(float)
    weight = np.bincount(own, w, count).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.bincount(own, w * x, count) / weight
    width = int(clusters.max(initial=0)) + 1
    place = own * width + clusters
    moved = np.bincount(place, w * (x - means[own]), count * width).reshape(count, width)
    present = (np.bincount(place, minlength=count * width).reshape(count, width) > 0).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = np.sqrt((moved**2).sum(axis=1) * present / (present - 1)) / weight
    scale = np.sqrt(np.bincount(own, w * x * x, count) / np.where(weight > 0, weight, 1.0))
    errors = np.where(errors > 1e-13 * scale, errors, 0.0)  # what differs by rounding alone is equal
    errors = np.where(present > 1, errors, np.where(present == 1, np.inf, np.nan))
    return GroupMeans(means, errors, rows, weight)
