"""Value at risk and expected shortfall while a market runs: normal, and by revaluation over past joint moves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import norm

from sim.core.world import RISK_COLUMNS
from sim.models.options import CALL, PUT, greeks, normal_greeks
from sim.models.tails import euler_shares, normal_tail
from sim.runs.execute import execute
from sim.runs.fill_risk import lengths_of_risk
from sim.scenario import parse
from tests.markets.held_positions import DEVIATION, MOVES, STOCK, Held
from tests.markets.still_markets import MAKER

STRADDLE = {"call": ("call", 100.0), "put": ("put", 100.0)}
UNITS = 10**6  # lots of a unit each, so that a hedge of part of a unit is in whole lots
DELTA = 2.0 * greeks(CALL, 100.0, 100.0, float(MOVES), 0.0, 0.0, DEVIATION).delta - 1.0
SOLD = {"call": -UNITS, "put": -UNITS, "ACME": round(DELTA * UNITS)}


def straddle_loss(z: float) -> float:
    """Of a straddle that was sold and hedged in delta, one move later, whose draw is z."""

    def worth(spot: float, moves: float) -> float:
        call = greeks(CALL, spot, 100.0, moves, 0.0, 0.0, DEVIATION).price
        return 2.0 * call - spot + 100.0

    spot = 100.0 * math.exp(DEVIATION * z - 0.5 * DEVIATION**2)
    return worth(spot, MOVES - 1.0) - worth(100.0, float(MOVES)) - DELTA * (spot - 100.0)


def exact_tail(confidence: float, tail_confidence: float) -> tuple[float, float]:
    """By quadrature: losses beyond a number are those of draws below one root and above another."""
    middle = float(minimize_scalar(straddle_loss, bounds=(-1.0, 1.0), method="bounded").x)

    def roots(loss: float) -> tuple[float, float]:
        low, high = (brentq(lambda z: straddle_loss(z) - loss, middle, end) for end in (-9.0, 9.0))
        return low, high

    def above(loss: float) -> float:
        low, high = roots(loss)
        return float(norm.cdf(low) + norm.sf(high))

    borders = [
        brentq(lambda loss, share=1.0 - level: above(loss) - share, straddle_loss(middle) + 1e-9, straddle_loss(4.0))
        for level in (confidence, tail_confidence)
    ]
    low, high = roots(borders[1])
    parts = [
        quad(lambda z: straddle_loss(z) * norm.pdf(z), *ends, epsabs=1e-12)[0] for ends in ((-9.0, low), (high, 9.0))
    ]
    return borders[0], sum(parts) / (1.0 - tail_confidence)


def quantiles(count: int) -> np.ndarray:
    """Moves of a price without drift at evenly spaced quantiles of the normal law, (count, 1)."""
    z = norm.ppf((np.arange(count) + 0.5) / count)
    moves: np.ndarray = np.expm1(DEVIATION * z - 0.5 * DEVIATION**2)[:, None]
    return moves


def test_the_revalued_tail_of_a_short_straddle_hedged_in_delta_is_the_published_one():
    held = Held(STRADDLE, SOLD, lot_size=1e-6, risk={"window": 100_000})
    held.know(quantiles(100_000))
    exact = exact_tail(0.99, 0.975)
    assert exact == pytest.approx((0.355766, 0.366005), abs=6e-6)
    assert held.tail() == pytest.approx(exact, abs=1e-4)  # from one quantile to the next


@pytest.mark.parametrize(("count", "size"), [(30, 1.0), (240, 1.0), (240, 40.0)])
@pytest.mark.parametrize("law", [STOCK, {"process": "random_walk", "initial": 100.0, "volatility": 1.3}])
def test_every_option_is_revalued_at_its_formula_in_each_move_whether_by_itself_its_twin_or_a_curve(law, count, size):
    absolute = law["process"] == "random_walk"
    formula, deviation = (normal_greeks, 1.3) if absolute else (greeks, DEVIATION)
    listed = {f"{kind}{strike:g}": (kind, strike) for strike in (85.0, 100.0, 104.0) for kind in ("call", "put")}
    held = Held(listed, {"ACME": 1}, stocks={"ACME": law}, risk={"window": 240})
    draws = size * deviation * np.random.default_rng(3).standard_normal((count, 1))
    moves = draws if absolute else np.expm1(draws)
    held.know(moves)
    held.tail()
    found = np.asarray(held.world.revaluations).reshape(len(held.names), 240)[:, :count]
    for place, (kind, strike) in enumerate(listed.values(), start=1):
        side = CALL if kind == "call" else PUT
        now = formula(side, 100.0, strike, float(MOVES), 0.0, 0.0, deviation).price
        spots = (100.0 + moves if absolute else 100.0 * (1.0 + moves)).ravel()
        later = [formula(side, spot, strike, MOVES - 1.0, 0.0, 0.0, deviation).price for spot in spots]
        np.testing.assert_allclose(found[place], np.array(later) - now, rtol=0.0, atol=1e-6)
    np.testing.assert_allclose(found[0], spots - 100.0, atol=1e-12)


def test_its_normal_tail_is_nothing():
    held = Held(STRADDLE, SOLD, lot_size=1e-6, risk={"window": 1_000, "method": "normal"})
    held.know(quantiles(1_000))
    assert held.tail() == pytest.approx((0.0, 0.0), abs=2e-6)  # the hedge is rounded to a lot
    held.hold({"ACME": UNITS})
    assert held.tail()[0] == pytest.approx(normal_tail(0.99)[0] * 100.0 * DEVIATION, rel=0.005)


@pytest.mark.parametrize("method", ["normal", "revaluation"])
def test_the_tail_of_stocks_is_that_of_their_joint_moves(method):
    draw = np.random.default_rng(5)
    moves = draw.standard_normal((400, 2)) @ np.array([[0.02, 0.01], [0.0, 0.01]])
    other = {"OTHER": {"process": "random_walk", "initial": 50.0, "volatility": 1.0}}  # whose moves are in currency
    held = Held({}, {"ACME": 3, "OTHER": -200}, stocks=other, risk={"window": 500, "method": method})
    held.know(moves)
    weights = np.array([300.0, -200.0])
    if method == "normal":
        shares = [
            euler_shares(weights, moves.T @ moves / 400, factor).sum()
            for factor in (normal_tail(0.99)[0], normal_tail(0.975)[1])
        ]
        assert held.tail() == pytest.approx(shares, rel=1e-9)
        return
    losses = np.sort(-(moves @ weights))[::-1]
    assert held.tail() == pytest.approx((losses[4], losses[:10].mean()), rel=1e-9)


def test_a_tail_is_not_known_before_the_fewest_moves_are_and_is_never_negative():
    held = Held(STRADDLE, {"ACME": 1}, risk={"fewest": 5, "window": 8})
    held.know(np.full((4, 1), -0.01))
    assert np.isnan(held.tail()).all()
    held.know(np.full((5, 1), -0.01))
    assert held.tail() == pytest.approx((1.0, 1.0), rel=1e-12)
    held.know(np.full((5, 1), 0.01))
    assert held.tail() == (0.0, 0.0)


def moving(steps: int, episodes: int = 1, **risk: Any) -> dict[str, Any]:
    """A maker around a value that moves, and somebody who holds the stock."""
    quotes = {"half_spread": 0.01, "quantity": 5, "reference": "signal"}
    return {
        "run": {"steps": steps, "episodes": episodes, "seed": 5},
        "instruments": [{"name": "ACME", "value": dict(STOCK)}],
        "venues": [{"name": "lit", "tick_size": 0.01}],
        "populations": [{**MAKER, "params": quotes, "sees": {"of": "value"}, "endowment": {"inventory": 2}}],
        "record": {"book_every": 1, "agents_every": 1, "agents": "agents"},
        "risk": risk,
    }


@pytest.mark.parametrize("horizon", [1, 3])
def test_the_moves_that_are_known_are_the_last_of_the_marks_from_horizon_to_horizon(horizon):
    run = execute(parse(moving(40, 2, window=6, fewest=4, horizon=horizon, method="revaluation", confidence=0.75)))
    marks = run.book["mark"].to_numpy(float).reshape(2, 40)
    found = run.agents["value_at_risk"].to_numpy(float).reshape(2, 40)
    for episode in range(2):
        for step in range(40):
            noted = marks[episode, : step + 1 : horizon]
            moves = (noted[1:] / noted[:-1] - 1.0)[-6:]
            if len(moves) < 4:
                assert math.isnan(found[episode, step])
                continue
            losses = np.sort(-2.0 * marks[episode, step] * moves)[::-1]
            at = math.floor(0.25 * len(moves) + 1e-9)
            assert found[episode, step] == pytest.approx(max(0.0, losses[at]), abs=1e-9)


def test_samples_tell_what_agents_have_and_may_lose_and_rows_of_populations_their_sums():
    data = moving(40, window=10, fewest=5) | {"margin": {"rule": "scan", "populations": ["holders"]}}
    holders = {**MAKER, "name": "holders", "strategy": "holder", "params": {}, "count": 2}
    data["populations"] = [*data["populations"], holders | {"endowment": {"inventory": -1, "cash": 300.0}}]
    whole = execute(parse(data | {"record": {"agents_every": 1, "agents": "populations"}})).agents
    run = execute(parse(data))
    rows = run.agents[(run.agents["population"] == "holders").to_numpy(bool)]
    marks = run.book["mark"].to_numpy(float)
    for name in ("margin", "value_at_risk", "expected_shortfall", "stress", "equity"):
        of_each = rows[name].to_numpy(float).reshape(-1, 2)
        both = whole[name][(whole["population"] == "holders").to_numpy(bool)].to_numpy(float)
        np.testing.assert_allclose(of_each.sum(axis=1), both, rtol=1e-12)
    np.testing.assert_array_equal(run.agents["equity"], run.agents["wealth"])
    np.testing.assert_allclose(rows["margin"], 0.75 * rows["stress"], rtol=1e-12)
    np.testing.assert_allclose(
        rows["stress"].to_numpy(float)[::2], 0.15 * marks, rtol=1e-3
    )  # as of a step's first look
    assert run.agents["margin"][(run.agents["population"] == "maker").to_numpy(bool)].isna().all()
    assert rows["value_at_risk"].isna().to_numpy().reshape(-1, 2).all(axis=1).tolist() == [True] * 5 + [False] * 35
    assert (rows["expected_shortfall"].to_numpy(float)[10:] > 0.0).all()


def test_a_market_without_the_tables_has_no_columns_and_no_memory_for_them():
    data = moving(30)
    with_risk, bare = execute(parse(data)), parse({key: said for key, said in data.items() if key != "risk"})
    without = execute(bare)
    assert set(with_risk.agents) - set(without.agents) == set(RISK_COLUMNS) - {"margin"}
    assert not set(RISK_COLUMNS) & set(without.agents)
    assert lengths_of_risk(bare) == {}
    np.testing.assert_array_equal(with_risk.agents["wealth"], without.agents["wealth"])
