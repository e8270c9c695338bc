"""The variance ratio: whether prices move at random, bounce back or run on (Lo and MacKinlay 1988)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.stats.arguments import checked

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
HORIZONS = (2, 5, 10, 50)


class VarianceRatio(NamedTuple):
    """A variance ratio, and its standard error in a random walk."""

    value: float
    iid_standard_error: float  # of changes that are independent and equally variable
    robust_standard_error: float  # of changes that are uncorrelated, whatever their variances


@checked("prices", labels=["stretches"])
def variance_ratios(
    prices: ArrayLike, horizons: Sequence[int] = HORIZONS, stretches: ArrayLike | None = None
) -> list[VarianceRatio]:
    """Variance of changes over q rows, over that of the q changes in each; 1 for a martingale, by each horizon q.

    Changes overlap, and their mean is taken off: with N changes over one row and M over q,

        VR(q) = Σ (p_{t+q} - p_t - q m)² / (1 - q/N)  /  Σ_t Σ_{i<q} (p_{t+i+1} - p_{t+i} - m)² / (1 - 1/N),

    t over the M. Those in the middle of an episode count as often below as above, so nothing hangs on whether prices
    move more at its beginning. In a random walk the variance is Σ_j v_j d_j over lags j below q, with d_j = 1 for equal
    variances or else the mean of (Δp_t - m)² (Δp_{t-j} - m)² over the square of that of (Δp_t - m)², and v_j = 4 Σ w² /
    (q M)², w the number of changes over q that hold two given ones over 1. In one long series v_j = 4 (1 - j/q)² / N,
    and with equal variances the sum 2 (2q - 1)(q - 1) / (3 q N) (Lo and MacKinlay 1988, Rev. Financial Studies 1, 41).

    Parameters
    ----------
    prices : (rows,); nan ends a stretch.
    horizons : rows, each above 1.
    stretches : labels, (rows,); no change reaches from one into another. None if all are of one.

    Returns
    -------
    One for each horizon; nan where no stretch is as long, or prices do not move.

    Raises
    ------
    ValueError
        If a horizon is below 2.
    """
    if min(horizons, default=2) < 2:
        raise ValueError(f"a variance ratio is of changes over 2 rows or more, not {min(horizons)}")
    p = np.asarray(prices, float)
    joins = _joins(p, stretches)
    before = np.concatenate([[0], np.cumsum(joins)])  # changes up to each row
    change = np.diff(p)[joins]
    count = len(change)
    if count < 2 or not np.ptp(change) > 1e-13 * np.nanmax(np.abs(p)):
        return [VarianceRatio(math.nan, math.nan, math.nan)] * len(horizons)
    drift = float(change.mean())
    squares = (change - drift) ** 2
    sums = np.concatenate([[0.0], np.cumsum(squares)])
    piece = np.cumsum(~joins, dtype=np.int64)[joins]
    ends = np.append(np.flatnonzero(np.diff(piece)) + 1, count)
    lengths = np.diff(ends, prepend=0)
    most = min(max(horizons, default=2), int(lengths.max()) + 1)
    alike = np.array([_products(squares, piece, ends, lag) for lag in range(1, most)]) * (count / sums[-1]) ** 2
    found = []
    for q in horizons:
        inside = before[q:] - before[:-q] == q
        windows = int(inside.sum())
        if not windows or count <= q:
            found.append(VarianceRatio(math.nan, math.nan, math.nan))
            continue
        moved = (p[q:] - p[:-q])[inside] - q * drift
        held = float((sums[before[q:]] - sums[before[:-q]])[inside].sum())
        value = float(moved @ moved) / held * (count - 1) / (count - q)
        parts = _overlaps(lengths, q) * 4 / (q * windows) ** 2
        found.append(VarianceRatio(value, math.sqrt(parts.sum()), math.sqrt(parts @ alike[: q - 1])))
    return found


def _joins(p: Floats, stretches: ArrayLike | None) -> NDArray[np.bool_]:
    """Between which rows there is a change, (rows - 1,): both prices are known and of one stretch."""
    joins: NDArray[np.bool_] = np.isfinite(p[1:]) & np.isfinite(p[:-1])
    if stretches is not None:
        labels = np.asarray(stretches)
        joins &= labels[1:] == labels[:-1]
    return joins


def _products(squares: Floats, piece: Integers, ends: Integers, lag: int) -> float:
    """Mean product of squares a lag apart in one piece; 0 where there are none."""
    later, pairs = squares[lag:], len(squares) - lag
    if len(ends) > 1:
        same = piece[lag:] == piece[:-lag]
        later, pairs = later * same, int(same.sum())
    # not @: threads of BLAS that wait for one another at each of many lags take longer than the sums do
    return float(np.einsum("i,i->", later, squares[:-lag])) / max(pairs, 1)


def _overlaps(lengths: Integers, q: int) -> Floats:
    """Σ w² by lag below q: w counts the windows of q rows that hold both of two rows a lag apart, in pieces of lengths.

    As the pair moves along a piece, w rises by 1 from 1 to the most there is, stays there, and falls again.
    """
    lag = np.arange(1, q)[:, None]
    length, many = np.unique(lengths[lengths >= q], return_counts=True)
    most = np.minimum(q - lag, length - q + 1)
    sums = (most - 1) * most * (2 * most - 1) / 3 + most**2 * (length - lag - 2 * (most - 1))
    return np.asarray((sums * many).sum(axis=1), float)
