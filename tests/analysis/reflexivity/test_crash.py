"""A crash: drop, rebound, the makers' volume over their net, and inventories, against what a script did."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.reflexivity.crash import deepest_fall, makers_in
from sim.core.errors import RunError
from sim.runs.execute import execute
from sim.runs.result import Run
from sim.scenario import parse
from tests.markets.scripted import BUY, SELL, play, scenario
from tests.markets.still import still

# Half-unit ticks: a and b make the market around 100 ticks, c sells, and a passes on to b what it bought.
SCRIPT = [
    (0, "a", "limit", BUY, 99, 10, "bid"),
    (0, "b", "limit", SELL, 101, 10, "ask"),
    (1, "c", "market", SELL, 4),
    (2, "b", "limit", BUY, 90, 10, "low"),
    (3, "a", "cancel", "bid"),
    (3, "a", "market", SELL, 4),  # to b
    (3, "b", "replace", "ask", 95, 10),
    (3, "c", "market", SELL, 2),  # to b
    (5, "b", "replace", "ask", 105, 10),
]


@pytest.fixture(scope="module")
def scripted() -> Run:
    return play(scenario(7), SCRIPT)


@pytest.mark.parametrize(
    ("marks", "drop", "rebound", "window"),
    [
        ([100.0, 110.0, 99.0, 104.5], 0.1, 0.5, (1, 2)),
        (
            [100.0, 100.0, 90.0, 90.0, 105.0],
            0.1,
            1.5,
            (1, 2),
        ),  # from the last peak to the first trough
        ([math.nan, 100.0, 50.0, 200.0, 150.0], 0.5, 2.0, (1, 2)),  # the deepest share, not the most currency
        ([100.0, 80.0, 120.0, 90.0], 0.25, 0.0, (2, 3)),
        ([100.0, math.nan, 80.0], 0.2, 0.0, (0, 2)),
    ],
)
def test_a_fall_is_the_deepest_share_lost_of_the_highest_so_far(marks, drop, rebound, window):
    found = deepest_fall(marks)
    assert found.drop == pytest.approx(drop)
    assert found.rebound == pytest.approx(rebound)
    assert (found.peak, found.trough) == window


def test_a_path_that_never_falls_has_no_rebound_and_one_below_nought_no_drop():
    assert deepest_fall([1.0, 1.0, 2.0])[0] == 0.0
    assert math.isnan(deepest_fall([1.0, 1.0, 2.0]).rebound)
    assert math.isnan(deepest_fall([-1.0, -2.0]).drop)
    assert math.isnan(deepest_fall([math.nan]).drop)
    assert math.isnan(deepest_fall([]).drop)


def test_a_scripted_crash_is_measured_to_the_lot(scripted):
    found = scripted.measure("crash", makers="a,b")["value"]
    assert found["drop"] == pytest.approx(0.075)  # from 100 ticks to 92.5
    assert found["rebound"] == pytest.approx(2 / 3)  # 97.5 at the end
    assert found["makers_volume_over_net"] == 4 / 2  # a's four lots to b, while b bought two of c
    assert found["largest_inventory"] == 6


def test_a_fall_that_is_no_crash_has_no_rebound_and_says_so(scripted):
    found = scripted.measure("crash", makers="a,b", least=0.08)
    assert found["value"]["drop"] == pytest.approx(0.075)
    for name in ("rebound", "makers_volume_over_net"):
        assert np.isnan(found.loc[name, "value"])
        assert found.loc[name, "meaning"].endswith("none: no crash: no fall of 8 % or more")
    assert scripted.measure("crash", makers="a,b", least=0.07)["value"]["rebound"] == pytest.approx(2 / 3)


def test_trades_before_and_after_the_fall_do_not_count(scripted):
    alone = scripted.measure("crash", makers="a")["value"]
    assert alone["makers_volume_over_net"] == 0.0  # it sold four lots, none of them to itself
    assert alone["largest_inventory"] == 4


def test_inventories_begin_with_the_endowment_and_anew_in_each_episode():
    data = still(200, 3)
    data["populations"][0]["endowment"] = {"inventory": -7}
    run = execute(parse(data))
    trades, held, largest = run.trades, -7, 7
    for episode in range(3):
        held = -7
        for row in trades[trades["episode"] == episode].itertuples():
            held += row.quantity if row.aggressor == "sell" else -row.quantity
            largest = max(largest, abs(held))
    assert run.measure("crash").loc["largest_inventory", "value"] == largest


def test_makers_are_those_with_a_makers_strategy_or_an_obligation_or_those_that_are_named(scripted):
    run = execute(parse(still(20)))
    assert makers_in(run) == ("makers",)
    assert makers_in(run, "noise, makers") == ("noise", "makers")
    data = still(20)
    data["populations"][1]["obligation"] = {"presence": 0.1, "maximum_spread": 1.0, "minimum_size": 1}
    assert makers_in(execute(parse(data))) == ("makers", "noise")
    with pytest.raises(RunError, match=r"no population 'maker' — did you mean 'makers'"):
        makers_in(run, "maker")


def test_numbers_that_are_none_say_why(scripted):
    still_run = execute(parse(still(20)))
    nothing = still_run.measure("crash")
    assert nothing.loc["drop", "value"] == 0.0
    assert nothing.loc["rebound", "meaning"].endswith("no crash: the mark never fell")
    assert nothing.loc["makers_volume_over_net", "meaning"].endswith("no crash: the mark never fell")
    nobody = scripted.measure("crash")
    assert "no population makes a market" in nobody.loc["makers_volume_over_net", "meaning"]
    assert "no population makes a market" in nobody.loc["largest_inventory", "meaning"]
    unmarked = play(scenario(3), [(0, "a", "limit", BUY, 99, 1, "bid")]).measure("crash", makers="a")
    assert "there never was a mid" in unmarked.loc["drop", "meaning"]
    assert np.isnan(unmarked.loc["drop", "value"])
