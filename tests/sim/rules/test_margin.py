"""Margin: calls, what is met, what the clearing house closes, and what the account default pays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.core.errors import ScenarioError
from sim.mesa_model.market import Market
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import parse
from tests.markets.hostile import hostile, market_of


def indebted(cash: float, jump: float = -0.1, lots: int = 100, **margin: Any) -> dict[str, Any]:
    """A holder of a stock, bought with borrowed money, whose value jumps in step 5 of 20; a maker quotes at it."""
    return {
        "run": {"steps": 20, "seed": 2},
        "instruments": [
            {"name": "X", "value": {"process": "constant", "initial": 100.0}, "public_delay": 0,
             "shocks": [{"step": 5, "value": 100.0 * jump}]}
        ],
        "venues": [{"name": "book"}],
        "populations": [
            {"name": "maker", "strategy": "fixed_spread", "params": {"half_spread": 0.05, "quantity": 1_000}},
            {"name": "holder", "strategy": "holder", "turn": 1,
             "endowment": {"cash": cash - 100.0 * lots, "positions": {"X": lots}},
             "arrivals": {"law": "bernoulli", "probability": 0.0}},
        ],
        "margin": {"rule": "standard", "linear_maintenance": 0.05, "linear_initial": 0.1, "populations": ["holder"],
                   **margin},
        "record": {"agents_every": 1, "messages": True},
    }  # fmt: skip


def owing(cash: float, **more: Any) -> Run:
    return execute(parse(indebted(cash, **more)))


def events(run: Run) -> list[tuple[int, str]]:
    return list(zip(run.margin_calls["step"], run.margin_calls["event"], strict=True))


def held(run: Run) -> list[int]:
    return [int(each) for each in run.agents.query("population == 'holder'")["inventory.X"]]


def test_who_has_enough_is_never_called() -> None:
    run = owing(cash=2_000.0)
    assert events(run) == []
    assert held(run) == [100] * 20


def test_a_call_that_is_not_met_is_followed_by_the_closing_of_what_is_needed_without_any_arrival() -> None:
    run = owing(cash=1_300.0)  # 300 are left at 90, of which 100 · 90 · 5 % = 450 less what is not borrowed
    assert events(run)[0] == (5, "call")
    assert events(run)[1] == (6, "closing")
    assert events(run)[-1][1] == "met"
    assert 0 < held(run)[-1] < 100
    assert held(run)[6] == 100
    assert held(run)[7] < 100
    last = run.agents.query("population == 'holder'").iloc[-1]
    assert last["equity"] >= last["margin"] > 0
    assert run.agents["forgiven"].max() == 0


def test_grace_is_waited_for() -> None:
    assert events(owing(cash=1_300.0, grace=4))[:2] == [(5, "call"), (9, "closing")]


def test_a_call_is_met_when_the_price_comes_back() -> None:
    data = indebted(cash=1_300.0)
    data["instruments"][0]["shocks"].append({"step": 6, "value": 10.0})
    assert events(execute(parse(data))) == [(5, "call"), (6, "met")]


def test_a_loss_beyond_all_it_had_goes_to_the_account_default() -> None:
    run = owing(cash=500.0)
    assert [name for _, name in events(run)] == ["call", "closing", "default"]
    final = run.episodes.query("population == 'holder'").iloc[0]
    assert final["forgiven"] == pytest.approx(100 * (10 + 0.05) - 500.0)  # sold at the bid after the jump
    assert final["cash"] == pytest.approx(0.0, abs=1e-6)
    assert run.margin_calls["paid"].sum() == pytest.approx(final["forgiven"])
    table = run.measure("who_paid_whom")
    assert np.allclose(table["total"], table["recorded"])
    lines = run.measure("attribution")
    assert lines.loc[("mid", "holder"), "forgiven"] == pytest.approx(final["forgiven"])


def test_what_is_owed_at_the_end_of_an_episode_is_a_default_too() -> None:
    run = owing(cash=500.0, grace=19)
    assert events(run)[-1][1] == "default"
    assert run.episodes.query("population == 'holder'")["cash"].tolist() == pytest.approx([0.0], abs=1e-6)


def test_an_order_needs_the_initial_margin() -> None:
    data = indebted(cash=2_000.0)
    data["populations"][1] |= {"params": {"hold": "target", "target": 300}}
    del data["populations"][1]["arrivals"]
    data["instruments"][0]["shocks"] = []
    run = execute(parse(data))
    assert held(run)[-1] == 100  # 300 need 10 % of 28,000 borrowed
    assert run.manifest["rejections"]["holder"]["margin"] == 20
    data["populations"][1]["params"]["target"] = 170
    assert held(execute(parse(data)))[-1] == 170


def test_who_is_called_may_only_reduce() -> None:
    data = indebted(cash=1_300.0, grace=19)
    data["populations"][1] |= {"strategy": "noise", "params": {"quantity": 3}}
    del data["populations"][1]["arrivals"]
    run = execute(parse(data))
    called = events(run)[0][0]
    met = next((step for step, name in events(run) if name == "met"), 20)
    position = held(run)
    assert all(now <= before for before, now in zip(position[called:met], position[called + 1 : met + 1], strict=False))
    assert run.manifest["rejections"]["holder"]["margin"] > 0


def test_members_of_a_class_that_acts_at_once_are_not_under_margin() -> None:
    data = indebted(cash=500.0) | {"turns": {"simultaneous": [1]}}
    data["populations"][1] |= {"strategy": "fixed_spread"}
    with pytest.raises(ScenarioError, match="what the clearing house closes could trade with each other — take 1 out"):
        parse(data)
    with pytest.raises(ScenarioError, match="20 steps are never over in an episode of 20"):
        parse(indebted(cash=500.0, grace=20))


# --- the ledger -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    hostile(folder)
    return folder


LIMIT = st.fixed_dictionaries(
    {
        "of": st.sampled_from(["position", "delta", "vega", "stress", "value_at_risk", "drawdown", "loss", "unwind"]),
        "most": st.sampled_from([0.5, 5.0, 30.0, 500.0]),
        "action": st.sampled_from(["none", "hedge", "reduce", "stop"]),
    }
)


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(
    limits=st.lists(LIMIT, max_size=3),
    rule=st.sampled_from(["standard", "scan", None]),
    cash=st.sampled_from([0.0, 30.0, 300.0, 3_000.0]),
    size=st.integers(1, 3),
    every=st.sampled_from([None, 2]),
    seed=st.integers(1, 99),
)
def test_the_ledger_is_zero_through_trades_expiry_variation_funding_calls_and_defaults(
    known: Path, limits: list[dict[str, Any]], rule: str | None, cash: float, size: int, every: int | None, seed: int
) -> None:
    data = market_of({"limits": limits}, seed, **({"auction": {"every": every}} if every else {}))
    data["instruments"][0]["shocks"] = [{"step": 20, "value": -8.0}]
    data["instruments"] += [
        {"name": "future", "derivative": {"kind": "future", "of": "ACME", "expiry": 30}},
        {"name": "swap", "derivative": {"kind": "perpetual", "of": "ACME", "funding_every": 7}},
    ]
    data["venues"] += [{"name": f"{name}s", "instrument": name, "tick_size": 0.01} for name in ("future", "swap")]
    for population in data["populations"][2:]:
        population["venues"] = [*population["venues"], "futures", "swaps"]
    data["populations"].insert(1, {"name": "basis", "strategy": "fixed_spread", "venues": ["futures"],
                                   "params": {"half_spread": 0.05, "quantity": 40 * size}})  # fmt: skip
    data["populations"].insert(2, data["populations"][1] | {"name": "swappers", "venues": ["swaps"]})
    data["populations"][4]["endowment"] = {"cash": cash}
    if rule:
        data["margin"] = {"rule": rule, "populations": ["hostile"]}
    model = Market(parse(data))
    while model.running:
        model.step()
        world = model.world
        assert int(np.asarray(world.accounts["cash"]).sum()) == 0
        assert not np.asarray(world.holdings["lots"]).reshape(-1, 5).sum(axis=0).any()
    run = model.result()
    if rule:
        paid = run.margin_calls["paid"].sum()
        assert paid == pytest.approx(run.episodes["forgiven"].sum(), abs=1e-6)
        owed = run.episodes.query("population == 'hostile'")["payoff"] + cash
        assert (owed > -1e-5).all()  # nobody under margin ends below nothing
