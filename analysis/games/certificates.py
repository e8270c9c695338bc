"""How sure one is that nobody would deviate: regret with a simultaneous interval.

Regret is the largest gain of a deviation, never negative. Gains are estimated on runs that did not choose the mixture:
one that was solved on a sampled table has no regret in that table, whatever it has in truth. Their errors are found
together, by drawing whole runs again, for all deviations at once (the runs of all profiles have common seeds), and the
band is as wide for each as its standard error says:

    low = max(0, max over deviations of gain - c · error)        high = max(0, max of gain + c · error)

with c the quantile of the largest studentised error among the draws (Romano and Wolf 2005, Econometrica 73, 1237). An
interval from the percentiles of the maximum itself would be too short where several deviations tie.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import Estimate, mean

Floats = NDArray[np.float64]
_ROUNDING = 1e-12  # relative: gains that differ by no more do not vary


class Certificate(NamedTuple):
    """What is known of a regret, in the unit of payoffs."""

    regret: float  # as estimated
    low: float  # it is no less than this, with the confidence asked for
    high: float  # nor more than this
    gains: list[Estimate]  # of each deviation
    quantile: float  # how many standard errors wide the band is


def certify(gains: ArrayLike, confidence: float = 0.95, repeats: int = 2000, seed: int = 0) -> Certificate:
    """The regret of a profile or mixture.

    Parameters
    ----------
    gains : of each deviation in each run, float64 (deviations, runs); the columns of one run belong together.
    confidence : of the interval, for the regret as a whole.
    repeats : draws of the bootstrap.
    seed : of the draws.

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
        return Certificate(0.0, 0.0, 0.0, [], 0.0)
    estimates = [mean(row) for row in g]
    value, error = (np.array([each[part] for each in estimates]) for part in (0, 1))
    varies = error > _ROUNDING * np.maximum(np.abs(g).max(axis=1), 1e-300)
    quantile = _quantile(g[varies] - value[varies][:, None], confidence, repeats, seed) if varies.any() else 0.0
    width = np.zeros(deviations)
    width[varies] = quantile * error[varies]
    return Certificate(
        max(0.0, float(value.max())),
        max(0.0, float((value - width).max())),
        max(0.0, float((value + width).max())),
        estimates,
        quantile,
    )


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
        variances = (squares @ drawn / runs - means**2) * runs / (runs - 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            studentised = np.abs(means) / np.sqrt(variances / runs)
        largest[first : first + many] = np.nan_to_num(studentised, nan=0.0, posinf=np.inf).max(axis=0)
    return float(np.quantile(largest, confidence, method="higher"))
