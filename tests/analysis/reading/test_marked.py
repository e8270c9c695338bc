"""A mark that never was a price is none: what is measured against it is not known, and the ledger still adds up."""

import json
import math

import numpy as np
import pytest

from analysis.impact.implementation_shortfall import measures, shortfall_of
from analysis.money.attribution import by_mark, by_value
from analysis.quality.spreads import Spreads
from analysis.reading.marked import marked
from sim.core.errors import RunError
from sim.experiment import Job, run_many
from sim.runs.execute import execute
from sim.scenario import parse
from tests.command_line import take

BUYING = {"name": "desk", "strategy": "executor", "turn": 1, "params": {"quantity": 50, "side": "buy"}}
SELLING = BUYING | {"params": {"quantity": 50, "side": "sell"}}
NOISE = {"name": "noise", "strategy": "noise", "turn": 1}


def one_sided(*others, episodes=1, sides="buy", **more):
    """A maker that never quotes both sides, in a market that rises."""
    return {
        "run": {"steps": 100, "episodes": episodes},
        "instruments": [
            {
                "name": "ACME",
                "value": {"process": "random_walk", "initial": 100.0, "volatility": 0.02, "drift": 0.01},
                "public_delay": 0,
            }
        ],
        "venues": [{"name": "lit"}],
        "populations": [
            {"name": "maker", "strategy": "fixed_spread", "params": {"half_spread": 0.05, "sides": sides}},
            *others,
        ],
    } | more


def measured(run):
    """Rows of a run's summary, by scope and measure."""
    return {(row["scope"], row["measure"]): row["value"] for row in run.measures}


def test_opportunity_where_no_mid_ever_stood_is_not_known():
    run = execute(parse(one_sided(BUYING)))
    found = {each.name: each for each in measures(run)}
    assert found["desk.filled"].value == 0.0
    assert (found["desk.delay"].value, found["desk.impact"].value, found["desk.fees"].value) == (0.0, 0.0, 0.0)
    for name in ("desk.opportunity", "desk.total"):
        assert math.isnan(found[name].value)
        assert "there never was a mid" in found[name].meaning
        assert found[name].row()["value"] is None
    single = shortfall_of(run, "desk", 50, 1)
    assert (single.delay, single.impact) == (0.0, 0.0)
    assert math.isnan(single.opportunity)


def test_neither_pricing_error_nor_effective_spread_is_given_without_a_mid():
    scenario = parse(one_sided(SELLING, NOISE))
    run = execute(scenario)
    assert run.manifest["trades"] > 0
    assert not run.settlements["marked"].any()
    assert run.book["mark"].isna().all()
    assert not {("venue", "pricing_error"), ("venue", "effective_spread")} & set(measured(run))
    many = run_many([Job(scenario, (1, 2))])
    assert np.isnan(many.column("lit.pricing_error")).all()
    assert np.isnan(many.column("lit.effective_spread")).all()
    whole = execute(parse(one_sided(SELLING, NOISE, sides="both")))
    assert whole.settlements["marked"].all()
    assert {("venue", "pricing_error"), ("venue", "effective_spread")} <= set(measured(whole))


def test_attribution_without_a_mid_knows_sums_alone_and_they_are_the_ledgers():
    run = execute(parse(one_sided(SELLING, NOISE)))
    for found, unknown in (
        (by_mark(run), ["spread", "adverse_selection", "revaluation"]),
        (by_value(run), ["spread", "information"]),
    ):
        table, estimates = found.table(), found.estimates()
        assert found.gap <= 1e-9
        assert table[unknown].isna().all(axis=None)
        assert table.drop(columns=unknown).notna().all(axis=None)
        np.testing.assert_allclose(table["total"], table["recorded"], rtol=0, atol=1e-6)
        assert all(estimates[line, "value"].isna().all() for line in unknown)
        assert estimates["total", "value"].notna().all()
        assert "never was a mid" in found.unknown
    assert by_mark(run, "value").unknown == ""


def test_spreads_without_a_mid_say_why_there_are_none():
    run = execute(parse(one_sided(SELLING)))
    assert np.isnan(Spreads(run).parts.effective).all()
    with pytest.raises(RunError, match="there never was a mid"):
        Spreads(run).table()
    assert Spreads(run, mark="value").table()["effective"].notna().all()


def test_episodes_without_a_mid_are_left_out_whoever_traded_in_them():
    # In half of the episodes a seller takes the only bid before there is an ask: nothing is known of what that cost.
    data = one_sided(NOISE | {"turn": 0, "params": {"buy_probability": 0.0}}, episodes=40)
    data["run"]["steps"] = 1
    data["populations"][0]["turn"] = 0
    asks = {"name": "asks", "strategy": "fixed_spread", "params": {"sides": "sell"},
            "arrivals": {"law": "bernoulli", "probability": 0.5}}  # fmt: skip
    data["populations"].append(asks)
    run = execute(parse(data))
    known = marked(run, "ACME")
    assert 0 < known.sum() < 40
    found = by_mark(run)
    np.testing.assert_array_equal(found.known, known)
    assert f"{known.sum()} of 40 episodes" in found.unknown
    lines = found.estimates()
    whole = found.units[known].sum(axis=1).mean(axis=0) * found.unit
    for place, line in enumerate(found.lines):
        np.testing.assert_allclose(lines[line, "value"], whole[:, place], atol=1e-9)


def test_an_auction_makes_a_mark():
    auction = {"venues": [{"name": "lit", "auction": {"every": 5}}]}
    run = execute(parse(one_sided(SELLING, NOISE, **auction)))
    assert run.manifest["trades"] > 0
    assert run.settlements["marked"].all()


def test_the_table_shows_a_dash_and_json_null(tmp_path, capsys):
    run = execute(parse(one_sided(BUYING)), tmp_path, "market")
    assert take("implementation_shortfall", [str(run.folder), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert next(row["value"] for row in rows["runs"][0]["rows"] if row["name"] == "desk.opportunity") is None
    assert take("implementation_shortfall", [str(run.folder)]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("desk.opportunity"))
    assert line.split()[1:3] == ["-", "-"]
