from __future__ import annotations

import math

import numpy as np
import pytest

from sim.models import dennert

SHARES = 0.1, 0.2, 0.3, 0.5
PUBLISHED = {  # mean best half-spread over the jump, for 2, 3, 5, 10 and ever more makers
    0.1: (0.1654, 0.1946, 0.2190, 0.2374, 0.2558),
    0.2: (0.2988, 0.3348, 0.3628, 0.3829, 0.4024),
    0.3: (0.4149, 0.4515, 0.4787, 0.4979, 0.5160),
    0.5: (0.6137, 0.6438, 0.6651, 0.6797, 0.6931),
}


@pytest.mark.parametrize("share", SHARES)
def test_the_mean_best_half_spread_is_the_published_one(share):
    solved = [dennert.expected_best(share, 1.0, makers) for makers in (2, 3, 5, 10)]
    assert [*solved, dennert.expected_best_of_many(share, 1.0)] == pytest.approx(PUBLISHED[share], abs=5.1e-5)


def test_the_mean_half_spread_of_one_maker_is_the_published_one():
    solved = [dennert.expected_individual(0.3, 1.0, makers) for makers in (2, 3)]
    assert solved == pytest.approx([0.5160, 0.6489], abs=5.1e-5)


@pytest.mark.parametrize("share", [0.001, *SHARES, 0.9])
def test_two_makers_have_a_mean_in_elementary_functions(share):
    odds = share / (1 - share)
    best = share + odds**2 * ((1 / share - 1) - 2 * math.log(1 / share) + (1 - share))
    assert dennert.expected_best(share, 1.0, 2) == pytest.approx(best, rel=1e-9)
    assert dennert.expected_individual(share, 1.0, 2) == pytest.approx(odds * math.log(1 / share), rel=1e-9)


@pytest.mark.parametrize("share", [1e-4, *SHARES, 0.99])
@pytest.mark.parametrize("makers", [2, 3, 10, 400])
def test_the_uninformed_pay_what_the_informed_take(share, makers):
    individual = dennert.expected_individual(share, 7.0, makers)
    taken = makers * share * (7.0 - individual)
    assert (1 - share) * dennert.expected_best(share, 7.0, makers) == pytest.approx(taken, rel=1e-9)


@pytest.mark.parametrize("makers", [2, 3, 8])
def test_means_are_the_integrals_of_the_distribution(makers):
    s = np.linspace(*dennert.support(0.3, 2.0), 400_001)
    more = 1 - dennert.distribution(s, 0.3, 2.0, makers)
    low = dennert.support(0.3, 2.0)[0]
    assert low + np.trapezoid(more, s) == pytest.approx(dennert.expected_individual(0.3, 2.0, makers), rel=1e-6)
    assert low + np.trapezoid(more**makers, s) == pytest.approx(dennert.expected_best(0.3, 2.0, makers), rel=1e-6)


def test_the_quantile_inverts_the_distribution():
    u = np.linspace(0, 1, 101).reshape(1, 101)
    for makers in (2, 3, 5):
        s = dennert.quantile(u, 0.2, 5.0, makers)
        assert s.shape == u.shape
        assert np.all(np.diff(s) > 0)
        assert (s[0, 0], s[0, -1]) == pytest.approx(dennert.support(0.2, 5.0), rel=1e-12)
        assert dennert.distribution(s, 0.2, 5.0, makers) == pytest.approx(u, abs=1e-9)


def test_no_half_spread_pays_and_those_of_the_mixture_lose_nothing():
    for makers in (2, 3, 10):
        payoff = dennert.expected_payoff(np.linspace(3, 10, 50), 0.3, 10.0, makers)
        assert payoff == pytest.approx(np.zeros(50), abs=1e-12)
        assert np.all(dennert.expected_payoff([0.0, 1.0, 2.9], 0.3, 10.0, makers) < 0)
        assert dennert.expected_payoff(11.0, 0.3, 10.0, makers) == 0


def test_drawn_half_spreads_have_the_solved_means_and_pay_nothing():
    s = dennert.quantile(np.random.default_rng(1).random((200_000, 3)), 0.3, 1.0, 3)
    best = s.min(axis=1)
    profit = 0.7 * s[:, 0] * (s[:, 0] == best) - 0.3 * (1 - s[:, 0])
    for sample, target in (
        (best, dennert.expected_best(0.3, 1.0, 3)),
        (s[:, 0], dennert.expected_individual(0.3, 1.0, 3)),
        (profit, 0.0),
    ):
        assert abs(sample.mean() - target) < 4 * sample.std() / math.sqrt(len(sample))


def test_more_makers_widen_the_best_half_spread_to_its_limit():
    best = [dennert.expected_best(0.2, 1.0, makers) for makers in (2, 3, 5, 10, 100, 10_000)]
    assert np.all(np.diff(best) > 0)
    assert best[-1] == pytest.approx(dennert.expected_best_of_many(0.2, 1.0), rel=1e-4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dennert.support(0.0, 1.0), "informed_share must be between 0 and 1"),
        (lambda: dennert.expected_best(1.0, 1.0, 2), "informed_share"),
        (lambda: dennert.expected_best_of_many(math.nan, 1.0), "informed_share"),
        (lambda: dennert.expected_individual(0.3, 0.0, 2), "jump must be positive"),
        (lambda: dennert.distribution(0.5, 0.3, 1.0, 1), "makers must be at least 2"),
        (lambda: dennert.quantile([0.5, 1.5], 0.3, 1.0, 2), "u must be from 0 to 1"),
    ],
)
def test_nonsense_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
