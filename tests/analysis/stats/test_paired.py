"""Paired differences: mean, error and interval against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analysis.stats.paired import difference


def test_a_difference_is_the_mean_of_pairs_with_students_interval():
    base = np.array([1.0, 2.0, 3.0, np.nan, 5.0])
    changed = np.array([2.0, 2.0, 5.0, 7.0, np.nan])
    found = difference(changed, base)
    assert (found.value, found.pairs) == (1.0, 3)
    assert found.standard_error == pytest.approx(1 / np.sqrt(3))
    low, high = stats.t.interval(0.95, 2, 1.0, 1 / np.sqrt(3))
    assert (found.low, found.high) == pytest.approx((low, high))
    assert not found.excludes_nought
    assert difference(base + 1, base).excludes_nought


def test_a_single_pair_has_no_interval():
    found = difference([2.0], [1.0])
    assert found.value == 1.0
    assert np.isnan(found.low)
    assert not found.excludes_nought
