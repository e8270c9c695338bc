"""Averages over time of autocorrelated series, and which of their rows follow one another.

Clusters of rows are stretches that are long compared with the series' memory, or episodes if there are many
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
_MANY_EPISODES = 30  # with this number or more, each episode is a cluster
_FEWEST, _MEMORIES = 10, 4  # fewest stretches if episodes are few; block lengths in a stretch
_CHUNKS = 5_000  # a longer series is averaged to this number of values, or more, to find its memory


@checked("values", labels=["episodes"], infinite=True)
def clusters_over(values: ArrayLike, episodes: ArrayLike, reach: int = 1) -> Integers:
    """Clusters of rows that are nearly independent of one another, (rows,).

    With 30 episodes or more, each is a cluster. With fewer, clusters are 10 to 200 stretches, each as long as 4 block
    lengths (:func:`analysis.stats.bootstrap.block_length`) if the series is long enough.

    Parameters
    ----------
    values, episodes : (rows,), in the order of time; values that are nan are ignored.
    reach : number of rows on which one value depends. A stretch has ten times as many rows if the series is long
        enough.
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
    """The mean over time, with a standard error that allows for autocorrelation; nan if no value is known.

    Parameters
    ----------
    values, episodes : (rows,), in the order of time; values that are nan are left out.
    weights : number of steps that each row represents, (rows,); None if all are 1.
    """
    return group_means(values, clusters_over(values, episodes), weights=weights).estimate()


@checked(labels=["steps", "episodes"])
def steps_since(steps: ArrayLike, episodes: ArrayLike) -> Integers:
    """Steps since the sample before, or since the start of the episode, (samples,): what each sample represents."""
    now, own = np.asarray(steps, np.int64), np.asarray(episodes, np.int64)
    since = now + 1
    since[1:] = np.where(own[1:] == own[:-1], np.diff(now), since[1:])
    return since


@checked(labels=["steps", "episodes"])
def unbroken(steps: ArrayLike, episodes: ArrayLike, every: int) -> Integers:
    """Labels of samples, (samples,): equal for samples of one episode that follow one another every ``every`` steps."""
    now, own = np.asarray(steps, np.int64), np.asarray(episodes, np.int64)
    breaks = np.zeros(len(now), np.int64)
    breaks[1:] = (own[1:] != own[:-1]) | (np.diff(now) != every)
    return np.cumsum(breaks)
