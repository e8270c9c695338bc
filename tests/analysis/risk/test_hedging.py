"""What hedges cost and leave, against markets in which it is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analysis.money.attribution import by_mark
from analysis.risk.hedging import measures
from sim.core.errors import RunError
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import parse

WALK = {"process": "random_walk", "initial": 100.0, "volatility": 0.2}


def hedged(exposure: dict[str, float], levels: int = 1, episodes: int = 30, **rest: Any) -> Run:
    """A dealer who hedges a stated exposure against makers 5 ticks from the value with 2 lots at each tick."""
    data = {
        "run": {"steps": 30, "episodes": episodes, "seed": 8},
        "instruments": [{"name": "ACME", "value": WALK}],
        "venues": [{"name": "lit", "taker_fee": 0.001}],
        "populations": [
            {"name": "maker", "strategy": "fixed_spread", "sees": {"of": "value"},
             "params": {"reference": "signal", "half_spread": 0.05, "quantity": 2, "levels": levels}},
            {"name": "dealer", "strategy": "holder", "turn": 1, "hedge": {"venues": ["lit"], "exposure": exposure}},
        ],
        "record": {"book_every": 1, "agents_every": 1},
        **rest,
    }  # fmt: skip
    return execute(parse(data))


def found(run: Run) -> dict[str, Any]:
    return {each.name: each for each in measures(run)}


def test_slippage_is_the_half_spread_and_what_is_moved_through_the_book():
    run = hedged({"delta": -10.0}, levels=5)
    told = found(run)
    first = run.trades[(run.trades["step"] == 0).to_numpy(bool)].groupby("episode")
    half = [10 * (rows["price"].iloc[0] - rows["mark"].iloc[0]) for _, rows in first]
    whole = [((rows["price"] - rows["mark"].iloc[0]) * rows["quantity"]).sum() for _, rows in first]
    assert told["dealer.orders"].value == 1.0
    assert told["dealer.turnover"].value == 10.0
    assert told["dealer.half_spread"].value == pytest.approx(np.mean(half))
    assert told["dealer.slippage"].value == pytest.approx(np.mean(whole))
    assert told["dealer.depth"].value == pytest.approx(np.mean(whole) - np.mean(half))
    assert told["dealer.depth"].value == pytest.approx(2 * 0.01 * (1 + 2 + 3 + 4))
    assert told["dealer.fees"].value == pytest.approx(0.001 * (run.trades["price"] * run.trades["quantity"]).sum() / 30)


def test_the_line_hedging_is_the_slippage_and_leaves_no_spread_to_who_hedges():
    run = hedged({"gamma": 4.0}, levels=3)
    lines = by_mark(run).table()
    told = found(run)
    assert lines.loc["dealer", "spread"] == 0.0
    assert lines.loc["maker", "hedging"] == 0.0
    assert lines.loc["dealer", "hedging"] == pytest.approx(-lines.loc["maker", "spread"])
    assert lines.loc["dealer", "hedging"] <= -0.99 * told["dealer.half_spread"].value * 30
    assert by_mark(run).gap < 1e-12


def test_without_a_hedge_there_is_nothing_to_measure():
    run = hedged({"delta": 1.0})
    data = run.scenario.market()
    del data["populations"][1]["hedge"]
    with pytest.raises(RunError, match="no population has a hedge"):
        measures(execute(parse(data)))


def test_the_variance_left_of_a_cross_hedge_is_one_less_the_squared_correlation():
    rho, steps = 0.8, 400
    value = WALK | {"factors": {"all": 1.0}}
    other = WALK | {"volatility": 0.3, "factors": {"all": rho}}
    venues = [{"name": name, "instrument": name} for name in ("A", "B")]
    makers = [
        {"name": f"maker-{name}", "strategy": "fixed_spread", "venues": [name], "sees": {"of": "value"},
         "params": {"reference": "signal", "half_spread": 0.0, "quantity": 10**6}} for name in ("A", "B")
    ]  # fmt: skip
    dealer = {"name": "dealer", "strategy": "holder", "turn": 1, "venues": ["A"],
              "endowment": {"positions": {"A": 3000}},
              "hedge": {"venues": ["B"], "of": "A", "ratio": rho * 0.2 / 0.3}}  # fmt: skip
    run = hedged(
        {}, episodes=20, run={"steps": steps, "episodes": 20, "seed": 2}, venues=venues,
        instruments=[{"name": "A", "value": value}, {"name": "B", "value": other}], populations=[*makers, dealer],
    )  # fmt: skip
    told = found(run)
    left = told["dealer.variance_left"]
    assert abs(left.value - (1 - rho**2)) <= 4 * left.standard_error
    assert left.standard_error < 0.03
    basis = told["dealer.basis.B"]
    apart = np.sqrt(0.2**2 + 0.3**2 - 2 * rho * 0.2 * 0.3)
    assert abs(basis.value - apart) <= 4 * basis.standard_error
