"""Estimates with their standard errors, from samples that are independent of one another (episodes, seeds).

Samples are float64 arrays of shape (samples,). Standard errors are those of sampling: s / √n for a mean, and by
linearisation for a slope and a ratio (White 1980, without the assumption of equal variances).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from analysis.stats.arguments import checked

_ROUNDING = 1e-13  # relative: samples that differ by no more are equal


class Estimate(NamedTuple):
    """A number and its standard error from sampling; the error is 0 if nothing was sampled."""

    value: float
    standard_error: float

    def as_json(self) -> dict[str, float | None]:
        """Both numbers by name; nan and infinity become null."""
        return {name: part if math.isfinite(part) else None for name, part in zip(self._fields, self, strict=True)}


NOTHING = Estimate(math.nan, math.nan)


def _linearised(value: float, influence: Any) -> Estimate:
    """An estimate from n samples, each of which changes it by ``influence / n``; (samples,)."""
    count = len(influence)
    if math.isnan(value):
        return NOTHING
    if count < 2:
        return Estimate(value, math.inf)
    error = float(np.std(influence, ddof=1)) / math.sqrt(count)
    return Estimate(value, error if error > _ROUNDING * abs(value) else 0.0)


@checked("samples")
def mean(samples: ArrayLike) -> Estimate:
    """The mean of samples; nan if there are none."""
    x = np.asarray(samples, float)
    if not len(x):
        return NOTHING
    return _linearised(float(x.mean()), x)


@checked("samples")
def deviation(samples: ArrayLike) -> Estimate:
    """The standard deviation, with an error that is valid for any fourth moment; nan of fewer than two samples."""
    x = np.asarray(samples, float)
    if len(x) < 2:
        return NOTHING
    square = float(x.var(ddof=1))
    root = math.sqrt(square)
    return _linearised(root, ((x - x.mean()) ** 2 - square) / (2 * root) if root > 0 else np.zeros_like(x))


@checked("above", "below")
def ratio(above: ArrayLike, below: ArrayLike) -> Estimate:
    """The ratio of two means over the same samples; nan if the denominator's mean is 0, or there are no samples."""
    a, b = np.asarray(above, float), np.asarray(below, float)
    if not len(b) or b.mean() == 0.0:
        return NOTHING
    value = float(a.mean() / b.mean())
    return _linearised(value, (a - value * b) / b.mean())


def half_life_of(persistence: Estimate) -> Estimate:
    """The half-life ln ½ / ln φ of a deviation that shrinks by the factor φ per period; in periods.

    Its error follows from that of φ by linearisation. It is nan unless 0 < φ < 1.
    """
    phi = persistence.value
    if not 0.0 < phi < 1.0:
        return NOTHING
    logarithm = math.log(phi)
    slope = math.log(2.0) / (phi * logarithm**2)
    return Estimate(math.log(0.5) / logarithm, slope * persistence.standard_error)


@checked("x", "y")
def slope(x: ArrayLike, y: ArrayLike) -> Estimate:
    """The slope of a least-squares line of ``y`` on ``x``; nan if ``x`` does not vary."""
    along, up = np.asarray(x, float), np.asarray(y, float)
    if not len(along) or np.ptp(along) == 0.0:
        return NOTHING
    along = along - along.mean()
    up = up - up.mean()
    square = float((along**2).mean())
    value = float((along * up).mean()) / square
    return _linearised(value, along * (up - value * along) / square)


@checked("x", "y")
def residual_variance(x: ArrayLike, y: ArrayLike) -> Estimate:
    """The residual variance of a least-squares line of ``y`` on ``x``; nan if ``x`` does not vary."""
    along, up = np.asarray(x, float), np.asarray(y, float)
    if not len(along) or np.ptp(along) == 0.0:
        return NOTHING
    along, up = along - along.mean(), up - up.mean()
    left = up - float((along * up).mean() / (along**2).mean()) * along
    return _linearised(float((left**2).mean()), left**2)


@checked("x", "y")
def covariance(x: ArrayLike, y: ArrayLike) -> Estimate:
    """The covariance of pairs; nan if there are none."""
    a, b = np.asarray(x, float), np.asarray(y, float)
    if not len(a):
        return NOTHING
    product = (a - a.mean()) * (b - b.mean())
    return _linearised(float(product.mean()), product)
