"""What becomes of orders: rates, fates, lifetimes and queues that can be counted by hand, and what the command says."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.quality.order_flow import (
    FILLED,
    REMOVED,
    TAKEN,
    fates,
    fill_rates,
    lifetimes,
    measures,
    order_to_trade,
    progress,
    queue_ahead,
    terciles,
)
from analysis.reading.orders import Orders, orders_of
from sim.core.errors import RunError
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import load
from spreadgame.api import run as run_of
from tests.command_line import take
from tests.markets.scripted import BUY, SELL, play, scenario
from tests.places import SCENARIOS


def played() -> Run:
    """Two episodes of eight steps; what happens in the first can be counted, in the second nobody acts."""
    return play(scenario(8, 2), [
        (0, "a", "limit", BUY, 100, 5, "x"),
        (0, "b", "limit", BUY, 100, 3, "y"),
        (0, "b", "limit", BUY, 99, 3, "u"),
        (1, "c", "post_only", BUY, 100, 4, "z"),
        (2, "d", "market", SELL, 6),  # all of x, one lot of y
        (2, "d", "immediate", SELL, 101, 6),  # nothing
        (3, "c", "replace", "z", 100, 1),  # keeps its place
        (4, "b", "replace", "y", 100, 4),  # loses it
        (5, "c", "cancel", "z"),
        (5, "d", "market", SELL, 1),
        (6, "a", "limit", SELL, 103, 1, "w", 1),
    ])  # fmt: skip


@pytest.fixture(scope="module")
def known() -> Orders:
    return Orders(played())


def named(run: Run) -> dict[str, float]:
    return {each.name: each.value for each in measures(run)}


def test_rates_are_those_that_can_be_counted(known: Orders):
    limit = known.orders[known.orders["kind"].isin(["limit", "post_only"])]
    traded, lots = fill_rates(limit)
    assert traded.value == pytest.approx(2 / 5)
    assert lots.value == pytest.approx((5 + 2) / (5 + (2 + 3) + 3 + 1 + 1))  # y is of five in the end, z of one
    immediate, part = fill_rates(known.orders.drop(limit.index))
    assert immediate.value == pytest.approx(2 / 3)
    assert part.value == pytest.approx(7 / 13)


def test_fates_sum_to_one_and_are_those_that_can_be_counted(known: Orders):
    found = {name: each.value for name, each in fates(known.stays).items()}
    assert sum(found.values()) == pytest.approx(1)
    assert found == pytest.approx(
        {"filled": 1 / 6, "cancelled": 1 / 6, "replaced": 1 / 6, "expired": 1 / 6, "alive": 2 / 6}
        | {"self_trade": 0, "withdrawn": 0}
    )


def test_lifetimes_are_those_that_can_be_counted(known: Orders):
    found = lifetimes(known.stays)  # x 2 filled, y 4 replaced, u 7 alive, z 4 cancelled, y 3 alive, w 1 expired
    assert found.times.tolist() == [1, 2, 3, 4, 7]
    assert found.at_risk.tolist() == [6, 5, 4, 3, 1]
    assert found.survival == pytest.approx([5 / 6, 4 / 6, 4 / 6, 4 / 6 / 3, 4 / 6 / 3])
    assert found.share(REMOVED).value == pytest.approx(1 / 6)
    assert found.share(FILLED).value == pytest.approx(1 / 6)
    assert found.share(TAKEN).value == pytest.approx(4 / 6 * 2 / 3)
    assert (found.median().value, found.median_of(TAKEN).value, found.median_of(FILLED).value) == (4, 4, 2)


def test_a_first_trade_ends_a_wait_whatever_is_left(known: Orders):
    found = lifetimes(
        known.stays, first_trade=True
    )  # x and y trade after 2 steps, y anew after 1, where z left at once
    assert found.ended[FILLED - 1].tolist() == [1, 2, 0, 0]
    assert found.times.tolist() == [1, 2, 4, 7]
    assert found.share(FILLED).value == pytest.approx(1 / 6 + 4 / 6 * 2 / 4)


def test_queues_are_those_that_can_be_counted(known: Orders):
    lots, orders = queue_ahead(known.stays)
    assert lots.value == pytest.approx((0 + 5 + 0 + 8 + 1 + 0) / 6)
    assert orders.value == pytest.approx((0 + 1 + 0 + 2 + 1 + 0) / 6)
    assert progress(known.stays).value == 1.0  # of all that were seen to trade or leave


def test_progress_is_what_was_gone_when_an_order_gave_up():
    run = play(scenario(5), [
        (0, "a", "limit", BUY, 100, 5, "x"),
        (0, "b", "limit", BUY, 100, 3, "y"),
        (1, "d", "market", SELL, 2),
        (2, "b", "cancel", "y"),
    ])  # fmt: skip
    assert progress(Orders(run).stays).value == pytest.approx(2 / 5)


def test_a_ratio_of_messages_to_trades_is_that_of_their_numbers():
    sent = pd.DataFrame({"sequence": [0, 1, 3, 5, 6, 8], "episode": [0, 0, 0, 1, 1, 1]})
    trades = pd.DataFrame({"sequence": [2, 4, 7], "episode": [0, 0, 1]})
    assert order_to_trade(sent, trades).value == 2
    assert math.isnan(order_to_trade(sent, trades[:0]).value)


def test_the_error_of_a_ratio_is_that_of_independent_episodes():
    random, count = np.random.default_rng(6), 4000
    messages, trades = random.poisson(6, count), random.poisson(2, count)
    kinds = np.concatenate([np.repeat([0, 1], pair) for pair in zip(messages, trades, strict=True)])
    rows = pd.DataFrame({"sequence": np.arange(len(kinds)), "episode": np.repeat(np.arange(count), messages + trades)})
    found = order_to_trade(rows[kinds == 0], rows[kinds == 1])
    assert found.standard_error == pytest.approx(math.sqrt((6 + 9 * 2) / count) / 2, rel=0.1)
    assert abs(found.value - 3) < 4 * found.standard_error


def test_terciles_part_stays_by_what_is_ahead():
    ahead = np.tile(np.arange(9), 100)
    found = terciles(ahead, ahead < 2, np.repeat(np.arange(300), 3))
    assert [(each.least, each.most) for each in found if each] == [(0, 2), (3, 5), (6, 8)]
    assert [each.traded.value for each in found if each] == pytest.approx([2 / 3, 0, 0])


def test_terciles_of_equal_queues_are_empty():
    found = terciles([0, 0, 0, 0, 5], [1, 1, 0, 0, 0], [0] * 5)
    assert found[1] is None
    assert (found[0].traded.value, found[2].traded.value) == (0.5, 0)  # type: ignore[union-attr]
    assert terciles([], [], []) == [None] * 3


def test_those_near_the_front_trade_more_often():
    overrides = {"run.steps": 5000, "record.messages": True}
    run = execute(load(SCENARIOS / "zero_intelligence.toml", overrides))
    stays = orders_of(run).stays
    near, _, far = terciles(stays["lots_ahead"], stays["traded"] > 0, stays["episode"])
    assert near is not None
    assert far is not None
    gap = near.traded.value - far.traded.value
    assert gap > 5 * math.hypot(near.traded.standard_error, far.traded.standard_error)


def test_measures_are_those_of_each_population():
    found = named(played())
    assert found["a.messages.limit"] == 2
    assert found["b.messages.replace"] == 1
    assert math.isnan(found["c.order_to_trade"])  # it never traded
    assert found["b.order_to_trade"] == pytest.approx(3 / 2)
    assert found["d.immediate.traded"] == pytest.approx(2 / 3)
    assert "d.lifetime" not in found
    assert found["c.queue.lots"] == 8
    assert found["b.end.replaced"] == pytest.approx(1 / 3)


def test_orders_withdrawn_by_their_class_end_by_rule():
    data = scenario(4)
    for each in data["populations"]:
        each["turn"] = 0
    run = play(data | {"turns": {"simultaneous": [0]}}, [
        (step, "a", "limit", BUY, 100, 1, "x") for step in range(4)
    ])  # fmt: skip
    found = named(run)
    assert (found["a.end.by_rule"], found["a.end.alive"], found["a.lifetime"]) == (0.75, 0.25, 1)


def test_a_run_that_kept_no_messages_says_what_to_set():
    run = execute(load(SCENARIOS / "quickstart.toml", {"run.steps": 50}))
    with pytest.raises(RunError, match=r"kept no messages — set record\.messages = true and run it again"):
        measures(run)


def test_a_run_without_messages_has_no_measures():
    assert measures(play(scenario(3), [])) == []


# --- the command ----------------------------------------------------------------------------------------------------


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    overrides = {"run.steps": 2000, "record.messages": True}
    folder = run_of(SCENARIOS / "two_books.toml", overrides=overrides, out=tmp_path).folder
    assert take("order_flow", [str(folder), "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["runs"][0]["rows"]}
    assert rows["main.main_makers.order_to_trade"]["value"] > 1
    assert rows["main.main_makers.lifetime"]["unit"] == "steps"
    assert rows["rival.rival_noise.immediate.traded"]["value"] == 1
    assert take("order_flow", [str(folder)]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_the_command_says_what_the_run_lacks(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = run_of(SCENARIOS / "quickstart.toml", overrides={"run.steps": 50}, out=tmp_path).folder
    assert take("order_flow", [str(folder)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "record.messages = true" in said
