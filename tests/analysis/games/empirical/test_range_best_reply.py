"""Parameters chosen from ranges: better replies are found between their ends, where closed forms say that they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from analysis.games.empirical.candidates import pure_candidate
from analysis.games.empirical.market import MarketGame
from analysis.games.empirical.payoff_samples import Samples
from analysis.games.empirical.payoffs import Runner
from analysis.games.empirical.range_best_reply import best_reply
from analysis.games.empirical.search import RunBudget
from analysis.games.empirical.solution import Solution, solve
from sim.core.errors import RunError, ScenarioError
from sim.scenario import Scenario, load, parse
from tests.places import SCENARIOS

MAKERS = SCENARIOS / "games" / "makers.toml"
ELASTIC = SCENARIOS / "theory" / "elastic_spread_game.toml"
NEWS, JUMP, RESERVE = 0.2, 10.0, 11.0  # of the file of makers
FINE = {"lit.tick_size": 0.001}


def ranged(path: Path, ranges: Mapping[str, Any], changes: Mapping[str, Any], **game: Any) -> Scenario:
    """A game whose players choose from ranges alone, unless strategies are given too."""
    given = load(path, changes).given
    return parse({**given, "game": {"players": given["game"]["players"], "ranges": dict(ranges), **game}})


def chosen(solution: Solution, place: int = 0) -> dict[str, Any]:
    """What all players of the one role set at a pure equilibrium."""
    ((name, share),) = next(iter(solution.equilibria[place].plays.values())).items()
    assert share == 1.0
    return dict(solution.game.settings((0, name)))


def alone(half_spread: float, quantity: int = 1, wanted: int = 1) -> float:
    """What a maker alone earns an episode: customers want so many lots, and the informed take all that it shows."""
    customers = (1 - NEWS) * (1 - half_spread / RESERVE) * half_spread * min(quantity, wanted)
    return customers - NEWS * max(0.0, JUMP - half_spread) * quantity


def best_alone() -> float:
    """Where the derivative of `alone` is 0."""
    return RESERVE / 2 * (1 + NEWS / (1 - NEWS))


# --- what is found ------------------------------------------------------------------------------------------------


def test_a_monopolist_comes_within_epsilon_of_its_best_half_spread_and_says_so():
    scenario = ranged(MAKERS, {"half_spread": {"low": 3.0, "high": 9.0}}, {"makers.count": 1, **FINE})
    epsilon = 0.03
    solution = solve(scenario, budget=900, epsilon=epsilon)
    offered = MarketGame(scenario).roles[0].strategies
    assert offered == ("half_spread 3", "half_spread 6", "half_spread 9")
    (only,) = solution.equilibria
    found = chosen(solution)["half_spread"]
    assert alone(best_alone()) - alone(found) <= epsilon < alone(best_alone()) - alone(6.0)
    assert next(iter(only.plays["makers"])) not in offered
    assert only.verdict(epsilon) == "holds"
    assert "nothing pays more than ε" in solution.note
    assert all(each.reply.searched and each.reply.gain <= epsilon for each in solution.replies)


def test_two_makers_on_whole_ticks_end_at_the_equilibrium_of_the_full_grid():
    epsilon = 0.02  # half of what undercutting a half-spread of 3 ticks gains
    quiet = {"maker.count": 2, "run.episodes": 1_000}
    ranges = {"half_spread": {"low": 0, "high": 10, "step": 1}}
    from_range = solve(ranged(ELASTIC, ranges, quiet), budget=1_100, epsilon=epsilon)
    given = load(ELASTIC, quiet).given
    offered = {f"s{spread}": {"half_spread": float(spread)} for spread in range(11)}
    from_grid = solve(
        parse({**given, "game": {"players": "maker", "strategies": offered}}), budget=1_100, epsilon=epsilon
    )
    assert len(from_range.equilibria) == len(from_grid.equilibria) == 1
    assert chosen(from_range) == chosen(from_grid)
    assert "nothing pays more than ε" in from_range.note
    assert from_range.runs < from_grid.runs


def test_two_parameters_are_sought_together():
    wanted = 2
    changes = {
        "makers.count": 1,
        "customers.params": {"quantity": wanted},
        "informed.params": {"amount": "all"},
        **FINE,
    }
    ranges = {
        "half_spread": {"low": 3.0, "high": 9.0, "points": 2},
        "quantity": {"low": 1, "high": 5, "step": 1, "points": 2},
    }
    epsilon = 0.1
    solution = solve(ranged(MAKERS, ranges, changes), budget=1_800, epsilon=epsilon)
    best = alone(best_alone(), wanted, wanted)
    assert all(alone(best_alone(), size, wanted) < best - epsilon for size in (1, 3, 4, 5))
    found = chosen(solution)
    assert found["quantity"] == wanted
    assert isinstance(found["quantity"], int)
    assert best - alone(found["half_spread"], wanted, wanted) <= epsilon
    assert "nothing pays more than ε" in solution.note


def test_a_few_numbers_apart_by_a_step_are_all_tried_as_replies():
    ranges = {"half_spread": {"low": 3.0, "high": 9.75, "step": 0.25, "points": 2}}
    game = MarketGame(ranged(MAKERS, ranges, {"makers.count": 1, "run.episodes": 1}))
    run_budget = RunBudget(Samples(1, Runner()), runs=2, most=200, budget=400)
    candidate = pure_candidate(game, [{"half_spread 3": 1}])
    assert run_budget.buy(game, candidate.needs)
    reply = best_reply(game, [{"half_spread 3": 1.0}], candidate, 0, run_budget)
    assert reply is not None
    assert reply.searched
    tried = {name for (plays,) in run_budget.samples.profiles for name, _ in plays}
    assert tried == {f"half_spread {3 + quarters / 4:g}" for quarters in range(28)}


def test_a_range_and_strategies_that_have_names_are_offered_together_and_to_whom_they_are_meant():
    ranges = {"half_spread": {"low": 4.0, "high": 6.0, "points": 2}}
    strategies = {
        "lean": {"half_spread": 3.0, "inventory_skew": 1.0, "players": ["makers"]},
        "small": {"quantity": 1, "players": "customers"},
    }
    game = MarketGame(ranged(MAKERS, ranges, {}, players=["makers", "customers"], strategies=strategies))
    offered = {role.name: role.strategies for role in game.roles}
    assert offered == {"makers": ("lean", "half_spread 4", "half_spread 6"), "customers": ("small",)}
    assert game.settings((1, "small")) == {"quantity": 1}


# --- what is said where it is not found -------------------------------------------------------------------------------


@pytest.mark.parametrize("budget", [64, 120])
def test_a_budget_that_does_not_reach_is_said_even_where_it_is_too_small_for_a_single_trial(budget):
    solution = solve(ranged(MAKERS, {"half_spread": {"low": 3.0, "high": 9.0, "points": 2}}, {}), budget, epsilon=0.05)
    assert solution.runs <= budget
    assert "did not reach to search the ranges" in solution.note
    assert "nothing pays more" not in solution.note
    assert not any(each.reply.searched for each in solution.replies)


def test_all_profiles_of_a_range_cannot_be_asked_for_nor_fewer_runs_than_its_points_need():
    scenario = ranged(MAKERS, {"half_spread": {"low": 3.0, "high": 9.0}}, {})
    with pytest.raises(RunError, match=r"game\.ranges: .*cannot all be run — search what is needed"):
        solve(scenario, search="all")
    with pytest.raises(RunError, match=r"10 runs are too few: at least 48 are needed.* — raise the budget"):
        solve(scenario, budget=10)


# --- mistakes that show only when the game is made; the others are in tests/markets/bad_scenarios.toml ---------------


@pytest.mark.parametrize(
    ("players", "few", "reduction", "fitting"),
    [(5, 4, "deviation_preserving", "2, 3, 5"), (4, 3, "hierarchical", "1, 2, 4")],
)
def test_players_that_cannot_be_so_few_hear_how_few_they_may_be(players, few, reduction, fitting):
    given = load(MAKERS, {"makers.count": players}).given
    game = {**given["game"], "reduced_players": {"makers": few}, "reduction": reduction}
    with pytest.raises(ScenarioError) as caught:
        MarketGame(parse({**given, "game": game}))
    (problem,) = caught.value.problems
    assert problem.place == "game.reduced_players.makers"
    assert f"{players} players cannot be reduced to {few}" in problem.message
    assert f"as {fitting} would" in str(problem)


def test_a_single_point_is_no_choice_but_a_strategy_and_a_range_are():
    given = load(MAKERS).given
    one = {"players": "makers", "strategies": {"only": {"half_spread": 3.0}}}
    with pytest.raises(ScenarioError, match="there is nothing to choose but 'only' — offer two strategies at least"):
        MarketGame(parse({**given, "game": one}))
    MarketGame(parse({**given, "game": {**one, "ranges": {"half_spread": {"low": 3.0, "high": 4.0}}}}))
