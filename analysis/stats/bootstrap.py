"""Standard errors of any statistic of one time series, by resampling blocks of it.

The stationary bootstrap (Politis and Romano 1994) joins blocks that begin at random places and have geometric lengths.
A block that reaches the end of the series continues at its beginning. So the dependence within a block is kept. The
mean block length is chosen from the data (Politis and White 2004, with the correction of Patton, Politis and White
2009).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.stats.arguments import checked
from analysis.stats.estimates import NOTHING, Estimate

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_FEWEST = 9  # a block length is chosen from this number of observations or more
MANY_EPISODES = 30  # with this number or more, whole episodes are drawn, because episodes are independent


@checked("series")
def block_length(series: ArrayLike) -> float:
    """The mean block length that minimises the stationary bootstrap's mean squared error of the variance of a mean.

    b = (G / g)^(2/3) n^(1/3), with G = Σ λ(k/m) |k| R(k) and g = Σ λ(k/m) R(k) over the autocovariances R(k), |k| ≤ m.
    λ is 1 up to 1/2 and falls linearly to 0 at 1. The window m is twice the first lag from which max(5, log10 n)
    successive correlations are all below 2 √(log10 n / n). The result is at least 1 and at most min(3 √n, n / 3).

    Parameters
    ----------
    series : float64 (n,).

    Returns
    -------
    The length in observations. It is 1 if the series is constant or shorter than 9, and nan if it is empty.

    Raises
    ------
    ValueError
        If the series has more than one column, or a number that is not finite.
    """
    x = np.asarray(series, float)
    if not np.all(np.isfinite(x)):
        raise ValueError("series must be finite: a block length needs every number of the series")
    n = len(x)
    if n == 0:
        return math.nan
    away = x - x.mean()
    if n < _FEWEST or not np.any(np.abs(away) > 1e-13 * np.abs(x).max()):
        return 1.0
    run = max(5, int(math.log10(n)))
    most = min(math.ceil(math.sqrt(n)) + run, n - 2)
    covariances = np.array([away[lag:] @ away[: n - lag] for lag in range(most + 1)]) / n
    window = min(2 * max(_first_small(away, covariances, run), 1), most)
    lags = np.arange(1, window + 1)
    flat_top = np.minimum(1.0, 2.0 * (1.0 - lags / window))
    long_run = covariances[0] + 2.0 * float(flat_top @ covariances[1 : window + 1])
    bend = 2.0 * float((flat_top * lags) @ covariances[1 : window + 1])
    if long_run == 0.0:
        return 1.0
    length = abs(bend / long_run) ** (2 / 3) * n ** (1 / 3)
    return float(min(max(length, 1.0), math.ceil(min(3.0 * math.sqrt(n), n / 3))))


def _first_small(away: Floats, covariances: Floats, run: int) -> int:
    """The first lag from which `run` successive correlations are all small; the last lag if there is none."""
    n = len(away)
    squares = np.cumsum(away**2)
    lags = np.arange(len(covariances) - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        behind = squares[-1] - squares[lags]  # of away[lag + 1:]
        sizes = np.abs(covariances[:-1]) * n / np.sqrt(behind * squares[n - 2 - lags])
    small = sizes < 2.0 * math.sqrt(math.log10(n) / n)
    for lag in range(len(small) - run + 1):
        if small[lag : lag + run].all():
            return lag
    return len(covariances) - 1


def stationary_indices(observations: int, length: float, generator: np.random.Generator) -> Integers:
    """The places of the observations of one resampled series, int64 (observations,).

    A new block begins with probability 1 / length; otherwise the next place follows. Raises ValueError if length is
    below 1.
    """
    if not length >= 1.0:
        raise ValueError(f"the mean block length must be at least 1, not {length}")
    places = np.arange(observations)
    begins = generator.random(observations) < 1.0 / length
    begins[:1] = True
    starts = generator.integers(0, max(observations, 1), observations)
    first = np.maximum.accumulate(np.where(begins, places, 0))  # where the block of each place begins
    drawn: Integers = (starts[first] + places - first) % max(observations, 1)
    return drawn


@checked("series", labels=["episodes"])
def multiplicities(
    series: ArrayLike,
    generator: np.random.Generator,
    repeats: int = 1000,
    length: float | None = None,
    episodes: ArrayLike | None = None,
) -> Iterator[Integers]:
    """How often each observation occurs in a resampled series: `repeats` arrays, int64 (observations,).

    These counts suffice for statistics that do not depend on the order of observations, and several statistics can use
    the same draws. With 30 episodes or more, whole episodes are drawn; with fewer, blocks by `stationary_indices`.

    Parameters
    ----------
    series : (n,).
    length : mean length of the blocks in observations; None for `block_length`.
    episodes : the episode of each observation, (n,), never falling; None for a single episode.

    Raises
    ------
    ValueError
        If length or repeats is below 1, if episodes have another shape, and as `block_length` does.
    """
    x = np.asarray(series, float)
    if repeats < 1:
        raise ValueError(f"repeats must be at least 1, not {repeats}")
    labels = np.zeros(len(x), np.int64) if episodes is None else np.asarray(episodes)
    places = np.cumsum(labels[1:] != labels[:-1], dtype=np.int64)
    own = np.concatenate([np.zeros(min(len(x), 1), np.int64), places])
    several = int(own[-1]) + 1 if len(own) else 0
    if several >= MANY_EPISODES:
        return (np.bincount(generator.integers(0, several, several), minlength=several)[own] for _ in range(repeats))
    width = block_length(x) if length is None else length
    if len(x) and not width >= 1.0:
        raise ValueError(f"the mean block length must be at least 1, not {width}")
    return (
        np.bincount(stationary_indices(len(x), width, generator), minlength=len(x))
        for _ in range(repeats if len(x) else 0)
    )


@np.errstate(over="ignore", invalid="ignore")
def replications(
    series: ArrayLike,
    statistic: Callable[[Any], float],
    generator: np.random.Generator,
    repeats: int = 1000,
    length: float | None = None,
) -> Floats:
    """The statistic of each of `repeats` resampled series, float64 (repeats,).

    Parameters
    ----------
    series : (n,) or (n, columns); whole rows are drawn.
    statistic : a function that takes an array like the series and returns one number.
    length : mean length of the blocks in observations; None for the largest `block_length` of the columns.

    Raises
    ------
    ValueError
        If length or repeats is below 1, and as `block_length` does.
    """
    x = np.atleast_1d(np.asarray(series, float))
    if repeats < 1:
        raise ValueError(f"repeats must be at least 1, not {repeats}")
    if len(x) == 0:
        return np.full(repeats, math.nan)
    if length is None:
        length = max(map(block_length, x.reshape(len(x), -1).T))
    return np.array([statistic(x[stationary_indices(len(x), length, generator)]) for _ in range(repeats)])


@np.errstate(over="ignore", invalid="ignore")
def bootstrap(
    series: ArrayLike,
    statistic: Callable[[Any], float],
    generator: np.random.Generator,
    repeats: int = 1000,
    length: float | None = None,
) -> Estimate:
    """The statistic of a series, with the standard deviation of its `replications` as error; nan if it is empty.

    Parameters and errors are those of `replications`.
    """
    x = np.atleast_1d(np.asarray(series, float))
    if len(x) == 0:
        return NOTHING
    drawn = replications(x, statistic, generator, repeats, length)
    return Estimate(float(statistic(x)), float(drawn.std(ddof=1)) if repeats > 1 else math.inf)
