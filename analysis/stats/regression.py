"""Least squares and functions of its coefficients, with errors that hold under heteroscedasticity and autocorrelation.

An estimator is kept as its values and its influences, float64 (blocks, values): what each block of rows moves each
value by, times the number of blocks. A standard error is the root of the long-run variance of the influence over the
number of blocks (Newey and West 1987), and that of a function of several values follows from its gradient (the delta
method).

A block is one row while there are fewer than 250,000 of them. More are pooled: n rows make blocks of ⌊n / 125,000⌋
consecutive rows, so that there are never more than 250,000. That leaves values as they are, and of errors it changes
the weights of Bartlett's kernel alone: lags count blocks, and what is correlated within a block counts in full.
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
_COLLINEAR = 1e-11  # the smallest eigenvalue of a correlation matrix that still tells regressors apart
_STEP = 1e-3  # of a gradient, in standard errors
_BLOCKS = 125_000  # twice as many rows are pooled into as many blocks
_CHUNK = 1 << 14  # rows worked on at once: a dozen columns of them stay in a processor's cache


class Fit(NamedTuple):
    """Values, float64 (values,), and their influences, float64 (blocks, values)."""

    values: Floats
    influences: Floats

    def columns(self, which: Sequence[int]) -> Fit:
        """Some of the values."""
        return Fit(self.values[list(which)], self.influences[:, list(which)])


@np.errstate(over="ignore", invalid="ignore")
def least_squares(y: ArrayLike, *regressors: ArrayLike, where: Chosen | None = None) -> Fit:
    """Coefficients of ``y`` on a constant and regressors, all (rows,); the constant's comes first.

    Regressors may be views of one another, as lags are: no table of them is made.

    Parameters
    ----------
    where : which rows count, (rows,); None for all. The others may hold nan.

    Returns
    -------
    All are nan where the rows are too few or the regressors collinear.

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
    """What :func:`least_squares` leaves of ``y``, (rows,), at all rows, whichever of them were fitted."""
    columns, _ = _columns((y, *regressors), None)
    left: Floats = np.asarray(columns[0], float) - fit.values[0]
    for slope, regressor in zip(fit.values[1:], regressors, strict=True):
        left -= slope * np.asarray(regressor)
    return left


@np.errstate(over="ignore", invalid="ignore")
def means(*samples: ArrayLike, where: Chosen | None = None) -> Fit:
    """The means of samples, each (rows,), at the rows that count; errors are those of :func:`least_squares`."""
    columns, rows = _columns(samples, where)
    totals = np.zeros(len(columns))
    for table in _chunks(columns, where):
        totals += table.sum(axis=1)
    values = totals / rows if rows else np.full(len(columns), math.nan)
    return Fit(values, _pooled(columns, where, rows, lambda table: table - values[:, None]).T)


def joined(*fits: Fit) -> Fit:
    """Estimators over the same rows as one; ValueError where their rows cannot be the same."""
    return Fit(np.concatenate([fit.values for fit in fits]), np.hstack([fit.influences for fit in fits]))


@checked("influence")
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
    """Each value of a fit, or of a smooth function of its values, with its standard error; ``lags`` count blocks."""
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


# --- rows, chunk by chunk -------------------------------------------------------------------------------------------


def _columns(given: Sequence[ArrayLike], where: Chosen | None) -> tuple[list[NDArray[Any]], int]:
    """Columns as arrays, and how many of their rows count."""
    columns = [np.asarray(each) for each in given]
    shapes = {each.shape for each in columns} | ({where.shape} if where is not None else set())
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        raise ValueError(f"shapes {', '.join(map(str, sorted(shapes)))} — all must have the same rows, (rows,)")
    return columns, len(columns[0]) if where is None else int(np.count_nonzero(where))


def _chunks(columns: Sequence[NDArray[Any]], where: Chosen | None) -> Iterator[Floats]:
    """The rows that count, float64 (columns, rows of a chunk); each chunk is written over by the next."""
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
    """Means, (columns,), sums of products of deviations from them, (columns, columns), and greatest sizes, (columns,).

    Chunks are merged as Chan, Golub and LeVeque 1983 do (American Statistician 37, 242), so no mean cancels.
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
    """Influences from what each row adds to n times each value, summed block by block: float64 (values, blocks)."""
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
