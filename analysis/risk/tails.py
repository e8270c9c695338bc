"""How fat the tails of a series are: Hill's estimator of the tail index, and the excess kurtosis."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.stats.arguments import checked
from analysis.stats.estimates import NOTHING, Estimate
from analysis.stats.time_averages import clusters_over

Floats = NDArray[np.float64]


@checked("returns", infinite=True)
def hill(returns: ArrayLike, share: float = 0.05) -> Estimate:
    """Hill's 1975 estimate of the exponent α of P(|r| > x) ~ x^-α, with the standard error α / √k.

    1 / α is the mean of ln (|r| / x) over the k largest |r|, where x is the next one below them.

    Parameters
    ----------
    returns : (n,). The sign does not matter; for one tail, give only the gains or only the losses.
    share : k over the number of returns; k must be at least 2.

    Returns
    -------
    The exponent; nan if there are too few returns, or too many equal ones. The error assumes independent returns.

    Raises
    ------
    ValueError
        If share is not between 0 and 1.
    """
    if not 0.0 < share < 1.0:
        raise ValueError(f"share must be between 0 and 1, not {share}")
    sizes = np.abs(np.asarray(returns, float))
    sizes = np.sort(sizes[np.isfinite(sizes)])[::-1]
    count = int(share * len(sizes))
    if count < 2 or sizes[count] <= 0.0:
        return NOTHING
    excess = float(np.log(sizes[:count] / sizes[count]).mean())
    return Estimate(1.0 / excess, 1.0 / excess / math.sqrt(count)) if excess > 0.0 else NOTHING


@checked("series", infinite=True)
def excess_kurtosis(series: ArrayLike) -> Estimate:
    """Fourth moment over squared variance, less 3, with an error for any tails and any short memory.

    The error is a jackknife (Efron and Tibshirani 1993, chapter 11) that leaves out one stretch after another, each
    long beside the memory of what single numbers add (:func:`analysis.stats.time_averages.clusters_over`). Of
    independent normal numbers it comes to √(24 / n). Where eighth moments are infinite, or few numbers see them, it is
    too small, as is the kurtosis itself: then compare runs.
    """
    x = np.asarray(series, float)
    x = x[np.isfinite(x)]
    if len(x) < 4 or np.ptp(x) <= 1e-13 * np.abs(x).max():
        return NOTHING
    z = (x - x.mean()) / x.std()
    powers = np.column_stack([np.ones(len(z)), z, z**2, z**3, z**4])
    found, adds = _kurtosis(powers.mean(axis=0)), z**4 - 2.0 * (z**4).mean() * z**2 - 4.0 * (z**3).mean() * z
    clusters = clusters_over(adds, np.zeros(len(z), np.int64))
    own = np.zeros((int(clusters[-1]) + 1, 5))
    np.add.at(own, clusters, powers)
    with np.errstate(divide="ignore", invalid="ignore"):  # without one stretch all may be alike
        left = _kurtosis(powers.sum(axis=0) - own)
    error = math.sqrt((len(left) - 1) * float(np.var(left)))
    return Estimate(float(found) - 3.0, error)


def _kurtosis(sums: Floats) -> Floats:
    """Fourth moment over squared variance, of sums of the powers 0 to 4 in the last axis."""
    first, second, third, fourth = (sums[..., power] / sums[..., 0] for power in range(1, 5))
    variance = second - first**2
    moment: Floats = fourth - 4.0 * first * third + 6.0 * first**2 * second - 3.0 * first**4
    return moment / variance**2
