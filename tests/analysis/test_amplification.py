"""Amplification: what a population's answer makes of a move, against a market in which it is known exactly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.amplification import main
from analysis.reflexivity.impulse import amplification
from sim.scenario import parse
from sim.strategy_kit.loading.files import load_files
from tests.command_line import MARKET
from tests.markets.feedback import IMPACT, feedback, strategies
from tests.places import SCENARIOS


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "market.toml"
    path.write_text(MARKET, encoding="utf-8")
    return path


@pytest.mark.parametrize("a", [0.5, -0.5])
def test_a_dealers_feedback_is_the_geometric_sum_and_a_frozen_dealer_has_none(a, tmp_path):
    load_files([strategies(tmp_path)])
    found = amplification(parse(feedback(a)), "dealer", 100_000, 10, (0, 1, 2, 10), (1, 2, 3)).horizons
    for each in found:
        assert each.frozen.value == pytest.approx(IMPACT * 100_000, rel=1e-5)
        assert each.ratio.value == pytest.approx((1 - a ** (each.steps + 1)) / (1 - a), abs=1e-3)
        assert each.live.value == pytest.approx(each.ratio.value * each.frozen.value)


def test_an_order_to_sell_moves_the_price_as_much_the_other_way(tmp_path):
    load_files([strategies(tmp_path)])
    (sold,) = amplification(parse(feedback(0.5)), "dealer", -100_000, 10, (2,), (1, 2)).horizons
    assert sold.live.value == pytest.approx(-1.75 * IMPACT * 100_000, rel=1e-3)
    assert sold.ratio.value == pytest.approx(1.75, abs=1e-3)


def test_a_population_that_does_not_react_amplifies_nothing(file, capsys):
    line = [str(file), "--population", "noise", "--lots", "3", "--at", "20", "--horizons", "0,5", "--seeds", "3"]
    assert main([*line, "--seed", "5", "--json", "--set", "maker.params.inventory_skew=0.01"]) == 0
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (said["population"], said["lots"], said["at"], said["seeds"]) == ("noise", 3, 20, [5, 7])
    assert said["set"] == ["maker.params.inventory_skew = 0.01"]
    assert [each["steps"] for each in said["horizons"]] == [0, 5]
    for each in said["horizons"]:
        assert each["live"] == each["frozen"]
    assert said["horizons"][1]["ratio"] == {"value": 1.0, "standard_error": 0.0}
    assert said["note"] is None
    assert said["trades"] == said["messages"] > 0
    assert main(line) == 0
    told = capsys.readouterr().out
    assert "live over frozen" in told
    assert f"({file}): an order to buy 3 lots in step 20, noise live and frozen, seeds 1 to 3" in told
    assert "it sent no message" not in told


def test_a_population_that_does_nothing_is_told_beside_its_ratio_of_one(file, capsys):
    idle = ["--set", "noise.arrivals={law='bernoulli',probability=0.0}"]
    line = [str(file), "--population", "noise", "--lots", "3", "--at", "20", "--seeds", "2", *idle]
    assert main(line) == 0
    told = capsys.readouterr().out
    assert "population noise: it sent no message in any market, live or frozen: whatever the ratio is, it answ" in told
    assert main([*line, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["messages"], said["trades"]) == (0, 0)
    assert said["note"].startswith("it sent no message")


def test_where_there_is_no_ratio_the_reason_is_told(file, capsys):
    line = [str(file), "--population", "noise", "--lots", "1", "--at", "20", "--seeds", "2", "--horizons", "0,5"]
    assert main(line) == 0
    why = "with the population frozen, the order moves the price by 0"
    assert f"no ratio 0, 5 steps later: {why}" in capsys.readouterr().out
    assert main([*line, "--json"]) == 0
    assert [each["why_no_ratio"] for each in json.loads(capsys.readouterr().out)["horizons"]] == [why, why]


def test_an_order_that_cannot_come_after_everybody_is_refused_with_the_population(file, capsys):
    line = [str(file), "--population", "noise", "--lots", "1", "--at", "20", "--set", "noise.turn=1000"]
    assert main(line) == 2
    assert "populations.noise.turn is 1,000, the last that there is" in capsys.readouterr().err


def test_the_game_and_the_counterfactuals_of_a_scenario_are_left_aside(file, capsys):
    asked = '[game]\nplayers = "maker"\n[game.strategies]\none = { half_spread = 0.1 }\ntwo = { half_spread = 0.2 }\n'
    file.write_text(MARKET + asked + '[counterfactuals]\nx = { "maker.params.half_spread" = 1.0 }\n', encoding="utf-8")
    assert main([str(file), "--population", "maker", "--lots", "-1", "--at", "3", "--seeds", "2", "--json"]) == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--population", "nois", "--lots", "1", "--at", "1"], "none of this name — did you mean 'noise'"),
        (["--population", "noise", "--lots", "0", "--at", "1"], "an order has from 1 to"),
        (["--population", "noise", "--lots", "1", "--at", "190"], "200 steps on there is no market"),
        (["--population", "noise", "--lots", "1", "--at", "1", "--horizons", "1,x"], "'x' is not a whole number"),
        (["--population", "noise", "--lots", "1", "--at", "1", "--seeds", "1"], "at least 2"),
    ],
)
def test_bad_input_ends_with_2_and_a_line(more, said, file, capsys):
    try:
        code = main([str(file), *more])
    except SystemExit as end:
        code = int(end.code or 0)
    assert code == 2
    assert said in capsys.readouterr().err


def test_a_population_on_several_venues_cannot_be_frozen(tmp_path, capsys):
    line = [str(SCENARIOS / "two_books.toml"), "--population", "arbitrageur", "--lots", "1", "--at", "1"]
    assert main(line) == 2
    assert "trades on several venues" in capsys.readouterr().err
