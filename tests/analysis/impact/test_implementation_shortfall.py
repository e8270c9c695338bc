"""Implementation shortfall: by hand, the identity of its parts, and agents of a run."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from analysis.impact.implementation_shortfall import measures, shortfall_of, shortfalls_of
from analysis.impact.parent_orders import shortfall
from sim.core.errors import RunError
from sim.runs.execute import execute
from sim.scenario import load, parse
from tests.command_line import take
from tests.places import SCENARIOS


def test_by_hand():
    """1,000 to buy, decided at 10, begun at 10.10, 800 executed at 10.20 on average, the end at 10.50, fees of 16."""
    found = shortfall(1, 1000, [10.15, 10.25], [400, 400], 10.0, 10.1, 10.5, fees=16.0)
    assert found[:4] == pytest.approx((80.0, 80.0, 100.0, 16.0))
    assert found.total == pytest.approx(276.0)
    assert found.basis_points == pytest.approx(276.0)
    assert found.fill == 0.8
    sold = shortfall(-1, 1000, [9.85, 9.75], [400, 400], 10.0, 9.9, 9.5, fees=16.0)
    assert sold[:4] == pytest.approx(found[:4])
    assert shortfall(1, 1000, [10.2], [800], 10.0, 10.1, 10.5, lot_size=0.5).impact == pytest.approx(40.0)


def test_parts_sum_to_paper_less_real():
    generator = np.random.default_rng(1)
    for side in (1, -1):
        prices, lots = 100 + generator.standard_normal(20), generator.integers(-3, 10, 20).astype(float)
        decision, arrival, final, fees, target = 100.1, 99.7, 101.3, 2.5, 150.0
        found = shortfall(side, target, prices, lots, decision, arrival, final, fees)
        real = -side * float(lots @ prices) + side * float(lots.sum()) * final - fees
        paper = side * target * (final - decision)
        assert found.total == pytest.approx(paper - real, rel=1e-12)


def test_nothing_executed_and_nothing_wanted():
    missed = shortfall(1, 10, [], [], 100.0, final=103.0)
    assert missed[:4] == (0.0, 0.0, 30.0, 0.0)
    nothing = shortfall(1, 0, [], [], 100.0)
    assert nothing.total == 0.0
    assert math.isnan(nothing.basis_points)
    assert math.isnan(nothing.fill)


def test_what_is_out_of_range_is_refused():
    with pytest.raises(ValueError, match="side must be"):
        shortfall(0, 1, [], [], 1.0)
    with pytest.raises(ValueError, match="target must"):
        shortfall(1, -1, [], [], 1.0)
    with pytest.raises(ValueError, match="same shape"):
        shortfall(1, 1, [1.0, 2.0], [1.0], 1.0)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    overrides = ["run.steps=2_000", "record.book_every=1", "record.agents_every=1"]
    return execute(load(SCENARIOS / "two_books.toml", overrides), tmp_path_factory.mktemp("runs") / "run")


@pytest.mark.parametrize(("population", "agent"), [("main_noise", 3), ("main_makers", 1), ("bolt_makers", 0)])
def test_cash_and_lots_of_an_agent_give_the_same(run, population, agent):
    rows = run.agents[(run.agents["population"] == population) & (run.agents["agent"] == agent)]
    held = "inventory.BOLT" if population.startswith("bolt") else "inventory.ACME"
    cash = float(rows["cash"].iloc[-1])
    executed = float(rows[held].iloc[-1])
    found = shortfall_of(run, population, 100, 1, agent=agent)
    assert found.executed == executed
    venue = "other" if population.startswith("bolt") else "main"
    marks = run.book[run.book["venue"] == venue]["mark"]
    real = cash + executed * float(marks.iloc[-1])
    paper = 100 * float(marks.iloc[-1] - marks.iloc[0])
    assert found.total == pytest.approx(paper - real, abs=1e-4)


def test_trades_outside_the_decision_do_not_count(run):
    whole = shortfall_of(run, "main_noise", 10, 1, agent=3)
    none = shortfall_of(run, "main_noise", 10, 1, agent=3, decision_step=1_999, decision_mark=100.0)
    early = shortfall_of(run, "main_noise", 10, 1, agent=3, end_step=999)
    late = shortfall_of(run, "main_noise", 10, 1, agent=3, decision_step=1_000)
    assert whole.executed == early.executed + late.executed
    assert none.executed in (0, 1, -1, 2, -2)
    assert whole.fees == pytest.approx(early.fees + late.fees)


def test_who_is_not_there_is_refused(run):
    with pytest.raises(RunError, match="no agent"):
        shortfall_of(run, "nobody", 1, 1)
    with pytest.raises(RunError, match="no agent"):
        shortfall_of(run, "main_noise", 1, 1, agent=50)
    with pytest.raises(RunError, match="no venue"):
        shortfall_of(run, "main_noise", 1, 1, venue="nowhere")


def test_the_command_measures_what_each_population_lost_on_its_way(run, capsys):
    assert take("implementation_shortfall", [str(run.folder), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["runs"][0]["rows"]
    assert any(row["name"].endswith("impact") for row in rows)


def test_all_episodes_at_once_cost_what_they_do_one_by_one():
    overrides = ["run.steps=200", "run.episodes=4", "venues.main.taker_fee=0.002", "record.book_every=1"]
    short = execute(load(SCENARIOS / "two_books.toml", overrides))
    for population, instrument in (("main_noise", "ACME"), ("bolt_makers", "BOLT"), ("bolt_makers", "ACME")):
        found = shortfalls_of(short, population, instrument)
        for episode in range(4):
            one = shortfall_of(short, population, None, 1, agent=None, instrument=instrument, episode=episode)
            for part, values in found.items():
                assert values[episode] == pytest.approx(getattr(one, part), abs=1e-9)
    assert np.all(shortfalls_of(short, "main_noise", "ACME")["total"] != 0)
    assert np.all(shortfalls_of(short, "main_noise", "ACME")["opportunity"] == 0)
    with pytest.raises(RunError, match="no population 'nobody'"):
        shortfalls_of(short, "nobody", "ACME")


EXECUTOR = """
[run]
steps = 300
episodes = 4
[[instruments]]
name = "ACME"
value = { process = "random_walk", initial = 100.0, volatility = 0.05 }
public_delay = 0
[[venues]]
name = "lit"
[[populations]]
name = "maker"
strategy = "fixed_spread"
params = { quantity = 100 }
[[populations]]
name = "noise"
strategy = "noise"
turn = 1
[[populations]]
name = "large"
strategy = "executor"
count = 2
turn = 2
params = { side = "sell", quantity = 250, start = 100, schedule = "pov", participation = 0.05 }
"""


def test_an_executor_is_held_to_its_order():
    worked = execute(parse(EXECUTOR))
    rows = {each.name: each for each in measures(worked)}
    single = [
        shortfall_of(worked, "large", 500, -1, agent=None, episode=episode, decision_step=100) for episode in range(4)
    ]
    assert 0 < single[0].fill < 0.5
    assert any(each.opportunity != 0 for each in single)
    for part in ("delay", "impact", "opportunity", "fees", "total"):
        assert rows[f"large.{part}"].value == pytest.approx(np.mean([getattr(each, part) for each in single]))
    opportunities = [each.opportunity for each in single]
    assert rows["large.opportunity"].standard_error == pytest.approx(np.std(opportunities, ddof=1) / 2)
    assert rows["large.filled"].value == pytest.approx(np.mean([each.fill for each in single]))


def test_an_executor_has_one_order_where_it_trades():
    more = [
        "run.steps=500",
        "main_noise.strategy=executor",
        "main_noise.params={quantity = 3}",
        "main_noise.count=2",
        'main_noise.venues=["other"]',
    ]
    found = [each for each in measures(execute(load(SCENARIOS / "two_books.toml", more))) if "main_noise" in each.name]
    assert {each.name.split(".")[1] for each in found} == {"BOLT"}
    assert next(each for each in found if each.name.endswith("filled")).meaning == "of its order of 6 lots"


def test_those_that_only_make_fall_short_of_nothing():
    names = {each.name.split(".")[0] for each in measures(execute(parse(EXECUTOR)))}
    assert names == {"noise", "large"}
    with pytest.raises(RunError, match="no population took"):
        measures(execute(parse(EXECUTOR.partition('[[populations]]\nname = "noise"')[0])))
