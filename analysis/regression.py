"""Least squares and functions of its coefficients, with errors that hold under heteroscedasticity and autocorrelation.

An estimator is kept as its values and its influences, float64 (rows, values): what each row moves each value by, times
the number of rows. A standard error is the root of the long-run variance of the influence over the number of rows
(Newey and West 1987), and that of a function of several values follows from its gradient (the delta method).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import Estimate

Floats = NDArray[np.float64]
NOTHING = Estimate(math.nan, math.nan)
_COLLINEAR = 1e-11  # the smallest eigenvalue of a correlation matrix that still tells regressors apart
_STEP = 1e-3  # of a gradient, in standard errors


class Fit(NamedTuple):
    """Values, float64 (values,), and their influences, float64 (rows, values)."""

    values: Floats
    influences: Floats

    def columns(self, which: Sequence[int]) -> Fit:
        """Some of the values."""
        return Fit(self.values[list(which)], self.influences[:, list(which)])


def least_squares(y: ArrayLike, *regressors: ArrayLike) -> Fit:
    """Coefficients of ``y`` on a constant and regressors, all (rows,); the constant's comes first.

    All are nan where the rows are too few or the regressors collinear.
    """
    up = np.asarray(y, float)
    x = np.column_stack([np.ones(len(up)), *(np.asarray(each, float) for each in regressors)])
    rows, count = x.shape
    nothing = Fit(np.full(count, math.nan), np.full((rows, count), math.nan))
    if rows <= count:
        return nothing
    centre, spread = x.mean(axis=0), x.std(axis=0)
    spread[0], centre[0] = 1.0, 0.0
    if not np.all(spread > 1e-13 * np.abs(x).max(axis=0)):
        return nothing
    z = (x - centre) / spread  # the constant stays: coefficients are turned back below
    gram = z.T @ z / rows
    if not np.linalg.eigvalsh(gram)[0] > _COLLINEAR:
        return nothing
    inverse = np.linalg.inv(gram)
    slopes = inverse @ (z.T @ up) / rows
    back = np.diag(1 / spread)
    back[0, 1:] = -(centre / spread)[1:]
    influences = (z * (up - z @ slopes)[:, None]) @ inverse
    return Fit(back @ slopes, influences @ back.T)


def means(*samples: ArrayLike) -> Fit:
    """The means of samples, each (rows,)."""
    x = np.column_stack([np.asarray(each, float) for each in samples])
    values = x.mean(axis=0) if len(x) else np.full(x.shape[1], math.nan)
    return Fit(values, x - values)


def joined(*fits: Fit) -> Fit:
    """Estimators over the same rows as one."""
    return Fit(np.concatenate([fit.values for fit in fits]), np.hstack([fit.influences for fit in fits]))


def long_run_variance(influence: Floats, lags: int | None = None) -> float:
    """Variance of a mean times the number of rows, with Bartlett's weights.

    ``lags`` defaults to 4 (n / 100)^(2/9), rounded down (Newey and West 1994). Rows (rows,) are taken to have mean 0.
    """
    rows = len(influence)
    if rows < 2:
        return math.nan
    most = int(4 * (rows / 100) ** (2 / 9)) if lags is None else lags
    total = float(influence @ influence)
    for lag in range(1, min(most, rows - 1) + 1):
        total += 2 * (1 - lag / (most + 1)) * float(influence[lag:] @ influence[:-lag])
    return max(total, 0.0) / rows


def estimates(
    fit: Fit, function: Callable[[Floats], ArrayLike] | None = None, lags: int | None = None
) -> list[Estimate]:
    """Each value of a fit, or of a smooth function of its values, with its standard error."""
    rows = len(fit.influences)
    values, influences = fit.values, fit.influences
    if not rows or not np.all(np.isfinite(values)):
        count = len(values) if function is None else len(np.atleast_1d(function(np.full(len(values), math.nan))))
        return [NOTHING] * count
    if function is not None:
        influences = influences @ _gradient(fit, function).T
        values = np.atleast_1d(np.asarray(function(fit.values), float))
    found = []
    for value, influence in zip(values, influences.T, strict=True):
        error = math.sqrt(long_run_variance(influence, lags) / rows)
        found.append(Estimate(float(value), error) if math.isfinite(value) else NOTHING)
    return found


def estimate(fit: Fit, function: Callable[[Floats], ArrayLike] | None = None, lags: int | None = None) -> Estimate:
    """The first of :func:`estimates`."""
    return estimates(fit, function, lags)[0]


def _gradient(fit: Fit, function: Callable[[Floats], ArrayLike]) -> Floats:
    """Central differences, (outputs, values), of a step that is small beside the standard errors."""
    steps = _STEP * np.sqrt(np.mean(fit.influences**2, axis=0) / len(fit.influences))
    columns = []
    for which, step in enumerate(steps):
        step = max(float(step), 1e-7 * abs(float(fit.values[which])), 1e-12)
        above, below = fit.values.copy(), fit.values.copy()
        above[which] += step
        below[which] -= step
        columns.append(np.atleast_1d(np.asarray(function(above)) - np.asarray(function(below))) / (2 * step))
    return np.asarray(columns, float).T
