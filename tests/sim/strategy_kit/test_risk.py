"""What an agent is told of what its positions may lose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.models.tails import normal_tail
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.runs.strategy_contract import market
from sim.scenario import parse
from sim.strategy_kit import registry
from sim.strategy_kit.loading.files import load_file
from tests.markets.still_markets import MAKER

TELLER = """
from spreadgame.strategy import (
    Parameter, expected_shortfall, margin_use, publish_opinion, strategy, stress, value_at_risk
)

@strategy("risk_teller", summary="publishes what it may lose", max_messages=0,
          parameters={"what": Parameter(0, "which number", low=0, high=3)})
def act(me, market):
    what = me.parameters.what
    if what == 0:
        publish_opinion(me, market, stress(me, market))
    elif what == 1:
        publish_opinion(me, market, value_at_risk(me, market))
    elif what == 2:
        publish_opinion(me, market, expected_shortfall(me, market))
    else:
        publish_opinion(me, market, margin_use(me, market))
"""


@pytest.fixture(scope="module", autouse=True)
def teller(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("own") / "risk_teller.py"
    path.write_text(TELLER, encoding="utf-8")
    load_file(path)


def told(what: int, **tables: Any) -> tuple[Run, np.ndarray]:
    """A run whose last agent of each step, which holds three stocks and sold a call, says a number; and those."""
    quotes = {"half_spread": 0.01, "quantity": 5, "reference": "signal"}
    value = {"process": "geometric_brownian", "initial": 100.0, "volatility": 0.01}
    data = {
        "run": {"steps": 60, "seed": 5},
        "instruments": [
            {"name": "ACME", "value": value},
            {"name": "call", "derivative": {"kind": "call", "of": "ACME", "strike": 100.0, "expiry": 60}},
        ],
        "venues": [{"name": "lit", "tick_size": 0.01, "instrument": "ACME"}],
        "populations": [
            {**MAKER, "params": quotes, "sees": {"of": "value"}},
            {"name": "teller", "strategy": "risk_teller", "turn": 5, "params": {"what": what},
             "endowment": {"cash": 50.0, "positions": {"ACME": 3, "call": -1}}},
        ],
        "record": {"book_every": 1, "agents_every": 1},
    }  # fmt: skip
    run = execute(parse(data | tables))
    rows = (run.agents["population"] == "teller").to_numpy(bool)
    return run, run.agents["opinion"][rows].to_numpy(float)


def sampled(run: Run, name: str) -> np.ndarray:
    found: np.ndarray = run.agents[name][(run.agents["population"] == "teller").to_numpy(bool)].to_numpy(float)
    return found


def test_stress_and_the_use_of_margin_are_those_of_the_samples():
    run, found = told(0, risk={})
    np.testing.assert_array_equal(found[:-1], sampled(run, "stress")[:-1])
    run, found = told(3, margin={"rule": "scan"})
    np.testing.assert_allclose(found[:-1], (sampled(run, "margin") / sampled(run, "equity"))[:-1], rtol=1e-12)
    assert (found > 0.0).all()


def test_value_at_risk_and_shortfall_are_of_the_moves_known_when_the_agent_acts():
    tails = normal_tail(0.99)[0], normal_tail(0.975)[1]
    for what, factor in zip((1, 2), tails, strict=True):
        run, found = told(what, risk={"method": "normal", "fewest": 5, "window": 10})
        marks = run.book["mark"].to_numpy(float)
        moves = marks[1:] / marks[:-1] - 1.0
        assert np.isnan(found[:6]).all()
        for step in range(6, 59):
            known = moves[: step - 1][-10:]  # the move to this step is known when it ends
            held = sampled(run, "delta.ACME")[step] * marks[step]
            assert found[step] == pytest.approx(factor * np.sqrt((known**2).mean()) * held, rel=1e-9)


@pytest.mark.parametrize("what", range(4))
def test_a_market_that_measures_no_risk_has_nothing_to_tell(what):
    assert np.isnan(told(what)[1]).all()


def test_the_contract_plays_who_asks_for_risk_where_it_is_measured():
    assert market(registry.get("risk_teller"))["risk"] == {"fewest": 10}
    assert "risk" not in market(registry.get("noise"))


def test_who_need_not_have_margin_is_told_of_none():
    assert np.isnan(told(3, margin={"rule": "standard", "populations": ["maker"]})[1]).all()
