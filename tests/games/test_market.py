"""A scenario as a game: roles, profiles and payoffs played in the market, against closed forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.games.certificates import certify, mixture_gains
from analysis.games.counts import count_profiles, ranks
from analysis.games.market import MarketGame
from analysis.games.symmetric_equilibria import symmetric_equilibria
from sim.errors import ScenarioError
from sim.experiment import run_many
from sim.scenario import load, parse
from sim.scenario.game import with_profile

ROOT = Path(__file__).resolve().parents[2]
QUIET = {"record.trades": False, "record.levels": 0, "record.agents": "none"}


def reference(episodes: int) -> MarketGame:
    return MarketGame(load(ROOT / "scenarios" / "spread_game.toml", {"run.episodes": episodes, **QUIET}))


def closed_form(i: int, j: int) -> float:
    """What a maker at half-spread i earns against one at j."""
    alone = 0.7 * i - 0.3 * max(0, 5 - i)
    return alone if i < j else alone / 2 if i == j else 0.0


def against_others(samples: np.ndarray, players: int) -> tuple[np.ndarray, np.ndarray]:
    """Samples by what the others do, (profiles, strategies, runs), and what that is."""
    strategies = samples.shape[1]
    others = count_profiles(players - 1, strategies)
    rows = ranks(others[:, None] + np.eye(strategies, dtype=np.int64))
    return np.take_along_axis(samples, rows[..., None], axis=0), others


@pytest.fixture(scope="module")
def played() -> tuple[MarketGame, np.ndarray, np.ndarray]:
    """The reference game, samples that choose, and samples of other seeds."""
    game = reference(400)
    runs = [run_many(game.jobs(game.profiles, seeds)) for seeds in (range(1, 41), range(1_001, 1_041))]
    return game, *(game.samples(each, game.profiles) for each in runs)


def test_populations_that_differ_in_their_names_alone_are_one_role():
    game = reference(1)
    assert [(role.name, role.players) for role in game.roles] == [("first and second", 2)]
    assert len(game.profiles) == 21
    unlike = load(ROOT / "scenarios" / "spread_game.toml", {"second.params.quantity": 2})
    assert [(role.name, role.players) for role in MarketGame(unlike).roles] == [("first", 1), ("second", 1)]


def test_payoffs_in_the_market_are_those_of_the_closed_form(played):
    game, samples, _ = played
    means, errors = samples.mean(axis=2), samples.std(axis=2, ddof=1) / np.sqrt(samples.shape[2])
    for row, profile in enumerate(game.profiles):
        plays = [place for place, count in enumerate(profile) for _ in range(count)]
        for mine, other in (plays, plays[::-1]):
            expected = closed_form(mine, other)
            assert abs(means[row, mine] - expected) <= 4 * errors[row, mine] + 1e-9
        assert np.isnan(samples[row][np.array(profile) == 0]).all()


def test_the_equilibria_found_in_the_market_are_the_three_there_are_and_certified_on_other_seeds(played):
    game, samples, others = played
    found = symmetric_equilibria(game.game(samples).symmetric())
    assert found.complete == "proved"
    mixtures = sorted((each.mixture.round(1).tolist() for each in found.equilibria), reverse=True)
    assert mixtures == [[0, 0, 1, 0, 0, 0], [0, 0, 0.5, 0.5, 0, 0], [0, 0, 0, 1, 0, 0]]
    fresh, counts = against_others(others, 2)
    for each in found.equilibria:
        certificate = certify(mixture_gains(fresh, each.mixture, counts))
        pure = each.mixture.max() == 1.0
        assert certificate.low <= (0.0 if pure else 0.01)  # a mixture found in samples is itself a little off
        assert certificate.high < 0.05
    undercut = np.eye(6)[4]
    certificate = certify(mixture_gains(fresh, undercut, counts))
    gain = closed_form(3, 4) - closed_form(4, 4)
    assert 0.0 < certificate.low <= gain <= certificate.high


def apart(stay: np.ndarray, move: np.ndarray) -> float:
    """Variance of two payoffs together over that of their difference."""
    return float((stay.var(ddof=1) + move.var(ddof=1)) / (move - stay).var(ddof=1))


def test_common_seeds_make_inward_deviations_precise_and_the_mean_of_alike_players_as_precise_as_pro_rata(played):
    _, samples, others = played
    both, counts = against_others(np.concatenate([samples, others], axis=2), 2)
    row = int(np.flatnonzero(counts[:, 2])[0])
    assert apart(both[row, 2], both[row, 1]) == pytest.approx(5.0, rel=1e-6)
    assert both[row, 3].var() == 0.0  # who moves outward never trades


@pytest.mark.slow
@pytest.mark.parametrize(("equal", "expected"), [(2, 2.95), (3, 2.65)])
def test_with_random_ties_the_ratios_for_one_player_are_those_of_the_reference_game(equal, expected):
    game = reference(50)
    profiles = [np.zeros(6, int), np.zeros(6, int)]
    profiles[0][equal] = 2
    profiles[1][[equal - 1, equal]] = 1
    results = run_many(game.jobs(profiles, range(1, 8_001)), workers=2)
    stay, move = results.by_job("first.payoff")
    assert apart(stay, move) == pytest.approx(expected, rel=0.05)


def test_members_of_one_population_are_parted_and_the_mean_of_alike_ones_is_the_sample():
    scenario = load(ROOT / "scenarios" / "theory" / "elastic_spread_game.toml", {"maker.count": 3, "run.episodes": 50})
    game = MarketGame(scenario)
    assert [(role.name, role.players) for role in game.roles] == [("maker", 3)]
    width = len(game.strategies)
    profile = tuple([2, 1] + [0] * (width - 2))
    names = [each.name for each in game.scenario_of(profile).populations][:3]
    assert names == ["maker:0", "maker:1", "maker:2"]
    results = run_many(game.jobs([profile], range(1, 6)))
    samples = game.samples(results, [profile])[0]
    both = 0.5 * (results.column("maker:0.payoff") + results.column("maker:1.payoff"))
    assert samples[0] == pytest.approx(both)
    assert samples[1] == pytest.approx(results.column("maker:2.payoff"))


def elastic(makers: int) -> MarketGame:
    """The elastic game, in which all half-spreads from 0 to 10 ticks are offered."""
    overrides = {"run.episodes": 500, "maker.count": makers, **QUIET}
    scenario = load(ROOT / "scenarios" / "theory" / "elastic_spread_game.toml", overrides)
    offered = {f"s{spread}": {"half_spread": float(spread)} for spread in range(11)}
    return MarketGame(parse({**scenario.given, "game": {"players": "maker", "strategies": offered}}))


def test_the_elastic_game_in_the_market_has_its_one_equilibrium_and_the_monopolist_his_spread():
    spreads = [float(spread) for spread in range(11)]
    alone = elastic(1)
    paid = alone.samples(run_many(alone.jobs(alone.profiles, range(1, 31))), alone.profiles)
    means = np.array([np.nanmean(paid[row]) for row in range(len(alone.profiles))])
    assert spreads[int(np.argmax(means))] == 6.0
    two = elastic(2)
    samples = two.samples(run_many(two.jobs(two.profiles, range(1, 31))), two.profiles)
    found = symmetric_equilibria(two.game(samples).symmetric())
    assert [spreads[int(np.argmax(each.mixture))] for each in found.equilibria] == [2.0]
    assert found.equilibria[0].mixture.max() == 1.0


def test_a_surplus_is_the_profit_and_the_private_value_of_what_was_acquired():
    scenario = load(ROOT / "scenarios" / "theory" / "wah_wellman.toml", {"run.episodes": 3})
    name = next(each.name for each in scenario.populations if each.private_values)
    count = next(each.count for each in scenario.populations if each.name == name)
    played = {"players": name, "payoff": "surplus", "strategies": {"one": {}, "other": {}}}
    game = MarketGame(parse({**scenario.given, "game": played}))
    profile = (count, 0)
    results = run_many(game.jobs([profile], [1, 2]))
    names = [f"{name}:{member}" for member in range(count)]
    profits, values = (
        sum(results.column(f"{each}.{column}") for each in names) for column in ("payoff", "private_value")
    )
    assert np.abs(values).min() > 0
    assert game.samples(results, [profile])[0, 0] == pytest.approx((profits + values) / count)


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
    parted = with_profile(scenario, {"takers": ["small"] * 4})
    rates = [each.arrivals.rate for each in parted.populations if each.name.startswith("takers")]
    assert rates == [0.2] * 4
    assert parted.game is None
    together = run_many(MarketGame(scenario).jobs([(4, 0)], [1]))
    traded = sum(int(together.column(f"takers:{member}.trades")[0]) for member in range(4))
    assert abs(traded - 2_400) < 4 * np.sqrt(2_400)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"game": None}, "there is none"),
        ({"game": {"players": ["first"], "strategies": {"one": {"half_spread": 1.0}}}}, "nothing to choose"),
        ({"record": {"episodes": "none"}}, "without payoffs"),
        ({"game": {"players": ["first"], "payoff": "surplus", "strategies": {"a": {}, "b": {}}}}, "private values"),
    ],
)
def test_what_is_no_game_is_said_with_its_place_and_remedy(change, words):
    scenario = load(ROOT / "scenarios" / "spread_game.toml")
    data = {key: value for key, value in {**scenario.given, **change}.items() if value is not None}
    with pytest.raises(ScenarioError, match=words):
        MarketGame(parse(data))


def test_counts_that_do_not_sum_to_the_players_are_refused():
    with pytest.raises(ValueError, match="2 players"):
        reference(1).choices((1, 0, 0, 0, 0, 0))
    with pytest.raises(ValueError, match="1 members"):
        with_profile(load(ROOT / "scenarios" / "spread_game.toml"), {"first": ["one", "two"]})
