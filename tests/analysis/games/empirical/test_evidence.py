"""What is known of a candidate: by profiles and their chances, or in the whole game by drawing what the others play."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.games.empirical.candidates import mixed_candidate, pure_candidate
from analysis.games.empirical.evidence import SampledEvidence, WeightedEvidence
from analysis.games.empirical.market import MarketGame
from analysis.games.empirical.payoff_samples import Samples
from analysis.games.empirical.payoffs import Runner
from analysis.games.empirical.solution import solve
from analysis.games.tables.reduction import deviation_preserving
from analysis.games.tables.symmetric import SymmetricGame
from analysis.stats.estimates import mean
from sim.scenario import load
from tests.places import ROOT

UNDERCUTTING = ROOT / "scenarios" / "games" / "undercutting.toml"
NAMES = ("zero", "one", "two", "three", "four", "five")
MIXTURE = {"two": 0.3, "three": 0.5, "four": 0.2}


def truth(players: int) -> SymmetricGame:
    """The reference game of so many makers: the closest share what one of them alone would have."""

    def payoff(others: np.ndarray) -> list[float]:
        paid = []
        for tick in range(len(NAMES)):
            alone = 0.7 * tick - 0.3 * max(0, 5 - tick)
            paid.append(0.0 if others[:tick].any() else alone / (1 + others[tick]))
        return paid

    return SymmetricGame.from_function(players, NAMES, payoff)


def mixture() -> np.ndarray:
    return np.array([MIXTURE.get(name, 0.0) for name in NAMES])


def market(players: int, **changes: object) -> MarketGame:
    return MarketGame(load(UNDERCUTTING, {"makers.count": players, "run.episodes": 100, **changes}))


@pytest.mark.parametrize("players", [2, 3])
def test_both_ways_give_the_gains_of_the_closed_form(players):
    game = market(players)
    candidate = mixed_candidate(game, [MIXTURE])
    expected = truth(players).expected(mixture())
    for evidence in (
        WeightedEvidence(game, candidate, Samples(1, Runner())),
        SampledEvidence(game, candidate, 1, Runner()),
    ):
        evidence.need(60)
        paid = mean(evidence.paid(60)["makers"])
        assert abs(paid.value - mixture() @ expected) <= 4 * paid.standard_error
        for deviation, gains in zip(candidate.deviations, evidence.gains(60), strict=True):
            gain = mean(gains)
            true = expected[NAMES.index(deviation.after)] - mixture() @ expected
            assert abs(gain.value - true) <= 4 * gain.standard_error
        assert np.all(evidence.apart(60) > 0)
        assert "lit.effective_spread" in evidence.market(60)


def test_of_a_reduced_game_the_whole_is_looked_at():
    game = market(9, **{"game.reduced_players": {"makers": 2}})
    candidate = mixed_candidate(game, [MIXTURE])
    evidence = SampledEvidence(game, candidate, 1, Runner())
    evidence.need(120)
    candidate.certify(evidence, 120)
    whole, seen = truth(9).regret(mixture()), deviation_preserving(truth(9), 2).regret(mixture())
    low, high = candidate.certificate.low, candidate.certificate.high
    assert low <= whole <= high
    assert not low <= seen <= high  # what the reduced game says of it


def test_more_draws_go_on_where_the_first_ended():
    game = market(3)
    candidate = mixed_candidate(game, [MIXTURE])
    at_once, in_parts = (SampledEvidence(game, candidate, 1, Runner()) for _ in range(2))
    at_once.need(12)
    for runs in (5, 9, 12):
        assert in_parts.missing(runs) > 0
        in_parts.need(runs)
    assert in_parts.missing(12) == 0
    assert np.array_equal(at_once.gains(12), in_parts.gains(12))
    assert np.array_equal(at_once.market(12)["noise.payoff"], in_parts.market(12)["noise.payoff"])


def test_a_draw_is_run_once_for_each_thing_that_one_player_may_do():
    game = market(3)
    candidate = mixed_candidate(game, [MIXTURE])
    evidence = SampledEvidence(game, candidate, 1, Runner())
    assert evidence.missing(10) == 10 * len(NAMES)


@pytest.mark.parametrize("reduction", ["deviation_preserving", "hierarchical"])
def test_a_reduced_game_is_solved_and_its_equilibrium_certified_in_the_whole(reduction):
    reduced = {"deviation_preserving": 3, "hierarchical": 5}[reduction]
    changes = {"makers.count": {3: 9, 5: 10}[reduced], "game.reduction": reduction}
    changes |= {"game.reduced_players": {"makers": reduced}, "run.episodes": 200}
    found = solve(load(UNDERCUTTING, changes), 2_000, epsilon=0.05)
    plays = [each.plays["makers"] for each in found.equilibria]
    assert {"two": 1.0} in plays  # of many makers the narrowest that does not lose
    held = next(each for each in found.equilibria if each.plays["makers"] == {"two": 1.0})
    assert held.verdict(0.05) == "holds"
    assert all(sum(count for _, count in profile[0]) == changes["makers.count"] for profile in held.played)


def leaning() -> MarketGame:
    """Makers whose payoffs depend much on who sits where."""
    return MarketGame(load(UNDERCUTTING.parent / "inventory.toml", {"makers.count": 4, "run.episodes": 10}))


def against_all_and_itself(pilots: int, runs: int) -> tuple[WeightedEvidence, WeightedEvidence]:
    """Makers who all lean much, held against the mean of all, and against themselves as so many pilot runs say."""
    game = leaning()
    candidate = pure_candidate(game, [{"much": 4}])
    pilot, fresh = Samples(1, Runner()), Samples(10_001, Runner())
    pilot.need(game, candidate.needs, pilots)
    fresh.need(game, candidate.needs, runs)
    return WeightedEvidence(game, candidate, fresh), WeightedEvidence(game, candidate, fresh, (pilot, pilots))


def test_a_player_held_against_itself_is_more_precise_and_no_less_right():
    plain, held = against_all_and_itself(60, 200)
    ratios = plain.gains(200).var(axis=1) / held.gains(200).var(axis=1)
    assert ratios.min() > 0.9
    assert ratios.max() > 1.2
    for mean_of_all, itself in zip(plain.gains(200), held.gains(200), strict=True):
        apart = mean(itself - mean_of_all)
        assert abs(apart.value) <= 4 * apart.standard_error


def test_too_few_runs_to_say_how_often_leave_gains_as_they_are():
    plain, held = against_all_and_itself(8, 12)
    assert np.array_equal(plain.gains(12), held.gains(12))
