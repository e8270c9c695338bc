"""Who makes the market: shares, concentration and presence as they can be counted, errors as they are known."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.quality.market_making import makers_of, measures, shares_of, table
from analysis.quality.presence import Intervals, overlaps, presence_of, time_in, union
from analysis.reading.orders import shows
from sim.core.errors import RunError
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import load, parse
from spreadgame.api import run as run_of
from tests.command_line import take
from tests.markets.scripted import BUY, MEMBERS, SELL, Chaos, play, scenario
from tests.places import SCENARIOS

RULES: list[dict[str, Any]] = [
    {},
    {"matching": "pro_rata", "self_trade_prevention": "allow"},
    {"auction": {"opening": 10, "closing": 12}},
    {"auction": {"every": 5}},
]


def named(run: Run) -> dict[str, Any]:
    return {each.name: each for each in measures(run)}


# --- shares and concentration ---------------------------------------------------------------------------------------


def test_shares_and_their_concentration_are_those_that_can_be_counted():
    found = shares_of([1, 2, 3, 4], [0, 2, 0, 2], 4, [0, 0, 0, 0])
    assert found.values.tolist() == [0.4, 0, 0.6, 0]
    assert found.herfindahl.value == pytest.approx(0.52)
    assert found.effective.value == pytest.approx(1 / 0.52)
    assert found.errors[1] == found.errors[3] == 0
    assert found.errors[0] == pytest.approx(found.errors[2])


def test_equal_makers_are_as_many_as_there_are():
    found = shares_of(np.ones(1000), np.arange(1000) % 5, 7, np.zeros(1000))
    assert found.herfindahl.value == pytest.approx(0.2)
    assert found.effective.value == pytest.approx(5)


def test_a_monopolist_is_one_for_certain():
    found = shares_of([3, 4, 5], [1, 1, 1], 2, [0, 0, 1])
    assert found.herfindahl == (1.0, 0.0)
    assert found.effective == (1.0, 0.0)
    assert found.errors.tolist() == [0, 0]


@pytest.mark.parametrize("episodes", [1, 3, 500, 5000], ids=str)
def test_the_error_of_a_share_of_independent_trades_is_binomial(episodes: int):
    random, count = np.random.default_rng(episodes), 20_000
    who = (random.random(count) < 0.3).astype(int)
    found = shares_of(np.ones(count), who, 2, np.arange(count) * episodes // count)
    assert found.errors[1] == pytest.approx(math.sqrt(0.3 * 0.7 / count), rel=0.25)
    slope = 2 * (0.3 - 0.7)
    assert found.herfindahl.standard_error == pytest.approx(abs(slope) * found.errors[1], rel=0.15)


def test_the_error_of_a_share_is_greater_where_makers_take_turns_for_long():
    random, count = np.random.default_rng(3), 20_000
    turn = np.cumsum(random.random(count) < 0.002) % 2  # a maker holds the best quote for 500 trades
    found = shares_of(np.ones(count), turn, 2, np.zeros(count))
    honest = math.sqrt(0.25 / count * (2 / (2 * 0.002)))  # of a chain with correlation (1 - 2 · 0.002)^k
    assert found.errors[1] == pytest.approx(honest, rel=0.5)
    assert found.errors[1] > 10 * math.sqrt(0.25 / count)


def test_errors_over_episodes_allow_for_what_episodes_have_in_common():
    random = np.random.default_rng(4)
    chance = np.repeat(random.beta(2, 2, 1000), 10)
    found = shares_of(np.ones(10_000), random.random(10_000) < chance, 2, np.repeat(np.arange(1000), 10))
    between = 0.05 + (0.25 - 0.05) / 10  # the variance of a mean of ten within an episode; that of the chance is 1 / 20
    assert found.errors[1] == pytest.approx(math.sqrt(between / 1000), rel=0.1)


def test_equal_shares_have_an_error_though_the_index_is_flat_there():
    random = np.random.default_rng(5)
    found = shares_of(np.ones(2000), random.integers(0, 2, 2000), 2, np.zeros(2000))
    assert found.herfindahl.standard_error == pytest.approx(math.sqrt(2) * 0.25 / 2000 * 2, rel=1.0)
    assert found.herfindahl.standard_error > 0


def test_many_agents_are_drawn_again_in_parts():
    random = np.random.default_rng(6)
    who = random.integers(0, 10_000, 30_000)
    found = shares_of(np.ones(30_000), who, 10_000, np.zeros(30_000))
    assert found.effective.value == pytest.approx(1 / np.square(np.bincount(who) / 30_000).sum())
    assert found.errors[who[0]] > 0


@pytest.mark.filterwarnings("error")
def test_nobody_has_no_share():
    found = shares_of([], [], 3, [])
    assert np.isnan(found.values).all()
    assert math.isnan(found.herfindahl.value)
    one = shares_of([5], [1], 3, [0])
    assert one.values.tolist() == [0, 1, 0]
    assert math.isinf(one.errors[1])
    assert math.isinf(one.herfindahl.standard_error)


def test_holders_that_are_none_are_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        shares_of([1], [2], 2, [0])


def test_shares_are_those_of_the_tape():
    run = execute(load(SCENARIOS / "two_books.toml", {"run.steps": 1000}))
    for venues in (["main"], ["main", "rival"]):
        own = run.trades[run.trades["venue"].isin(venues)]
        for by in ("population", "agent"):
            lots = own.groupby(["maker_population", "maker"][: 1 + (by == "agent")], observed=True)["quantity"].sum()
            found, _ = makers_of(run, venues, by)
            assert found.values[found.values > 0] == pytest.approx((lots / lots.sum()).to_numpy())
            assert found.herfindahl.value == pytest.approx(((lots / lots.sum()) ** 2).sum())
    with pytest.raises(RunError, match="one instrument, and main, other trade 2"):
        makers_of(run, ["main", "other"])


# --- presence -------------------------------------------------------------------------------------------------------


def cells(intervals: Intervals) -> set[tuple[int, int]]:
    return {(int(g), t) for g, b, e in zip(*intervals, strict=True) for t in range(b, e)}


def some_intervals(seed: int, count: int) -> Intervals:
    random = np.random.default_rng(seed)
    begins = random.integers(0, 40, count)
    return Intervals(random.integers(0, 4, count), begins, begins + random.integers(0, 7, count))


@pytest.mark.parametrize("seed", range(20))
def test_intervals_cover_what_their_steps_do(seed: int):
    one, other = some_intervals(seed, 3 * seed), union(some_intervals(seed + 100, 30))
    whole = union(one)
    assert cells(whole) == cells(one)
    apart = (whole.groups[1:] > whole.groups[:-1]) | (whole.begins[1:] > whole.ends[:-1])
    assert apart.all()
    met, source = overlaps(whole, other)
    assert cells(met) == cells(one) & cells(other)
    assert (met.groups == whole.groups[source]).all()
    assert (met.ends > met.begins).all()
    edges = np.array([0, 3, 17, 18, 60])
    table = np.array([[sum(1 for g, t in cells(one) if g == group and low <= t < high)
                       for low, high in pairwise(edges)] for group in range(5)])  # fmt: skip
    assert (time_in(whole, 5, edges) == table).all()


@pytest.mark.parametrize("rules", RULES, ids=str)
@pytest.mark.parametrize("by", ["population", "agent"])
def test_presence_is_what_the_engine_had_at_the_end_of_each_step(rules: dict[str, Any], by: str):
    chaos = Chaos(scenario(60, 2, [rules]), 7)
    seen = np.tile(shows(chaos.run.scenario.venues[0], 60, np.arange(60)), 2)
    found = presence_of(chaos.run, "book", by)
    for name in MEMBERS:
        had = np.array([each[name] for each in chaos.present])[seen]
        row = found.loc[name if by == "population" else (name, 0)]
        assert row["two_sided"] == pytest.approx((had[:, 0] & had[:, 1]).mean())
        assert row["best_bid"] == pytest.approx(had[:, 2].mean())
        assert row["best_ask"] == pytest.approx(had[:, 3].mean())
        assert row["best"] == pytest.approx(had[:, 2:].mean())


def test_a_population_is_present_where_any_of_its_members_is():
    run = execute(load(SCENARIOS / "quickstart.toml", {"run.steps": 3000, "record.messages": True}))
    whole, each = presence_of(run, run.scenario.venues[0].name), table(run, run.scenario.venues[0].name)
    for name in ("two_sided", "best", "best_bid", "best_ask"):
        members = each.loc["makers", name]
        assert members.max() <= whole.loc["makers", name] + 1e-12
        assert whole.loc["makers", name] <= members.sum() + 1e-12
    assert whole.loc["noise", "two_sided"] == 0
    assert each["making"].sum() == pytest.approx(1)
    assert each.index.names == ["population", "agent"]


def test_presence_that_can_be_counted():
    run = play(scenario(10), [
        (1, "a", "limit", BUY, 98, 1, "x"),
        (3, "a", "limit", SELL, 104, 1, "y"),
        (5, "b", "limit", BUY, 99, 1, "z", 2),  # best in steps 5 and 6
        (8, "a", "cancel", "y"),
    ])  # fmt: skip
    found = presence_of(run, "book")
    assert found.loc["a", ["two_sided", "best_bid", "best_ask"]].tolist() == pytest.approx([0.5, 0.7, 0.5])
    assert found.loc["b", ["two_sided", "best_bid", "best"]].tolist() == pytest.approx([0, 0.2, 0.1])
    assert (found.loc[["c", "d"]] == 0).all(axis=None)


@pytest.mark.parametrize(("episodes", "steps"), [(1, 4000), (400, 10)])
def test_the_error_of_presence_is_that_of_independent_episodes_or_steps(episodes: int, steps: int):
    random = np.random.default_rng(8)
    there = random.random(episodes * steps) < 0.4
    run = play(scenario(steps, episodes), [
        (step, "a", "limit", BUY, 98, 1, "x", 1) for step in np.flatnonzero(there)
    ])  # fmt: skip
    found = presence_of(run, "book").loc["a"]
    assert found["best_bid"] == pytest.approx(there.mean())
    assert found["best_bid_standard_error"] == pytest.approx(math.sqrt(0.24 / there.size), rel=0.25)


# --- measures and the command ---------------------------------------------------------------------------------------


def test_measures_say_what_they_need():
    run = execute(load(SCENARIOS / "quickstart.toml", {"run.steps": 500}))
    found = named(run)
    assert found["makers.making"].value == 1
    assert found["informed.taking"].value + found["noise.taking"].value == pytest.approx(1)
    assert math.isnan(found["makers.best"].value)
    assert found["makers.best"].meaning.endswith("none: needs record.messages = true")
    assert "noise.best" not in found
    assert 1 < found["makers.agents"].value <= 2


def test_venues_of_one_instrument_are_taken_together_too():
    found = named(execute(load(SCENARIOS / "two_books.toml", {"run.steps": 1000, "record.messages": True})))
    assert found["ACME.all.herfindahl.populations"].value < found["main.herfindahl.populations"].value == 1
    assert 0.5 < found["main.main_makers.best"].value <= 1
    assert "main.rival_makers.making" not in found


def test_an_obligation_is_reported_where_it_is():
    data = scenario(50)
    data["populations"] = [
        {"name": "maker", "strategy": "fixed_spread", "params": {"half_spread": 5.0},
         "obligation": {"presence": 0.5, "maximum_spread": 2.0, "minimum_size": 1}},
        {"name": "noise", "strategy": "noise", "turn": 1},
    ]  # fmt: skip
    data["record"]["episodes"] = "agents"
    found = named(execute(parse(data)))
    assert found["maker.obligation"].value == pytest.approx(0.5)
    assert "noise.obligation" not in found
    data["record"]["episodes"] = "none"
    assert "needs record.episodes" in named(execute(parse(data)))["maker.obligation"].meaning


def test_a_market_without_trades_has_no_makers():
    found = named(play(scenario(3), [(0, "a", "limit", SELL, 104, 1, "y")]))
    assert math.isnan(found["a.making"].value)
    assert "nobody traded" in found["herfindahl.agents"].meaning
    assert found["a.best"].value == 0.5


def test_a_run_that_kept_no_trades_says_what_to_set():
    with pytest.raises(RunError, match=r"record\.trades = true"):
        measures(execute(load(SCENARIOS / "quickstart.toml", {"run.steps": 50, "record.trades": False})))


def test_traders_are_told_apart_by_population_or_agent_only():
    run = execute(load(SCENARIOS / "quickstart.toml", {"run.steps": 50}))
    with pytest.raises(RunError, match="not by 'venue'"):
        table(run, run.scenario.venues[0].name, "venue")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    overrides = {"run.steps": 1000, "record.messages": True}
    folder = run_of(SCENARIOS / "two_books.toml", overrides=overrides, out=tmp_path).folder
    assert take("market_making", [str(folder), "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["runs"][0]["rows"]}
    assert rows["main.main_makers.making"]["value"] == 1
    assert rows["ACME.all.makers.populations"]["standard_error"] > 0
    assert take("market_making", [str(folder)]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80
