"""Tails of samples and of the normal law, and what each position adds to them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.risk.tail_risk import historical
from sim.models.tails import euler_shares, normal_tail, sample_tail

DEVIATIONS = np.array([0.02, 0.03, 0.01])
CORRELATION = np.array([[1.0, 0.5, 0.2], [0.5, 1.0, 0.3], [0.2, 0.3, 1.0]])
COVARIANCE = CORRELATION * np.outer(DEVIATIONS, DEVIATIONS)
WEIGHTS = np.array([100.0, -50.0, 200.0])
LOSSES = st.lists(st.integers(-50, 50).map(float), min_size=1, max_size=60)
LEVELS = st.sampled_from([0.5, 0.6, 0.75, 0.9, 0.95, 0.975, 0.99])


def tail(losses: list[float], confidence: float, tail_confidence: float) -> tuple[float, float]:
    """Of a sample, through an array with room for the worst."""
    kept = np.concatenate([losses, np.full(len(losses), np.nan)])
    return sample_tail(kept, len(losses), len(losses), confidence, tail_confidence)


@pytest.mark.parametrize(
    ("level", "quantile", "shortfall"),
    [(0.95, 1.644854, 2.062713), (0.975, 1.959964, 2.337803), (0.99, 2.326348, 2.665214)],
)
def test_the_normal_tail_has_the_published_digits(level: float, quantile: float, shortfall: float) -> None:
    assert normal_tail(level) == pytest.approx((quantile, shortfall), abs=5.1e-7)


def test_shares_of_the_shortfall_are_the_published_ones_and_sum_to_it() -> None:
    deviation = float(np.sqrt(WEIGHTS @ COVARIANCE @ WEIGHTS))
    shares = euler_shares(WEIGHTS, COVARIANCE, normal_tail(0.975)[1])
    assert deviation == pytest.approx(2.655184, abs=5.1e-7)
    assert shares == pytest.approx([2.905543, -0.132070, 3.433823], abs=5.1e-7)
    assert shares.sum() == pytest.approx(6.207296, abs=5.1e-7)
    assert shares.sum() == pytest.approx(normal_tail(0.975)[1] * deviation, rel=1e-14)


def test_a_share_is_the_weight_times_what_the_whole_grows_by_with_it() -> None:
    def whole(weights: np.ndarray) -> float:
        return float(np.sqrt(weights @ COVARIANCE @ weights))

    step = 1e-4 * np.eye(3)
    slopes = [(whole(WEIGHTS + each) - whole(WEIGHTS - each)) / 2e-4 for each in step]
    assert euler_shares(WEIGHTS, COVARIANCE) == pytest.approx(WEIGHTS * slopes, rel=1e-8)


def test_nothing_is_shared_where_nothing_moves() -> None:
    assert euler_shares([1.0, 2.0], np.zeros((2, 2))).tolist() == [0.0, 0.0]


def test_a_level_beyond_0_and_1_is_refused() -> None:
    with pytest.raises(ValueError, match="level must be between 0 and 1, not 1"):
        normal_tail(1.0)


@given(losses=LOSSES, confidence=LEVELS, tail_confidence=LEVELS)
def test_the_tail_of_a_sample_is_that_of_the_measure_on_kept_runs(losses, confidence, tail_confidence):
    gains = [-loss for loss in losses]
    found = tail(losses, confidence, tail_confidence)
    expected = historical(gains, confidence)[0], historical(gains, tail_confidence)[1]
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_a_loss_at_the_border_counts_in_part() -> None:
    losses = [float(each) for each in range(1, 11)]
    assert tail(losses, 0.9, 0.85) == pytest.approx((9.0, (10.0 + 0.5 * 9.0) / 1.5), rel=1e-12)
