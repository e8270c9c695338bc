"""The summary: the same bits however a run is cut, and of a run, of a Market and of a sweep the same."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from sim.experiment import jobs_of, run_many
from sim.mesa_model.market import Market
from sim.runs.build import build
from sim.runs.execute import execute
from sim.runs.summary import summary_of
from sim.runs.totals import Counted
from sim.scenario import Scenario, parse

# Two venues with odd ticks and fees, values that are no round numbers, an obligation, private values, members apart.
ODD = """
[run]
steps = 37
episodes = 23
[[instruments]]
name = "ACME"
value = { process = "random_walk", initial = 100.0, volatility = 0.0317 }
[[venues]]
name = "lit"
tick_size = 0.01
taker_fee = 0.0013
[[venues]]
name = "dark"
tick_size = 0.03
[[populations]]
name = "makers"
strategy = "fixed_spread"
count = 3
venues = ["lit"]
params = { half_spread = 0.07 }
obligation = { presence = 0.5, maximum_spread = 0.3, minimum_size = 1 }
[[populations]]
name = "others"
strategy = "fixed_spread"
venues = ["dark"]
params = { half_spread = 0.05 }
[[populations]]
name = "noise"
strategy = "noise"
count = 3
turn = 1
venues = ["lit"]
arrivals = { law = "bernoulli", probability = 0.7 }
[[populations]]
name = "choosy"
strategy = "zir"
count = 2
turn = 1
venues = ["dark"]
sees = { of = "value" }
private_values = { distribution = "normal", deviation = 0.3, units = 5 }
[record]
messages = true
book_every = 1
episodes = "agents"
"""


@pytest.fixture(scope="module")
def odd() -> Scenario:
    return parse(ODD)


@pytest.fixture(scope="module")
def rows(odd) -> list[dict[str, Any]]:
    return execute(odd).measures


def test_no_number_depends_on_where_a_run_was_cut(odd, rows):
    for settings in ({"chunk": 1}, {"chunk": 7}, {"chunk": 256}, {"chunk": 100, "orders": 8, "tape": 1}):
        assert execute(odd, **settings).measures == rows, settings


def test_a_market_says_what_the_run_says(odd, rows):
    market = Market(odd)
    while market.running:
        market.step()
        if market.now % 100 == 1:
            market.result()
    assert market.result().measures == rows


def test_a_row_of_a_sweep_says_what_the_run_says(odd, rows, tmp_path):
    results = run_many(jobs_of(odd, [odd.run.seed]), out=tmp_path, run_folders=True)
    table = results.table.to_pylist()[0]
    for row in rows:
        assert table[f"{row['name']}.{row['measure']}"] == row["value"], row
        if row["measure"] == "payoff":
            assert table[f"{row['name']}.payoff_standard_error"] == row["standard_error"]
    (path,) = tmp_path.rglob("summary.json")
    assert json.loads(path.read_text(encoding="utf-8")) == rows


def test_everything_is_measured_once(rows):
    names = [(row["scope"], row["name"], row["measure"]) for row in rows]
    assert len(set(names)) == len(names)
    assert [measure for _, name, measure in names if name == "lit"] == [
        "trades", "volume", "quoted_spread", "effective_spread", "one_sided", "pricing_error",
    ]  # fmt: skip
    assert {measure for _, _, measure in names} >= {"payoff", "payoff_per_lot", "private_value", "presence", "fees"}
    assert all(row["standard_error"] > 0 for row in rows if row["measure"] == "payoff")


def test_numbers_that_are_not_finite_are_left_out(odd):
    run = Counted(build(odd))
    run.advance(37)
    run.drain()
    run.venues["effective"][0], run.populations["squares"][0] = math.inf, math.nan
    rows = summary_of(run)
    assert not [row for row in rows if (row["name"], row["measure"]) == ("lit", "effective_spread")]
    errors = [row["standard_error"] for row in rows if (row["name"], row["measure"]) == ("makers", "payoff")]
    assert errors == [None]


def test_where_nothing_was_recorded_nothing_is_said(odd):
    quiet = parse(ODD.replace('episodes = "agents"', 'episodes = "none"'))
    assert {row["scope"] for row in execute(quiet).measures} == {"venue"}
    started = Counted(build(odd))
    assert {row["value"] for row in summary_of(started)} == {0}
