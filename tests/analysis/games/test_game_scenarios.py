"""The games that ship: each is a question and is soon solved, and what theory says of its market holds in it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from analysis.compare_equilibria import scenarios_of
from analysis.games.empirical.comparison import compare, welfare_gained
from analysis.games.empirical.market import MarketGame
from analysis.games.empirical.payoff_tables import all_of, profiles_of
from analysis.games.empirical.payoffs import WELFARE, Runner
from analysis.games.empirical.solution import BUDGET, Solution, solve
from analysis.stats.estimates import mean
from sim.models.spread_game import linear, payoffs
from sim.scenario import load
from tests.places import ROOT

GAMES = sorted((ROOT / "scenarios" / "games").glob("*.toml"))
FEWEST = 16  # runs of a profile, of which half fill the table
SHADING = {"little": 125.0, "some": 250.0, "much": 750.0}  # means of what traders in the thin market ask for


def solved(name: str, *overrides: str, budget: int = 700) -> Solution:
    return solve(load(path_of(name), [*overrides]), budget)


def path_of(name: str) -> Path:
    return next(path for path in GAMES if path.stem == name)


def pure(solution: Solution) -> set[str]:
    """What all do at the equilibria in which all do the same."""
    alike = [next(iter(each.plays.values())) for each in solution.equilibria if not each.mixed]
    return {next(iter(shares)) for shares in alike if len(shares) == 1}


def test_there_are_eight_questions_at_least():
    assert len({load(path).question for path in GAMES}) >= 8


@pytest.mark.parametrize("path", GAMES, ids=lambda path: path.stem)
def test_it_opens_with_its_question_and_says_how_to_compare(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#:schema ../schema.json"
    assert lines[1].startswith("title = ")
    assert lines[2].startswith("question = ")
    assert lines[2].endswith('?"')
    comment = " ".join(line.removeprefix("# ") for line in lines[4 : lines.index("[run]")] if line)
    assert "python -m analysis.compare_equilibria" in comment
    assert f"scenarios/games/{path.name}" in comment


@pytest.mark.parametrize("path", GAMES, ids=lambda path: path.stem)
def test_it_offers_few_strategies_and_its_profiles_fit_the_budget(path):
    game = MarketGame(load(path))
    assert 3 <= len(game.roles[0].strategies) <= 7
    assert FEWEST * len(profiles_of(game, all_of(game))) <= BUDGET


@pytest.mark.parametrize("path", GAMES, ids=lambda path: path.stem)
def test_it_is_solved_on_a_few_episodes(path):
    scenario = load(path, {"run.episodes": 4})
    game = MarketGame(scenario)
    solution = solve(scenario, FEWEST * len(profiles_of(game, all_of(game))) + 50)
    assert solution.runs > 0
    for candidate in [*solution.equilibria, solution.together]:
        assert all(math.isfinite(payoff.value) for payoff in candidate.payoffs.values())
    one_sided = path.stem in ("elastic_demand", "undercutting")  # no mid, against which a spread could be measured
    assert ("lit.effective_spread" in solution.together.market) != one_sided


# --- and the answers are those of theory ----------------------------------------------------------------------------


def test_a_monopolist_quotes_seven_and_the_third_maker_ends_what_two_could_share():
    alone, two, three = (solved("makers", f"makers.count={count}") for count in (1, 2, 3))
    assert pure(alone) == {"seven"}
    assert pure(two) == {"three", "four"}
    assert pure(three) == {"three"}


def test_the_rebate_is_taken_off_the_quotes_to_the_tick_and_leaves_makers_as_they_were():
    without, whole = solved("maker_rebate"), solved("maker_rebate", "lit.maker_fee=-1")
    assert pure(without) == {"two", "three"}
    assert pure(whole) == {"one", "two"}
    before, after = (
        {next(iter(each.plays["makers"])): each.payoffs["makers"] for each in game.equilibria if not each.mixed}
        for game in (without, whole)
    )
    for dear, cheap in (("two", "one"), ("three", "two")):
        assert after[cheap].value == pytest.approx(before[dear].value, abs=1e-9)  # the runs have common seeds


def test_shares_by_size_double_what_is_shown():
    assert pure(solved("priority")) == {"two_hundred"}
    assert pure(solved("priority", "lit.matching=pro_rata")) == {"four_hundred"}


def test_less_is_shown_where_more_are_informed():
    shown = [pure(solved("quote_size", f"ACME.value.jump_probability={share}")) for share in (0.1, 0.2, 0.4)]
    assert shown == [{"forty_five"}, {"thirty"}, {"fifteen"}]


def test_a_coarse_grid_raises_what_two_makers_ask():
    assert pure(solved("coarse_ticks")) == {"four"}
    assert pure(solved("fine_ticks")) == {"two_and_a_half", "three"}


def test_three_makers_lean_where_one_would_not():
    assert pure(solved("inventory", "makers.count=1")) == {"none"}
    assert pure(solved("inventory", "makers.count=3")) == {"much"}


def test_the_reference_game_played_has_its_three_equilibria_and_no_regret_that_is_sure():
    solution = solve(load(path_of("undercutting")), BUDGET, epsilon=0.05)
    paid = {("two",): 0.25, ("three",): 0.75, ("two", "three"): 0.375}
    assert {tuple(each.plays["makers"]) for each in solution.equilibria} == set(paid)
    for each in solution.equilibria:
        estimate, sure = each.payoffs["makers"], each.certificate
        near = 0.0 if not each.mixed else 0.5 * abs(each.plays["makers"]["two"] - 0.5)  # of a mixture a little off
        assert abs(estimate.value - paid[tuple(each.plays["makers"])]) <= 4 * estimate.standard_error + near
        assert sure.low == 0.0
        assert sure.high < 0.05
        assert each.verdict(solution.epsilon) == "holds"


@pytest.mark.parametrize(("makers", "spread"), [(1, 6), (2, 2)])
def test_customers_who_mind_the_price_bring_two_makers_down_to_two_ticks_from_a_monopolists_six(makers, spread):
    solution = solve(load(path_of("elastic_demand"), {"makers.count": makers}), BUDGET)
    assert pure(solution) == {{6: "six", 2: "two"}[spread]}
    (only,) = solution.equilibria
    paid = only.payoffs["makers"]
    expected = payoffs([spread], 0.1, 10.0, linear(11.0))[0] / makers
    assert abs(paid.value - expected) <= 4 * paid.standard_error
    assert only.certificate.low == 0.0
    assert only.verdict(solution.epsilon) == "holds"


def test_a_maker_in_a_thin_market_has_traders_ask_for_less_and_more_of_the_gains_from_trade_realised():
    path = next(path for path in GAMES if path.stem == "thin_market")
    without, with_it = compare(scenarios_of([path], ["run.episodes=100"], "maker.params.levels=0,25"), 770, epsilon=4.0)
    asked = [
        max(sum(share * SHADING[name] for name, share in each.plays["traders"].items()) for each in found)
        for found in (without.solution.equilibria, with_it.solution.equilibria)
    ]
    assert asked[1] < asked[0]
    for gained in welfare_gained([without, with_it]):
        assert gained.interval[0] > 0
    # That is not only because they ask for less: it is more whatever they ask for.
    for name in SHADING:
        alike = (((name, 25),),)
        less, more = (
            Runner().play(MarketGame(each.scenario), {alike: range(1, 9)}, name)[0].measured[WELFARE]
            for each in (without, with_it)
        )
        found = mean(more - less)
        assert found.value > 3.0 * found.standard_error
