"""Regret and its interval: by hand, and covering as often as it should, also where deviations tie."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.games.certificates import certify

STRICT, MIXED, NINE_TIED, PROFITABLE = (-0.5, -0.3), (0.0, 0.0, 0.0, -0.2), (0.0,) * 9, (0.2, 0.1, -0.1)


def drawn(means: tuple[float, ...], runs: int, seed: int) -> np.ndarray:
    """Gains whose errors have a part in common, as those of common seeds have."""
    random = np.random.default_rng((seed, 11))
    common = 0.5 * random.standard_normal(runs)
    return np.array(means)[:, None] + random.standard_normal((len(means), runs)) + common


def coverage(means: tuple[float, ...], repetitions: int) -> int:
    true = max(0.0, *means)
    found = (certify(drawn(means, 60, seed), repeats=400, seed=seed) for seed in range(repetitions))
    return sum(each.low <= true <= each.high for each in found)


@pytest.mark.parametrize("means", [STRICT, MIXED, NINE_TIED, PROFITABLE])
def test_the_interval_holds_the_true_regret_in_nine_of_ten_repetitions_at_least(means):
    assert coverage(means, 200) >= 180


@pytest.mark.slow
@pytest.mark.parametrize("means", [STRICT, MIXED, NINE_TIED, PROFITABLE])
def test_over_two_thousand_repetitions_it_covers_at_the_rate_it_claims(means):
    assert coverage(means, 2_000) >= 1_900 - 4 * np.sqrt(2_000 * 0.05 * 0.95)


def test_a_percentile_interval_of_the_maximum_would_not_where_nine_deviations_tie():
    random, inside = np.random.default_rng(5), 0
    for seed in range(200):
        gains = drawn(NINE_TIED, 60, seed)
        draws = random.multinomial(60, np.full(60, 1 / 60), 400).T
        highest = np.maximum(0.0, (gains @ draws / 60).max(axis=0))
        low, high = np.quantile(highest, [0.025, 0.975])
        inside += low <= 0.0 <= high
    assert inside < 160


def test_regret_is_never_negative_and_lies_in_its_interval():
    for means in (STRICT, MIXED, PROFITABLE):
        found = certify(drawn(means, 40, 3))
        assert 0.0 <= found.low <= found.regret <= found.high
        assert len(found.gains) == len(means)
        assert found.regret == max(0.0, max(each.value for each in found.gains))


def test_more_runs_and_less_confidence_make_it_narrower():
    wide, narrow = (certify(drawn(PROFITABLE, runs, 3)) for runs in (30, 3_000))
    assert narrow.high - narrow.low < 0.2 * (wide.high - wide.low)
    gains = drawn(PROFITABLE, 60, 3)
    assert certify(gains, 0.5).quantile < certify(gains, 0.95).quantile < certify(gains, 0.99).quantile


def test_gains_that_never_vary_are_known_exactly():
    found = certify([[0.0] * 10, [-1.0] * 10])
    assert (found.regret, found.low, found.high, found.quantile) == (0.0, 0.0, 0.0, 0.0)
    found = certify([[0.5] * 10, [-1.0] * 10])
    assert (found.low, found.high) == (0.5, 0.5)
    assert certify(np.zeros((0, 5))).high == 0.0


def test_the_same_seed_gives_the_same_interval():
    gains = drawn(MIXED, 50, 1)
    assert certify(gains, seed=4) == certify(gains, seed=4)


@pytest.mark.parametrize(
    ("gains", "settings", "why"),
    [([[1.0]], {}, "two runs"), ([[1.0, np.nan]], {}, "finite"), ([[1.0, 2.0]], {"confidence": 1.0}, "confidence")],
)
def test_what_gives_no_interval_is_refused(gains, settings, why):
    with pytest.raises(ValueError, match=why):
        certify(gains, **settings)
