"""What is found on profiles: pure equilibria, sinks of responses, correlated equilibria, welfare."""

from itertools import product

import numpy as np
import pytest

from analysis.games.dynamics.correlated import correlated, incentives
from analysis.games.dynamics.response_graph import response_graph, sink_components
from analysis.games.dynamics.welfare import efficiency, expected_welfare, welfare
from analysis.games.solvers.pure import pure_equilibria
from analysis.games.solvers.symmetric_equilibria import symmetric_equilibria
from analysis.games.solvers.two_players import equilibria_of_two
from analysis.games.tables.roles import RoleSymmetricGame
from analysis.games.tables.symmetric import SymmetricGame
from sim.models.spread_game import linear, payoffs
from tests.markets.game_examples import HAWK_DOVE, ROCK_PAPER_SCISSORS, random_game, spread_competition

CHICKEN = np.array([[6.0, 2.0], [7.0, 0.0]])
SHAPLEY = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])


def role(matrix):
    return RoleSymmetricGame.from_symmetric(SymmetricGame.from_matrix(matrix))


@pytest.mark.parametrize("seed", range(10))
def test_pure_equilibria_are_those_of_brute_force(seed):
    symmetric = random_game(3, 3, seed, whole=2)
    game = RoleSymmetricGame.from_symmetric(symmetric)
    found = {tuple(counts) for counts in pure_equilibria(game).counts}
    for choice in product(range(3), repeat=3):
        stable = True
        for player in range(3):
            others = np.bincount(np.delete(choice, player), minlength=3)
            paid = symmetric.payoffs[np.flatnonzero((symmetric.counts == others).all(axis=1))[0]]
            stable &= bool(paid[choice[player]] >= paid.max())
        assert (tuple(np.bincount(choice, minlength=3)) in found) == stable


def test_a_hawk_meets_a_dove_in_an_asymmetric_pure_equilibrium():
    found = pure_equilibria(role(HAWK_DOVE))
    assert found.counts.tolist() == [[1, 1]]
    assert found.strict.all()
    assert found.regrets.tolist() == [0.0]


def test_pure_equilibria_of_two_roles_are_those_of_the_polytopes():
    a, b = np.random.default_rng(5).normal(size=(2, 5, 4))
    game = RoleSymmetricGame.from_matrices(a, b)
    pure = {tuple(np.flatnonzero(counts)) for counts in pure_equilibria(game).counts}
    pairs = equilibria_of_two(a, b).equilibria
    assert pure == {
        (int(p.row.argmax()), 5 + int(p.column.argmax())) for p in pairs if p.row.max() == p.column.max() == 1
    }


def test_break_even_deviations_make_a_pure_equilibrium_weak():
    found = pure_equilibria(RoleSymmetricGame.from_symmetric(spread_competition(np.arange(11.0), 2)))
    weak = {tuple(np.flatnonzero(c)) for c, strict in zip(found.counts, found.strict, strict=True) if not strict}
    assert (0,) in weak
    assert (2,) in weak
    assert [np.flatnonzero(c).tolist() for c, s in zip(found.counts, found.strict, strict=True) if s] == [[1]]


def test_responses_end_in_strict_equilibria_or_cycle():
    coordination = sink_components(role(np.diag([1.0, 2.0])))
    assert [(sink.rows.tolist(), sink.equilibrium) for sink in coordination] == [([0], True), ([2], True)]
    pennies = RoleSymmetricGame.from_matrices([[1.0, -1.0], [-1.0, 1.0]], [[-1.0, 1.0], [1.0, -1.0]])
    assert [(sink.rows.tolist(), sink.equilibrium) for sink in sink_components(pennies)] == [([0, 1, 2, 3], False)]
    shapley = RoleSymmetricGame.from_matrices(SHAPLEY, SHAPLEY.T)
    assert [len(sink.rows) for sink in sink_components(shapley, "best")] == [6]


def test_every_arc_gains_and_best_responses_are_among_better_ones():
    game = RoleSymmetricGame.from_symmetric(random_game(4, 3, 9))
    better, best = response_graph(game), response_graph(game, "best")
    assert set(best.edges) < set(better.edges)
    assert min(gain for _, _, gain in better.edges(data="gain")) > 0.0
    with pytest.raises(ValueError, match="'better' or 'best'"):
        response_graph(game, "worse")


def test_the_best_correlated_equilibrium_of_chicken_is_aumanns():
    found = correlated(RoleSymmetricGame.from_matrices(CHICKEN, CHICKEN.T))
    assert found.most == pytest.approx(10.5)  # mean payoff 5 1/4 each
    assert correlated(role(CHICKEN)).most == pytest.approx(10.5)
    assert correlated(role(CHICKEN)).least == pytest.approx(found.least)


def test_elastic_makers_have_one_correlated_equilibrium_and_coarse_ones_up_to_four_ticks():
    game = RoleSymmetricGame.from_symmetric(spread_competition(payoffs(np.arange(11), 0.1, 10.0, linear(11.0)), 2))
    best = (game.counts > 0).argmax(axis=1)
    assert correlated(game, objective=best)[:2] == pytest.approx((2.0, 2.0), abs=1e-6)
    assert correlated(game, "coarse", best)[:2] == pytest.approx((1.61, 4.18), abs=5e-3)


@pytest.mark.parametrize("seed", range(8))
def test_correlated_equilibria_hold_the_symmetric_ones_and_coarse_ones_hold_both(seed):
    symmetric = random_game(2 + seed % 3, 3, seed)
    game = RoleSymmetricGame.from_symmetric(symmetric)
    narrow, wide = correlated(game), correlated(game, "coarse")
    assert wide.least <= narrow.least + 1e-7
    assert narrow.most <= wide.most + 1e-7
    assert float((incentives(game) @ narrow.most_chances).max()) < 1e-6
    assert narrow.most_chances.sum() == pytest.approx(1.0)
    for each in symmetric_equilibria(symmetric).equilibria:
        assert narrow.least - 1e-6 <= expected_welfare(symmetric, each.mixture) <= narrow.most + 1e-6


@pytest.mark.parametrize("large", [1e3, 1e9, 1e12])
def test_correlated_payoffs_beside_a_huge_loss_are_right_or_refused(large):
    # who is told to dare must meet somebody careful with a probability of at least (large - 1) / large
    game = RoleSymmetricGame.from_matrices([[0.0, -1.0], [1.0, -large]], [[0.0, 1.0], [-1.0, -large]])
    if large > 1e10:
        with pytest.raises(ValueError, match="not sharp enough: payoffs differ by as little as 1 "):
            correlated(game)
    else:
        found = correlated(game)
        for chances in (found.least_chances, found.most_chances):
            assert (incentives(game) @ chances).max() * game.range < 0.01
        mixture = np.array([(large - 1) / large, 1 / large])
        pays = 2 * float(mixture @ np.array([[0.0, -1.0], [1.0, -large]]) @ mixture)
        assert found.least - 1e-9 <= pays <= found.most + 1e-9


def test_pure_equilibria_and_sinks_do_not_measure_gains_beside_the_largest_payoff():
    game = RoleSymmetricGame.from_matrices([[0.0, -1e13], [1.0, -1e13]], [[0.0, 0.0], [0.0, 0.0]])
    pure = {tuple(each) for each in pure_equilibria(game).counts.tolist()}
    assert pure == {(0, 1, 1, 0), (0, 1, 0, 1), (1, 0, 0, 1)}
    first, second = (game.row({"row": {name: 1}, "column": {"0": 1}}) for name in "01")
    graph = response_graph(game)
    assert graph.has_edge(first, second)
    assert not graph.has_edge(second, first)


def test_a_game_of_one_strategy_is_its_own_correlated_equilibrium():
    assert correlated(role([[3.0]]))[:2] == (6.0, 6.0)


@pytest.mark.parametrize(
    ("arguments", "said"), [(("mixed",), "not 'mixed'"), (("coarse", [1.0]), "each of 3 profiles")]
)
def test_a_programme_that_is_none_is_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        correlated(role(CHICKEN), *arguments)


def test_the_prisoners_dilemma_costs_two_thirds():
    prisoners = SymmetricGame.from_matrix([[3.0, 0.0], [4.0, 1.0]])
    game = RoleSymmetricGame.from_symmetric(prisoners)
    assert welfare(game).tolist() == [6.0, 4.0, 2.0]
    selfish = [expected_welfare(prisoners, each.mixture) for each in symmetric_equilibria(prisoners).equilibria]
    found = efficiency(game, selfish, transfer=False)
    assert (found.optimum, found.optimal_profile, found.worst, found.price_of_anarchy) == (6.0, 0, 2.0, 3.0)


def test_transfers_and_losses_have_no_price_of_anarchy():
    game = role(ROCK_PAPER_SCISSORS)
    with pytest.raises(ValueError, match="only change hands"):
        efficiency(game, [0.0], transfer=True)
    with pytest.raises(ValueError, match="without an equilibrium"):
        efficiency(game, [], transfer=False)
    assert np.isnan(efficiency(game, [0.0], transfer=False).price_of_anarchy)
