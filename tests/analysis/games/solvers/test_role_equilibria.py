"""Mixtures by role: products of games with known equilibria, relabelling, indices, degenerate games."""

from itertools import product

import numpy as np
import pytest
from scipy.optimize import root

from analysis.games.solvers.role_equilibria import role_equilibria
from analysis.games.solvers.symmetric_equilibria import symmetric_equilibria
from analysis.games.solvers.two_players import equilibria_of_two
from analysis.games.tables.roles import Role, RoleSymmetricGame, profiles
from analysis.games.tables.symmetric import SymmetricGame
from tests.markets.game_examples import HAWK_DOVE, random_game, same_points
from tests.markets.role_examples import (
    THREE_OF_TWO,
    TWO_AND_TWO,
    drawn_game,
    joined,
    largest_regret,
    roles_of,
    side_by_side,
    with_indices,
)


def test_two_players_have_the_equilibria_of_their_matrices():
    for seed in range(36):
        a, b = np.random.default_rng(seed).normal(size=(2, 2 + seed % 3, 1 + seed % 4))
        game = RoleSymmetricGame.from_matrices(a, b)
        found, pairs = role_equilibria(game), equilibria_of_two(a, b).equilibria
        expected = [np.concatenate([each.row, each.column, [each.index]]) for each in pairs]
        assert same_points(with_indices(found), expected)
        assert found.complete == "proved"


def test_one_role_has_the_symmetric_equilibria_and_their_note():
    for seed in range(20):
        game = random_game(2 + seed % 3, 2 + seed % 2, seed)
        found, expected = role_equilibria(RoleSymmetricGame.from_symmetric(game)), symmetric_equilibria(game)
        assert [(each.index, each.kind) for each in found.equilibria] == [
            (each.index, each.kind) for each in expected.equilibria
        ]
        assert same_points(joined(found), [each.mixture for each in expected.equilibria])
        assert (found.complete, found.note) == (expected.complete, expected.note)


def test_two_symmetric_games_at_once_have_the_pairs_of_their_equilibria_and_the_products_of_indices():
    for seed in range(8):
        games = random_game(2, 3, seed), random_game(3, 2, 100 + seed)
        found = role_equilibria(side_by_side(*map(RoleSymmetricGame.from_symmetric, games)))
        each = [symmetric_equilibria(game).equilibria for game in games]
        expected = [np.concatenate([a.mixture, b.mixture, [a.index * b.index]]) for a, b in product(*each)]
        assert same_points(with_indices(found), expected)


def test_two_players_beside_hawks_and_doves_have_the_equilibria_of_their_matrices():
    beside = SymmetricGame.from_matrix(HAWK_DOVE)
    (mixed,) = symmetric_equilibria(beside).equilibria
    for seed in range(4):
        a, b = np.random.default_rng(seed).normal(size=(2, 3, 3))
        found = role_equilibria(
            side_by_side(RoleSymmetricGame.from_matrices(a, b), RoleSymmetricGame.from_symmetric(beside))
        )
        pairs = equilibria_of_two(a, b).equilibria
        expected = [
            np.concatenate([each.row, each.column, mixed.mixture, [each.index * mixed.index]]) for each in pairs
        ]
        assert same_points(with_indices(found), expected)


def solved_from_many_starts(game, draw, starts):
    """Equilibria to which SciPy's solver comes from random mixtures over random supports."""
    found = []
    for _ in range(starts):
        inside = [draw.random(len(role.strategies)) < 0.6 for role in game.roles]
        inside = [each if each.any() else ~each for each in inside]

        def whole(shares, inside=inside):
            ends = np.cumsum([each.sum() for each in inside])[:-1]
            mixtures = [np.zeros(len(each)) for each in inside]
            for mixture, each, part in zip(mixtures, inside, np.split(shares, ends), strict=True):
                mixture[each] = part
            return mixtures

        def uneven(shares, inside=inside, whole=whole):
            mixtures = whole(shares)
            payoffs = game.expected(mixtures)
            parts = [
                np.append(np.diff(pay[each]), mixture.sum() - 1.0)
                for pay, each, mixture in zip(payoffs, inside, mixtures, strict=True)
            ]
            return np.concatenate(parts)

        solved = root(uneven, np.concatenate([draw.dirichlet(np.ones(each.sum())) for each in inside]), tol=1e-13)
        mixtures = whole(solved.x)
        if solved.success and solved.x.min() > 1e-9 and game.regrets(mixtures).max() < 1e-9 * game.range:
            found.append(np.concatenate(mixtures))
    return found


def nothing_new(shape, seed, starts):
    game = drawn_game(shape, seed)
    found = role_equilibria(game)
    assert largest_regret(game, found) < 1e-9
    assert sum(each.index for each in found.equilibria) == 1
    known = np.array(joined(found))
    for other in solved_from_many_starts(game, np.random.default_rng(seed), starts):
        assert np.abs(known - other).max(axis=1).min() < 1e-6


@pytest.mark.parametrize("shape", [[(2, 3), (2, 2)], [(2, 3), (2, 3)], [(1, 3), (3, 2)], [(2, 2), (1, 2), (1, 3)]])
def test_another_solver_finds_nothing_else(shape):
    nothing_new(shape, 5, 40)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [[(2, 3), (2, 3)], [(1, 4), (5, 4)], [(2, 2), (1, 3), (1, 3)]])
def test_another_solver_finds_nothing_else_in_larger_games(shape):
    for seed in range(3):
        nothing_new(shape, seed, 500)


@pytest.mark.parametrize("seeds", [range(1), pytest.param(range(1, 20), marks=pytest.mark.slow)])
def test_the_order_of_roles_and_strategies_and_the_units_of_payoffs_change_nothing(seeds):
    for seed in seeds:
        game = drawn_game([(2, 3), (1, 2), (1, 3)], seed)
        draw = np.random.default_rng(seed)
        roles = draw.permutation(3)
        orders = [draw.permutation(len(role.strategies)) for role in game.roles]
        shuffled = tuple(
            game.roles[role]._replace(strategies=tuple(game.roles[role].strategies[each] for each in orders[role]))
            for role in roles
        )
        columns = np.concatenate([np.arange(9)[game.columns[role]][orders[role]] for role in roles])
        counts = np.zeros_like(profiles(shuffled))
        counts[:, columns] = profiles(shuffled)
        unit = np.repeat(draw.uniform(0.1, 100.0, 3), [3, 2, 3])
        other = RoleSymmetricGame(shuffled, (game.payoffs * unit + 7.0)[game.rows(counts)][:, columns])
        found, expected = role_equilibria(other), role_equilibria(game)
        back = np.append(np.argsort(columns), 8)
        assert same_points([each[back] for each in with_indices(found)], with_indices(expected))
        assert found.complete == expected.complete


def with_one_worse(game):
    """The game with one more strategy for each role, which is worse than its first whatever all others do."""
    roles = tuple(role._replace(strategies=("worse", *role.strategies)) for role in game.roles)
    counts = profiles(roles)
    worse = np.cumsum([0, *(len(role.strategies) for role in roles)])[:-1]
    as_first = counts.copy()
    as_first[:, worse + 1] += counts[:, worse]
    inner = game.payoffs[game.rows(np.delete(as_first, worse, axis=1))]
    first = np.array([columns.start for columns in game.columns])
    return RoleSymmetricGame(roles, np.insert(inner, first, inner[:, first] - 0.1, axis=1)), worse


def test_dominated_strategies_are_not_played_and_change_nothing_else():
    for shape in (THREE_OF_TWO, TWO_AND_TWO, [(1, 2), (1, 3)], [(3, 2)]):
        game = drawn_game(shape, 3)
        larger, worse = with_one_worse(game)
        found, expected = role_equilibria(larger), role_equilibria(game)
        assert found.complete == expected.complete
        for each, other in zip(joined(found), joined(expected), strict=True):
            assert np.all(each[worse] == 0.0)
            assert np.delete(each, worse) == pytest.approx(other, abs=1e-9)


def test_where_dominance_leaves_a_choice_to_one_role_its_symmetric_equilibria_are_proved():
    inner = random_game(4, 3, 1)
    roles = (*roles_of([(2, 2)]), Role("choosers", 4, inner.strategies))
    table = RoleSymmetricGame.from_symmetric(inner, "choosers")
    counts = profiles(roles)
    payoffs = np.hstack([np.broadcast_to([1.0, 0.0], (len(counts), 2)), table.payoffs[table.rows(counts[:, 2:])]])
    found = role_equilibria(RoleSymmetricGame(roles, payoffs))
    assert found.complete == "proved"
    assert all(each.mixtures[0].tolist() == [1.0, 0.0] for each in found.equilibria)
    assert same_points(
        [each.mixtures[1] for each in found.equilibria],
        [each.mixture for each in symmetric_equilibria(inner).equilibria],
    )


def test_where_dominance_leaves_no_choice_one_strict_equilibrium_is_proved():
    game, worse = with_one_worse(drawn_game([(2, 1), (1, 1), (3, 1)], 0))
    found = role_equilibria(game)
    (only,) = found.equilibria
    assert np.all(np.concatenate(only.mixtures)[worse] == 0.0)
    assert (only.kind, only.index, found.complete) == ("strict", 1, "proved")


def test_kinds_say_what_is_played_and_what_breaks_even():
    for seed in range(4):
        for each in role_equilibria(drawn_game([(2, 2), (1, 3)], seed)).equilibria:
            assert each.kind == ("strict" if all(mixture.max() == 1.0 for mixture in each.mixtures) else "quasi-strict")
    even = np.broadcast_to(1.0, profiles(roles_of([(2, 2), (2, 2)])).shape)
    found = role_equilibria(RoleSymmetricGame(roles_of([(2, 2), (2, 2)]), even))
    assert {each.kind for each in found.equilibria} == {"weak", "quasi-strict"}  # the latter play everything


def test_degenerate_games_are_told_so_and_get_no_index():
    for shape in (TWO_AND_TWO, THREE_OF_TWO):
        found = role_equilibria(RoleSymmetricGame(roles_of(shape), np.ones(profiles(roles_of(shape)).shape)))
        assert found.complete == "open"
        assert "degenerate" in found.note
        assert {each.index for each in found.equilibria} == {None}
        pure = [each for each in joined(found) if np.all((each == 0.0) | (each == 1.0))]
        assert len(pure) == np.prod([size for _, size in shape])


def test_a_double_root_of_one_role_has_no_index_beside_a_role_that_mixes_or_does_not():
    # those who play the first with probability x gain (x - .3)² by it
    touching = SymmetricGame(3, ("a", "b"), [[gain, 0.0] for gain in (0.7 * 0.7, -0.7 * 0.3, 0.3 * 0.3)])
    beside = SymmetricGame.from_matrix([[1.0, 0.0], [0.0, 2.0]])
    found = role_equilibria(side_by_side(*map(RoleSymmetricGame.from_symmetric, (touching, beside))))
    double = [each for each in found.equilibria if each.mixtures[0].max() < 1.0]
    assert len(double) == len(symmetric_equilibria(beside).equilibria)
    for each in found.equilibria:
        if each in double:
            assert each.mixtures[0] == pytest.approx([0.3, 0.7], abs=1e-6)
        assert (each.index is None) == (each in double)
    assert "degenerate" in found.note


def three_players_with_a_segment():
    """Two, two and four strategies: a published game whose equilibria are a segment, even play in its middle."""
    table = np.zeros((3, 2, 2, 4))
    rows = [
        [(2, 0, 0), (0, 2, 1), (0, 1, 1), (1, 0, 2)],
        [(1, 0, 2), (0, 1, 1), (0, 2, 1), (2, 0, 0)],
        [(1, 0, 1), (0, 2, 0), (0, 1, 2), (2, 0, 1)],
        [(2, 0, 1), (0, 1, 2), (0, 2, 0), (1, 0, 1)],
    ]
    for k, row in enumerate(rows):
        for (j, i), paid in zip(product(range(2), repeat=2), row, strict=True):
            table[:, i, j, k] = paid
    return of_single_players(table)


def of_single_players(table):
    """A game of roles of one player, whose payoffs are (players, strategies of each)."""
    roles = roles_of([(1, size) for size in table.shape[1:]])

    def payoff(counts):
        ends = np.cumsum(table.shape[1:])[:-1]
        chosen = tuple(int(part.argmax()) for part in np.split(counts, ends))
        return np.repeat(table[(slice(None), *chosen)], table.shape[1:])

    return RoleSymmetricGame.from_function(roles, payoff)


def test_a_segment_over_supports_with_more_equations_than_unknowns_is_given_by_its_ends():
    game = three_players_with_a_segment()
    found = role_equilibria(game)
    half = [0.5, 0.5]
    expected = [[*half, *half, 0.5, 0.5, 0, 0], [*half, *half, 0, 0, 0.5, 0.5]]
    assert same_points(joined(found), list(map(np.array, expected)))
    assert game.regrets([np.array(half), np.array(half), np.full(4, 0.25)]).max() == 0.0  # even play lies between
    assert (found.complete, {each.index for each in found.equilibria}) == ("open", {None})
    assert "degenerate" in found.note


@pytest.mark.parametrize("seed", range(6))
def test_equilibria_that_only_degenerate_games_have_are_found(seed):
    # two players whose mixtures leave a third, of more strategies than a regular game would let him mix, indifferent
    draw = np.random.default_rng(seed)
    size = 4 + seed % 2
    p, q = (np.array([share, 1.0 - share]) for share in draw.uniform(0.2, 0.8, 2))
    z = draw.dirichlet(np.full(size, 5.0))
    table = draw.normal(size=(3, 2, 2, size))
    table[2] -= np.einsum("i,ijk,j->k", p, table[2], q)
    table[0, 0] -= q @ (table[0, 0] - table[0, 1]) @ z
    table[1, :, 0] -= p @ (table[1, :, 0] - table[1, :, 1]) @ z
    game = of_single_players(table)
    assert game.regrets([p, q, z]).max() < 1e-12
    found = role_equilibria(game)
    near = [each for each in found.equilibria
            if max(np.abs(each.mixtures[0] - p).max(), np.abs(each.mixtures[1] - q).max()) < 1e-6]  # fmt: skip
    assert near
    assert all(each.index is None for each in near)
    assert largest_regret(game, found) < 1e-9


def test_continua_of_two_players_are_given_by_their_corners_and_the_note_names_them():
    a, b = np.array([[1.0, 1.0], [0.0, 2.0]]), np.array([[1.0, 1.0], [0.0, 1.0]])
    found, expected = role_equilibria(RoleSymmetricGame.from_matrices(a, b)), equilibria_of_two(a, b)
    assert expected.continua
    assert same_points(joined(found), [np.concatenate([each.row, each.column]) for each in expected.equilibria])
    assert (found.complete, found.note) == ("proved", expected.note)


def test_without_effort_what_is_missing_is_said():
    doves = RoleSymmetricGame.from_symmetric(SymmetricGame.from_matrix(HAWK_DOVE))
    game = side_by_side(doves, doves)  # whose only equilibrium is mixed
    assert role_equilibria(game).complete == "index"
    found = role_equilibria(game, effort=0.0)
    assert (found.equilibria, found.complete) == ((), "open")
    assert "raise the effort" in found.note


def test_a_negative_effort_is_refused():
    with pytest.raises(ValueError, match="effort must not be negative, not -1"):
        role_equilibria(drawn_game(TWO_AND_TWO, 0), effort=-1.0)
    assert role_equilibria(drawn_game(TWO_AND_TWO, 0), effort=np.inf).complete in ("index", "proved")
