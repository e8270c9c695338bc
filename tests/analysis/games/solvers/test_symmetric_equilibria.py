"""All symmetric equilibria: published sets, brute force, proofs of completeness, and what degenerate games are told."""

import numpy as np
import pytest

from analysis.games.solvers.indifference import newton
from analysis.games.solvers.role_equilibria import role_equilibria
from analysis.games.solvers.symmetric_equilibria import symmetric_equilibria
from analysis.games.solvers.two_players import equilibria_of_two
from analysis.games.tables.counts import count_profiles
from analysis.games.tables.roles import Role, RoleSymmetricGame, profiles
from analysis.games.tables.symmetric import SymmetricGame
from sim.models import dennert
from sim.models.spread_game import linear, payoff_matrix, payoffs
from tests.markets.game_examples import (
    HAWK_DOVE,
    ROCK_PAPER_SCISSORS,
    mean_best,
    random_game,
    relabelled,
    same_points,
    spread_competition,
    swept_makers,
)

GRID = np.arange(11)


def pure_set(found):
    return {each.support[0] for each in found.equilibria if len(each.support) == 1}


def test_the_reference_matrix_has_three_equilibria_and_nothing_else():
    found = symmetric_equilibria(SymmetricGame.from_matrix(payoff_matrix(payoffs(np.arange(6), 0.3, 5.0))))
    assert (found.complete, found.degenerate) == ("proved", False)
    assert [each.support for each in found.equilibria] == [(2,), (3,), (2, 3)]
    assert [each.payoff for each in found.equilibria] == pytest.approx([0.25, 0.75, 0.375])
    assert found.equilibria[2].mixture[2:4] == pytest.approx([0.5, 0.5])
    assert [each.kind for each in found.equilibria] == ["strict", "strict", "quasi-strict"]
    assert [each.index for each in found.equilibria] == [1, 1, -1]


@pytest.mark.parametrize(
    ("informed", "makers", "expected"),
    [(0.1, 1, {6}), (0.1, 2, {2}), (0.1, 3, {2}), (0.2, 1, {7}), (0.2, 2, {3, 4}), (0.2, 3, {3}), (0.3, 1, {8}),
     (0.3, 2, {5}), (0.3, 3, {5})],
)  # fmt: skip
def test_elastic_demand_has_the_published_equilibria(informed, makers, expected):
    found = symmetric_equilibria(spread_competition(payoffs(GRID, informed, 10.0, linear(11.0)), makers))
    assert pure_set(found) == expected
    assert (found.complete, found.degenerate) == ("proved", False)
    assert sum(each.index for each in found.equilibria) == 1


def test_elastic_demand_leaves_two_makers_one_symmetric_equilibrium():
    found = symmetric_equilibria(spread_competition(payoffs(GRID, 0.1, 10.0, linear(11.0)), 2))
    assert len(found.equilibria) == 1
    assert found.equilibria[0].payoff == pytest.approx(0.33636, abs=5e-6)
    assert found.equilibria[0].kind == "strict"


@pytest.mark.parametrize("makers", [2, 3, 4])
@pytest.mark.parametrize("informed", [0.0, 0.1, 0.3, 0.5])
def test_bertrand_sets_are_complete_and_their_ends_break_even(informed, makers):
    alone = payoffs(GRID, informed, 10.0)
    found = symmetric_equilibria(spread_competition(alone, makers))
    lowest = round(10 * informed)
    assert [each.support for each in found.equilibria] == [(lowest + k,) for k in range(3 if makers == 2 else 2)]
    weak = [each.support[0] for each in found.equilibria if each.kind == "weak"]
    assert weak == ([lowest, lowest + 2] if makers == 2 else [lowest])
    assert found.equilibria[0].payoff == pytest.approx(0.0, abs=1e-12)
    assert (found.complete, found.degenerate, found.components) == ("proved", True, ())
    assert "parity says nothing" in found.note


@pytest.mark.parametrize(
    ("points", "count", "low", "high"), [(6, 5, 0.449, 0.486), (11, 1, 0.4234, 0.4234), (15, 7, 0.4164, 0.4187)]
)
def test_two_swept_makers_have_the_counted_equilibria_on_a_grid(points, count, low, high):
    grid = np.linspace(0.3, 1.0, points)
    found = symmetric_equilibria(swept_makers(grid, 0.3, 2))
    means = [mean_best(grid, each.mixture, 2) for each in found.equilibria]
    assert (len(means), found.complete) == (count, "proved")
    assert (min(means), max(means)) == pytest.approx((low, high), abs=5e-4)


@pytest.mark.parametrize(
    ("makers", "informed"),
    [(2, 0.1), (2, 0.3)]
    + [
        pytest.param(*each, marks=pytest.mark.slow)
        for each in [(2, 0.2), (2, 0.5), (3, 0.1), (3, 0.2), (3, 0.3), (3, 0.5)]
    ],
)
def test_swept_makers_quote_what_theory_says_on_a_grid_of_fifteen(makers, informed):
    grid = np.linspace(informed, 1.0, 15)
    found = symmetric_equilibria(swept_makers(grid, informed, makers), effort=4e6)
    assert found.complete == ("proved" if makers == 2 else "index")
    expected = dennert.expected_best(informed, 1.0, makers)
    for each in found.equilibria:
        assert mean_best(grid, each.mixture, makers) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("points", [11, pytest.param(15, marks=pytest.mark.slow)])
def test_three_swept_makers_have_one_equilibrium_near_theory(points):
    grid = np.linspace(0.3, 1.0, points)
    found = symmetric_equilibria(swept_makers(grid, 0.3, 3), effort=1e6)
    assert (len(found.equilibria), found.complete) == (1, "index")
    assert mean_best(grid, found.equilibria[0].mixture, 3) == pytest.approx(0.4515, abs=0.02)


def test_hawks_and_doves_mix_and_rock_paper_scissors_is_even():
    mixed = symmetric_equilibria(SymmetricGame.from_matrix(HAWK_DOVE)).equilibria
    assert [each.mixture.tolist() for each in mixed] == [pytest.approx([2 / 3, 1 / 3])]
    even = symmetric_equilibria(SymmetricGame.from_matrix(ROCK_PAPER_SCISSORS))
    assert [each.mixture.tolist() for each in even.equilibria] == [pytest.approx([1 / 3] * 3)]
    assert even.complete == "proved"


@pytest.mark.parametrize("players", [3, 4, 7])
def test_volunteers_mix_as_diekmann_says(players):
    # all are worth 1 if somebody volunteers at a cost of .3: nobody does with probability .3^(1 / (players - 1))
    game = SymmetricGame.from_function(players, ("wait", "go"), lambda others: [float(others[1] > 0), 0.7])
    found = symmetric_equilibria(game)
    assert [each.mixture[0] for each in found.equilibria] == pytest.approx([0.3 ** (1 / (players - 1))])
    assert found.complete == "proved"


@pytest.mark.parametrize("seed", range(25))
def test_two_strategies_are_mixed_at_every_root_of_the_polynomial(seed):
    players = 3 + seed % 8
    game = random_game(players, 2, seed)
    share = np.polynomial.Polynomial([0.0, 1.0])
    gain = sum(
        weight * (1 - share) ** int(a) * share ** int(b) * difference
        for weight, (a, b), difference in zip(
            [np.prod([(players - 1 - i) / (i + 1) for i in range(b)]) for _, b in game.counts],
            game.counts, game.payoffs[:, 1] - game.payoffs[:, 0], strict=True,
        )
    )  # fmt: skip
    roots = [root.real for root in gain.roots() if abs(root.imag) < 1e-9 and 0 < root.real < 1]
    found = symmetric_equilibria(game)
    mixed = [each.mixture[1] for each in found.equilibria if len(each.support) == 2]
    assert sorted(mixed) == pytest.approx(sorted(roots), abs=1e-7)
    assert found.complete == "proved"


def _check_random(players, strategies, seed):
    game = random_game(players, strategies, seed)
    found = symmetric_equilibria(game)
    assert found.complete == "proved"
    assert not found.degenerate
    assert sum(each.index for each in found.equilibria) == 1
    assert all(each.condition <= 1.0 + 1e-9 for each in found.equilibria)
    assert max(game.scaled.regret(each.mixture) for each in found.equilibria) < 1e-9
    return game, found


def _starts_that_are_missed(game, found, seed, starts=60):
    """Equilibria that Newton's method finds from random starts on random supports, and the solver does not."""
    draw = np.random.default_rng(seed)
    missed = []
    for _ in range(starts):
        support = np.sort(draw.permutation(game.size)[: draw.integers(1, game.size + 1)])
        point, good = newton(game.scaled, support[None], draw.dirichlet(np.ones(len(support)))[None])
        if not good[0] or point.min() < 0.0:
            continue
        mixture = np.zeros(game.size)
        mixture[support] = point[0]
        known = any(np.abs(mixture - each.mixture).max() < 1e-5 for each in found.equilibria)
        if game.scaled.regret(mixture) < 1e-10 and not known:
            missed.append(mixture)
    return missed


@pytest.mark.parametrize("seed", range(40))
def test_random_games_are_solved_completely(seed):
    game, found = _check_random(2 + seed % 4, 2 + seed % 3, seed)
    assert not _starts_that_are_missed(game, found, seed)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_thousands_of_random_games_are_solved_completely(block):
    for seed in range(1000 + 100 * block, 1100 + 100 * block):
        game, found = _check_random(2 + seed % 5, 2 + seed % 4, seed)
        assert not _starts_that_are_missed(game, found, seed, 20)


@pytest.mark.parametrize("seed", range(12))
def test_new_names_and_another_order_change_nothing(seed):
    game = random_game(2 + seed % 4, 4, 50 + seed, whole=3 * (seed % 2))
    order = np.random.default_rng(seed).permutation(4).tolist()
    found, again = symmetric_equilibria(game), symmetric_equilibria(relabelled(game, order))
    assert (again.complete, again.degenerate) == (found.complete, found.degenerate)
    assert same_points([each.mixture[order] for each in found.equilibria], [each.mixture for each in again.equilibria])


@pytest.mark.parametrize(
    "change", [lambda u, n: 1e-6 * u + 7.0, lambda u, n: 1e200 * u, lambda u, n: u + 1e4 * np.arange(n)[:, None]]
)
def test_units_and_what_is_common_to_all_strategies_change_nothing(change):
    game = random_game(4, 3, 3)
    other = SymmetricGame(4, game.strategies, change(game.payoffs, len(game.payoffs)))
    one, two = symmetric_equilibria(game), symmetric_equilibria(other)
    assert two.complete == "proved"
    assert same_points([each.mixture for each in one.equilibria], [each.mixture for each in two.equilibria])


def _compare_with_pairs(strategies, seed, whole):
    game = random_game(2, strategies, seed, whole)
    found = symmetric_equilibria(game)
    pairs = equilibria_of_two(game.payoffs.T, game.payoffs)
    symmetric = [each.row for each in pairs.equilibria if np.abs(each.row - each.column).max() < 1e-8]
    assert found.complete == "proved"
    assert same_points([each.mixture for each in found.equilibria], symmetric)
    if not found.degenerate:
        assert sum(each.index for each in found.equilibria) == 1


@pytest.mark.parametrize("seed", range(80))
def test_with_two_players_degenerate_games_have_the_extreme_equilibria_of_both_polytopes(seed):
    _compare_with_pairs(1 + seed % 5, seed, whole=seed % 3)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_with_two_players_thousands_of_degenerate_games_agree_with_both_polytopes(block):
    for seed in range(10_000 + 300 * block, 10_300 + 300 * block):
        _compare_with_pairs(1 + seed % 6, seed, whole=seed % 3)


def test_games_in_which_all_is_the_same_are_one_continuum():
    for players in (1, 2, 3):
        game = SymmetricGame.from_function(players, ("a", "b", "c"), lambda others: np.ones(3))
        found = symmetric_equilibria(game)
        assert (found.complete, found.degenerate) == ("proved", True)
        assert [piece.support for piece in found.components] == [(0, 1, 2)]
        assert found.components[0].exact
        assert same_points(list(found.components[0].mixtures), list(np.eye(3)))


def test_a_continuum_of_two_players_has_its_ends():
    # against b both pay 1, and a alone is better against c: b with up to half of c is played, or not left
    found = symmetric_equilibria(SymmetricGame.from_matrix([[0.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]))
    assert found.degenerate
    piece = next(each for each in found.components if each.support == (1, 2))
    assert same_points(list(piece.mixtures), [np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])])


def from_square(function, strategies):
    """Three players, whose gains over the last strategy are quadratic: their blossoms at pairs of corners."""
    corners = np.eye(strategies)
    pairs = [np.repeat(np.arange(strategies), row) for row in count_profiles(2, strategies)]
    gains = [[*function(corners[i], corners[j]), 0.0] for i, j in pairs]
    return SymmetricGame(3, tuple("abcdef"[:strategies]), np.array(gains))


def test_a_double_root_is_found_and_named_degenerate():
    found = symmetric_equilibria(from_square(lambda x, y: [(x[0] - 0.3) * (y[0] - 0.3)], 2))
    touching = next(each for each in found.equilibria if len(each.support) == 2)
    assert touching.mixture == pytest.approx([0.3, 0.7], abs=1e-6)
    assert not touching.regular
    assert touching.index is None
    assert (found.complete, found.degenerate) == ("open", True)
    assert "parity says nothing" in found.note


def test_whole_payoffs_whose_difference_only_touches_zero_are_named_degenerate():
    roles = (Role("alike", 3, ("a", "b", "c")),)
    payoffs = np.random.default_rng(3).integers(-1, 2, size=profiles(roles).shape)
    game = RoleSymmetricGame(roles, payoffs).symmetric()
    pair = game.restricted([1, 2])
    ends, between = (pair.payoffs[:, 1] - pair.payoffs[:, 0])[[0, 2]], (pair.payoffs[:, 1] - pair.payoffs[:, 0])[1]
    assert between == -np.sqrt(ends.prod())  # a square: it is zero at one share
    found = symmetric_equilibria(game)
    touching = next(each for each in found.equilibria if each.support == (1, 2))
    assert touching.mixture[2] == pytest.approx(1.0 / (1.0 + np.sqrt(ends[1] / ends[0])), abs=1e-6)
    assert (touching.regular, touching.index, found.complete, found.degenerate) == (False, None, "open", True)
    assert "degenerate" in found.note
    assert "missing" not in found.note


def beside_large_payoffs(size, roots):
    """Three strategies: the first gains this much times (x - a)(x - b) over the last, the second is good among many."""

    def gains(x, y):
        one, two = (x[0] - roots[0]) * (y[0] - roots[1]), (y[0] - roots[0]) * (x[0] - roots[1])
        return [size * (one + two) / 2, 3 * x[1] * y[1] - 0.5]

    return from_square(gains, 3)


@pytest.mark.parametrize("size", [1.0, 1e-2, 1e-4])
def test_slopes_are_judged_beside_the_payoffs_they_come_from(size):
    separate = symmetric_equilibria(beside_large_payoffs(size, (0.3, 0.8)))
    assert not separate.degenerate
    mixed = [(each.mixture[0], each.index) for each in separate.equilibria if each.support == (0, 2)]
    assert [share for share, _ in sorted(mixed)] == pytest.approx([0.3, 0.8])
    assert [index for _, index in sorted(mixed)] == [1, -1]  # more of the first makes it worse, then better
    assert sum(each.index for each in separate.equilibria) == 1
    double = symmetric_equilibria(beside_large_payoffs(size, (0.3, 0.3)))
    assert double.degenerate
    assert not any(each.regular for each in double.equilibria if each.support == (0, 2))


@pytest.mark.parametrize("strategies", [3, 4])
def test_a_double_root_is_not_regular_in_larger_supports(strategies):
    middle = np.full(strategies, 1.0 / strategies)
    for seed in range(3):
        draw = np.random.default_rng(seed)
        linear, level, along = (
            draw.normal(size=size) for size in ((strategies - 1, strategies), strategies, strategies)
        )
        along -= along.mean()
        linear -= np.outer(linear @ along, along) / (along @ along)  # level in one direction
        linear -= (linear @ middle)[:, None]
        level -= level @ middle

        curved = draw.normal(size=strategies - 1)

        def gains(x, y, linear=linear, level=level, curved=curved):
            return linear @ (x + y) + curved * (level @ x) * (level @ y)

        found = symmetric_equilibria(from_square(gains, strategies))
        near = [each for each in found.equilibria if np.abs(each.mixture - middle).max() < 1e-3]
        assert near or found.components  # what is level up to rounding may be long enough for one
        assert not any(each.regular for each in near)
        assert found.degenerate


def test_a_circle_of_equilibria_is_named_and_not_listed_point_by_point():
    def off_the_circle(x, y):
        level = (x - 1 / 3) @ (y - 1 / 3) - 0.02
        return [level, 2 * level]

    found = symmetric_equilibria(from_square(off_the_circle, 3))
    assert (found.complete, found.degenerate) == ("open", True)
    assert len(found.equilibria) == 1
    [piece] = found.components
    assert not piece.exact
    assert np.linalg.norm(piece.mixtures - 1 / 3, axis=1) == pytest.approx(np.full(len(piece.mixtures), 0.02**0.5))


def test_without_effort_an_incomplete_answer_says_so_or_is_vouched_for_by_indices():
    game = random_game(3, 6, 11)
    whole, quick = symmetric_equilibria(game), symmetric_equilibria(game, effort=0.0)
    assert whole.complete == "proved"
    assert quick.complete == "index"
    assert "sum to +1" in quick.note
    assert same_points([each.mixture for each in whole.equilibria], [each.mixture for each in quick.equilibria])


@pytest.mark.parametrize(
    ("strategies", "seed"), [(6, 0), *(pytest.param(8, seed, marks=pytest.mark.slow) for seed in range(3))]
)
def test_five_players_with_many_strategies_are_vouched_for_by_indices(strategies, seed):
    game = random_game(5, strategies, seed)
    found = symmetric_equilibria(game, effort=5e6)
    assert found.complete in ("index", "proved")
    assert max(game.scaled.regret(each.mixture) for each in found.equilibria) < 1e-9


@pytest.mark.parametrize("large", [1e6, 1e9, 1e12, 1e15])
def test_a_loss_far_from_other_payoffs_leaves_the_mixture_that_all_but_avoids_it(large):
    found = symmetric_equilibria(SymmetricGame.from_matrix([[0.0, -1.0], [1.0, -large]]))
    (only,) = found.equilibria
    assert (found.complete, only.index) == ("proved", 1)
    assert only.mixture.tolist() == [(large - 1) / large, 1 / large]
    roles = role_equilibria(RoleSymmetricGame.from_matrices([[0.0, -1.0], [1.0, -large]], [[0.0, 1.0], [-1.0, -large]]))
    assert (len(roles.equilibria), roles.complete) == (3, "proved")


@pytest.mark.parametrize("players", [3, 5])
def test_many_players_avoid_a_loss_far_from_other_payoffs(players):
    # the second pays 1 more unless all others play it too
    def payoff(others):
        return [0.0, -1e12 if others[1] == players - 1 else 1.0]

    found = symmetric_equilibria(SymmetricGame.from_function(players, ("safe", "risky"), payoff))
    (only,) = found.equilibria
    assert only.mixture[1] == pytest.approx((1 / (1e12 + 1)) ** (1 / (players - 1)), rel=1e-9)
    assert found.complete == "proved"


def test_where_payoffs_lie_too_far_apart_for_bounds_it_is_said_and_no_effort_is_asked_for():
    draw = np.random.default_rng(0)
    game = SymmetricGame(3, ("a", "b", "c"), draw.choice([-1.0, 1.0], (6, 3)) * 10.0 ** draw.uniform(0, 9, (6, 3)))
    found = symmetric_equilibria(game)
    assert found.complete == "open"
    assert "too far apart" in found.note


def test_a_polynomial_that_almost_touches_zero_is_not_proved_to_miss_it():
    # with roots at .3 and .3 + 1e-7, the gain between is 2.5e-15
    found = symmetric_equilibria(from_square(lambda x, y: [(x[0] - 0.3) * (y[0] - 0.3 - 1e-7)], 2))
    assert found.complete != "proved" or len(found.equilibria) == 3


def test_what_cannot_be_solved_is_refused():
    with pytest.raises(ValueError, match="leave some out"):
        symmetric_equilibria(SymmetricGame.from_matrix(np.eye(17)))
    with pytest.raises(ValueError, match="effort"):
        symmetric_equilibria(SymmetricGame.from_matrix(np.eye(2)), effort=-1.0)
    with pytest.raises(ValueError, match="effort must be a number, not nan"):
        symmetric_equilibria(SymmetricGame.from_matrix(np.eye(2)), effort=np.nan)
