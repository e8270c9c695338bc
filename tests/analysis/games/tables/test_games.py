"""Tables of payoffs over counts: their order, their expectations, and the same game told in several ways."""

from itertools import product

import numpy as np
import pytest

from analysis.games.solvers.bernstein import net
from analysis.games.solvers.dominance import undominated
from analysis.games.solvers.polytope import corners
from analysis.games.solvers.simplex import spread_starts
from analysis.games.tables.counts import coefficients, count_profiles, number_of_profiles, one_more, ranks, weights
from analysis.games.tables.roles import Role, RoleSymmetricGame
from analysis.games.tables.symmetric import SymmetricGame
from tests.markets.game_examples import HAWK_DOVE, random_game


@pytest.mark.parametrize(("players", "strategies"), [(0, 3), (1, 1), (3, 1), (2, 4), (5, 3), (4, 6)])
def test_a_rank_is_the_row_at_which_a_profile_stands(players, strategies):
    counts = count_profiles(players, strategies)
    assert len(counts) == number_of_profiles(players, strategies) == len(np.unique(counts, axis=0))
    assert np.array_equal(ranks(counts), np.arange(len(counts)))
    assert coefficients(counts).sum() == strategies**players
    if players:
        fewer = count_profiles(players - 1, strategies)
        assert np.array_equal(counts[one_more(players, strategies)], fewer[:, None] + np.eye(strategies, dtype=int))


def test_the_order_is_that_of_sorted_choices():
    assert count_profiles(2, 2).tolist() == [[2, 0], [1, 1], [0, 2]]


def test_too_many_profiles_are_refused():
    with pytest.raises(ValueError, match="reduce the game"):
        count_profiles(100, 20)


@pytest.mark.parametrize(("players", "strategies"), [(1, 3), (2, 3), (4, 3), (6, 2)])
def test_expectations_are_sums_over_all_choices_of_the_others(players, strategies):
    game = random_game(players, strategies, 3)
    x = np.random.default_rng(4).dirichlet(np.ones(strategies))
    total = np.zeros(strategies)
    for choice in product(range(strategies), repeat=players - 1):
        counts = np.bincount(np.array(choice, int), minlength=strategies)
        total += np.prod(x[list(choice)]) * game.payoffs[ranks(counts)]
    assert game.expected(x) == pytest.approx(total, abs=1e-12)
    assert game.expected(np.stack([x, x]))[1] == pytest.approx(total, abs=1e-12)


@pytest.mark.parametrize("players", [1, 2, 5])
def test_slopes_are_limits_of_differences(players):
    game, x, step = random_game(players, 3, 5), np.array([0.2, 0.3, 0.5]), 1e-6
    moves = step * np.eye(3)
    differences = (game.expected(x + moves) - game.expected(x - moves)).T / (2 * step)
    assert game.jacobian(x) == pytest.approx(differences, abs=1e-8)


def test_a_matrix_and_a_function_tell_the_same_game():
    matrix = np.array(HAWK_DOVE)
    told = SymmetricGame.from_function(2, ("hawk", "dove"), lambda others: matrix @ others)
    assert np.array_equal(told.payoffs, SymmetricGame.from_matrix(matrix).payoffs)
    assert told.expected([0.25, 0.75]) == pytest.approx(matrix @ [0.25, 0.75])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((0, ("a",), [[0.0]]), "players must be at least 1, not 0"),
        ((2, ("a", "a"), np.zeros((2, 2))), "a comes twice"),
        ((2, (), np.zeros((2, 2))), "at least one strategy"),
        ((3, ("a", "b"), np.zeros((2, 2))), "of shape \\(3, 2\\), not \\(2, 2\\)"),
        ((2, ("a", "b"), [[0.0, np.nan], [0.0, 0.0]]), "finite"),
        ((2, ("a", "b"), [[0.0, 1e301], [0.0, 0.0]]), "at most 1e\\+300"),
        ((2, ("a", "b"), [[0.0], [0.0, 1.0]]), "rows of one length"),
        ((2.0, ("a", "b"), np.zeros((2, 2))), "whole number, not 2.0"),
    ],
)
def test_a_game_that_is_none_is_refused(arguments, said):
    with pytest.raises((TypeError, ValueError), match=said):
        SymmetricGame(*arguments)


def test_a_restricted_game_pays_what_the_whole_pays():
    game = random_game(4, 4, 1)
    x = np.array([0.3, 0.7])
    whole = np.array([0.7, 0.0, 0.3, 0.0])
    assert game.restricted([2, 0]).expected(x) == pytest.approx(game.expected(whole)[[2, 0]])


def test_a_symmetric_game_is_one_role():
    game = random_game(4, 3, 2)
    role = RoleSymmetricGame.from_symmetric(game)
    x = np.array([0.1, 0.6, 0.3])
    assert role.expected([x])[0] == pytest.approx(game.expected(x))
    assert role.regrets([x])[0] == pytest.approx(game.regret(x))
    assert np.array_equal(role.symmetric().payoffs, game.payoffs)


def test_two_players_are_two_roles():
    a, b = np.random.default_rng(1).normal(size=(2, 3, 2))
    game = RoleSymmetricGame.from_matrices(a, b)
    x, y = np.array([0.2, 0.3, 0.5]), np.array([0.4, 0.6])
    row, column = game.expected([x, y])
    assert row == pytest.approx(a @ y)
    assert column == pytest.approx(x @ b)
    assert game.players == 2
    assert game.payoffs[game.row({"row": {"2": 1}, "column": {"0": 1}})].tolist()[2:4] == [a[2, 0], b[2, 0]]


def test_roles_of_several_players_pay_sums_over_all_choices():
    roles = (Role("makers", 2, ("a", "b")), Role("takers", 3, ("p", "q", "r")))
    draw = np.random.default_rng(2)
    game = RoleSymmetricGame.from_function(roles, lambda counts: draw.normal(size=5))
    x, y = np.array([0.3, 0.7]), np.array([0.5, 0.1, 0.4])
    makers, takers = np.zeros(2), np.zeros(3)
    for i, p, q, r in product(range(2), range(3), range(3), range(3)):
        counts = np.zeros(5, int)
        for place in (i, 2 + p, 2 + q, 2 + r):
            counts[place] += 1
        for j in range(2):
            at = game.rows(counts + np.eye(5, dtype=int)[j])
            makers[j] += x[i] * y[p] * y[q] * y[r] * game.payoffs[at, j]
    for i, j, p, q in product(range(2), range(2), range(3), range(3)):
        counts = np.zeros(5, int)
        for place in (i, j, 2 + p, 2 + q):
            counts[place] += 1
        for k in range(3):
            at = game.rows(counts + np.eye(5, dtype=int)[2 + k])
            takers[k] += x[i] * x[j] * y[p] * y[q] * game.payoffs[at, 2 + k]
    found = game.expected([x, y])
    assert found[0] == pytest.approx(makers)
    assert found[1] == pytest.approx(takers)


def test_deviations_move_one_player_and_gain_the_difference():
    game = RoleSymmetricGame.from_symmetric(random_game(3, 3, 7))
    moves = game.deviations
    changed = game.counts[moves.reached] - game.counts[moves.profiles]
    rows = np.arange(len(moves.gains))
    assert np.all(np.abs(changed).sum(axis=1) == 2)
    assert np.all(changed[rows, moves.before] == -1)
    gains = game.payoffs[moves.reached, moves.after] - game.payoffs[moves.profiles, moves.before]
    assert np.array_equal(gains, moves.gains)
    assert len(rows) == sum(2 * np.count_nonzero(counts) for counts in game.counts)


@pytest.mark.parametrize(
    ("profile", "said"),
    [({"maker": {}}, "no role 'maker'"), ({"row": {"0": 2}}, "1 players choose"), ({"row": {"9": 1}}, "choose among")],
)
def test_a_profile_that_is_none_is_refused(profile, said):
    with pytest.raises(ValueError, match=said):
        RoleSymmetricGame.from_matrices(np.zeros((2, 2)), np.zeros((2, 2))).row(profile)


def test_dominated_strategies_go_again_and_again():
    # c loses to b, then a loses to b; a is the best reply to c alone
    game = SymmetricGame.from_matrix([[1.0, 1.0, 9.0], [2.0, 2.0, 3.0], [0.0, 0.0, 0.0]])
    assert undominated(game) == [1]
    assert undominated(SymmetricGame.from_matrix(HAWK_DOVE)) == [0, 1]


@pytest.mark.parametrize(("size", "degree"), [(2, 5), (3, 3), (4, 2)])
def test_half_a_simplex_has_the_same_polynomial(size, degree):
    shape = net(size, degree)
    draw = np.random.default_rng(6)
    coefficient = draw.normal(size=(1, len(shape.counts), 2))
    shares = draw.dirichlet(np.ones(size))
    half = shape.half(coefficient, 1, 0)
    corner = np.eye(size)
    corner[0] = (corner[0] + corner[1]) / 2
    orders = coefficients(shape.counts)
    before = weights(shares @ corner, shape.counts, orders) @ coefficient[0]
    after = weights(shares, shape.counts, orders) @ half[0]
    assert after == pytest.approx(before)
    assert half[0, :, 0].min() <= after[0] <= half[0, :, 0].max()


def test_corners_of_a_square_on_a_plane_are_four_and_of_a_point_one():
    sides = np.vstack([np.eye(3), -np.eye(3)])
    found = corners(sides, [1, 1, 0.5, 0, 0, 0.5], [], [])
    assert len(found) == 8
    flat = corners(sides, [1, 1, 0, 0, 0, 0], np.zeros((0, 3)), [])  # the last is 0, and no equality says so
    assert sorted(np.abs(flat.round(6)).tolist()) == [[0, 0, 0], [0, 1, 0], [1, 0, 0], [1, 1, 0]]
    line = corners(sides, [1, 1, 0, 0, 0, 0], [[1, 1, 0]], [1])
    assert len(line) == 2
    point = corners(sides, [1, 1, 0, 0, 0, 0], [[1, 0, 0], [0, 1, 0]], [0.25, 0.5])
    assert point[0] == pytest.approx([0.25, 0.5, 0.0])
    assert len(corners(sides, [1, 1, 0, 0, 0, 0], [[1, 1, 0]], [3])) == 0


def test_starts_are_mixtures_that_cover_the_simplex_evenly_and_repeat():
    starts = spread_starts(4, 256, 3)
    assert np.array_equal(starts, spread_starts(4, 256, 3))
    assert starts.sum(axis=-1) == pytest.approx(np.ones((3, 256)))
    assert starts.min() >= 0.0
    assert starts.mean(axis=1) == pytest.approx(np.full((3, 4), 0.25), abs=0.01)
    with pytest.raises(ValueError, match="power of two"):
        spread_starts(4, 100, 3)
