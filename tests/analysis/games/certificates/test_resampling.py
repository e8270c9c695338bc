"""Regret and its interval: by hand, and covering as often as it should, also where deviations tie."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.games.certificates.resampling import certify, sampled, sampled_ratio
from analysis.stats.estimates import mean, ratio

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


# --- gains that vary too seldom for a band ----------------------------------------------------------------------------


def test_gains_that_never_vary_are_not_known():
    for value in (0.0, 0.5):
        found = certify([[value] * 100, [-1.0] * 100])
        assert (found.regret, found.low, found.high, found.quantile) == (value, 0.0, np.inf, 0.0)
        assert found.differing == [0, 0]
        assert all(each.standard_error == np.inf for each in found.gains)


def test_nothing_else_to_do_is_no_regret():
    assert certify(np.zeros((0, 5)))[:3] == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("differing", "known"), [(0, False), (1, False), (7, False), (8, True), (200, True)])
def test_a_loss_that_fewer_than_eight_runs_met_has_no_band(differing, known):
    gains = np.where(np.arange(400) < differing, -40.0, 0.1)
    found = certify([gains])
    assert found.differing == [differing]
    assert (found.high < np.inf) == known


def test_of_few_runs_half_that_differ_are_enough():
    gains = np.array([0.0, 0.0, 0.0, 0.0, 0.1, 0.2, 0.3, 0.4])
    assert certify([gains]).high < np.inf
    assert certify([np.maximum(gains, 0.1)]).high == np.inf


def test_a_gain_that_is_sure_shows_beside_one_that_is_not():
    sure = drawn((2.0,), 100, 1)
    found = certify(np.vstack([sure, np.zeros((1, 100))]))
    assert found.high == np.inf
    assert found.low == pytest.approx(certify(sure).low)


def test_with_bounds_the_interval_is_as_wide_as_the_rule_of_three_asks():
    runs, span = 300, 20.0
    found = certify([[-0.1] * runs], spans=span)
    assert found.high == pytest.approx((1 - 0.05 ** (1 / runs)) * (span / 2 + 0.1) - 0.1)
    assert found.high == pytest.approx(3 / runs * (span / 2 + 0.1) - 0.1, abs=0.001)
    two = certify([[-0.1] * runs, [-0.1] * runs], spans=span)
    assert two.high == pytest.approx((1 - 0.025 ** (1 / runs)) * (span / 2 + 0.1) - 0.1)


def test_a_gain_that_is_above_epsilon_in_all_runs_is_a_regret_as_far_as_bounds_say():
    found = certify([[1.0] * 300], spans=20.0)
    assert 0.8 < found.low < 1.0 < found.high < 1.2


def test_with_bounds_it_holds_what_few_runs_met_as_often_as_it_says():
    chance, size, runs = 0.005, 8.0, 200  # two of three repetitions meet it
    true = 0.01 * (1 - chance) + size * chance
    held = told = 0
    for seed in range(300):
        met = np.random.default_rng((seed, 13)).random(runs) < chance
        gains = [np.where(met, size, 0.01)]
        found = certify(gains, spans=2 * size, repeats=200, seed=seed)
        held += found.low <= true <= found.high
        told += certify(gains, repeats=200, seed=seed).high < true
    assert held >= 285 - 3 * np.sqrt(300 * 0.05 * 0.95)
    assert told <= 15


def test_what_is_rounding_beside_payoffs_is_no_difference():
    noise = 1e-11 * np.random.default_rng(1).standard_normal((1, 50))
    assert certify(noise).differing == [49]
    found = certify(noise, sizes=1e6)
    assert (found.differing, found.high) == ([0], np.inf)


def test_what_runs_can_hardly_meet_widens_the_band_by_what_it_may_cost():
    gains = drawn(STRICT, 60, 3)
    plain, wide = certify(gains), certify(gains, missed=0.01, spans=10.0)
    assert wide.high == pytest.approx(max(0.0, *(each.value + above + 0.1 for each, (_, above) in
                                                 zip(plain.gains, plain.bands, strict=True))))  # fmt: skip
    assert certify(gains, missed=0.01).high == np.inf


def test_the_error_of_a_mean_or_a_ratio_is_not_known_where_too_few_runs_differ():
    seldom, often = np.where(np.arange(50) < 3, 5.0, 1.0), np.arange(50.0) + 1.0
    assert sampled(seldom) == (seldom.mean(), np.inf)
    assert sampled(often) == mean(often)
    assert sampled_ratio(often, 2.0 * often) == (0.5, np.inf)
    assert sampled_ratio(often, often) == (1.0, 0.0)
    assert sampled_ratio(often, often[::-1]) == ratio(often, often[::-1])


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
