"""Mixtures by role: closed forms, products of games with known equilibria, relabelling, indices, degenerate games."""

from itertools import product

import numpy as np
import pytest
from numpy.polynomial import Polynomial
from scipy.optimize import root

from analysis.games.role_equilibria import role_equilibria
from analysis.games.roles import Role, RoleSymmetricGame, profiles
from analysis.games.symmetric import SymmetricGame
from analysis.games.symmetric_equilibria import symmetric_equilibria
from analysis.games.two_players import equilibria_of_two
from tests.games.examples import HAWK_DOVE, random_game, same_points

THREE_OF_TWO = [(1, 2), (1, 2), (1, 2)]
TWO_AND_TWO = [(2, 2), (2, 2)]


def roles_of(shape):
    return tuple(Role(f"role {n}", players, tuple("abcdefgh"[:size])) for n, (players, size) in enumerate(shape))


def drawn_game(shape, seed):
    """Normal payoffs of roles given as players and strategies."""
    roles = roles_of(shape)
    return RoleSymmetricGame(roles, np.random.default_rng(seed).normal(size=profiles(roles).shape))


def side_by_side(*games):
    """Games played at once by roles that have nothing to do with one another."""
    roles = tuple(
        role._replace(name=f"{number} {role.name}") for number, game in enumerate(games) for role in game.roles
    )
    ends = np.cumsum([0, *(game.counts.shape[1] for game in games)])
    payoffs = [
        game.payoffs[game.rows(profiles(roles)[:, low:high])]
        for game, low, high in zip(games, ends[:-1], ends[1:], strict=True)
    ]
    return RoleSymmetricGame(roles, np.hstack(payoffs))


def joined(found):
    return [np.concatenate(each.mixtures) for each in found.equilibria]


def with_indices(found):
    return [np.append(np.concatenate(each.mixtures), each.index) for each in found.equilibria]


def largest_regret(game, found):
    return max(game.regrets(each.mixtures).max() for each in found.equilibria) / game.range


def two_each(game, shares):
    """The mixtures in which the first strategies of roles of two have these shares, and what these gain them."""
    mixtures = [np.array([share, 1.0 - share]) for share in shares]
    return mixtures, np.array([first - second for first, second in game.expected(mixtures)])


def among(game, candidates):
    """Those shares of first strategies that are equilibria, as mixtures side by side."""
    found = []
    for shares in candidates:
        if all(-1e-12 < share < 1.0 + 1e-12 for share in shares):
            mixtures, _ = two_each(game, shares)
            if game.regrets(mixtures).max() < 1e-9 * game.range:
                found.append(np.concatenate(mixtures))
    return found


def real_roots(polynomial):
    return [each.real for each in polynomial.roots() if abs(each.imag) < 1e-7]


def fitted(values, degree):
    """The polynomial of a degree through what a function gives."""
    points = np.linspace(0.0, 1.0, degree + 1)
    return Polynomial.fit(points, [values(point) for point in points], degree, domain=[0, 1], window=[0, 1])


def by_elimination_of_three(game):
    """Three players of two strategies: their gains are linear in the shares of each of the others."""

    def gain(role, shares):
        return two_each(game, shares)[1][role]

    found = list(product([0.0, 1.0], repeat=3))
    for alone, share in product(range(3), [0.0, 1.0]):  # two mix: each makes the other indifferent
        one, two = (role for role in range(3) if role != alone)
        shares = np.zeros(3)
        shares[alone] = share
        for mine, other in ((one, two), (two, one)):
            at = [gain(mine, np.where(np.arange(3) == other, end, shares)) for end in (0.0, 1.0)]
            shares[other] = at[0] / (at[0] - at[1])
        found.append(tuple(shares))
    # all mix: role 0 gives z, role 1 gives x as fractions of linear functions of y, role 2 a quadratic equation for y
    a, b = (fitted(lambda y, z=z: gain(0, (0.0, y, z)), 1) for z in (0.0, 1.0))
    top, under = -a, b - a
    c, d, e, f = (gain(1, (x, 0.0, z)) for x, z in product((0.0, 1.0), repeat=2))
    left, right = (c * under + (d - c) * top), ((e - c) * under + (f - e - d + c) * top)
    g, h = (fitted(lambda y, x=x: gain(2, (x, y, 0.0)), 1) for x in (0.0, 1.0))
    for y in real_roots(g * right - (h - g) * left):
        found.append((-left(y) / right(y), y, top(y) / under(y)))
    return among(game, found)


def by_elimination_of_two(game):
    """Two roles of two players and two strategies: gains are of degree 1 in the own share, of 2 in the others'."""
    found = list(product([0.0, 1.0], repeat=2))
    for end in (0.0, 1.0):
        found += [(x, end) for x in real_roots(fitted(lambda x, y=end: two_each(game, (x, y))[1][0], 1))]
        found += [(end, y) for y in real_roots(fitted(lambda y, x=end: two_each(game, (x, y))[1][1], 1))]
    f = [fitted(lambda y, x=x: two_each(game, (x, y))[1][0], 2) for x in (0.0, 1.0)]
    g = [fitted(lambda y, x=x: two_each(game, (x, y))[1][1], 1) for x in (0.0, 0.5, 1.0)]
    square = 2.0 * (g[0] - 2.0 * g[1] + g[2])
    slope, under = g[2] - g[0] - square, f[1] - f[0]
    for y in real_roots(g[0] * under**2 - slope * f[0] * under + square * f[0] ** 2):
        found.append((-f[0](y) / under(y), y))
    return among(game, found)


def check_against(shape, brute, seeds):
    """All equilibria of brute force, each once and sharp; which share of the games has indices that sum to +1."""
    one = 0
    for seed in seeds:
        game = drawn_game(shape, seed)
        found = role_equilibria(game)
        assert same_points(joined(found), brute(game), 1e-5), seed
        assert largest_regret(game, found) < 1e-9
        one += sum(each.index for each in found.equilibria) == 1
        assert found.complete in ("proved", "index")
    return one / len(seeds)


def test_three_players_of_two_strategies_have_the_equilibria_of_elimination():
    assert check_against(THREE_OF_TWO, by_elimination_of_three, range(40)) == 1.0


def test_two_roles_of_two_players_have_the_equilibria_of_elimination():
    assert check_against(TWO_AND_TWO, by_elimination_of_two, range(40)) == 1.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "brute"), [(THREE_OF_TWO, by_elimination_of_three), (TWO_AND_TWO, by_elimination_of_two)]
)
def test_in_thousands_of_games_indices_sum_to_one_and_nothing_is_missing(shape, brute):
    assert check_against(shape, brute, range(100, 2100)) == 1.0


def test_two_players_have_the_equilibria_of_their_matrices():
    for seed in range(60):
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
    for seed in range(8):
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
    nothing_new(shape, 5, 100)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [[(2, 3), (2, 3)], [(1, 4), (5, 4)], [(2, 2), (1, 3), (1, 3)]])
def test_another_solver_finds_nothing_else_in_larger_games(shape):
    for seed in range(3):
        nothing_new(shape, seed, 500)


def test_the_order_of_roles_and_strategies_and_the_units_of_payoffs_change_nothing():
    for seed in range(4):
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
        found = role_equilibria(other)
        back = np.append(np.argsort(columns), 8)
        assert same_points([each[back] for each in with_indices(found)], with_indices(role_equilibria(game)))
        assert found.complete == role_equilibria(game).complete


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
    for seed in range(10):
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
