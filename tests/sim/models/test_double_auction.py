from __future__ import annotations

import math

import numpy as np
import pytest

from sim.models.double_auction import maximum_surplus, simulate, unconstrained_efficiency

VALUES, COSTS = np.arange(180, 60, -10), np.arange(20, 140, 10)
FEW_VALUES, FEW_COSTS = np.arange(150, 40, -20), np.arange(50, 160, 20)
PUBLISHED_RUNS = 4000


def assert_mean(sample, published, deviation):
    """The published mean is one of 4,000 runs itself."""
    assert abs(sample.mean() - published) < 4 * deviation * math.sqrt(1 / PUBLISHED_RUNS + 1 / len(sample))


@pytest.mark.parametrize(
    ("steps", "runs", "published", "deviation"),
    [(5000, 1000, 0.9673, 0.0285), (1000, 4000, 0.9665, 0.0285), (300, 4000, 0.9426, 0.043)],
)
def test_twelve_on_each_side_reach_the_published_efficiency(steps, runs, published, deviation):
    efficiency, trades = simulate(VALUES, COSTS, steps, runs, seed=steps)
    assert efficiency.shape == trades.shape == (runs,)
    assert_mean(efficiency, published, deviation)
    assert efficiency.std() == pytest.approx(deviation, rel=4 * math.sqrt(1 / runs))
    if steps == 5000:
        assert_mean(trades, 9.38, 0.64)


def test_six_on_each_side_reach_the_published_efficiency():
    efficiency = simulate(FEW_VALUES, FEW_COSTS, 2000, 2000, seed=6).efficiency
    assert_mean(efficiency, 0.9491, 0.068)
    assert efficiency.std() == pytest.approx(0.068, rel=0.1)


def test_without_a_budget_everybody_trades():
    assert unconstrained_efficiency(VALUES, COSTS) == pytest.approx(0.8333, abs=5.1e-5)
    assert unconstrained_efficiency(FEW_VALUES, FEW_COSTS) == 0
    for values, costs in ((VALUES, COSTS), (FEW_VALUES, FEW_COSTS)):
        efficiency, trades = simulate(values, costs, 3000, 50, seed=1, constrained=False)
        assert np.all(trades == len(values))
        assert efficiency == pytest.approx(np.full(50, unconstrained_efficiency(values, costs)), abs=1e-12)


def test_without_a_budget_the_longer_side_trades_by_chance():
    efficiency, trades = simulate(VALUES, COSTS[:5], 1000, 4000, seed=2, constrained=False)
    assert np.all(trades == 5)
    error = efficiency.std() / math.sqrt(len(efficiency))
    assert abs(efficiency.mean() - unconstrained_efficiency(VALUES, COSTS[:5])) < 4 * error


def test_the_maximum_surplus_pairs_the_best():
    assert maximum_surplus(VALUES, COSTS) == 720
    assert maximum_surplus(FEW_VALUES, FEW_COSTS) == 180
    assert maximum_surplus([3, 10], [4]) == 6
    assert maximum_surplus([3], [4]) == 0


def test_a_budget_leaves_no_loss_and_no_more_than_there_is():
    efficiency, trades = simulate([100, 60, 30], [20, 50, 90], 400, 500, seed=3)
    assert np.all((efficiency > 0) & (efficiency <= 1))
    assert np.all((trades >= 1) & (trades <= 3))
    efficiency, trades = simulate([100], [20], 2000, 200, seed=3)
    assert np.all(efficiency == 1)
    assert np.all(trades == 1)


def test_a_seed_decides_the_runs():
    first, again, other = (simulate(VALUES, COSTS, 100, 20, seed=seed).efficiency for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: maximum_surplus([], [1]), "values must be a one-dimensional array"),
        (lambda: maximum_surplus([1], [[1]]), "costs must be a one-dimensional array"),
        (lambda: maximum_surplus([math.nan], [1]), "finite"),
        (lambda: unconstrained_efficiency([1], [2]), "no surplus"),
        (lambda: simulate([1], [2], 10, 10, 1), "no surplus"),
        (lambda: simulate([250], [2], 10, 10, 1), "values must be from 0 to highest, 200.0"),
        (lambda: simulate([100], [-2], 10, 10, 1), "costs must be from 0"),
        (lambda: simulate([100], [2], 0, 10, 1), "steps must be at least 1"),
        (lambda: simulate([100], [2], 10, 0, 1), "runs must be at least 1"),
    ],
)
def test_nonsense_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
