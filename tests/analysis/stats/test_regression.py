"""Least squares: the same from few rows and many, from views and masks, whatever rows are pooled."""

import math
import tracemalloc

import numpy as np
import pytest

from analysis.stats import regression
from analysis.stats.regression import estimate, estimates, joined, least_squares, long_run_variance, means, residuals


def moving(random, rows, reach=5):
    """A series whose autocorrelation ends after a few rows."""
    return np.convolve(random.normal(size=rows + reach - 1), np.ones(reach), "valid")


def persistent(random, rows, phi):
    """An autoregression."""
    from scipy.signal import lfilter

    return lfilter([1.0], [1.0, -phi], random.normal(size=rows))


@pytest.fixture
def line():
    """y on two regressors with disturbances that are neither alike nor independent."""
    random = np.random.default_rng(1)
    one, two = moving(random, 100_003), random.normal(size=100_003) + 20
    return 3 + 2 * one - two + moving(random, 100_003) * (1 + one**2), one, two


def unpooled(monkeypatch):
    monkeypatch.setattr(regression, "_BLOCKS", 10**9)


def test_pooling_rows_leaves_values_and_hardly_changes_errors(line, monkeypatch):
    unpooled(monkeypatch)
    every = estimates(least_squares(*line))
    monkeypatch.setattr(regression, "_BLOCKS", 10_000)  # ten rows each, and a last block of three
    pooled = least_squares(*line)
    assert pooled.influences.shape == (10_001, 3)
    for few, all_rows in zip(estimates(pooled), every, strict=True):
        assert few.value == pytest.approx(all_rows.value, rel=1e-12)
        assert few.standard_error == pytest.approx(all_rows.standard_error, rel=0.05)


def test_errors_of_pooled_rows_are_those_of_as_wide_a_kernel_over_rows(monkeypatch):
    x = persistent(np.random.default_rng(2), 200_000, 0.99)
    unpooled(monkeypatch)
    every = means(x).influences[:, 0]
    monkeypatch.setattr(regression, "_BLOCKS", 10_000)
    pooled = means(x)
    for lags in (0, 3, 12):
        wide = 20 * (lags + 1) - 1
        error = math.sqrt(long_run_variance(every, wide) / len(x))
        assert estimate(pooled, lags=lags).standard_error == pytest.approx(error, rel=0.01)


def test_long_run_variance_is_that_of_statsmodels():
    statsmodels = pytest.importorskip("statsmodels.api")
    x = np.cumsum(np.random.default_rng(4).standard_normal(300)) * 0.1
    fit = statsmodels.OLS(x, np.ones(300)).fit(cov_type="HAC", cov_kwds={"maxlags": 7})
    assert math.sqrt(long_run_variance(x - x.mean(), 7) / 300) == pytest.approx(float(fit.bse[0]), rel=1e-9)


def test_joined_fits_over_the_same_rows_pool_alike(line, monkeypatch):
    y, one, two = line
    chosen = np.random.default_rng(3).random(len(y)) < 0.7

    def both():
        fit = joined(least_squares(y, one, two, where=chosen), means(one * two, two, where=chosen))
        return estimate(fit, lambda v: v[1] * v[3] / v[4])

    unpooled(monkeypatch)
    every = both()
    monkeypatch.setattr(regression, "_BLOCKS", 5_000)
    pooled = both()
    assert pooled.value == pytest.approx(every.value, rel=1e-12)
    assert pooled.standard_error == pytest.approx(every.standard_error, rel=0.05)


def test_fits_over_other_rows_cannot_be_joined():
    with pytest.raises(ValueError, match="dimension"):
        joined(means(np.arange(10.0)), means(np.arange(9.0)))


@pytest.mark.parametrize("blocks", [10**9, 1_000])
def test_rows_that_do_not_count_might_as_well_be_missing(line, blocks, monkeypatch):
    monkeypatch.setattr(regression, "_BLOCKS", blocks)
    chosen = np.random.default_rng(4).random(len(line[0])) < 0.5
    chosen[20_000:60_000] = False  # whole chunks
    kept = [each[chosen] for each in line]
    broken = [np.where(chosen, each, math.nan) for each in line]
    for fit, same in (
        (least_squares(*broken, where=chosen), least_squares(*kept)),
        (means(*broken, where=chosen), means(*kept)),
    ):
        assert fit.values == pytest.approx(same.values, rel=1e-10)
        assert fit.influences == pytest.approx(same.influences, rel=1e-7, abs=1e-7)
        assert fit.influences.mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-9)


def test_regressors_far_from_zero_keep_their_digits():
    random = np.random.default_rng(5)
    x = random.normal(size=(50_000, 2))
    y = x @ [1.0, -2.0] + random.normal(size=len(x))
    near, far = least_squares(y, *x.T), least_squares(y, *(x.T + 1e6))
    assert far.values[1:] == pytest.approx(near.values[1:], rel=1e-9)
    assert far.influences[:, 1:] == pytest.approx(near.influences[:, 1:], abs=1e-6)


def test_values_are_those_of_numpy_and_residuals_are_what_they_leave(line):
    y, *x = line
    table = np.column_stack([np.ones(len(y)), *x])
    theirs = np.linalg.lstsq(table, y, rcond=None)[0]
    fit = least_squares(y, *x)
    assert fit.values == pytest.approx(theirs, rel=1e-10)
    assert residuals(fit, y, *x) == pytest.approx(y - table @ theirs, abs=1e-9)


def test_what_cannot_be_told_apart_is_nan():
    x = np.arange(100.0)
    for regressors in ([x, 2 * x], [np.full(100, 0.1)], [x, np.ones(100)]):
        assert np.isnan(least_squares(x**2, *regressors).values).all()
    assert np.isnan(least_squares([1.0, 2.0], [1.0, 2.0]).values).all()
    assert math.isnan(estimate(means([])).value)
    assert math.isnan(estimate(means(x, where=np.zeros(100, bool))).value)


def test_samples_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match="same rows"):
        least_squares(np.ones(5), np.arange(4.0))
    with pytest.raises(ValueError, match="same rows"):
        means(np.ones(5), where=np.ones(4, bool))


def test_lags_of_a_long_series_are_never_copied():
    random = np.random.default_rng(6)
    signs = np.where(random.random(1_000_000) < 0.5, 1, -1).astype(np.int8)
    lags = [signs[20 - lag : len(signs) - lag] for lag in range(21)]
    tracemalloc.start()
    fit = least_squares(*lags)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert fit.influences.shape[0] <= 250_000
    assert most < 21 * len(signs) * 8 / 2  # half of what their table would take
