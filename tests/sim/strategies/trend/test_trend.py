"""Traders who act on what prices did, each against its formula."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.models import brock_hommes
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import load, parse
from tests.places import SCENARIOS

AUCTION = {"name": "auction", "auction": {"every": 1, "pricing": "free"}}
WALK = {"process": "random_walk", "initial": 100.0, "volatility": 0.05}


def market(strategy: str, params: dict[str, Any], value: Any = WALK, **more: Any) -> Run:
    """One trader in an auction whose maker moves the price for good, with noise beside it."""
    return execute(parse({
        "run": {"steps": 400, "seed": 2},
        "instruments": [{"name": "ACME", "value": value, "public_delay": 0}],
        "venues": [AUCTION],
        "populations": [
            {"name": "maker", "strategy": "kyle_maker", "params": {"anchor": "last", "impact": 1e-4}},
            {"name": "trader", "strategy": strategy, "params": params, **more},
            {"name": "noise", "strategy": "noise", "params": {"distribution": "normal", "quantity": 500.0}},
        ],
        "record": {"messages": True, "agents_every": 1},
    }))  # fmt: skip


def sent(run: Run) -> np.ndarray:
    """Lots that the trader wanted in each step, negative to sell."""
    rows = run.messages[run.messages["population"] == "trader"]
    lots = np.where(rows["side"].astype(str) == "buy", 1, -1) * rows["quantity"]
    return np.bincount(rows["step"], lots, run.scenario.run.steps)


def prices(run: Run) -> np.ndarray:
    """The price before each step's auction."""
    after = run.trades.groupby("step")["price"].last().reindex(range(run.scenario.run.steps)).ffill()
    return np.concatenate([[100.0], after.fillna(100.0).to_numpy()[:-1]])


def test_fundamentalists_trade_in_proportion_to_the_mispricing_beyond_the_threshold() -> None:
    run = market("fundamentalist", {"intensity": 1000.0, "threshold": 0.1})
    public = run.book.groupby("step")["public_value"].last().to_numpy() if len(run.book) == 400 else None
    value = run.trades.groupby("step")["value"].last().reindex(range(400)).to_numpy()
    assert public is None or len(public) == 400
    gap = value - prices(run)
    known = ~np.isnan(gap)
    wanted = np.where(abs(gap) > 0.1, np.floor(1000.0 * gap + 0.5), 0)
    assert (abs(sent(run) - wanted)[known] <= 1).all()
    assert (wanted != 0).any()
    assert (wanted == 0).any()


def test_momentum_buys_what_rose_and_mean_reversion_what_fell() -> None:
    for strategy, sign in (("momentum", 1.0), ("mean_reversion", -1.0)):
        run = market(strategy, {"intensity": 2000.0, "weight": 0.2})
        price = prices(run)
        trend = average = 0.0
        wanted = []
        for step, now in enumerate(price):
            before = price[step - 1] if step else now
            trend += 0.2 * (now - before - trend)
            average = now if step == 0 else average + 0.2 * (now - average)
            wanted.append(2000.0 * (trend if sign > 0 else average - now))
        assert abs(sent(run) - np.round(wanted)).max() <= 1
        assert np.ptp(wanted) > 10


@pytest.mark.parametrize("strategy", ["fundamentalist", "momentum", "mean_reversion"])
def test_they_keep_within_their_bounds(strategy: str) -> None:
    run = market(strategy, {"intensity": 1e5, "most": 7, "inventory_limit": 20})
    assert abs(sent(run)).max() == 7
    held = run.agents[run.agents["population"] == "trader"]["inventory.ACME"]
    assert abs(held).max() <= 20


def test_prices_of_rules_chosen_by_their_earnings_follow_the_map() -> None:
    scenario = load(SCENARIOS / "reflexivity" / "brock_hommes.toml", {"run.steps": 60})
    run = execute(scenario)
    path = run.trades.groupby("step")["price"].last() - 10.0
    known = brock_hommes.orbit(brock_hommes.Rules(3.0), 0.1, 60)
    assert abs(path.to_numpy() - known[path.index]).max() < 1e-6
    assert len(path) > 40


def test_members_that_draw_their_rule_weigh_as_much_as_their_number() -> None:
    changes = {
        f"{name}.params.{key}": value
        for name in ("fundamentalists", "chartists")
        for key, value in {"switching": "random", "lots": 1_000_000}.items()
    }
    run = execute(load(SCENARIOS / "reflexivity" / "brock_hommes.toml",
                       {"run.steps": 300, "fundamentalists.count": 300, "chartists.params.lots": 1, **{
                           k: v for k, v in changes.items() if k != "chartists.params.lots"}}))  # fmt: skip
    late = abs(run.trades.groupby("step")["price"].last().loc[100:] - 10.0)
    assert late.mean() == pytest.approx(1.29326, rel=0.1)
    assert late.std() > 0.01  # by chance, not by exact shares


def test_frozen_shares_trade_half_of_each_rules_demand() -> None:
    params = {"switching": "frozen", "fundamental_noise": 0.0, "chartist_noise": 0.0, "lots": 1_000}
    for rule in ("fundamentalist", "chartist"):
        run = market("franke_westerhoff", params | {"rule": rule}, value={"process": "constant", "initial": 100.0})
        price = prices(run)
        wanted = 0.12 * (100.0 - price) if rule == "fundamentalist" else 1.5 * np.diff(price, prepend=price[0])
        assert abs(sent(run) - np.round(500.0 * wanted)).max() <= 1


def test_shares_follow_the_herd_and_the_mispricing() -> None:
    """The noiseless demand of fundamentalists gives their share away."""
    params = {"fundamental_noise": 0.0, "fundamental_reaction": 1.0, "lots": 10_000, "misalignment": 2.0}
    run = market("franke_westerhoff", params, value={"process": "constant", "initial": 100.0})
    price, demand = prices(run), sent(run)
    share = 0.5
    for step in range(1, 50):
        attraction = 1.79 * (2 * share - 1) - 0.327 + 2.0 * (100.0 - price[step - 1]) ** 2
        share = 1.0 / (1.0 + math.exp(-attraction))
        assert demand[step] == pytest.approx(1e4 * share * (100.0 - price[step]), abs=1.0)
