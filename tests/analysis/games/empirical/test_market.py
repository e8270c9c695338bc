"""A scenario as a game: roles, profiles and payoffs played in the market, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.games.empirical.candidates import mixed_candidate, pure_candidate
from analysis.games.empirical.evidence import WeightedEvidence
from analysis.games.empirical.market import MarketGame, Profile
from analysis.games.empirical.payoff_samples import Samples
from analysis.games.empirical.payoff_tables import all_of, profiles_of, shares_of, table_of
from analysis.games.empirical.payoffs import Runner
from analysis.games.solvers.symmetric_equilibria import symmetric_equilibria
from analysis.stats.estimates import mean
from sim.core.errors import ScenarioError
from sim.experiment import run_many
from sim.scenario import load, parse
from sim.scenario.choices import Players
from tests.places import ROOT

QUIET = {"record.trades": False, "record.levels": 0, "record.agents": "none"}


def reference(episodes: int) -> MarketGame:
    return MarketGame(load(ROOT / "scenarios" / "spread_game.toml", {"run.episodes": episodes, **QUIET}))


def closed_form(i: int, j: int) -> float:
    """What a maker at half-spread i earns against one at j."""
    alone = 0.7 * i - 0.3 * max(0, 5 - i)
    return alone if i < j else alone / 2 if i == j else 0.0


NAMES = ("zero", "one", "two", "three", "four", "five")


def pair(one: str, other: str) -> Profile:
    """Two makers of one role who play this and that."""
    return (((one, 2),) if one == other else ((one, 1), (other, 1)),)


@pytest.fixture(scope="module")
def played() -> tuple[MarketGame, Samples, Samples]:
    """The reference game, samples that choose, and samples of other seeds."""
    game = reference(400)
    found = Samples(1, Runner()), Samples(1_001, Runner())
    for samples in found:
        samples.need(game, profiles_of(game, all_of(game)), 40)
    return game, *found


def test_populations_that_differ_in_their_names_alone_are_one_role():
    game = reference(1)
    assert [(role.name, role.players) for role in game.roles] == [("first and second", 2)]
    assert len(profiles_of(game, all_of(game))) == 21
    unlike = load(ROOT / "scenarios" / "spread_game.toml", {"second.params.quantity": 2})
    assert [(role.name, role.players) for role in MarketGame(unlike).roles] == [("first", 1), ("second", 1)]


def test_payoffs_in_the_market_are_those_of_the_closed_form(played):
    game, samples, _ = played
    for profile in profiles_of(game, all_of(game)):
        plays = [NAMES.index(name) for name, count in profile[0] for _ in range(count)]
        for mine, other in (plays, plays[::-1]):
            paid = mean(samples.paid(profile, (0, NAMES[mine])))
            assert abs(paid.value - closed_form(mine, other)) <= 4 * paid.standard_error + 1e-9
        with pytest.raises(KeyError):
            samples.paid(profile, (0, next(name for place, name in enumerate(NAMES) if place not in plays)))


def test_the_equilibria_found_in_the_market_are_the_three_there_are_and_certified_on_other_seeds(played):
    game, samples, others = played
    table = table_of(game, samples, all_of(game))
    found = symmetric_equilibria(table.symmetric())
    assert found.complete == "proved"
    mixtures = sorted((each.mixture.round(1).tolist() for each in found.equilibria), reverse=True)
    assert mixtures == [[0, 0, 1, 0, 0, 0], [0, 0, 0.5, 0.5, 0, 0], [0, 0, 0, 1, 0, 0]]
    for each in found.equilibria:
        candidate = mixed_candidate(game, shares_of(table, [each.mixture]))
        candidate.certify(WeightedEvidence(game, candidate, others), 40)
        pure = each.mixture.max() == 1.0
        assert candidate.certificate.low <= (0.0 if pure else 0.01)  # a mixture found in samples is a little off
        assert candidate.certificate.high < 0.05


def test_a_profile_with_a_profitable_deviation_has_a_regret_that_is_surely_above_nothing(played):
    game, _, others = played
    apart = pure_candidate(game, [{"four": 2}])
    apart.certify(WeightedEvidence(game, apart, others), 40)
    gain = closed_form(3, 4) - closed_form(4, 4)
    assert 0.0 < apart.certificate.low <= gain <= apart.certificate.high
    assert max(apart.gains, key=lambda each: each.estimate.value).deviation.after == "three"


def test_common_seeds_make_inward_deviations_precise_and_the_mean_of_alike_players_as_precise_as_pro_rata(played):
    game, samples, _ = played
    both = pure_candidate(game, [{"two": 2}])
    both.certify(WeightedEvidence(game, both, samples), 40)
    ratios = {each.deviation.after: each.variance_ratio for each in both.gains}
    assert ratios["one"] == pytest.approx(5.0, rel=1e-6)
    assert ratios["three"] == pytest.approx(1.0)  # who moves outward never trades


def test_a_gain_is_told_run_by_run_and_a_mixture_weighs_its_profiles_by_their_chances(played):
    game, samples, _ = played
    mixed = mixed_candidate(game, [{"two": 0.25, "three": 0.75}])
    assert mixed.played == pytest.approx(
        {pair("two", "two"): 1 / 16, pair("two", "three"): 6 / 16, pair("three", "three"): 9 / 16}
    )
    deviation = next(each for each in mixed.deviations if each.after == "two")
    two = 0.25 * samples.paid(pair("two", "two"), (0, "two")) + 0.75 * samples.paid(pair("two", "three"), (0, "two"))
    three = 0.25 * samples.paid(pair("two", "three"), (0, "three")) + 0.75 * samples.paid(
        pair("three", "three"), (0, "three")
    )
    assert samples.sum(deviation.gain) == pytest.approx(two - (0.25 * two + 0.75 * three))
    expected = 0.25 * closed_form(2, 2) + 0.75 * closed_form(2, 3)
    paid = mean(two)
    assert abs(paid.value - expected) <= 4 * paid.standard_error


def apart(stay: np.ndarray, move: np.ndarray) -> float:
    """Variance of two payoffs together over that of their difference."""
    return float((stay.var(ddof=1) + move.var(ddof=1)) / (move - stay).var(ddof=1))


@pytest.mark.slow
@pytest.mark.parametrize(("equal", "expected"), [(2, 2.95), (3, 2.65)])
def test_with_random_ties_the_ratios_for_one_player_are_those_of_the_reference_game(equal, expected):
    game = reference(50)
    profiles = [pair(NAMES[equal], NAMES[equal]), pair(NAMES[equal - 1], NAMES[equal])]
    results = run_many(game.jobs(dict.fromkeys(profiles, range(1, 8_001))), workers=2)
    stay, move = results.by_job("first.payoff")
    assert apart(stay, move) == pytest.approx(expected, rel=0.05)


def test_members_of_one_population_are_parted_and_the_mean_of_alike_ones_is_the_sample():
    scenario = load(ROOT / "scenarios" / "theory" / "elastic_spread_game.toml", {"maker.count": 3, "run.episodes": 50})
    game = MarketGame(scenario)
    assert [(role.name, role.players) for role in game.roles] == [("maker", 3)]
    first, second = game.whole[0].strategies[:2]
    profile = (((first, 2), (second, 1)),)
    names = [each.name for each in game.scenario_of(profile).populations][:3]
    assert names == ["maker:0", "maker:1", "maker:2"]
    results = run_many(game.jobs({profile: range(1, 6)}))
    samples = Runner().play(game, {profile: range(1, 6)}, "one")[0].paid
    both = 0.5 * (results.column("maker:0.payoff") + results.column("maker:1.payoff"))
    assert samples[0, first] == pytest.approx(both)
    assert samples[0, second] == pytest.approx(results.column("maker:2.payoff"))


def elastic(makers: int) -> MarketGame:
    """The elastic game, in which all half-spreads from 0 to 10 ticks are offered."""
    overrides = {"run.episodes": 500, "maker.count": makers, **QUIET}
    scenario = load(ROOT / "scenarios" / "theory" / "elastic_spread_game.toml", overrides)
    offered = {f"s{spread}": {"half_spread": float(spread)} for spread in range(11)}
    return MarketGame(parse({**scenario.given, "game": {"players": "maker", "strategies": offered}}))


def test_the_elastic_game_in_the_market_has_its_one_equilibrium_and_the_monopolist_his_spread():
    spreads = [float(spread) for spread in range(11)]
    tables = []
    for makers in (1, 2):
        game, samples = elastic(makers), Samples(1, Runner())
        samples.need(game, profiles_of(game, all_of(game)), 30)
        tables.append(table_of(game, samples, all_of(game)))
    assert spreads[int(np.argmax(tables[0].symmetric().payoffs))] == 6.0
    found = symmetric_equilibria(tables[1].symmetric())
    assert [spreads[int(np.argmax(each.mixture))] for each in found.equilibria] == [2.0]
    assert found.equilibria[0].mixture.max() == 1.0


def test_a_surplus_is_the_profit_and_the_private_value_of_what_was_acquired():
    scenario = load(ROOT / "scenarios" / "theory" / "wah_wellman.toml", {"run.episodes": 3})
    name = next(each.name for each in scenario.populations if each.private_values)
    count = next(each.count for each in scenario.populations if each.name == name)
    played = {"players": name, "payoff": "surplus", "strategies": {"one": {}, "other": {"threshold": 0.5}}}
    game = MarketGame(parse({**scenario.given, "game": played}))
    profile = ((("one", count),),)
    results = run_many(game.jobs({profile: [1, 2]}))
    names = [f"{name}:{member}" for member in range(count)]
    profits, values = (
        sum(results.column(f"{each}.{column}") for each in names) for column in ("payoff", "private_value")
    )
    assert np.abs(values).min() > 0
    assert Runner().play(game, {profile: [1, 2]}, "one")[0].paid[0, "one"] == pytest.approx((profits + values) / count)


def test_parting_keeps_how_often_a_population_arrives():
    text = """
    [run]
    steps = 3000
    [[instruments]]
    name = "ACME"
    value = { process = "constant", initial = 100.0 }
    [[venues]]
    name = "lit"
    [[populations]]
    name = "maker"
    strategy = "fixed_spread"
    params = { quantity = 100 }
    [[populations]]
    name = "takers"
    strategy = "noise"
    count = 4
    turn = 1
    arrivals = { law = "poisson", rate = 0.8 }
    [[populations]]
    name = "others"
    strategy = "noise"
    turn = 1
    arrivals = { law = "one_of", group = "rest", share = 1.0 }
    [game]
    players = "takers"
    [game.strategies]
    small = { quantity = 1 }
    large = { quantity = 2 }
    """
    scenario = parse(text)
    parted = Players(scenario).playing({"takers": ["small"] * 4})
    rates = [each.arrivals.rate for each in parted.populations if each.name.startswith("takers")]
    assert rates == [0.2] * 4
    assert parted.game is None
    together = run_many(MarketGame(scenario).jobs({((("small", 4),),): [1]}))
    traded = sum(int(together.column(f"takers:{member}.trades")[0]) for member in range(4))
    assert abs(traded - 2_400) < 4 * np.sqrt(2_400)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"game": None}, "there is none"),
        ({"game": {"players": ["first"], "strategies": {"one": {"half_spread": 1.0}}}}, "nothing to choose"),
        ({"record": {"episodes": "none"}}, "without payoffs"),
        (
            {"game": {"players": ["first"], "payoff": "surplus", "strategies": {"a": {}, "b": {"quantity": 2}}}},
            "private values",
        ),
    ],
)
def test_what_is_no_game_is_said_with_its_place_and_remedy(change, words):
    scenario = load(ROOT / "scenarios" / "spread_game.toml")
    data = {key: value for key, value in {**scenario.given, **change}.items() if value is not None}
    with pytest.raises(ScenarioError, match=words):
        MarketGame(parse(data))


def test_counts_that_do_not_sum_to_the_players_are_refused():
    with pytest.raises(ValueError, match="2 players"):
        reference(1).choices(((("one", 1),),))
    with pytest.raises(ValueError, match="1 members"):
        Players(load(ROOT / "scenarios" / "spread_game.toml")).playing({"first": ["one", "two"]})


def test_populations_whose_members_come_more_or_less_often_are_not_one_role():
    text = """
    [run]
    steps = 10
    [[instruments]]
    name = "ACME"
    value = { process = "constant", initial = 100.0 }
    [[venues]]
    name = "lit"
    [[populations]]
    name = "one"
    strategy = "noise"
    arrivals = { law = "poisson", rate = 1.0 }
    [[populations]]
    name = "six"
    strategy = "noise"
    count = 6
    arrivals = { law = "poisson", rate = RATE }
    [game]
    players = ["one", "six"]
    [game.strategies]
    small = { quantity = 1 }
    large = { quantity = 2 }
    """
    apart, alike = (MarketGame(parse(text.replace("RATE", rate))).roles for rate in ("1.0", "6.0"))
    assert [(role.name, role.players) for role in apart] == [("one", 1), ("six", 6)]
    assert [(role.name, role.players) for role in alike] == [("one and six", 7)]


def test_offering_more_to_a_game_leaves_the_game_it_came_from_as_it_was():
    game = reference(1)
    more = game.extended(0, {"six": {"half_spread": 6.0}})
    assert more.roles[0].strategies[-1] == "six"
    assert "six" not in game.roles[0].strategies
    with pytest.raises(KeyError):
        game.settings((0, "six"))
