"""What two options earn: exact against a simulation, and best where quotes look at all of the vega."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.models import options
from sim.models.option_game import OptionGame
from sim.models.portfolio_vega import distance


def test_without_a_risk_a_quote_earns_its_distance_times_its_chance():
    game = OptionGame(steps=20, volatility_of_volatility=0.0, strike=100.0)
    per_step = 2.0 * 0.05 * 0.25 * math.exp(-1.0)  # both sides, at 1/k
    bids = sum(options.price(options.CALL, 100.0, 100.0, 19.0 - step, 0.0, 0.0, 0.02) > 0.05 for step in range(20))
    assert game.earned(True) == pytest.approx((20 + bids) * per_step, rel=0.01)  # the limit is far, but is felt


def test_looking_at_all_vega_with_the_aversion_that_counts_earns_most():
    game = OptionGame(steps=60)
    best = game.earned(True)
    assert best == pytest.approx(OptionGame(steps=60, refit=1).earned(True), rel=0.01)
    for other in (game.earned(False), game.earned(True, 0.25), game.earned(True, 4.0)):
        assert other < 0.99 * best


def test_positions_that_are_followed_further_change_nothing():
    assert OptionGame(steps=60, most=18).earned(False) == pytest.approx(OptionGame(steps=60).earned(False), rel=1e-4)


def test_it_is_what_a_simulation_gives():
    game, paths = OptionGame(steps=30, refit=30), 5_000
    rng = np.random.default_rng(1)
    of = game.vega(0)
    u, places, limit = game._solved(of, True, 1.0)

    table: dict[tuple[int, int, int], float] = {}
    total = np.zeros(paths)
    lots = np.zeros((2, paths), int)
    for step in range(game.steps):
        v, left = game.vega(step), 29.0 - step
        held = lots.sum(axis=0)
        worth = options.price(options.CALL, 100.0, 100.0, left, 0.0, 0.0, 0.02)
        for option in range(2):
            for side in (1, -1):
                for n in np.unique(held):
                    if (step, n, side) not in table:
                        table[step, n, side] = distance(
                            u, places, limit, game.decay, n * game.vega(0), side * game.vega(0)
                        )
                away = np.array([table[step, n, side] for n in held])
                quoted = np.isfinite(away) & ((side < 0) | (worth - away > 0.0))
                taken = quoted & (rng.random(paths) < 0.25 * np.exp(-20.0 * np.where(quoted, away, 0.0)))
                total += np.where(taken, away, 0.0)
                lots[option] += side * taken
        total -= game.penalty * (lots.sum(axis=0) * v) ** 2
    assert total.mean() == pytest.approx(game.earned(True), abs=4.0 * total.std() / math.sqrt(paths))
