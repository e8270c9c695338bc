"""A maker of options quotes what they are worth, and leans against the vega and gamma that it holds."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sim.core.errors import ScenarioError
from sim.models import options
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import parse

LOGNORMAL = {"process": "geometric_brownian", "initial": 100.0, "volatility": 0.01}


def chain_market(params: dict[str, Any], steps: int = 6, **rest: Any) -> dict[str, Any]:
    """A chain of six options, their maker, and nobody who trades."""
    return {
        "run": {"steps": steps},
        "instruments": [{"name": "ACME", "value": dict(LOGNORMAL)}],
        "venues": [{"name": "stock", "instrument": "ACME"}],
        "chains": [{"name": "options", "of": "ACME", "expiries": [4], "kinds": ["call", "put"],
                    "strikes": {"first": 95.0, "last": 105.0, "step": 5.0}}],
        "populations": [
            {"name": "maker", "strategy": "option_maker", "venues": ["options"], "params": params, **rest},
        ],
        "record": {"book_every": 1, "agents_every": 1},
    }  # fmt: skip


def quotes(run: Run, step: int, book: str) -> tuple[float, float]:
    rows = run.book[((run.book["venue"] == book) & (run.book["step"] == step)).to_numpy(bool)]
    return float(rows["bid"].iloc[0]), float(rows["ask"].iloc[0])


@pytest.mark.parametrize(("volatility", "deviation"), [("value", 0.01), ("stated", 0.02)])
def test_it_quotes_each_option_around_its_worth_at_the_mark_rounded_outward(volatility, deviation):
    run = execute(parse(chain_market({"half_spread": 0.1, "volatility": volatility, "stated_volatility": 0.02})))
    for step in range(4):
        for strike in (95, 100, 105):
            for side, kind in ((1, "call"), (-1, "put")):
                worth = options.price(side, 100.0, strike, 3.0 - step, 0.0, 0.0, deviation)
                bid, ask = quotes(run, step, f"options-4-{strike}-{kind}")
                assert ask == pytest.approx(math.ceil((worth + 0.1) * 100 - 1e-9) / 100)
                if worth - 0.1 >= 0.01:
                    assert bid == pytest.approx(math.floor((worth - 0.1) * 100 + 1e-9) / 100)
                else:
                    assert math.isnan(bid)


def test_it_stops_when_the_options_are_settled_and_nothing_of_it_is_rejected():
    run = execute(parse(chain_market({"half_spread": 0.1})))
    assert math.isnan(quotes(run, 4, "options-4-100-call")[1])
    assert not run.manifest.get("rejections", {}).get("maker")


def test_vega_and_gamma_that_it_holds_move_all_its_quotes_against_them():
    plain = execute(parse(chain_market({"half_spread": 0.1})))
    held = {"endowment": {"positions": {"options-4-100-call": 10}}}
    leaning = execute(parse(chain_market({"half_spread": 0.1, "vega_skew": 2e-6, "gamma_skew": 0.2}, **held)))
    at_the_money = options.greeks(1, 100.0, 100.0, 3.0, 0.0, 0.0, 0.01)
    for strike in (95, 100, 105):
        one = options.greeks(1, 100.0, strike, 3.0, 0.0, 0.0, 0.01)
        shift = 2e-6 * 10 * at_the_money.vega * one.vega + 0.2 * 10 * at_the_money.gamma * one.gamma
        before, after = (quotes(run, 0, f"options-4-{strike}-call")[1] for run in (plain, leaning))
        assert before - after == pytest.approx(shift, abs=0.0101)


def test_a_chain_stands_for_all_its_books_and_a_larger_one_is_refused():
    scenario = parse(chain_market({}))
    assert len(scenario.venues) == 7
    assert scenario.populations[0].venues == tuple(venue.name for venue in scenario.venues[1:])
    assert scenario == parse(scenario.market())
    data = chain_market({})
    data["chains"][0]["strikes"] = {"first": 50.0, "last": 600.0, "step": 1.0}
    with pytest.raises(ScenarioError, match="more than the most that one population trades on"):
        parse(data)
