"""Payoffs over nine decades: regrets below the smallest difference that matters, and what is proved is true."""

from fractions import Fraction

import numpy as np
import pytest

from analysis.games.solvers.role_equilibria import role_equilibria
from analysis.games.solvers.symmetric_equilibria import symmetric_equilibria
from analysis.games.solvers.two_players import equilibria_of_two
from analysis.games.solvers.two_strategies import equilibria_of_two_strategies
from analysis.games.tables.counts import number_of_profiles
from analysis.games.tables.differences import read
from analysis.games.tables.roles import RoleSymmetricGame, profiles
from analysis.games.tables.symmetric import SymmetricGame
from tests.markets.role_examples import roles_of, side_by_side
from tests.oracles.exact_games import (
    of_two,
    of_two_alike,
    of_two_strategies,
    pure_of_roles,
    regrets,
    smallest_differences,
)


def far_apart(shape, kind, draw):
    """Payoffs over nine decades, of several kinds."""
    sign = draw.choice([-1.0, 1.0], shape)
    match kind:
        case 0:  # all sizes
            return sign * 10.0 ** draw.uniform(0.0, 9.0, shape)
        case 1:  # small beside large, with many ties
            return draw.integers(-2, 3, shape) * 10.0 ** draw.choice([0, 3, 9], shape)
        case 2:  # one that is huge
            payoffs = draw.integers(-3, 4, shape).astype(float)
            payoffs[tuple(draw.integers(0, size) for size in shape)] = -(10.0 ** draw.integers(6, 13))
            return payoffs
        case 3:  # differences of 1 on large levels, and a few huge losses
            payoffs = 1e6 + draw.integers(-1, 2, shape)
            return np.where(draw.random(shape) < 0.1, -1e9, payoffs)
        case 4:  # ordinary ones
            return draw.normal(size=shape)
        case 5:  # whole and degenerate
            return draw.integers(-1, 2, shape).astype(float)
        case 6:  # each column of its own size
            return draw.normal(size=shape) * 10.0 ** draw.integers(-4, 6, shape[-1:])
        case _:  # fractions beside one that is huge
            payoffs = draw.normal(size=shape).round(1)
            payoffs[tuple(draw.integers(0, size) for size in shape)] = 10.0 ** draw.integers(6, 13)
            return payoffs


KINDS = 8


def check_regrets(game, mixtures_of_each):
    """Exact regrets of all mixtures are below the smallest difference of payoffs of that role."""
    smallest = smallest_differences(game)
    for mixtures in mixtures_of_each:
        for regret, least in zip(regrets(game, mixtures), smallest, strict=True):
            assert regret == 0 if least is None else regret < least


def check_same(found, expected):
    """As many mixtures, and each of one list has another so near that only rounding is between."""
    assert len(found) == len(expected)
    for one, others in ((found, expected), (expected, found)):
        for each in one:
            assert min(max(abs(Fraction(a) - Fraction(b)) for a, b in zip(each, other, strict=True))
                       for other in others) < Fraction(1, 10**12)  # fmt: skip


def two_players(seed, draw):
    shape = int(draw.integers(1, 5)), int(draw.integers(1, 5))
    a, b = (far_apart(shape, kind, draw) for kind in (seed % KINDS, seed % KINDS if draw.random() < 0.7 else 5))
    game = RoleSymmetricGame.from_matrices(a, b)
    found = equilibria_of_two(a, b)
    check_regrets(game, [(each.row, each.column) for each in found.equilibria])
    for piece in found.continua:
        check_regrets(game, [(piece.rows.mean(axis=0), piece.columns.mean(axis=0))])
    if found.complete == "proved":
        check_same([(*each.row.tolist(), *each.column.tolist()) for each in found.equilibria], of_two(a, b))
    assert role_equilibria(game).complete == found.complete
    return found.complete


def two_alike(seed, draw):
    size = int(draw.integers(2, 5))
    game = SymmetricGame.from_matrix(far_apart((size, size), seed % KINDS, draw))
    found = symmetric_equilibria(game)
    check_regrets(RoleSymmetricGame.from_symmetric(game), [(each.mixture,) for each in found.equilibria])
    for piece in found.components:
        check_regrets(RoleSymmetricGame.from_symmetric(game), [(piece.mixtures.mean(axis=0),)])
    if found.complete == "proved":
        check_same([each.mixture.tolist() for each in found.equilibria], of_two_alike(game))
    return found.complete


def many_alike(seed, draw):
    players, size = (int(draw.integers(3, 6)), 2) if seed % 2 else (3, 3)
    shape = number_of_profiles(players - 1, size), size
    game = SymmetricGame(players, tuple("abc"[:size]), far_apart(shape, seed // 2 % KINDS, draw))
    roles = RoleSymmetricGame.from_symmetric(game)
    found = symmetric_equilibria(game, 1e6)
    check_regrets(roles, [(each.mixture,) for each in found.equilibria])
    pure = [tuple(each.mixture.tolist()) for each in found.equilibria if each.mixture.max() == 1.0]
    among = [piece for piece in found.components if piece.exact]
    expected = [
        x
        for x in pure_of_roles(roles)
        if not any(np.abs(np.array(x) - y).max() == 0 for p in among for y in p.mixtures)
    ]
    if found.complete == "proved":
        assert set(expected) <= set(pure)
        if size == 2 and not found.components:
            both, inside = of_two_strategies(game)
            assert len(found.equilibria) == len(both) + inside
    return found.complete


def several_roles(seed, draw):
    if seed % 3 == 0:  # two games at once, whose equilibria are the pairs of theirs
        games = [
            RoleSymmetricGame.from_matrices(*(far_apart((2, 2), seed // 3 % KINDS, draw) for _ in range(2)))
            for _ in range(2)
        ]
        game = side_by_side(*games)
    else:
        shape = [[(1, 2)] * 3, [(2, 2), (1, 2)], [(1, 2), (1, 3), (1, 2)]][seed % 5 % 3]
        roles = roles_of(shape)
        game = RoleSymmetricGame(roles, far_apart(profiles(roles).shape, seed // 3 % KINDS, draw))
    found = role_equilibria(game, 1e6)
    check_regrets(game, [each.mixtures for each in found.equilibria])
    mixtures = {tuple(np.concatenate(each.mixtures).tolist()) for each in found.equilibria}
    pure = [x for x in mixtures if set(x) <= {0.0, 1.0}]
    if found.complete == "proved":
        assert set(pure_of_roles(game)) <= set(pure)
    return found.complete


FAMILIES = [two_players, two_alike, many_alike, several_roles]


def check_all(seeds):
    """How many of each family are proved."""
    proved = dict.fromkeys(FAMILIES, 0)
    for seed in seeds:
        family = FAMILIES[seed % len(FAMILIES)]
        proved[family] += family(seed // len(FAMILIES), np.random.default_rng(seed)) == "proved"
    return proved


@pytest.mark.parametrize(
    ("payoffs", "smallest", "certain"),
    [
        ([[0.0, 1.0], [-1e9, 2.0]], 1.0, True),  # never beside the largest
        ([[0.0, 1.0], [1.0, -1e18]], 1.0, True),  # whole payoffs have no rounding
        ([[0.3, 0.1 + 0.2, 1.0]], 0.7, True),  # units in the last place
        ([[0.0, 5e-17, 1.0], [0.5, 0.0, 0.25]], 0.25, True),  # what computing left of 0
        ([[0.0, 0.1], [0.2, -1e18]], 0.1, False),  # may be rounding or not
        ([[0.5, 0.5], [0.25, 0.25]], np.inf, True),
    ],
)
def test_differences_that_matter_are_those_that_are_not_rounding(payoffs, smallest, certain):
    found = read(np.array(payoffs))
    assert (found.smallest == pytest.approx(smallest), found.certain) == (True, certain)
    again = read(found.payoffs)
    assert np.array_equal(again.payoffs, found.payoffs)


def test_where_differences_may_be_rounding_nothing_is_proved_and_it_is_said():
    game = SymmetricGame.from_matrix([[0.0, 0.2], [0.1, -1e18]])
    found = symmetric_equilibria(game)
    assert found.complete == "open"
    assert "may be rounding" in found.note
    roles = role_equilibria(RoleSymmetricGame.from_symmetric(game))
    assert (roles.complete, roles.note) == (found.complete, found.note)
    pairs = equilibria_of_two(game.payoffs.T, game.payoffs)
    assert (pairs.complete, "may be rounding" in pairs.note) == ("open", True)


def test_strategies_that_differ_by_rounding_only_are_one_continuum():
    row = [0.1 + 0.2, 0.7]
    found = symmetric_equilibria(SymmetricGame.from_matrix([[*row, 0.5], [0.3, 0.7, 0.5], [0.2, 0.1, 0.0]]))
    assert found.complete == "proved"
    assert [piece.support for piece in found.components] == [(0, 1)]


@pytest.mark.parametrize("seed", range(40))
def test_two_strategies_have_as_many_mixtures_as_their_polynomial_has_roots(seed):
    draw = np.random.default_rng(seed)
    players = int(draw.integers(2, 12))
    payoffs = far_apart((players, 2), seed % KINDS, draw)
    if np.all(payoffs[:, 0] == payoffs[:, 1]):
        return
    game = SymmetricGame(players, ("a", "b"), payoffs)
    found = equilibria_of_two_strategies(game)
    pure, inside = of_two_strategies(game)
    assert len(found) == len(pure) + inside
    assert {tuple(each.mixture.tolist()) for each in found} >= {tuple(map(float, x)) for x in pure}
    if all(each.regular for each in found):
        assert sum(each.index for each in found) == 1
    check_regrets(RoleSymmetricGame.from_symmetric(game), [(each.mixture,) for each in found])


def test_a_double_root_of_whole_payoffs_is_exact_and_not_regular():
    # gains are (1 - 2 x)^2 in the second's share x, where three play: 1, -1, 1
    found = equilibria_of_two_strategies(SymmetricGame(3, ("a", "b"), [[0.0, 1.0], [0.0, -1.0], [0.0, 1.0]]))
    assert [(each.mixture.tolist(), each.index) for each in found] == [([0.0, 1.0], 1), ([0.5, 0.5], None)]


def test_profiles_of_games_over_nine_decades_are_equilibria_and_proofs_are_true():
    proved = check_all(range(64))
    assert proved[two_players] >= 12
    assert proved[two_alike] >= 12


@pytest.mark.slow
@pytest.mark.parametrize("block", range(5))
def test_hundreds_of_games_over_nine_decades_are_solved_without_a_false_proof(block):
    check_all(range(1000 + 100 * block, 1100 + 100 * block))
