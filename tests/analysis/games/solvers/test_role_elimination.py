"""Roles of two strategies each, solved by elimination: roots of polynomials give every mixture."""

from itertools import product

import numpy as np
import pytest
from numpy.polynomial import Polynomial

from analysis.games.solvers.role_equilibria import role_equilibria
from tests.markets.game_examples import same_points
from tests.markets.role_examples import THREE_OF_TWO, TWO_AND_TWO, drawn_game, joined, largest_regret


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
    assert check_against(THREE_OF_TWO, by_elimination_of_three, range(12)) == 1.0


def test_two_roles_of_two_players_have_the_equilibria_of_elimination():
    assert check_against(TWO_AND_TWO, by_elimination_of_two, range(12)) == 1.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "brute"), [(THREE_OF_TWO, by_elimination_of_three), (TWO_AND_TWO, by_elimination_of_two)]
)
def test_in_thousands_of_games_indices_sum_to_one_and_nothing_is_missing(shape, brute):
    assert check_against(shape, brute, range(12, 2012)) == 1.0
