"""Which profiles are run and what is found in them; how many runs a certificate takes, and that it may be looked at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from analysis.games.certificates.rare_events import Event
from analysis.games.empirical.candidates import Candidate, mixed_candidate, plays, pure_candidate
from analysis.games.empirical.evidence import WeightedEvidence
from analysis.games.empirical.market import MarketGame
from analysis.games.empirical.payoff_tables import all_of, profiles_of
from analysis.games.empirical.search import RunBudget, search_all, search_needed
from analysis.games.empirical.sequential import certify_all
from tests.oracles.known_games import Known, market

SPREADS = ("zero", "one", "two", "three", "four", "five")
MOVES = ("rock", "paper", "scissors")


def spread_game(counts: dict[str, int], name: str) -> float:
    """The reference game: the closest quote gets the taker, ties are split."""
    best = next(each for each in SPREADS if counts.get(each))
    tick = SPREADS.index(name)
    alone = 0.7 * tick - 0.3 * max(0, 5 - tick)
    return alone / counts[name] if name == best else 0.0


def rock_paper_scissors(counts: dict[str, int], name: str) -> float:
    """Of two: each beats the one before it."""
    other = next(each for each in MOVES if counts.get(each, 0) > (each == name))
    return {0: 0.0, 1: 1.0, 2: -1.0}[(MOVES.index(name) - MOVES.index(other)) % 3]


def test_all_profiles_give_all_equilibria():
    game = market(2, SPREADS)
    found = search_all(game, RunBudget(Known(spread_game), 2, 100, 200), 0.01)
    assert {plays(each) for each in found.candidates} == {"makers: two", "makers: three", "makers: 0.5 two, 0.5 three"}
    assert found.complete == "proved"


def test_what_is_needed_is_less_than_all_and_confirms_the_pure_equilibria():
    game, samples = market(4, SPREADS), Known(spread_game)
    found = search_needed(game, RunBudget(samples, 2, 10_000, 20_000), 0.01)
    assert {plays(each) for each in found.candidates} == {"makers: two"}
    assert found.complete == "open"
    assert len(samples.profiles) < len(profiles_of(game, all_of(game)))
    assert "needed" in found.note


def test_an_equilibrium_that_no_single_strategy_is_grows_out_of_deviations():
    game, samples = market(2, MOVES), Known(rock_paper_scissors)
    found = search_needed(game, RunBudget(samples, 2, 1_000, 2_000), 0.01)
    assert [each.plays["makers"] for each in found.candidates] == [pytest.approx(dict.fromkeys(MOVES, 1 / 3))]


def test_a_deviation_outside_a_small_game_joins_it_and_what_is_not_needed_is_not_run():
    names = [f"s{number}" for number in range(12)]

    def climbing(counts: dict[str, int], name: str) -> float:
        """The next strategy always pays more, up to the seventh."""
        return float(min(names.index(name), 7)) - 0.1 * abs(names.index(name) - 7) - 0.01 * counts.get("s7", 0)

    game, samples = market(5, names), Known(climbing)
    found = search_needed(game, RunBudget(samples, 2, 10_000, 20_000), 0.01)
    assert [plays(each) for each in found.candidates] == ["makers: s7"]
    assert len(samples.profiles) < len(profiles_of(game, all_of(game))) / 10


def test_a_run_budget_that_is_too_small_is_said_and_never_overdrawn():
    game, samples = market(4, SPREADS), Known(spread_game)
    found = search_needed(game, RunBudget(samples, 2, 14, 28), 0.01)
    assert "did not reach for" in found.note
    assert samples.count <= 14


# --- certificates within a budget -----------------------------------------------------------------------------------


def certified(
    game: MarketGame,
    candidates: list[Candidate],
    samples: Known,
    most: int,
    epsilon: float,
    bounds: tuple[float, float] | None = None,
    events: Sequence[Event] = (),
) -> None:
    evidence = [WeightedEvidence(game, each, samples) for each in candidates]
    certify_all(candidates, evidence, lambda: most - samples.count, epsilon, bounds, events=events)


def test_what_is_clear_takes_few_runs_and_what_is_not_takes_the_rest():
    game = market(2, SPREADS)
    samples = Known(spread_game, own=0.3)
    clear, close = pure_candidate(game, [{"five": 2}]), mixed_candidate(game, [{"two": 0.5, "three": 0.5}])
    certified(game, [clear, close], samples, 6_000, 0.05)
    runs = {name: samples.runs(each.needs[-1]) for name, each in (("clear", clear), ("close", close))}
    assert clear.verdict(0.05) == "fails"
    assert close.verdict(0.05) == "holds"
    assert runs["clear"] < runs["close"]
    assert samples.count <= 6_000


def test_a_budget_that_does_not_settle_it_leaves_it_open():
    game = market(2, SPREADS)
    samples = Known(spread_game, own=2.0)
    close = mixed_candidate(game, [{"two": 0.5, "three": 0.5}])
    certified(game, [close], samples, 800, 0.001)
    assert close.verdict(0.001) == "open"
    assert samples.count <= 800


def test_common_noise_costs_nothing():
    game = market(2, SPREADS)
    samples = Known(spread_game, common=50.0, own=1e-3)
    pure = pure_candidate(game, [{"two": 2}])
    certified(game, [pure], samples, 10_000, 0.05)
    assert pure.verdict(0.05) == "holds"
    assert samples.count == pure.runs * len(pure.needs) <= 5_000  # one look
    assert all(each.variance_ratio > 1e6 for each in pure.gains)


def test_gains_that_never_vary_are_not_sure_and_more_runs_are_not_spent_on_them():
    game = market(2, SPREADS)
    samples = Known(spread_game, common=50.0)
    pure = pure_candidate(game, [{"two": 2}])
    certified(game, [pure], samples, 10_000, 0.05)
    assert pure.verdict(0.05) == "open"
    assert pure.doubt is not None
    assert "gains is the same in all of" in pure.doubt
    assert samples.count == pure.runs * len(pure.needs) <= 5_000  # one look
    assert pure.runs_wanted is None
    assert all(np.isnan(each.variance_ratio) for each in pure.gains)  # nothing is left to divide by


def test_with_bounds_gains_that_never_vary_take_as_many_runs_as_the_rule_of_three_asks():
    game = market(2, SPREADS)
    samples = Known(spread_game)
    pure = pure_candidate(game, [{"two": 2}])
    certified(game, [pure], samples, 10_000, 0.05, (-2.0, 4.0))
    assert pure.verdict(0.05) == "holds"
    assert pure.doubt is None
    assert pure.runs > 3 / 0.05


def test_what_the_scenario_says_to_be_rare_is_waited_for():
    game = market(2, SPREADS)
    rare = Event("a jump", 0.1)
    for most, verdict in ((200, "open"), (10_000, "holds")):
        samples = Known(spread_game, own=1e-3)
        pure = pure_candidate(game, [{"two": 2}])
        certified(game, [pure], samples, most, 0.05, events=[rare])
        assert pure.verdict(0.05) == verdict
    assert pure.runs >= 80
    assert samples.count < 5_000


@pytest.mark.parametrize("repetitions", [12, pytest.param(300, marks=pytest.mark.slow)])
def test_the_interval_at_which_one_stops_holds_as_often_as_it_says_though_one_looks_again(repetitions):
    game = market(2, ("low", "high"))
    gain = epsilon = 0.1  # the worst case, in which every look is tempting

    def payoff(counts: dict[str, int], name: str) -> float:
        return gain if name == "high" else 0.0

    held = looked = 0
    for seed in range(repetitions):
        samples = Known(payoff, own=0.5, seed=seed)
        candidate = pure_candidate(game, [{"low": 2}])
        certified(game, [candidate], samples, 3_000, epsilon)
        assert candidate.certificate is not None
        held += candidate.certificate.low <= gain <= candidate.certificate.high
        looked += samples.count > 64
    assert looked > 0.8 * repetitions
    assert held >= repetitions * 0.95 - 3 * np.sqrt(repetitions * 0.95 * 0.05)
