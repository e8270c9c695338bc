from __future__ import annotations

import math

import numpy as np
import pytest

from sim.models import order_cost

TRADES = 400_000


def prices(seed, deviation, cost, adverse_selection=0.0):
    rng = np.random.default_rng(seed)
    sign = rng.choice([-1.0, 1.0], TRADES)
    return np.cumsum(rng.normal(0, deviation, TRADES) + adverse_selection * sign) + cost * sign


def autocovariance(changes):
    """Estimate, and its standard error from 200 blocks."""
    products = (changes[1:] - changes.mean()) * (changes[:-1] - changes.mean())
    blocks = products[: len(products) // 200 * 200].reshape(200, -1).mean(axis=1)
    return blocks.mean(), blocks.std(ddof=1) / math.sqrt(200)


def test_the_published_bounce():
    assert order_cost.autocovariance(0.05) == pytest.approx(-0.0025, rel=1e-12)
    assert order_cost.autocorrelation(0.1, 0.05) == pytest.approx(-1 / 6, rel=1e-12)
    assert order_cost.spread(0.05) == pytest.approx(0.1, rel=1e-12)
    ratios = [order_cost.variance_ratio(period, 0.1, 0.05) for period in (2, 5, 10)]
    assert ratios == pytest.approx([0.83333, 0.73333, 0.7], abs=5.1e-6)


@pytest.mark.parametrize("period", [1, 2, 5, 100])
def test_the_variance_ratio_is_that_of_rolls_model(period):
    closed = (0.3**2 + 2 * 0.2**2 / period) / (0.3**2 + 2 * 0.2**2)
    assert order_cost.variance_ratio(period, 0.3, 0.2) == pytest.approx(closed, rel=1e-12)


def test_rolls_estimate_is_the_spread_without_adverse_selection_and_too_small_with_it():
    assert order_cost.estimated_spread(order_cost.autocovariance(0.05)) == pytest.approx(0.1, rel=1e-12)
    assert order_cost.spread(0.02, 0.03) == pytest.approx(0.1, rel=1e-12)
    estimate = order_cost.estimated_spread(order_cost.autocovariance(0.02, 0.03))
    assert estimate == pytest.approx(0.063246, abs=5.1e-7)
    assert order_cost.estimated_spread(order_cost.autocovariance(0.0, 0.05)) == 0


@pytest.mark.parametrize("adverse_selection", [0.0, 0.03])
def test_simulated_prices_bounce_as_solved(adverse_selection):
    market = (0.1, 0.05, adverse_selection)
    path = prices(1, *market)
    changes = np.diff(path)
    estimate, error = autocovariance(changes)
    assert abs(estimate - order_cost.autocovariance(*market[1:])) < 4 * error
    squares = changes**2
    assert abs(squares.mean() - order_cost.variance(*market)) < 4 * 2 * squares.std() / math.sqrt(TRADES)
    for period in (2, 5, 10):
        ratio = (path[period:] - path[:-period]).var() / (period * changes.var())
        error = 4 * order_cost.variance_ratio_error(period, TRADES)
        assert abs(ratio - order_cost.variance_ratio(period, *market)) < error


def test_the_error_of_a_variance_ratio_is_the_published_one():
    squares = [order_cost.variance_ratio_error(period, 1) ** 2 for period in (2, 5, 10)]
    assert squares == pytest.approx([1.0, 4.8, 11.4], rel=1e-12)
    assert order_cost.variance_ratio_error(1, 10) == 0


def test_the_error_is_that_of_random_walks():
    steps = np.random.default_rng(4).normal(size=(4000, 500))
    path = np.cumsum(steps, axis=1)
    for period in (2, 5):
        ratios = ((path[:, period:] - path[:, :-period]) ** 2).mean(axis=1) / (period * (steps**2).mean(axis=1))
        assert ratios.std() == pytest.approx(order_cost.variance_ratio_error(period, 500), rel=4 / math.sqrt(8000))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: order_cost.spread(-0.1), "order_cost must be finite and not negative"),
        (lambda: order_cost.autocovariance(0.1, math.nan), "adverse_selection must be"),
        (lambda: order_cost.variance(-1.0, 0.1), "value_deviation must be"),
        (lambda: order_cost.autocorrelation(0.0, 0.0), "prices that never change"),
        (lambda: order_cost.estimated_spread(0.1), "autocovariance must be finite and not positive"),
        (lambda: order_cost.variance_ratio(0, 0.1, 0.1), "period must be at least 1"),
        (lambda: order_cost.variance_ratio_error(2, 0), "changes must be at least 1"),
    ],
)
def test_nonsense_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
