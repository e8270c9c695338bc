from __future__ import annotations

import numpy as np
import pytest

from sim.models import sniping
from sim.models.spread_game import (
    break_even,
    exponential,
    inelastic,
    linear,
    monopoly,
    payoff_matrix,
    payoffs,
    symmetric_equilibria,
)

TICKS = np.arange(11)
ELASTIC = linear(11)


def test_the_elastic_game_pays_the_published_payoffs():
    published = [-1, -0.082, 0.673, 1.264, 1.691, 1.955, 2.055, 1.991, 1.764, 1.373, 0.818]
    assert payoffs(TICKS, 0.1, 10, ELASTIC) == pytest.approx(published, abs=5.1e-4)


@pytest.mark.parametrize(
    ("share", "half_spread", "payoff", "two", "three"),
    [(0.1, 6, 2.05455, [2], [2]), (0.2, 7, 1.43636, [3, 4], [3]), (0.3, 8, 0.92727, [5], [5])],
)
def test_the_elastic_game_has_the_published_monopoly_and_equilibria(share, half_spread, payoff, two, three):
    best = monopoly(TICKS, share, 10, ELASTIC)
    assert best.half_spread == half_spread
    assert best.payoff == pytest.approx(payoff, abs=5.1e-6)
    assert symmetric_equilibria(TICKS, share, 10, 2, ELASTIC).tolist() == two
    assert symmetric_equilibria(TICKS, share, 10, 3, ELASTIC).tolist() == three
    assert symmetric_equilibria(TICKS, share, 10, 1, ELASTIC).tolist() == [half_spread]


def test_two_makers_of_the_elastic_game_share_the_published_payoff():
    assert payoffs(2, 0.1, 10, ELASTIC) / 2 == pytest.approx(0.33636, abs=5.1e-6)
    assert monopoly(TICKS, 0.1, 10, ELASTIC).payoff / 2 == pytest.approx(1.02727, abs=5.1e-6)


@pytest.mark.parametrize(
    ("share", "two", "many"),
    [
        (0.0, [0, 1, 2], [0, 1]),
        (0.1, [1, 2, 3], [1, 2]),
        (0.3, [3, 4, 5], [3, 4]),
        (0.5, [5, 6, 7], [5, 6]),
    ],
)
def test_the_inelastic_game_has_the_published_equilibria(share, two, many):
    assert symmetric_equilibria(TICKS, share, 10, 2).tolist() == two
    for makers in (3, 4, 7):
        assert symmetric_equilibria(TICKS, share, 10, makers).tolist() == many
    assert monopoly(TICKS, share, 10).half_spread == 10
    assert symmetric_equilibria(TICKS, share, 10, 1).tolist() == [10]


def test_the_reference_game_has_the_published_payoffs_and_equilibria():
    alone = payoffs(np.arange(6), 0.3, 5)
    assert alone == pytest.approx([-1.5, -0.5, 0.5, 1.5, 2.5, 3.5], rel=1e-12)
    matrix = payoff_matrix(alone)
    assert (matrix[2, 2], matrix[3, 3], matrix[2, 3], matrix[3, 2]) == pytest.approx((0.25, 0.75, 0.5, 0.0), abs=1e-12)
    assert symmetric_equilibria(np.arange(6), 0.3, 5, 2).tolist() == [2, 3]
    against_the_mixture = matrix @ [0, 0, 0.5, 0.5, 0, 0]
    assert against_the_mixture[2:4] == pytest.approx([0.375, 0.375], rel=1e-12)
    assert against_the_mixture.max() == pytest.approx(0.375, rel=1e-12)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.1, 0.2, 0.3, 0.45])
@pytest.mark.parametrize("demand", [inelastic, ELASTIC, exponential(0.1)])
@pytest.mark.parametrize("law", ["fixed", "exponential", "normal"])
def test_equilibria_of_two_makers_are_those_of_the_matrix_if_they_may_stay_out(share, demand, law):
    matrix = payoff_matrix(payoffs(TICKS, share, 10, demand, law))
    stable = [s for s in TICKS if matrix[s, s] >= max(0, matrix[:, s].max()) - 1e-12]
    assert symmetric_equilibria(TICKS, share, 10, 2, demand, law).tolist() == stable


@pytest.mark.parametrize("ratio", [0.05, 0.2, 0.7])
@pytest.mark.parametrize("decay", [0.5, 2.0])
def test_exponential_demand_and_jumps_have_their_closed_forms(ratio, decay):
    share = ratio / (1 + ratio)
    game = (share, 1 / decay, exponential(decay), "exponential")
    assert break_even(*game) == pytest.approx(ratio / decay, rel=1e-9)
    fine = np.linspace(0, 10 / decay, 100_001)
    assert monopoly(fine, *game).half_spread == pytest.approx((1 + ratio) / decay, abs=1.1e-4 / decay)


def test_competition_without_ticks_ends_where_a_maker_breaks_even():
    for share in (0.1, 0.3, 0.5):
        assert break_even(share, 10) == pytest.approx(10 * share, rel=1e-9)
        assert payoffs(break_even(share, 10, ELASTIC), share, 10, ELASTIC) == pytest.approx(0, abs=1e-12)
    assert break_even(0.0, 10, ELASTIC) == 0
    curvature = 0.9 / 11  # (1 - share) (1 - s / 11) s = share (10 - s) is curvature s² - s + 1 = 0
    assert break_even(0.1, 10, ELASTIC) == pytest.approx((1 - np.sqrt(1 - 4 * curvature)) / (2 * curvature), rel=1e-9)


@pytest.mark.parametrize("law", ["fixed", "exponential", "normal"])
def test_with_inelastic_demand_competition_is_that_of_snipers(law):
    solved = sniping.equilibrium_half_spread(0.8, 0.2, law, 3.0)
    assert break_even(0.2, 3.0, inelastic, law) == pytest.approx(solved, rel=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: payoffs(TICKS, 1.0, 10), "informed_share must be from 0 to below 1"),
        (lambda: payoffs(TICKS, 0.1, 0), "jump must be positive"),
        (lambda: break_even(0.1, -1), "jump must be positive"),
        (lambda: payoffs([-1.0], 0.1, 10), "half-spreads must be finite and not negative"),
        (lambda: payoffs(TICKS, 0.1, 10, inelastic, "cauchy"), "law must be one of fixed, exponential, normal"),
        (lambda: symmetric_equilibria(TICKS, 0.1, 10, 0), "makers must be at least 1"),
        (lambda: symmetric_equilibria([2, 1], 0.1, 10, 2), "ascending order"),
        (lambda: monopoly([], 0.1, 10), "one-dimensional"),
        (lambda: payoff_matrix(np.eye(2)), "one-dimensional"),
        (lambda: linear(0.0), "choke must be positive"),
        (lambda: exponential(-1.0), "decay must not be negative"),
        (lambda: break_even(0.5, 10, linear(1), "normal"), "no half-spread up to 100.0 breaks even"),
    ],
)
def test_nonsense_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
