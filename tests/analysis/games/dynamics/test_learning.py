"""What evolving, replying and erring players come to."""

import numpy as np
import pytest
from scipy.optimize import OptimizeResult, brentq
from scipy.special import expit

from analysis.games.dynamics import motion
from analysis.games.dynamics.basins import arrivals, basins
from analysis.games.dynamics.correlated import correlated
from analysis.games.dynamics.evolutionary_stability import evolutionary_stability
from analysis.games.dynamics.fictitious_play import fictitious_play
from analysis.games.dynamics.motion import run, speeds
from analysis.games.dynamics.quantal_response import logit_branch
from analysis.games.dynamics.response_graph import response_graph
from analysis.games.dynamics.welfare import efficiency, expected_welfare
from analysis.games.solvers.simplex import spread_starts
from analysis.games.solvers.symmetric_equilibria import symmetric_equilibria
from analysis.games.tables.counts import number_of_profiles
from analysis.games.tables.roles import RoleSymmetricGame
from analysis.games.tables.symmetric import SymmetricGame
from sim.core.errors import RunError
from sim.models.spread_game import linear, payoffs
from tests.markets.game_examples import HAWK_DOVE, ROCK_PAPER_SCISSORS, random_game, spread_competition

COORDINATION = SymmetricGame.from_matrix([[3.0, 0.0], [0.0, 1.0]])  # the first is the better reply from a quarter on


def circling(win):
    """Rock, paper, scissors where a win pays so much and a defeat costs 1."""
    return SymmetricGame.from_matrix(np.where(np.array(ROCK_PAPER_SCISSORS) > 0, win, np.array(ROCK_PAPER_SCISSORS)))


def test_replicators_go_round_in_circles_that_keep_the_product():
    start = np.array([[0.5, 0.3, 0.2]])
    for duration in (1.0, 7.0, 30.0):
        end = run(SymmetricGame.from_matrix(ROCK_PAPER_SCISSORS), start, duration)
        assert np.prod(end) == pytest.approx(np.prod(start), rel=2e-3)


def test_replicators_of_two_strategies_follow_the_logistic_path():
    # b pays 1 more whatever the others do: the odds of b grow by e a unit of time
    game = SymmetricGame.from_matrix([[0.0, 0.0], [1.0, 1.0]])
    end = run(game, [[0.9, 0.1]], 2.0)
    assert end[0, 1] / end[0, 0] == pytest.approx(np.exp(2.0) / 9.0, rel=1e-5)


@pytest.mark.parametrize("law", ["replicator", "best_response"])
def test_equilibria_are_at_rest_and_strategies_not_played_stay_so(law):
    x = symmetric_equilibria(SymmetricGame.from_matrix(HAWK_DOVE)).equilibria[0].mixture
    game = SymmetricGame.from_matrix(HAWK_DOVE)
    if law == "replicator":
        assert speeds(game, x, law) == pytest.approx([0.0, 0.0], abs=1e-12)
        assert run(game, [[1.0, 0.0]], 50.0)[0].tolist() == [1.0, 0.0]
    assert run(game, [[0.1, 0.9]], 40.0, law)[0] == pytest.approx(x, abs=2e-2)


@pytest.mark.parametrize("law", ["replicator", "best_response"])
def test_basins_of_two_strategies_are_split_by_the_mixed_equilibrium(law):
    found = basins(COORDINATION, [[1.0, 0.0], [0.0, 1.0], [0.25, 0.75]], law)
    values = [share.value for share in found.shares]
    assert values == pytest.approx([0.75, 0.25, 0.0], abs=0.01)
    assert found.shares[0].standard_error < 0.01
    assert found.elsewhere.value == 0.0
    assert found.shares == basins(COORDINATION, [[1.0, 0.0], [0.0, 1.0], [0.25, 0.75]], law).shares


def test_what_circles_for_ever_is_in_no_basin():
    found = basins(circling(0.5), [np.full(3, 1 / 3)], starts=16, repeats=2)
    assert found.elsewhere.value == 1.0
    assert np.all(found.reached == -1)


@pytest.mark.parametrize("law", ["replicator", "best_response"])
def test_makers_with_elastic_customers_all_come_to_two_ticks(law):
    game = spread_competition(payoffs(np.arange(11), 0.1, 10.0, linear(11.0)), 2)
    found = basins(game, [np.eye(11)[2]], law, starts=16, repeats=2)
    assert found.shares[0].value == 1.0


def test_replicators_that_pass_close_to_the_edge_for_ever_stay_mixtures():
    # each strategy is the only good reply to the one before it: paths go round the corners, ever closer
    game = SymmetricGame.from_matrix(np.roll(np.eye(4), 1, axis=0))
    found = basins(game, [np.full(4, 1 / 4)])
    assert found.elsewhere.value == 1.0
    ends = run(game, found.starts[:32], 400.0)
    assert ends.sum(axis=1) == pytest.approx(np.ones(len(ends)))
    assert np.all(ends >= 0.0)


def test_replicators_of_many_players_are_followed_for_as_long_as_in_parts():
    game = random_game(6, 4, 0).restricted((0, 1, 2))
    starts = spread_starts(game.size, 64, 1)[0]
    whole, parts = run(game, starts, 120.0), starts
    for _ in range(12):
        parts = run(game, parts, 10.0)
    assert whole == pytest.approx(parts, abs=1e-3)


def test_replicators_keep_away_from_a_corner_for_as_long_as_they_came_near_it():
    # the share of b falls by e a unit of time, and then grows by e where the payoffs are turned round
    start = [[0.5, 0.5]]
    falling, rising = (SymmetricGame.from_matrix([[gain, gain], [0.0, 0.0]]) for gain in (1.0, -1.0))
    for duration in (5.0, 25.0):
        corner = run(falling, start, duration)
        assert corner[0, 1] == pytest.approx(1 / (1 + np.exp(duration)), rel=1e-4)
        assert run(rising, corner, duration) == pytest.approx(np.array(start), rel=1e-4)


def test_a_path_that_the_integrator_gives_up_is_one_clear_error(monkeypatch):
    given_up = OptimizeResult(success=False, message="the step became too small", y=[])
    monkeypatch.setattr(motion, "solve_ivp", lambda *given, **named: given_up)
    with pytest.raises(RunError, match=r"followed for 5\.0 units of time: the step became too small"):
        run(COORDINATION, [[0.5, 0.5]], 5.0)


def test_a_corner_that_an_invader_will_leave_is_no_end():
    # b beats a, and begins so rare that for long everything stands still at a
    game = SymmetricGame.from_matrix([[0.0, 0.0], [1.0, 1.0]])
    rare = np.exp(-100.0)
    start = [[1.0 - rare, rare]]
    corners = [[1.0, 0.0], [0.0, 1.0]]
    assert np.abs(speeds(game.scaled, start)).max() < 1e-9
    assert arrivals(game, start, corners, duration=50.0).tolist() == [-1]
    assert arrivals(game, start, corners).tolist() == [1]


@pytest.mark.parametrize("law", ["replicator", "best_response"])
def test_after_no_time_paths_are_where_they_began_and_no_start_has_no_path(law):
    game = SymmetricGame.from_matrix([[3.0, 2.0], [4.0, 1.0]])
    assert run(game, [[0.9, 0.1]], 0.0, law).tolist() == [[0.9, 0.1]]
    assert run(game, np.zeros((0, 2)), 1.0, law).shape == (0, 2)
    assert arrivals(game, [[0.9, 0.1], [0.5, 0.5]], [[0.5, 0.5]], law, duration=0.0).tolist() == [-1, 0]
    assert arrivals(game, np.zeros((0, 2)), [[0.5, 0.5]], law).tolist() == []
    assert arrivals(game, [[0.9, 0.1]], [], law).tolist() == [-1]


def test_best_replies_move_for_as_long_as_they_are_given():
    # all change to the second, so that the first's share is exp(-t)
    game = SymmetricGame.from_matrix([[0.0, 0.0], [1.0, 1.0]])
    for duration in (0.001, 0.015, 0.3):
        assert run(game, [[1.0, 0.0]], duration, "best_response")[0, 0] == pytest.approx(np.exp(-duration), abs=3e-3)


def test_dynamics_of_payoffs_far_apart_do_not_take_small_gains_for_none():
    game = SymmetricGame.from_matrix([[0.0, 0.0, -1e9], [1.0, 1.0, -1e9], [-1e9, -1e9, -1e9]])
    assert arrivals(game, [[0.99, 0.01, 0.0]], [[1.0, 0.0, 0.0]]).tolist() == [-1]
    play = fictitious_play(SymmetricGame.from_matrix([[0.0, 0.0, -1e13], [1.0, 1.0, -1e13], [-1e13] * 3]), 50)
    assert play.frequencies[0][-1, 1] > 0.9
    with pytest.raises(ValueError, match="only an equilibrium"):
        evolutionary_stability(game, [1.0, 0.0, 0.0])


ROLES = RoleSymmetricGame.from_symmetric(COORDINATION)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: basins(COORDINATION, [], repeats=1), "at least 2"),
        (lambda: basins(COORDINATION, [], starts=2.0), "whole number"),
        (lambda: basins(COORDINATION, [], "moran"), "not 'moran'"),
        (lambda: basins(COORDINATION, [[0.5, np.nan]]), "sum to 1"),
        (lambda: basins(COORDINATION, [[0.5, 0.2, 0.3]]), "2 strategies"),
        (lambda: arrivals(COORDINATION, [[0.5, 0.5]], [], duration=np.nan), "must be a number"),
        (lambda: run(COORDINATION, [[0.5, 0.6]], 1.0), "sum to 1"),
        (lambda: run(COORDINATION, [[np.nan, 0.5]], 1.0), "sum to 1"),
        (lambda: run(COORDINATION, [["a", "b"]], 1.0), "probabilities"),
        (lambda: run(COORDINATION, [[[0.5, 0.5]]], 1.0), "2 strategies, not of shape"),
        (lambda: run(COORDINATION, [[0.5, 0.5]], -1.0), "negative"),
        (lambda: run(COORDINATION, [[0.5, 0.5]], np.nan), "must be a number"),
        (lambda: run(COORDINATION, [[0.5, 0.5]], np.inf), "finite"),
        (lambda: run(COORDINATION, [[0.5, 0.5]], 0.0, "moran"), "not 'moran'"),
        (lambda: speeds(COORDINATION, [0.5, 0.5], "moran"), "not 'moran'"),
        (lambda: speeds(COORDINATION, [0.5, np.inf]), "finite"),
        (lambda: fictitious_play(COORDINATION, 0), "at least 1"),
        (lambda: fictitious_play(COORDINATION, 10.5), "whole number"),
        (lambda: fictitious_play(COORDINATION, 10, []), "each of 1 roles"),
        (lambda: fictitious_play(COORDINATION, 10, [[np.nan, 1.0]]), "sum to 1"),
        (lambda: logit_branch(COORDINATION, 2.0), "between 0 and 1"),
        (lambda: logit_branch(COORDINATION, np.nan), "between 0 and 1"),
        (lambda: logit_branch(COORDINATION, points=np.nan), "whole number"),
        (lambda: evolutionary_stability(COORDINATION, [0.5, 0.5]), "only an equilibrium"),
        (lambda: evolutionary_stability(COORDINATION, [np.nan, 1.0]), "sum to 1"),
        (lambda: evolutionary_stability(COORDINATION, [[0.5, 0.5]]), "not shape"),
        (lambda: correlated(ROLES, objective=[1.0, np.nan, 0.0]), "finite"),
        (lambda: correlated(ROLES, objective=[1.0]), "each of 3 profiles"),
        (lambda: expected_welfare(COORDINATION, [0.5, np.nan]), "sum to 1"),
        (lambda: efficiency(ROLES, [np.nan], transfer=False), "finite"),
        (lambda: efficiency(ROLES, [], transfer=False), "without an equilibrium"),
        (lambda: response_graph(ROLES, "any"), "'better' or 'best'"),
        (lambda: ROLES.regrets([[np.nan, 1.0]]), "finite"),
        (lambda: number_of_profiles(2.5, 2), "whole number"),
    ],
)
def test_arguments_out_of_range_are_refused(call, said):
    with pytest.raises((TypeError, ValueError), match=said):
        call()


def test_fictitious_play_comes_to_matching_pennies_and_to_the_mixture_of_hawks():
    pennies = RoleSymmetricGame.from_matrices([[1.0, -1.0], [-1.0, 1.0]], [[-1.0, 1.0], [1.0, -1.0]])
    found = fictitious_play(pennies, 5_000, [[0.9, 0.1], [0.2, 0.8]])
    assert found.regrets[-1].max() < 0.05
    assert found.frequencies[0][-1] == pytest.approx([0.5, 0.5], abs=0.05)
    hawks = fictitious_play(SymmetricGame.from_matrix(HAWK_DOVE), 3_000)
    assert hawks.frequencies[0][-1] == pytest.approx([2 / 3, 1 / 3], abs=1e-3)
    assert found.steps[-1] == 5_000
    assert np.all(np.diff(found.steps) > 0)


def test_fictitious_play_circles_for_ever_in_shapleys_game():
    shapley = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    found = fictitious_play(RoleSymmetricGame.from_matrices(shapley, shapley.T), 4_000, [[1, 0, 0], [0, 1, 0]])
    assert found.regrets[-10:].max() > 0.1


def test_a_logit_equilibrium_of_two_strategies_solves_its_equation():
    game = SymmetricGame.from_matrix(HAWK_DOVE)
    branch = logit_branch(game)
    for precision, mixture in list(zip(branch.precisions, branch.mixtures, strict=True))[
        :: max(1, len(branch.precisions) // 8)
    ]:

        def off(share, precision=precision):
            hawk, dove = game.expected([share, 1 - share])
            return share - expit(precision * (hawk - dove))

        assert mixture[0] == pytest.approx(brentq(off, 0.0, 1.0, xtol=1e-14), abs=1e-8)


@pytest.mark.parametrize("seed", range(12))
def test_the_logit_branch_begins_even_and_ends_in_an_equilibrium(seed):
    game = random_game(2 + seed % 4, 2 + seed % 3, seed)
    branch = logit_branch(game)
    known = symmetric_equilibria(game).equilibria
    assert branch.precisions[0] == 0.0
    assert branch.mixtures[0] == pytest.approx(np.full(game.size, 1 / game.size))
    assert branch.regrets[-1] <= 1e-6 * game.scale
    assert min(np.abs(branch.mixtures[-1] - each.mixture).max() for each in known) < 1e-3
    for precision, mixture in zip(branch.precisions[::5], branch.mixtures[::5], strict=True):
        logs = precision * game.expected(mixture)
        assert mixture == pytest.approx(np.exp(logs - logs.max()) / np.exp(logs - logs.max()).sum(), abs=1e-6)


def test_the_logit_branch_of_coordination_ends_at_what_risk_favours():
    assert logit_branch(COORDINATION).mixtures[-1] == pytest.approx([1.0, 0.0], abs=1e-4)
    stag_hunt = SymmetricGame.from_matrix([[4.0, 0.0], [3.0, 2.0]])  # the hare from one third on
    assert logit_branch(stag_hunt).mixtures[-1] == pytest.approx([0.0, 1.0], abs=1e-4)


def test_a_branch_that_needs_more_points_than_allowed_is_one_clear_error():
    with pytest.raises(RunError, match="allow more regret or more points"):
        logit_branch(COORDINATION, points=3)


def test_mixed_hawks_are_stable_and_mixed_coordination_is_not():
    hawks = evolutionary_stability(SymmetricGame.from_matrix(HAWK_DOVE), [2 / 3, 1 / 3])
    assert (hawks.verdict, hawks.test) == ("stable", "negative definite")
    assert hawks.growth < 0.0
    mixed = evolutionary_stability(COORDINATION, [0.25, 0.75])
    assert mixed.verdict == "not stable"
    assert mixed.growth > 0.0
    assert evolutionary_stability(COORDINATION, [1.0, 0.0]).test == "strict"


@pytest.mark.parametrize(
    ("win", "verdict", "sign"), [(2.0, "stable", -1), (1.0, "not stable", 0), (0.5, "not stable", 1)]
)
def test_rock_paper_scissors_is_stable_where_wins_pay_more_than_defeats_cost(win, verdict, sign):
    found = evolutionary_stability(circling(win), np.full(3, 1 / 3))
    assert found.verdict == verdict
    assert np.sign(round(found.growth, 9)) == sign


def _invaded(game, x, draw):
    """Whether a mutant near x does as well against itself as x does against it."""
    others = np.vstack([np.eye(game.size), draw.dirichlet(np.full(game.size, 0.3), 4_000)])
    near = x + 1e-3 * (others - x)
    return bool(np.any(np.einsum("bs,bs->b", x - near, game.expected(near)) <= -1e-12))


@pytest.mark.parametrize("seed", range(40))
def test_verdicts_of_stability_are_what_mutants_find(seed):
    game = random_game(2 + seed % 3, 3, seed, whole=2 * (seed % 2))
    draw = np.random.default_rng(seed)
    for each in symmetric_equilibria(game).equilibria:
        found = evolutionary_stability(game, each.mixture)
        if found.verdict == "stable":
            assert not _invaded(game.scaled, each.mixture, draw)
        elif found.verdict == "not stable" and found.curvature > 1e-3:
            assert _invaded(game.scaled, each.mixture, draw)


def test_a_neutral_mutant_that_does_worse_among_itself_is_no_danger():
    # b replies as well to a, but a does better against b than b does (Maynard Smith and Price's second condition)
    stable = SymmetricGame.from_matrix([[1.0, 1.0], [1.0, 0.0]])
    assert evolutionary_stability(stable, [1.0, 0.0])[:2] == ("stable", "copositive")
    invaded = SymmetricGame.from_matrix([[1.0, 0.0], [1.0, 1.0]])
    assert evolutionary_stability(invaded, [1.0, 0.0])[:2] == ("not stable", "copositive")
    neutral = SymmetricGame.from_matrix(np.ones((2, 2)))
    assert evolutionary_stability(neutral, [1.0, 0.0]).verdict == "not stable"


def test_with_three_players_a_flat_deviation_decides_nothing():
    game = SymmetricGame.from_function(3, ("a", "b"), lambda others: [1.0 + (others[1] == 2), 1.0])
    assert evolutionary_stability(game, [1.0, 0.0]).verdict == "undecided"
