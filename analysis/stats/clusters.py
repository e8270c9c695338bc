"""Means of groups of rows that depend on one another in time, with cluster-robust standard errors.

Rows are put into clusters, which are treated as independent. Clusters are episodes if there are many, else stretches of
a long series. With weights w, a group's mean is Σ w x / Σ w. Its variance is
C / (C - 1) Σ_c (Σ_{i in c} w_i (x_i - mean) / Σ w)², over the C clusters in which the group has rows (the linearised
variance; Cameron and Miller 2015).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.stats.arguments import checked
from analysis.stats.estimates import Estimate

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
STRETCHES = 200  # in a run of few episodes
_ROUNDING = 1e-13  # relative: numbers that differ by no more are equal


class GroupMeans(NamedTuple):
    """The weighted mean of each group, its standard error, its number of rows and their weight; float64 (groups,)."""

    values: Floats
    errors: Floats
    rows: Floats
    weights: Floats

    def estimate(self, group: int = 0) -> Estimate:
        """The mean of one group: nan if it has no rows, with an infinite error if all its rows are in one cluster."""
        return Estimate(float(self.values[group]), float(self.errors[group]))


@checked(labels=["episodes"])
def clusters_of(episodes: ArrayLike, stretches: int = STRETCHES) -> Integers:
    """The cluster of each row, (rows,); rows are in the order of time.

    If there are at least ``stretches`` episodes, each episode is a cluster. If there are fewer, each episode is cut
    into stretches of equal length, so that there are about ``stretches`` clusters.

    Parameters
    ----------
    episodes : the episode of each row, (rows,), never falling.
    stretches : the number of clusters that is wanted.
    """
    own = np.asarray(episodes, np.int64)
    count = len(own)
    if not count:
        return own
    places: Integers = np.cumsum(np.diff(own, prepend=own[0]) != 0)
    several = int(places[-1]) + 1
    if several >= stretches:
        return places
    each = max(1, math.ceil(stretches / several))
    starts = np.searchsorted(places, np.arange(several + 1))
    lengths = np.diff(starts)[places]
    since = np.arange(count) - starts[places]
    clusters: Integers = places * each + since * each // lengths
    return clusters


class Clustered:
    """Groups and clusters of rows, for the means of several columns.

    Parameters
    ----------
    clusters : the cluster of each row, from 0, (rows,).
    groups : the group of each row, from 0 and below ``count``, (rows,); None for one group.
    weights : not negative, (rows,); None if all are 1.
    """

    def __init__(
        self, clusters: Integers, groups: ArrayLike | None = None, count: int = 1, weights: ArrayLike | None = None
    ) -> None:
        self._count, self._width = count, int(clusters.max(initial=0)) + 1
        self._place = clusters if groups is None else np.asarray(groups, np.int64) * self._width + clusters
        self._weights = None if weights is None else np.asarray(weights, float)
        self._rows = self._table(None)
        self._weight = self._rows if weights is None else self._table(self._weights)
        self.rows: Floats = self._rows.sum(axis=1)

    def _table(self, values: Floats | None) -> Floats:
        sums = np.bincount(self._place, values, self._count * self._width).astype(float)
        return sums.reshape(self._count, self._width)

    def means(self, values: ArrayLike) -> GroupMeans:
        """Weighted means, by group, of a column (rows,) without nan."""
        x = np.asarray(values, float)
        weighted = x if self._weights is None else self._weights * x
        sums, weight = self._table(weighted), self._weight.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            means = sums.sum(axis=1) / weight
            moved = sums - np.nan_to_num(means)[:, None] * self._weight
            present = (self._rows > 0).sum(axis=1)
            errors = np.sqrt((moved**2).sum(axis=1) * present / (present - 1)) / weight
            scale = np.abs(sums).sum(axis=1) / weight
        errors = np.where(errors > _ROUNDING * scale, errors, 0.0)  # differences that are rounding errors are 0
        errors = np.where(np.isfinite(means), errors, np.nan)
        errors = np.where(present > 1, errors, np.where(present == 1, np.inf, np.nan))
        return GroupMeans(means, errors, self.rows, weight)


@checked("values", amounts=["weights"], counts=["clusters", "groups"], infinite=True)
def group_means(
    values: ArrayLike,
    clusters: Integers,
    groups: ArrayLike | None = None,
    count: int = 1,
    weights: ArrayLike | None = None,
) -> GroupMeans:
    """Weighted means, by group, of a column (rows,); rows that are nan are left out.

    The other parameters are those of :class:`Clustered`.

    Raises
    ------
    ValueError
        If lengths differ, if clusters or groups are not whole numbers from 0 on, or if a group is not below ``count``.
    """
    x = np.asarray(values, float)
    if groups is not None and len(x) and not np.max(groups) < count:
        raise ValueError(f"groups go up to {np.max(groups)} — of {count} the last is {count - 1}")
    known = np.isfinite(x)
    if known.all():
        return Clustered(clusters, groups, count, weights).means(x)
    own, w = (None if each is None else np.asarray(each)[known] for each in (groups, weights))
    return Clustered(clusters[known], own, count, w).means(x[known])
