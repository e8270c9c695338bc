"""What an agent is told of what its positions may lose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.core.codes import MOST_LOTS
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
    BUY, SELL, Parameter, expected_shortfall, margin_use, post_only_order, public_value, publish_opinion, risk_use,
    room, strategy, stress, tick_below, value_at_risk
)

@strategy("risk_teller", summary="publishes what it may lose", max_messages=1,
          parameters={"what": Parameter(0, "which number", low=0, high=7)})
def act(me, market):
    what = me.parameters.what
    if what == 0:
        publish_opinion(me, market, stress(me, market))
    elif what == 1:
        publish_opinion(me, market, value_at_risk(me, market))
    elif what == 2:
        publish_opinion(me, market, expected_shortfall(me, market))
    elif what == 3:
        publish_opinion(me, market, margin_use(me, market))
    elif what == 4:
        publish_opinion(me, market, risk_use(me, market))
    elif what == 7:  # with an order of four lots
        low = tick_below(me, market, me.venue, 0.5 * public_value(me, market, me.instrument))
        post_only_order(me, market, me.venue, BUY, low, 4, 1)
        publish_opinion(me, market, room(me, market, me.venue, BUY))
    else:
        publish_opinion(me, market, room(me, market, me.venue, BUY if what == 5 else SELL))
"""


@pytest.fixture(scope="module", autouse=True)
def teller(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("own") / "risk_teller.py"
    path.write_text(TELLER, encoding="utf-8")
    load_file(path)


def told(what: int, limits: Any = None, **tables: Any) -> tuple[Run, np.ndarray]:
    """A run whose last agent of each step, which holds three stocks and sold a call, says a number; and those."""
    own = {"risk": {"limits": limits}} if limits else {}
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
             "endowment": {"cash": 50.0, "positions": {"ACME": 3, "call": -1}}, **own},
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


BUYING, SELLING, BESIDE_AN_ORDER = 5, 6, 7


def test_room_is_what_a_limit_of_the_position_leaves_either_way_and_open_orders_count_as_filled():
    limits = [{"of": "position", "on": "ACME", "most": 8.0}]
    assert (told(BUYING, limits)[1] == 5.0).all()
    assert (told(SELLING, limits)[1] == 11.0).all()
    assert (told(BESIDE_AN_ORDER, limits)[1] == 1.0).all()


def test_who_holds_more_than_a_limit_is_told_how_many_lots_are_too_many():
    assert (told(BUYING, [{"of": "position", "on": "ACME", "most": 1.5}])[1] == -2.0).all()


def test_room_is_what_the_tightest_limit_leaves_and_a_limit_of_delta_moves():
    run, found = told(BUYING, [{"of": "delta", "most": 3.0}, {"of": "position", "on": "ACME", "most": 9.0}])
    held = sampled(run, "delta.ACME")  # at the end of the step, after which the value moves
    np.testing.assert_array_equal(found[:-1], np.floor(3.0 - held)[:-1])
    assert set(found) > {0.0}


def test_without_a_limit_there_is_room_for_the_greatest_order():
    assert (told(BUYING)[1] == MOST_LOTS).all()
    assert (told(BUYING, [{"of": "vega", "most": 1.0}, {"of": "loss", "most": 1.0}])[1] == MOST_LOTS).all()


def test_the_use_of_risk_is_the_greatest_share_of_a_limit():
    assert (told(4)[1] == 0.0).all()
    assert (told(4, [{"of": "position", "on": "ACME", "most": 12.0}])[1] == 0.25).all()
    limits = [{"of": "position", "on": "ACME", "most": 300.0}, {"of": "stress", "most": 50.0}]
    run, found = told(4, limits, risk={})
    assert found[0] == 0.01
    np.testing.assert_allclose(found[1:], sampled(run, "stress")[:-1] / 50.0, rtol=1e-12)
