"""Traders whose positions make them trade when the price moves, each against its formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import parse

WALK = {"process": "random_walk", "initial": 100.0, "volatility": 0.2}
FALLING = {"process": "random_walk", "initial": 100.0, "volatility": 0.0, "drift": -0.05}


def market(
    strategy: str,
    params: dict[str, Any],
    value: Any = WALK,
    count: int = 1,
    shocks: Any = (),
    risk: Any = None,
    **endowment: Any,
) -> Run:
    """A trader before a deep maker that quotes around the public value: what it does moves nothing."""
    return execute(parse({
        "run": {"steps": 200, "seed": 4},
        "instruments": [{"name": "ACME", "value": value, "public_delay": 0, "shocks": list(shocks)}],
        "venues": [{"name": "lit"}],
        "populations": [
            {"name": "maker", "strategy": "fixed_spread", "params": {"half_spread": 0.01, "quantity": 2_000_000}},
            {"name": "trader", "strategy": strategy, "turn": 1, "count": count, "params": params,
             "endowment": endowment, **({"risk": risk} if risk else {})},
        ],
        "record": {"agents_every": 1, "book_every": 1, "agents": "agents"},
    }))  # fmt: skip


def path(run: Run) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mark, lots and cash of the first trader at the end of each step. The mark is what it saw in its turn."""
    mine = run.agents[(run.agents["population"] == "trader") & (run.agents["agent"] == 0)]
    return run.book["mark"].to_numpy(), mine["inventory.ACME"].to_numpy(), mine["cash"].to_numpy()


@pytest.mark.parametrize("gamma", [300.0, -300.0])
def test_a_feedback_hedger_holds_gamma_lots_for_each_unit_of_the_move(gamma: float) -> None:
    mark, lots, _ = path(market("feedback_hedger", {"gamma": gamma}))
    assert abs(lots - gamma * (mark - mark[0])).max() <= 0.5
    assert np.ptp(lots) > 100


def test_a_leveraged_fund_keeps_its_position_at_a_multiple_of_its_wealth() -> None:
    mark, lots, cash = path(market("leveraged", {"leverage": 3.0}, cash=-200_000.0, inventory=3_000))
    wealth = cash + lots * mark
    assert abs(lots * mark / wealth - 3.0).max() < 0.01
    assert np.ptp(lots) > 50


def test_a_fund_that_is_ruined_sells_all_it_has() -> None:
    crash = [{"step": 50, "value": -10.0}]
    still = {"process": "constant", "initial": 100.0}
    _, lots, _ = path(market("leveraged", {"leverage": 20.0}, still, shocks=crash, cash=-285_000.0, inventory=3_000))
    assert lots[49] > 2_900
    assert (lots[51:] == 0).all()


def test_portfolio_insurance_holds_a_multiple_of_the_cushion_and_nothing_without_one() -> None:
    mark, lots, cash = path(market("portfolio_insurer", {"multiplier": 4.0, "floor": 90_000.0}, cash=100_000.0))
    wealth = cash + lots * mark
    assert abs(lots * mark - 4.0 * (wealth - 90_000.0)).max() < 110.0  # a lot, and what it cost to trade it
    _, none, _ = path(market("portfolio_insurer", {"floor": 200_000.0}, cash=100_000.0))
    assert not none.any()


def test_a_stop_sells_everything_once_and_not_before_the_distance() -> None:
    mark, lots, _ = path(market("stop_loss", {"distance": 2.0}, value=FALLING, inventory=50))
    reached = np.flatnonzero(mark[0] - mark >= 2.0 - 1e-9)[0]
    assert (lots[:reached] == 50).all()
    assert (lots[reached:] == 0).all()


def test_a_short_position_is_bought_back_when_the_price_rises() -> None:
    rising = FALLING | {"drift": 0.05}
    mark, lots, _ = path(market("stop_loss", {"distance": 2.0}, value=rising, inventory=-50))
    reached = np.flatnonzero(mark - mark[0] >= 2.0 - 1e-9)[0]
    assert (lots[:reached] == -50).all()
    assert (lots[reached:] == 0).all()


def test_a_trailing_stop_counts_from_the_best_price() -> None:
    mark, lots, _ = path(market("stop_loss", {"distance": 1.0, "trailing": True}, inventory=50))
    best = np.maximum.accumulate(mark)
    reached = np.flatnonzero(best - mark >= 1.0 - 1e-9)[0]
    assert (lots[:reached] == 50).all()
    assert (lots[reached:] == 0).all()


def test_members_have_stops_of_their_own() -> None:
    run = market("stop_loss", {"distance": 2.0, "dispersion": 2.0}, value=FALLING, count=200, inventory=1)
    sold = run.trades.groupby("taker")["step"].min()
    assert len(sold) == 200
    distances = 0.05 * (sold.to_numpy() - 0.0)
    assert distances.min() == pytest.approx(2.0, abs=0.15)
    assert distances.max() == pytest.approx(6.0, abs=0.25)
    assert distances.mean() == pytest.approx(4.0, abs=0.35)


def test_a_holder_holds_what_its_capital_allows_and_comes_down_with_it() -> None:
    capital = {"amount": 100_003.0, "sizing": "risk_budget", "fraction": 0.02, "deviation": 0.2}
    mark, lots, cash = path(market("holder", {"hold": "capital"}, FALLING, risk={"capital": capital}, cash=1e6))
    gained = cash + lots * mark - 1e6
    allowed = np.floor(0.02 / 0.2 * (100_003.0 + gained))
    assert lots[0] == 10_000  # by the wealth with which the step began
    np.testing.assert_array_equal(lots[1:], allowed[:-1])
    assert lots[-1] < 0.6 * lots[0]
