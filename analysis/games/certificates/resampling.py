"""Regret with a simultaneous interval, by resampling.

Regret is the largest gain of a deviation, and is never negative. Gains are estimated on runs that did not choose the
mixture, because a mixture that was solved on a sampled table has no regret in that table, whatever its true regret is.
Whole runs are resampled for all deviations together (the runs of all profiles have common seeds). The width of the band
for each deviation is proportional to its standard error:

    low = max(0, max over deviations of gain - c · error)        high = max(0, max of gain + c · error)

with c the quantile of the largest studentised error among the draws (Romano and Wolf 2005, Econometrica 73, 1237). An
interval from the percentiles of the maximum itself would be too short if several deviations gain equally.

Resampling cannot show events that no run has met. A gain that is the same in all runs, or in almost all, has nearly no
standard error. Yet after n runs with one value, another value may still have a probability of about 3/n (the rule of
three), and its size is unknown. Such a gain has no band unless payoffs have bounds. With bounds, other values than the
most frequent one have at most the probability of Clopper and Pearson (1934, Biometrika 26, 404), and gain at most what
the bounds allow. Events of the scenario that are too rare for the number of runs
(:mod:`analysis.games.certificates.rare_events`) widen every band in the same way.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv

from analysis.stats.estimates import Estimate, mean, ratio

Floats = NDArray[np.float64]
FEWEST = 8  # runs of which anything is said
_ROUNDING = 1e-12  # relative: gains that differ by no more do not vary


class Certificate(NamedTuple):
    """A regret and its interval, in the unit of payoffs."""

    regret: float  # as estimated
    low: float  # it is no less than this, with the confidence asked for
    high: float  # nor more than this; infinite where nothing bounds it
    gains: list[Estimate]  # of each deviation; the error is infinite where too few runs differ to tell
    quantile: float  # how many standard errors wide the band is
    differing: list[int]  # for each deviation, the runs in which its gain is not the most frequent one
    bands: list[tuple[float, float]]  # for each, how far the gain may lie below and above its estimate


def certify(
    gains: ArrayLike,
    confidence: float = 0.95,
    repeats: int = 2000,
    seed: int = 0,
    sizes: ArrayLike = 0.0,
    spans: ArrayLike = np.inf,
    missed: float = 0.0,
) -> Certificate:
    """The regret of a profile or mixture.

    Parameters
    ----------
    gains : of each deviation in each run, float64 (deviations, runs); the columns of one run belong together.
    confidence : of the interval, for the regret as a whole.
    repeats : draws of the bootstrap.
    seed : of the draws.
    sizes : for each deviation, (deviations,), or one for all: the largest payoff in its gain. Differences that are
        rounding compared with it do not count.
    spans : for each deviation, (deviations,), or one for all: the highest possible gain less the lowest; half of it on
        each side of 0. Infinite if payoffs have no bounds.
    missed : the probability that a run meets an event that is too rare for this number of runs, 0 to 1.

    Raises
    ------
    ValueError
        If there are fewer than two runs, a gain is not finite, or the confidence is not between 0 and 1.
    """
    g = np.atleast_2d(np.asarray(gains, float))
    deviations, runs = g.shape
    if runs < 2:
        raise ValueError(f"an interval needs two runs at least, not {runs}")
    if not np.all(np.isfinite(g)):
        raise ValueError("gains must be finite")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must be between 0 and 1, not {confidence}")
    if not deviations:
        return Certificate(0.0, 0.0, 0.0, [], 0.0, [], [])
    differing = [differing_runs(row, size) for row, size in zip(g, np.broadcast_to(sizes, deviations), strict=True)]
    estimates = [_known(mean(row), each, runs) for row, each in zip(g, differing, strict=True)]
    value, error = (np.array([each[part] for each in estimates]) for part in (0, 1))
    varies = np.array([enough(each, runs) for each in differing])
    quantile = _quantile(g[varies] - value[varies][:, None], confidence, repeats, seed) if varies.any() else 0.0
    ends = np.broadcast_to(np.asarray(spans, float) / 2.0, deviations)
    below, above = np.empty(deviations), np.empty(deviations)
    below[varies] = above[varies] = quantile * error[varies]
    for place in np.flatnonzero(~varies):
        chance = _most(differing[place], runs, (1.0 - confidence) / deviations)
        below[place], above[place] = chance * (ends[place] + value[place]), chance * (ends[place] - value[place])
    if missed > 0.0:
        below, above = below + missed * 2.0 * ends, above + missed * 2.0 * ends
    return Certificate(
        max(0.0, float(value.max())),
        max(0.0, float((value - below).max())),
        max(0.0, float((value + above).max())),
        estimates,
        quantile,
        differing,
        list(zip(below.tolist(), above.tolist(), strict=True)),
    )


def differing_runs(values: ArrayLike, size: float = 0.0) -> int:
    """Number of runs in which a value is not the most frequent one.

    Parameters
    ----------
    values : (runs,).
    size : size of the payoffs in these values; differences that are rounding compared with it do not count.
    """
    x = np.sort(np.asarray(values, float))
    apart = np.diff(x) > _ROUNDING * max(float(np.abs(x).max()), size)
    return len(x) - int(np.bincount(np.concatenate([[0], np.cumsum(apart)])).max())


def enough(differing: int, runs: int) -> bool:
    """Whether a value differs from the most frequent one in enough runs to show how it varies.

    Eight runs that differ are enough, or half of all runs. With eight, a resample misses all of them in one of 3,000
    draws.
    """
    return differing >= min(FEWEST, runs / 2)


def sampled(values: ArrayLike) -> Estimate:
    """The mean over runs, (runs,); its error is infinite (unknown) if too few of them differ."""
    return _known(mean(values), differing_runs(values), np.size(values))


def sampled_ratio(above: ArrayLike, below: ArrayLike) -> Estimate:
    """The ratio of two means over the same runs, (runs,), with an error as in :func:`sampled`; 1 for equal values."""
    a, b = np.asarray(above, float), np.asarray(below, float)
    found = ratio(a, b)
    if np.array_equal(a, b):
        return found
    return _known(found, differing_runs(a - found.value * b, float(np.abs(a).max())), len(a))


def _known(estimate: Estimate, differing: int, runs: int) -> Estimate:
    return estimate if enough(differing, runs) else estimate._replace(standard_error=np.inf)


def _most(seen: int, runs: int, wrong: float) -> float:
    """The largest probability of an event seen in a number of runs; 1 - wrong^(1 / n) for an event never seen."""
    return float(betaincinv(seen + 1, runs - seen, 1.0 - wrong))


def _quantile(away: Floats, confidence: float, repeats: int, seed: int) -> float:
    """Of the largest studentised error, over draws of whole runs; ``away`` has means of 0, (deviations, runs)."""
    runs = away.shape[1]
    random = np.random.default_rng(seed)
    largest = np.empty(repeats)
    squares = away**2
    block = max(1, 20_000_000 // runs)
    for first in range(0, repeats, block):
        many = min(block, repeats - first)
        drawn = random.multinomial(runs, np.full(runs, 1.0 / runs), many).T.astype(float)
        means = away @ drawn / runs
        variances = np.maximum(squares @ drawn / runs - means**2, 0.0) * runs / (runs - 1)  # no rounding below 0
        with np.errstate(divide="ignore", invalid="ignore"):
            studentised = np.abs(means) / np.sqrt(variances / runs)
        largest[first : first + many] = np.nan_to_num(studentised, nan=0.0, posinf=np.inf).max(axis=0)
    return float(np.quantile(largest, confidence, method="higher"))
