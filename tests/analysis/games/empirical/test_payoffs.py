"""What players seek: each payoff against the episodes of the same run, and the game over aversion to risk."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.games.empirical.candidates import pure_candidate
from analysis.games.empirical.evidence import WeightedEvidence
from analysis.games.empirical.market import MarketGame, Profile
from analysis.games.empirical.payoff_samples import Floats, Samples
from analysis.games.empirical.payoffs import Runner
from analysis.games.empirical.solution import Solution, solve
from analysis.stats.estimates import mean
from sim.core.errors import RunError, ScenarioError
from sim.runs.execute import execute
from sim.scenario import Scenario, load, parse
from tests.places import ROOT

GAMES = ROOT / "scenarios" / "games"
AVERSION = 0.3
SEED, RUNS = 5, 3
AVERSE = ("utility", "mean_variance")


def seeking(scenario: Scenario, payoff: str, aversion: float = AVERSION) -> MarketGame:
    """The same game, whose players seek something else."""
    given = {key: value for key, value in scenario.given["game"].items() if key not in ("payoff", "risk_aversion")}
    more = {"risk_aversion": aversion} if payoff in AVERSE else {}
    return MarketGame(parse({**scenario.given, "game": {**given, "payoff": payoff, **more}}))


def leaning(episodes: int = 7) -> Scenario:
    return load(GAMES / "inventory.toml", {"run.episodes": episodes, "run.steps": 40})


def episodes_of(game: MarketGame, profile: Profile, population: str, column: str = "payoff") -> Floats:
    """What a population had in each episode of each of the runs, from their tables: (runs, episodes)."""
    found = []
    for seed in range(SEED, SEED + RUNS):
        run = execute(parse(game.scenario_of(profile).given, seed=seed))
        mine = run.episodes[run.episodes["population"] == population]
        found.append(mine.groupby("episode")[column].sum().to_numpy())
    return np.array(found)


def sampled(game: MarketGame, profile: Profile, name: str) -> Floats:
    samples = Samples(SEED, Runner())
    samples.need(game, [profile], RUNS)
    return samples.paid(profile, (0, name))


# --- against the table of episodes --------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "population"), [("none", "makers:0"), ("much", "makers:1")])
def test_profit_utility_and_mean_variance_are_those_of_the_episodes_of_the_same_runs(name, population):
    profile: Profile = ((("none", 1), ("much", 1)),)
    wealth = episodes_of(seeking(leaning(), "profit"), profile, population)
    assert wealth.std(axis=1).min() > 0.1
    expected = {
        "profit": [math.fsum(row) / len(row) for row in wealth],
        "utility": [math.fsum((1 - math.exp(-AVERSION * w)) / AVERSION for w in row) / len(row) for row in wealth],
        "mean_variance": [
            row.mean() - AVERSION / 2 * math.fsum((w - row.mean()) ** 2 for w in row) / (len(row) - 1) for row in wealth
        ],
    }
    for payoff, values in expected.items():
        assert sampled(seeking(leaning(), payoff), profile, name) == pytest.approx(values, rel=1e-9), payoff


def test_surplus_is_profit_and_the_private_values_that_were_traded():
    given = load(GAMES / "makers.toml", {"run.episodes": 30}).given
    sizes = {"one": {"quantity": 1}, "two": {"quantity": 2}}
    game = MarketGame(parse({**given, "game": {"players": "customers", "payoff": "surplus", "strategies": sizes}}))
    profile: Profile = ((("two", 1),),)
    profit, value = (episodes_of(game, profile, "customers", column) for column in ("payoff", "private_value"))
    assert profit.mean() < 0 < (profit + value).mean()
    assert sampled(game, profile, "two") == pytest.approx((profit + value).mean(axis=1))


def test_utility_comes_to_profit_as_risk_aversion_goes_as_fast_as_its_expansion_says():
    profile: Profile = ((("some", 2),),)
    wealth = np.stack([episodes_of(seeking(leaning(), "profit"), profile, f"makers:{each}") for each in (0, 1)])
    largest = float(np.abs(wealth).max())
    for aversion in (1e-2, 1e-4, 1e-6):
        found = sampled(seeking(leaning(), "utility", aversion), profile, "some")
        short = wealth.mean(axis=(0, 2)) - found
        first = aversion / 2 * (wealth**2).mean(axis=(0, 2))
        second = aversion**2 / 6 * largest**3 * math.exp(aversion * largest)  # the rest of the series is less
        assert np.abs(short - first).max() <= second + 1e-12 * largest


# --- against a law that is known ----------------------------------------------------------------------------------

HALF_SPREAD, JUMP, NEWS, RESERVE = 4.0, 10.0, 0.2, 11.0


def one_taker(payoff: str, runs: int, episodes: int) -> Floats:
    """A maker alone, of whom one taker an episode takes a lot: what it gets in each run."""
    scenario = load(GAMES / "makers.toml", {"makers.count": 1, "run.episodes": episodes})
    game = seeking(scenario, payoff)
    samples = Samples(SEED, Runner())
    samples.need(game, [((("four", 1),),)], runs)
    return samples.paid(((("four", 1),),), (0, "four"))


def law() -> tuple[Floats, Floats]:
    """What the maker may get in an episode, and how likely: a customer's trade, an informed one's, and none."""
    trades = (1 - NEWS) * (1 - HALF_SPREAD / RESERVE)
    return np.array([HALF_SPREAD, HALF_SPREAD - JUMP, 0.0]), np.array([trades, NEWS, 1 - NEWS - trades])


def test_mean_variance_has_no_bias_in_runs_of_the_fewest_episodes():
    wealth, chance = law()
    centre = float(wealth @ chance)
    variance = float((wealth - centre) ** 2 @ chance)
    found = mean(one_taker("mean_variance", 500, episodes=2))
    expected = centre - AVERSION / 2 * variance
    assert abs(found.value - expected) <= 4 * found.standard_error
    biased = expected + AVERSION / 2 * variance / 2  # what a variance over n instead of n - 1 would come to
    assert abs(found.value - biased) > 4 * found.standard_error


def test_mean_utility_is_that_of_the_law_of_wealth():
    wealth, chance = law()
    found = mean(one_taker("utility", 300, episodes=10))
    expected = float((1 - np.exp(-AVERSION * wealth)) / AVERSION @ chance)
    assert abs(found.value - expected) <= 4 * found.standard_error
    assert abs(found.value - float(wealth @ chance)) > 4 * found.standard_error


def test_the_variance_of_one_episode_is_refused():
    with pytest.raises(ScenarioError, match=r"run\.episodes: one episode has no variance — write 2 or more"):
        seeking(leaning(episodes=1), "mean_variance")
    assert seeking(leaning(episodes=1), "utility").scenario.run.episodes == 1


# --- the game in which aversion to risk is chosen -------------------------------------------------------------------

ENOUGH = 0.2  # a gain that does not count, as the file's command says
CHOSEN = GAMES / "risk_aversion.toml"


def solved(budget: int, *overrides: str) -> Solution:
    return solve(load(CHOSEN, [*overrides]), budget, ENOUGH)


def choice(solution: Solution) -> float:
    """The one aversion to risk that all choose, in the one equilibrium there is."""
    (only,) = solution.equilibria
    assert only.verdict(solution.epsilon) == "holds"
    ((name, share),) = only.plays["makers"].items()
    assert share == 1.0
    return float(solution.game.settings((0, name))["risk_aversion"])


def own() -> float:
    scenario = load(CHOSEN)
    assert scenario.game is not None
    assert scenario.game.risk_aversion is not None
    return scenario.game.risk_aversion


def test_a_maker_alone_quotes_as_averse_as_it_is_and_two_as_though_they_were_more_averse():
    assert choice(solved(400, "makers.count=1")) == own()
    assert choice(solved(600)) > own()


@pytest.mark.slow
def test_three_quote_as_two_do_and_in_a_market_that_moves_more_all_as_though_they_were_less_averse():
    assert choice(solved(2_000, "makers.count=3")) > own()
    restless = ["ACME.value.volatility=0.3", "makers.params.volatility=0.3"]
    assert choice(solved(2_000, "makers.count=1", *restless)) == own()
    assert choice(solved(2_000, *restless)) < own()
    assert choice(solved(2_000, "makers.count=3", *restless)) < own()


def test_common_seeds_take_two_thirds_of_the_variance_of_all_gains_at_the_equilibrium():
    game = MarketGame(load(CHOSEN))
    role = game.roles[0]
    at = next(name for name in role.strategies if game.settings((0, name))["risk_aversion"] > own())
    candidate = pure_candidate(game, [{at: role.players}])
    samples = Samples(1_001, Runner())
    samples.need(game, candidate.needs, 150)
    candidate.certify(WeightedEvidence(game, candidate, samples), 150)
    assert len(candidate.gains) == len(role.strategies) - 1
    assert all(each.variance_ratio >= 3 for each in candidate.gains)
    assert all(each.estimate.value < 0 for each in candidate.gains)
    (found,) = solved(600).equilibria  # and so say the runs of its certificate
    assert all(each.variance_ratio >= 3 for each in found.gains)


def test_a_utility_beyond_all_numbers_is_said_with_the_wealth_that_it_is_of():
    given = load(GAMES / "makers.toml", {"run.episodes": 5}).given
    game = {**given["game"], "payoff": "utility", "risk_aversion": 1_000.0}
    with pytest.raises(RunError, match=r"game\.risk_aversion 1000: the utility of a wealth of -\d.* — write a smaller"):
        solve(parse({**given, "game": game}), 400)
