"""The interval of a regret in games that are played in the market holds the true regret as often as it says.

Three cases whose truth is a closed form: nobody would leave a strict equilibrium; in a mixed one four strategies, drawn
about equally often, pay the same; and from a profile one deviation pays. A run is 100 episodes, a millisecond. The runs
of all repetitions are made at once.

Seen over 200 repetitions of 30 runs: the interval held the truth in 200 (strict), 194 (mixed) and 192 (profitable). In
the mixed case one that is as wide for each gain as if it were the only one held it in 181, and percentiles of the
largest gain in none, as some gain is above 0 in every sample.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np
import pytest
from scipy.stats import binom

from analysis.games.certificates.resampling import Certificate, certify
from analysis.games.empirical.market import MarketGame
from analysis.games.empirical.payoffs import Runner
from analysis.games.solvers.symmetric_equilibria import symmetric_equilibria
from analysis.games.tables.symmetric import SymmetricGame
from sim.experiment import open_workers
from sim.scenario import load, parse
from tests.places import SCENARIOS

QUIET = {"run.episodes": 100, "record.trades": False, "record.levels": 0, "record.agents": "none"}
QUICK, FULL = (24, 10), (200, 30)  # repetitions, runs of each
ROUNDING = 1e-12


class Truth(NamedTuple):
    """A game of two makers, as its scenario has it and in closed form."""

    scenario: str
    changes: dict[str, object]
    spreads: tuple[int, ...]  # ticks, that the makers may choose
    table: np.ndarray  # what the row earns an episode, (spreads, spreads)


def one_lot_is_taken() -> Truth:
    """The reference game, of three half-spreads: the informed take one lot, so the closest quote trades alone."""
    spreads = np.array([2, 3, 4])
    alone = 0.7 * spreads - 0.3 * (5 - spreads)
    return Truth("spread_game.toml", {}, (2, 3, 4), closest(alone))


def the_informed_take_all() -> Truth:
    """Customers who mind the price take the closest quote, and the informed all that are too low, as Dennert's do."""
    spreads = np.array([3, 4, 6, 10])
    changes = {
        "maker.count": 2,
        "ACME.value.jump_probability": 0.2,
        "customers.reservation.high": 12.0,
        "informed.params.amount": "all",
    }
    table = closest(0.8 * spreads * (1.0 - spreads / 12.0)) - 0.2 * (10 - spreads)[:, None]
    return Truth("theory/elastic_spread_game.toml", changes, (3, 4, 6, 10), table)


def closest(alone: np.ndarray) -> np.ndarray:
    """The closest quote gets what it would alone, equal ones half."""
    return np.triu(np.broadcast_to(alone[:, None], (len(alone), len(alone))), 1) + np.diag(alone / 2.0)


GAMES = {"one lot": one_lot_is_taken(), "all": the_informed_take_all()}


def market(name: str) -> MarketGame:
    truth = GAMES[name]
    scenario = load(SCENARIOS / truth.scenario, {**QUIET, **truth.changes})
    offered = {f"s{spread}": {"half_spread": float(spread)} for spread in truth.spreads}
    return MarketGame(parse({**scenario.given, "game": {**scenario.given["game"], "strategies": offered}}))


@cache
def payoffs(name: str, runs: int, workers: int) -> np.ndarray:
    """Samples of every strategy against every one, (of the other, mine, runs)."""
    game, names = market(name), [f"s{spread}" for spread in GAMES[name].spreads]
    pairs = list(combinations_with_replacement(range(len(names)), 2))
    profiles = [(tuple(Counter(names[each] for each in pair).items()),) for pair in pairs]
    with open_workers(workers) as pool:
        found = Runner(pool).play(game, dict.fromkeys(profiles, range(1, runs + 1)), "coverage")
    samples = np.empty((len(names), len(names), runs))
    for (one, other), played in zip(pairs, found, strict=True):
        samples[other, one], samples[one, other] = played.paid[0, names[one]], played.paid[0, names[other]]
    return samples


def certificates(name: str, mixture: np.ndarray, size: tuple[int, int], workers: int = 1) -> list[Certificate]:
    """One a repetition."""
    repetitions, runs = size
    paid = np.tensordot(mixture, payoffs(name, repetitions * runs, workers), axes=1)
    gains = (paid - mixture @ paid)[mixture < 1.0]  # to do what all do is no deviation
    return [certify(part, seed=place) for place, part in enumerate(np.split(gains, repetitions, axis=1))]


def true_gains(name: str, mixture: np.ndarray) -> np.ndarray:
    paid = GAMES[name].table @ mixture
    return paid - mixture @ paid


def strict() -> tuple[str, np.ndarray]:
    mixture = np.array([0.0, 1.0, 0.0])
    assert (true_gains("one lot", mixture)[[0, 2]] < 0.0).all()
    return "one lot", mixture


def mixed() -> tuple[str, np.ndarray]:
    found = symmetric_equilibria(SymmetricGame.from_matrix(GAMES["all"].table))
    assert found.complete == "proved"
    mixture = max((each.mixture for each in found.equilibria), key=lambda each: each.min())
    assert mixture.min() > 0.2  # none of the four is rare
    assert np.abs(true_gains("all", mixture)).max() < ROUNDING
    return "all", mixture


def profitable() -> tuple[str, np.ndarray]:
    mixture = np.array([0.0, 0.0, 1.0])
    assert true_gains("one lot", mixture)[1] > 0.0
    return "one lot", mixture


def holding(case: tuple[str, np.ndarray], found: list[Certificate]) -> int:
    true = max(0.0, float(true_gains(*case).max()))
    return sum(each.low - ROUNDING <= true <= each.high + ROUNDING for each in found)


@pytest.mark.parametrize("name", list(GAMES))
def test_payoffs_in_the_market_are_those_of_the_closed_form(name):
    samples = payoffs(name, QUICK[0] * QUICK[1], 1)
    errors = samples.std(axis=2, ddof=1) / np.sqrt(samples.shape[2])
    assert (np.abs(samples.mean(axis=2) - GAMES[name].table.T) <= 4.0 * errors + ROUNDING).all()


@pytest.mark.parametrize("case", [strict, mixed, profitable])
def test_the_interval_holds_the_true_regret_no_less_often_than_a_fair_draw_of_its_confidence(case):
    found = certificates(*case(), QUICK)
    assert holding(case(), found) >= binom.ppf(0.001, QUICK[0], 0.95)


@pytest.mark.slow
@pytest.mark.parametrize("case", [strict, mixed, profitable])
def test_the_interval_holds_the_true_regret_in_180_of_200_repetitions_at_least(case):
    found = certificates(*case(), FULL, workers=2)
    assert len(found) == 200
    assert holding(case(), found) >= 180


def test_most_intervals_are_narrow_enough_to_see_whether_a_deviation_pays():
    assert np.median([each.low for each in certificates(*profitable(), QUICK)]) > 0.0
    assert np.median([each.high for each in certificates(*strict(), QUICK)]) == 0.0
