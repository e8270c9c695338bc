"""Least squares and functions of its coefficients, with heteroscedasticity- and autocorrelation-robust errors.

An estimator is a set of values and their influences, float64 (blocks, values). The influence of a block of rows is the
change of the value due to this block, times the number of blocks. A standard error is √(V / blocks), where V is the
long-run variance of the influence (Newey and West 1987). The error of a function of several values follows from its
gradient (the delta method).

If there are fewer than 250,000 rows, each row is a block. If there are more, ⌊n / 125,000⌋ consecutive rows are pooled
into a block, so there are never more than 250,000 blocks. Pooling does not change values. Of errors it changes only the
weights of Bartlett's kernel: lags are counted in blocks, and correlations within a block have the full weight.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.stats.arguments import checked
from analysis.stats.estimates import NOTHING, Estimate

Floats = NDArray[np.float64]
Chosen = NDArray[np.bool_]
_COLLINEAR = 1e-11  # regressors are collinear if an eigenvalue of their correlation matrix is not above this
_STEP = 1e-3  # step of a numerical gradient, in standard errors
_BLOCKS = 125_000  # rows are pooled into blocks if there are at least twice as many
_CHUNK = 1 << 14  # rows that are processed together: a dozen columns of them fit in a processor's cache


class Fit(NamedTuple):
    """Values, float64 (values,), and their influences, float64 (blocks, values)."""

    values: Floats
    influences: Floats

    def columns(self, which: Sequence[int]) -> Fit:
        """Some of the values."""
        return Fit(self.values[list(which)], self.influences[:, list(which)])


@np.errstate(over="ignore", invalid="ignore")
def least_squares(y: ArrayLike, *regressors: ArrayLike, where: Chosen | None = None) -> Fit:
    """Coefficients of ``y`` on a constant and regressors, all (rows,). The coefficient of the constant comes first.

    Regressors may be views of one array, such as lags. They are not copied into a table.

    Parameters
    ----------
    where : which rows count, (rows,); None for all. The other rows may hold nan.

    Returns
    -------
    The fit. All values are nan if there are too few rows, or if the regressors are collinear.

    Raises
    ------
    ValueError
        If lengths differ.
    """
    columns, rows = _columns((*regressors, y), where)
    count = len(columns)
    nothing = Fit(np.full(count, math.nan), np.full((_blocks(rows), count), math.nan))
    if rows <= count:
        return nothing
    centre, products, most = _moments(columns, where)
    centre, middle = centre[:-1], centre[-1]
    spread = np.sqrt(np.diag(products)[:-1] / rows)
    if not np.all(spread > 1e-13 * most[:-1]):
        return nothing
    gram = products[:-1, :-1] / np.outer(spread, spread) / rows
    if not np.isfinite(gram).all():
        return nothing
    if count > 1 and not np.linalg.eigvalsh(gram)[0] > _COLLINEAR:
        return nothing
    inverse = np.linalg.inv(gram)
    slopes = inverse @ (products[:-1, -1] / spread / rows) / spread

    def scores(table: Floats) -> Floats:
        away = table[:-1] - centre[:, None]
        left = table[-1] - middle - slopes @ away
        away *= left
        return np.vstack([left, away])

    back = np.eye(count)  # from the scores' blocks to influences
    back[1:, 1:] = inverse / np.outer(spread, spread)
    back[0, 1:] = -centre @ back[1:, 1:]
    values = np.concatenate([[middle - centre @ slopes], slopes])
    return Fit(values, (back @ _pooled(columns, where, rows, scores)).T)


def residuals(fit: Fit, y: ArrayLike, *regressors: ArrayLike) -> Floats:
    """Residuals of :func:`least_squares`, (rows,), at all rows, including those that were not fitted."""
    columns, _ = _columns((y, *regressors), None)
    left: Floats = np.asarray(columns[0], float) - fit.values[0]
    for slope, regressor in zip(fit.values[1:], regressors, strict=True):
        left -= slope * np.asarray(regressor)
    return left


@np.errstate(over="ignore", invalid="ignore")
def means(*samples: ArrayLike, where: Chosen | None = None) -> Fit:
    """Means of columns, each (rows,), over the rows in ``where``, with influences as in :func:`least_squares`."""
    columns, rows = _columns(samples, where)
    totals = np.zeros(len(columns))
    for table in _chunks(columns, where):
        totals += table.sum(axis=1)
    values = totals / rows if rows else np.full(len(columns), math.nan)
    return Fit(values, _pooled(columns, where, rows, lambda table: table - values[:, None]).T)


def joined(*fits: Fit) -> Fit:
    """Estimators over the same rows as one estimator. Raises ValueError if their numbers of blocks differ."""
    return Fit(np.concatenate([fit.values for fit in fits]), np.hstack([fit.influences for fit in fits]))


def usual_lags(rows: int) -> int:
    """The largest lag that a long-run variance looks at: 4 (rows / 100)^(2/9), rounded down (Newey and West 1994)."""
    return int(4 * (max(rows, 1) / 100) ** (2 / 9))


@checked("influence")
def long_run_variance(influence: Floats, lags: int | None = None) -> float:
    """The long-run variance: the variance of a mean times the number of rows, with Bartlett's weights.

    ``influence`` is (rows,) and must have the mean 0. ``lags`` defaults to :func:`usual_lags`. The result is nan if
    there are fewer than two rows.
    """
    rows = len(influence)
    if rows < 2:
        return math.nan
    most = usual_lags(rows) if lags is None else lags
    total = float(influence @ influence)
    for lag in range(1, min(most, rows - 1) + 1):
        total += 2 * (1 - lag / (most + 1)) * float(influence[lag:] @ influence[:-lag])
    return max(total, 0.0) / rows


def estimates(
    fit: Fit, function: Callable[[Floats], ArrayLike] | None = None, lags: int | None = None
) -> list[Estimate]:
    """Each value of a fit, or of a smooth function of these values, with its standard error. Lags are in blocks."""
    blocks = len(fit.influences)
    values, influences = fit.values, fit.influences.T
    if not blocks or not np.all(np.isfinite(values)):
        count = len(values) if function is None else len(np.atleast_1d(function(np.full(len(values), math.nan))))
        return [NOTHING] * count
    if function is not None:
        influences = _gradient(fit, function) @ influences
        values = np.atleast_1d(np.asarray(function(fit.values), float))
    found = []
    for value, influence in zip(values, influences, strict=True):
        error = math.sqrt(long_run_variance(influence, lags) / blocks)
        found.append(Estimate(float(value), error) if math.isfinite(value) else NOTHING)
    return found


def estimate(fit: Fit, function: Callable[[Floats], ArrayLike] | None = None, lags: int | None = None) -> Estimate:
    """The first estimate of :func:`estimates`."""
    return estimates(fit, function, lags)[0]


def _gradient(fit: Fit, function: Callable[[Floats], ArrayLike]) -> Floats:
    """The gradient by central differences, (outputs, values), with steps much smaller than the standard errors."""
    steps = _STEP * np.sqrt(np.mean(fit.influences**2, axis=0) / len(fit.influences))
    columns = []
    for which, step in enumerate(steps):
        step = max(float(step), 1e-7 * abs(float(fit.values[which])), 1e-12)
        above, below = fit.values.copy(), fit.values.copy()
        above[which] += step
        below[which] -= step
        columns.append(np.atleast_1d(np.asarray(function(above)) - np.asarray(function(below))) / (2 * step))
    return np.asarray(columns, float).T


# --- rows, chunk by chunk -------------------------------------------------------------------------------------------


def _columns(given: Sequence[ArrayLike], where: Chosen | None) -> tuple[list[NDArray[Any]], int]:
    """Columns as arrays, and the number of rows in ``where``."""
    columns = [np.asarray(each) for each in given]
    shapes = {each.shape for each in columns} | ({where.shape} if where is not None else set())
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        raise ValueError(f"shapes {', '.join(map(str, sorted(shapes)))} — all must have the same rows, (rows,)")
    return columns, len(columns[0]) if where is None else int(np.count_nonzero(where))


def _chunks(columns: Sequence[NDArray[Any]], where: Chosen | None) -> Iterator[Floats]:
    """The rows in ``where`` in chunks, float64 (columns, rows of the chunk). Each chunk overwrites the one before."""
    table = np.empty((len(columns), _CHUNK))
    for start in range(0, len(columns[0]), _CHUNK):
        part = slice(start, start + _CHUNK)
        chosen = None if where is None or where[part].all() else where[part]
        count = len(columns[0][part]) if chosen is None else int(np.count_nonzero(chosen))
        if not count:
            continue
        for row, column in zip(table, columns, strict=True):
            row[:count] = column[part] if chosen is None else column[part][chosen]
        yield table[:, :count]


def _moments(columns: Sequence[NDArray[Any]], where: Chosen | None) -> tuple[Floats, Floats, Floats]:
    """Means (columns,), sums of products of deviations (columns, columns), and largest absolute values (columns,).

    Chunks are merged by the method of Chan, Golub and LeVeque 1983 (American Statistician 37, 242), which avoids
    cancellation when means are large.
    """
    count = len(columns)
    rows, centre, products, most = 0, np.zeros(count), np.zeros((count, count)), np.zeros(count)
    for table in _chunks(columns, where):
        own, more = table.mean(axis=1), table.shape[1]
        away = table - own[:, None]
        shift = own - centre
        products += away @ away.T + np.outer(shift, shift) * (rows * more / (rows + more))
        rows += more
        centre += shift * (more / rows)
        most = np.maximum(most, np.maximum(table.max(axis=1), -table.min(axis=1)))
    return centre, products, most


def _width(rows: int) -> int:
    return max(1, rows // _BLOCKS)


def _blocks(rows: int) -> int:
    return -(-rows // _width(rows))


def _pooled(
    columns: Sequence[NDArray[Any]], where: Chosen | None, rows: int, scores: Callable[[Floats], Floats]
) -> Floats:
    """Influences by block, float64 (values, blocks): sums over a block of each row's score, scaled by blocks / rows."""
    width, blocks, done = _width(rows), _blocks(rows), 0
    sums: Floats = np.zeros((len(columns), blocks))
    for table in _chunks(columns, where):
        added = scores(table)
        starts = np.append(0, np.arange(width - done % width, added.shape[1], width))
        first = done // width
        sums[:, first : first + len(starts)] += np.add.reduceat(added, starts, axis=1) if width > 1 else added
        done += added.shape[1]
    sums *= blocks / max(rows, 1)
    return sums
