"""What is added up trade by trade while a market goes on is what a run's attribution says when it has ended."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.money.attribution import by_mark, fitting_horizon
from analysis.money.who_paid_whom import who_paid_whom
from sim.runs.execute import execute
from sim.runs.lines import HORIZON, counted, gain, horizon_for
from sim.runs.result import Run
from sim.scenario import Scenario, load, parse
from sim.session.market_in_progress import MarketInProgress
from tests.command_line import QUICKSTART
from tests.markets.limited import LIMITED
from tests.markets.random_markets import random_market
from tests.markets.rich_market import rich
from tests.places import SCENARIOS

CLOSE = {"rtol": 1e-9, "atol": 1e-6}
BY_PRICE = ("spread", "hedging", "adverse_selection", "revaluation")


def check_now(market: MarketInProgress) -> None:
    """What is known while it goes on: lines sum to what the ledger says, and so do payments from one to another."""
    market.look()
    money, profits = market.money(), market.profits()
    if money.known:
        np.testing.assert_allclose(np.sum(money.lines, axis=0), profits, **CLOSE)
    received = np.sum(money.lines[5:], axis=0)
    paid = money.won.sum(axis=1) - money.fees.sum(axis=0) + received + money.endowments
    np.testing.assert_allclose(paid, profits, **CLOSE)
    np.testing.assert_array_equal(money.won, -money.won.T)


def check_end(market: MarketInProgress, run: Run) -> bool:
    """At the end all of it is what the run's tables say. Says whether the lines were known."""
    market.look()
    money, begun, scenario = market.money(), market.begun, run.scenario
    assert begun == scenario.run.episodes
    names = [each.name for each in scenario.populations]
    summary = {(row["name"], row["measure"]): row["value"] for row in run.measures}
    if "payoff" in {measure for _, measure in summary}:
        payoffs = [summary[name, "payoff"] for name in names]
        np.testing.assert_allclose(market.profits() / begun, payoffs, **CLOSE)
    spreads = [summary.get((each.name, "quoted_spread"), np.nan) for each in scenario.venues]
    np.testing.assert_allclose([market.book(place).spread_mean for place in range(len(spreads))], spreads, **CLOSE)
    assert money.horizon == fitting_horizon(run)
    table = by_mark(run, horizon=money.horizon).table().loc[names]
    for line in money.lines._fields:
        expected = table[line].to_numpy() if line in table else np.zeros(len(names))
        if line not in BY_PRICE or money.known:
            np.testing.assert_allclose(getattr(money.lines, line), expected, err_msg=line, **CLOSE)
    np.testing.assert_allclose(np.nan_to_num(table["total"]), market.profits(), **CLOSE)
    if money.known:
        np.testing.assert_allclose(money.won, who_paid_whom(run).matrix(), **CLOSE)
    assert money.known == bool(np.isfinite(table["spread"]).all())
    return money.known


def check(scenario: Scenario, chunk: int) -> bool:
    market = MarketInProgress(scenario)
    while market.step(chunk):
        check_now(market)
    return check_end(market, execute(scenario))


@pytest.mark.parametrize(
    ("name", "changes", "chunk"),
    [
        ("quickstart", {"run.steps": 3_000}, 700),
        ("two_books", {"run.steps": 3_000}, 700),
        ("options/stress", {"run.episodes": 3}, 60),
        ("options/funding", {"run.episodes": 1}, 90),
        ("options/margin_spiral", {"run.episodes": 2}, 55),
        ("theory/kyle_auctions", {"run.episodes": 20}, 7),
        ("games/maker_rebate", {"run.episodes": 20, "record.trades": True}, 31),
    ],
)
def test_a_scenario_of_ours_comes_to_its_attribution(name: str, changes: dict[str, Any], chunk: int) -> None:
    assert check(load(SCENARIOS / f"{name}.toml", changes), chunk)


@pytest.mark.parametrize("number", range(12))
def test_a_random_market_comes_to_its_attribution(number: int) -> None:
    check(parse(_whole(random_market(number))), 5)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(12, 150))
def test_many_random_markets_come_to_their_attribution(number: int) -> None:
    check(parse(_whole(random_market(number))), 1 + number % 9)


def _whole(data: dict[str, Any]) -> dict[str, Any]:
    """With results of episodes: without, no run knows what its populations came to."""
    data = copy.deepcopy(data)
    data["record"] |= {"episodes": "agents"}
    return data


def test_every_mechanism_together_comes_to_its_attribution(restless: Path) -> None:
    data = rich(steps=60, episodes=2)
    check(parse(data), 7)
    data["populations"][-1]["endowment"] = {}  # of an option that nobody trades, so that it has no mark
    assert check(parse(data), 7)


def test_with_limits_hedges_and_calls_for_margin_losses_that_were_forgiven_are_a_line() -> None:
    scenario = parse(LIMITED)
    market = MarketInProgress(scenario)
    while market.step(7):
        check_now(market)
    assert check_end(market, execute(scenario))
    assert market.money().lines.forgiven.sum() > 0


def test_lines_without_a_mark_are_without_meaning_and_their_sum_is_still_the_profit() -> None:
    data: dict[str, Any] = {
        "run": {"steps": 20},
        "instruments": [{"name": "X", "value": {"process": "random_walk", "initial": 100.0, "volatility": 0.1}}],
        "venues": [{"name": "lit"}],
        "populations": [
            {"name": "seller", "strategy": "poisson_flow",
             "params": {"market_rate": 0.0, "limit_rate": 0.0, "cancel_rate": 0.0, "window": 5}},
            {"name": "holders", "strategy": "noise", "turn": 1, "endowment": {"inventory": 3}},
        ],
    }  # fmt: skip
    market = MarketInProgress(parse(data))
    while market.step(5):
        market.look()
        assert not market.money().known
    market.look()
    money = market.money()
    assert np.isnan(money.lines.spread).all()
    assert np.isnan(money.lines.revaluation).all()
    np.testing.assert_allclose(money.endowments, market.profits(), **CLOSE)


def test_adverse_selection_has_the_horizon_that_fits_the_run() -> None:
    assert [horizon_for(*each) for each in ((0, 0), (24, 0), (25, 1), (99, 1), (100, 1), (10**9, 3))] == [
        1, 4, 5, 19, HORIZON, HORIZON,
    ]  # fmt: skip


def test_a_step_costs_the_same_however_long_the_market_has_been_going_on() -> None:
    market = MarketInProgress(QUICKSTART)
    sizes = set()
    for _ in range(4):
        market.step(4_000)
        market.look()
        sums = market._simulation.sums
        sizes.add((*(array.nbytes for array in sums), len(market.recent.take()[0])))
    assert len(sizes) == 1


def test_prices_that_are_whole_or_halves_are_counted_exactly() -> None:
    off = np.array([3.0000000001, 2.4999999999, 2.3, -0.5000000001])
    np.testing.assert_array_equal(counted(off), [3.0, 2.5, 2.3, -0.5])
    assert float(counted(2.4999999999)) == 2.5


def test_what_one_side_gains_the_other_loses() -> None:
    assert gain(3.0, 101.0, 100.0) == 3.0 == -gain(-3.0, 101.0, 100.0)
