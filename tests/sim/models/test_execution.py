"""Optimal execution: published numbers, first-order conditions, and random plans that do not beat the optimum."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.models import execution
from sim.models.execution import AlmgrenChriss

PAPER = AlmgrenChriss(1e6, 5.0, 5, 0.95, 0.0625, 2.5e-6, 2.5e-7)


@pytest.mark.parametrize(
    ("risk_aversion", "expected", "deviation"),
    [(0.0, 662_500, 1_040_673), (1e-7, 670_057, 961_623), (1e-6, 911_227, 603_431), (2e-6, 1_140_715, 449_368)],
)
def test_almgren_and_chriss_cost_and_risk(risk_aversion, expected, deviation):
    found = execution.shortfall(PAPER, execution.almgren_chriss(PAPER, risk_aversion))
    assert found.expected == pytest.approx(expected, abs=0.51)
    assert found.deviation == pytest.approx(deviation, abs=0.51)


def test_almgren_and_chriss_holdings():
    assert execution.urgency(PAPER, 1e-6) == pytest.approx(0.60708, abs=5.1e-6)
    plan = execution.almgren_chriss(PAPER, 1e-6)
    assert plan == pytest.approx([1e6, 541_956, 289_854, 147_897, 62_142, 0], abs=0.51)
    assert execution.almgren_chriss(PAPER, 0.0) == pytest.approx(np.linspace(1e6, 0, 6))


@pytest.mark.parametrize("risk_aversion", [1e-8, 1e-6, 1e-4])
def test_no_other_plan_is_better(risk_aversion):
    generator = np.random.default_rng(1)

    def utility(plan):
        cost = execution.shortfall(PAPER, plan)
        return cost.expected + risk_aversion * cost.deviation**2

    best = execution.almgren_chriss(PAPER, risk_aversion)
    for size in (1.0, 1e3, 1e5):
        moved = best.copy()
        moved[1:-1] += size * generator.standard_normal(4)
        assert utility(moved) > utility(best) - 1e-9 * utility(best)


def test_the_frontier_falls_and_extreme_urgency_does_not_overflow():
    costs = execution.frontier(PAPER, [0.0, 1e-8, 1e-7, 1e-6, 1e-5])
    assert np.all(np.diff([each.expected for each in costs]) > 0)
    assert np.all(np.diff([each.deviation for each in costs]) < 0)
    plan = execution.almgren_chriss(PAPER, 1e300)
    assert plan[0] == 1e6
    assert plan[1:] == pytest.approx(0.0)
    fine = PAPER._replace(intervals=10_000)
    assert execution.almgren_chriss(fine, 1e-3)[-1] == 0.0
    continuous = math.sqrt(1e-6 * 0.95**2 / 2.5e-6)
    assert execution.urgency(fine, 1e-6) == pytest.approx(continuous, rel=1e-3)


def test_obizhaeva_and_wang_discrete_optimum():
    plan = execution.obizhaeva_wang(1.0, 11, 3.0, 1.0)
    assert plan[[0, -1]] == pytest.approx(0.230806, abs=5.1e-7)
    assert plan[1:-1] == pytest.approx(0.059821, abs=5.1e-7)
    assert plan.sum() == pytest.approx(1.0)
    cost = [execution.transient_cost(each, 1.0, 3.0, 1.0) for each in (plan, np.full(11, 1 / 11), [1.0])]
    assert cost == pytest.approx([0.200896, 0.217519, 0.5], abs=5.1e-7)


@pytest.mark.parametrize(("trades", "resilience"), [(2, 1.0), (5, 0.1), (11, 3.0), (40, 20.0)])
def test_obizhaeva_and_wang_solves_the_quadratic_programme(trades, resilience):
    times = np.linspace(0, 2.0, trades)
    matrix = np.exp(-resilience * np.abs(times[:, None] - times))
    solved = np.linalg.solve(matrix, np.ones(trades))
    plan = execution.obizhaeva_wang(7.0, trades, resilience, 2.0)
    assert plan == pytest.approx(7.0 * solved / solved.sum(), rel=1e-8)
    cost = execution.transient_cost(plan, 0.3, resilience, 2.0)
    assert cost == pytest.approx(0.5 * 0.3 * plan @ matrix @ plan, rel=1e-12)


def test_many_trades_come_near_the_continuous_plan():
    block, rate = execution.continuous_obizhaeva_wang(1.0, 3.0, 1.0)
    assert (block, rate) == pytest.approx((0.2, 0.6))
    assert 2 * block + rate * 1.0 == pytest.approx(1.0)
    plan = execution.obizhaeva_wang(1.0, 20_001, 3.0, 1.0)
    assert plan[0] == pytest.approx(block, abs=1e-4)
    assert plan[1] * 20_000 == pytest.approx(rate, rel=1e-3)
    assert execution.transient_cost(plan, 1.0, 3.0, 1.0) == pytest.approx(0.2, abs=1e-4)


@pytest.mark.parametrize(
    "call",
    [
        lambda: execution.urgency(PAPER, -1.0),
        lambda: execution.urgency(PAPER._replace(intervals=0), 0.0),
        lambda: execution.urgency(PAPER._replace(horizon=0.0), 0.0),
        lambda: execution.urgency(PAPER._replace(temporary=1e-7), 0.0),
        lambda: execution.urgency(PAPER._replace(volatility=math.nan), 0.0),
        lambda: execution.shortfall(PAPER, [1e6, 0.0]),
        lambda: execution.shortfall(PAPER, [1e6, 1, 1, 1, 1, 1]),
        lambda: execution.obizhaeva_wang(1.0, 1, 1.0, 1.0),
        lambda: execution.obizhaeva_wang(1.0, 3, 0.0, 1.0),
        lambda: execution.transient_cost([1.0], -1.0, 1.0, 1.0),
    ],
)
def test_what_is_out_of_range_is_refused(call):
    with pytest.raises(ValueError, match="must"):
        call()
