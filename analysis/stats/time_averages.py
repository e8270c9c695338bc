"""Averages over time of series whose rows depend on one another, and which rows follow one another.

Rows are gathered in stretches that are long beside their memory, or in episodes where there are many
(:mod:`analysis.stats.clusters`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.stats.arguments import checked
from analysis.stats.bootstrap import block_length
from analysis.stats.clusters import STRETCHES, clusters_of, group_means
from analysis.stats.estimates import Estimate

Integers = NDArray[np.int64]
_MANY_EPISODES = 30  # are clusters of their own
_FEWEST, _MEMORIES = 10, 4  # stretches, where episodes are few; block lengths in each
_CHUNKS = 5_000  # a series that is longer is averaged to so many, or more, before its memory is looked for


@checked("values", labels=["episodes"], infinite=True)
def clusters_over(values: ArrayLike, episodes: ArrayLike, reach: int = 1) -> Integers:
    """Clusters that are nearly independent of one another, (rows,): episodes if there are 30, else stretches.

    Of these there are 10 to 200, each of 4 block lengths (:func:`analysis.stats.bootstrap.block_length`) if there is
    room.

    Parameters
    ----------
    values, episodes : (rows,), in the order of time; nan is passed over.
    reach : rows that one value looks over; a stretch has ten times as many if there is room.
    """
    x, own = np.asarray(values, float), np.asarray(episodes, np.int64)
    if len(own) and 1 + np.count_nonzero(np.diff(own)) >= _MANY_EPISODES:
        return clusters_of(own, 1)
    known = x[np.isfinite(x)]
    together = max(1, len(known) // _CHUNKS)
    means = known[: len(known) // together * together].reshape(-1, together).mean(axis=1)
    memory = block_length(means) * together if len(means) else 1.0
    stretches = len(own) / max(_MEMORIES * memory, 10.0 * reach if reach > 1 else 1.0)
    return clusters_of(own, int(min(max(stretches, _FEWEST), STRETCHES)))


@checked("values", amounts=["weights"], labels=["episodes"], infinite=True)
def time_average(values: ArrayLike, episodes: ArrayLike, weights: ArrayLike | None = None) -> Estimate:
    """The mean over time, with an error that allows for autocorrelation; nan where nothing is known.

    Parameters
    ----------
    values, episodes : (rows,), in the order of time; rows that are nan are left out.
    weights : steps for which each row stands, (rows,); None for 1.
    """
    return group_means(values, clusters_over(values, episodes), weights=weights).estimate()


@checked(labels=["steps", "episodes"])
def steps_since(steps: ArrayLike, episodes: ArrayLike) -> Integers:
    """Steps since the sample before, or since the episode began, (samples,): those for which a sample stands."""
    now, own = np.asarray(steps, np.int64), np.asarray(episodes, np.int64)
    since = now + 1
    since[1:] = np.where(own[1:] == own[:-1], np.diff(now), since[1:])
    return since


@checked(labels=["steps", "episodes"])
def unbroken(steps: ArrayLike, episodes: ArrayLike, every: int) -> Integers:
    """Labels of samples, (samples,), the same where samples of one episode follow one another by ``every`` steps."""
    now, own = np.asarray(steps, np.int64), np.asarray(episodes, np.int64)
    breaks = np.zeros(len(now), np.int64)
    breaks[1:] = (own[1:] != own[:-1]) | (np.diff(now) != every)
    return np.cumsum(breaks)
