"""Games of few players that stand for many."""

import numpy as np
import pytest

from analysis.games.solvers.symmetric_equilibria import symmetric_equilibria
from analysis.games.tables.counts import ranks
from analysis.games.tables.reduction import (
    deviation_preserving,
    deviation_preserving_counts,
    deviation_preserving_roles,
    hierarchical,
)
from analysis.games.tables.roles import Role, RoleSymmetricGame
from tests.markets.game_examples import random_game

NAMES = ("a", "b", "c")


def test_a_game_reduced_to_its_own_players_stays_what_it_is():
    game = random_game(5, 3, 1)
    assert np.array_equal(deviation_preserving(game, 5).payoffs, game.payoffs)
    assert np.array_equal(hierarchical(game, 5).payoffs, game.payoffs)


def test_one_player_who_deviates_gets_what_he_gets_in_the_whole_game():
    game = random_game(9, 3, 2)
    small = deviation_preserving(game, 3)
    for all_of_them in range(3):
        whole = game.payoffs[ranks(8 * np.eye(3, dtype=int)[all_of_them])]
        assert np.array_equal(small.payoffs[ranks(2 * np.eye(3, dtype=int)[all_of_them])], whole)
    assert np.array_equal(deviation_preserving_counts(9, 3, 3)[1], [4, 4, 0])


def test_in_a_hierarchical_reduction_the_whole_share_deviates():
    game = random_game(6, 3, 3)
    small = hierarchical(game, 2)
    assert small.payoffs[ranks([1, 0, 0]), 1] == game.payoffs[ranks([3, 2, 0]), 1]  # three of a, and two others of b
    assert small.payoffs[ranks([1, 0, 0]), 0] == game.payoffs[ranks([5, 0, 0]), 0]


def test_a_function_is_asked_for_no_more_than_the_reduced_game_needs():
    asked = []

    def payoff(others):
        asked.append(tuple(others))
        return 1.0 / (1.0 + others)

    small = deviation_preserving(payoff, 4, players=100, strategies=NAMES)
    assert len(asked) == len(small.payoffs) == 10
    assert (33, 33, 33) in asked


def test_congestion_keeps_its_equilibrium_where_payoffs_are_linear_in_shares():
    slopes = np.array([1.0, 2.0, 4.0])
    whole = deviation_preserving(lambda others: -slopes * (others / 24 + 1), 25, players=25, strategies=NAMES)
    small = deviation_preserving(whole, 4)
    exact = symmetric_equilibria(whole).equilibria[0].mixture
    assert symmetric_equilibria(small).equilibria[0].mixture == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: deviation_preserving(random_game(9, 2, 1), 4), "must divide .* as 2, 3, 5, 9 would"),
        (lambda: deviation_preserving(random_game(9, 2, 1), 1), "9 players cannot be reduced to 1"),
        (lambda: hierarchical(random_game(9, 2, 1), 4), "must divide .* as 1, 3, 9 would"),
        (lambda: hierarchical(lambda others: others, 4), "need the players"),
    ],
)
def test_what_does_not_divide_is_refused_with_what_does(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_roles_are_reduced_each_to_its_own_players():
    roles = (Role("makers", 4, ("a", "b")), Role("takers", 6, ("p", "q")))
    table = {}

    def payoff(counts):
        return table.setdefault(tuple(counts), np.random.default_rng(counts).normal(size=4))

    game = RoleSymmetricGame.from_function(roles, payoff)
    small = deviation_preserving_roles(game, (4, 6))
    assert np.array_equal(small.payoffs, game.payoffs, equal_nan=True)
    small = deviation_preserving_roles(game, (2, 6))
    at = small.row({"makers": {"a": 1, "b": 1}, "takers": {"p": 2, "q": 4}})
    assert small.payoffs[at, 0] == table[1, 3, 2, 4][0]
    assert small.payoffs[at, 1] == table[3, 1, 2, 4][1]
    assert small.payoffs[at, 2] == table[2, 2, 2, 4][2]
    with pytest.raises(ValueError, match=r"6 players cannot be reduced to 3: .* as 2, 6 would"):
        deviation_preserving_roles(game, (2, 3))
