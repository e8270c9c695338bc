"""Estimates and their errors: against what they are by definition, and against how they scatter over repetitions."""

import math

import numpy as np
import pytest

from analysis.stats.estimates import (
    Estimate,
    covariance,
    deviation,
    half_life_of,
    mean,
    ratio,
    residual_variance,
    slope,
)


def samples(seed):
    random = np.random.default_rng(seed)
    x = random.exponential(2.0, 400)
    return x, 3.0 + 0.5 * x + (0.2 + x) * random.normal(size=400)  # errors grow with x


ESTIMATORS = {
    "mean": lambda x, y: mean(y),
    "deviation": lambda x, y: deviation(y),
    "ratio": ratio,
    "slope": slope,
    "residual_variance": residual_variance,
    "covariance": covariance,
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_standard_error_is_how_estimates_scatter(name):
    found = [ESTIMATORS[name](*samples(seed)) for seed in range(600)]
    scatter = np.std([each.value for each in found], ddof=1)
    claimed = math.sqrt(np.mean([each.standard_error**2 for each in found]))
    assert claimed == pytest.approx(scatter, rel=0.12)  # 600 repetitions know a deviation to 3 %; tails are heavy


def test_estimates_are_what_numpy_says():
    x, y = samples(1)
    assert mean(y).value == pytest.approx(y.mean())
    assert mean(y).standard_error == pytest.approx(y.std(ddof=1) / 20)
    assert slope(x, y).value == pytest.approx(np.polyfit(x, y, 1)[0])
    assert residual_variance(x, y).value == pytest.approx((y - np.polyval(np.polyfit(x, y, 1), x)).var())
    assert ratio(x, y).value == pytest.approx(x.mean() / y.mean())
    assert covariance(x, y).value == pytest.approx(np.cov(x, y, ddof=0)[0, 1])
    assert deviation(y).value == pytest.approx(y.std(ddof=1))


def test_a_half_life_halves_a_deviation_and_there_is_none_of_what_does_not_shrink():
    life, error = half_life_of(Estimate(0.9, 0.01))
    assert 0.9**life == pytest.approx(0.5)
    assert error == pytest.approx(0.01 * (half_life_of(Estimate(0.9 + 1e-6, 0.0)).value - life) / 1e-6, rel=1e-4)
    for phi in (0.0, -0.5, 1.0, 1.1, math.nan):
        assert math.isnan(half_life_of(Estimate(phi, 0.1)).value)


def test_equal_samples_have_no_error_and_one_sample_has_no_end_of_it():
    assert mean([0.1] * 7) == Estimate(pytest.approx(0.1), 0.0)
    assert mean([3.0]).standard_error == math.inf
