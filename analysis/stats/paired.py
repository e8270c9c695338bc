"""Paired differences, such as two markets with the same seed: mean, error, confidence interval (Student 1908)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from analysis.stats.arguments import checked
from analysis.stats.estimates import mean

CONFIDENCE = 0.95


class Difference(NamedTuple):
    """The mean of differences, with its confidence interval."""

    value: float
    standard_error: float
    low: float
    high: float
    pairs: int  # pairs in which both numbers are known

    @property
    def excludes_nought(self) -> bool:
        """Whether 0 lies outside the interval."""
        return self.low > 0.0 or self.high < 0.0


@checked("changed", "base", infinite=True)
def difference(changed: ArrayLike, base: ArrayLike) -> Difference:
    """The mean of ``changed - base``, with its confidence interval, over the pairs in which both numbers are known.

    Parameters
    ----------
    changed, base : (pairs,); nan where a number is not known.
    """
    pairs = np.asarray(changed, float) - np.asarray(base, float)
    pairs = pairs[np.isfinite(pairs)]
    value, error = mean(pairs)
    reach = float(stats.t.ppf(0.5 + CONFIDENCE / 2, len(pairs) - 1)) * error if len(pairs) > 1 else math.nan
    return Difference(value, error, value - reach, value + reach, len(pairs))
