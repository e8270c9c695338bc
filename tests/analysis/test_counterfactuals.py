"""Counterfactuals: the same seeds on both sides, differences seed by seed, kept runs, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.counterfactuals import main
from sim.runs.execute import execute
from sim.scenario import load
from tests.command_line import MARKET

ASKED = (
    MARKET.replace('"fixed_spread"', '"fixed_spread"\nparams = { half_spread = 0.05, quantity = 20 }').replace(
        "[[venues]]", "public_delay = 0\n[[venues]]"
    )
    + """
[counterfactuals]
same = { "maker.params.half_spread" = 0.05 }
wide = { "maker.params.half_spread" = 0.5 }
no_noise = { "populations.noise.count" = 0 }
"""
)
CRASH = {"drop", "rebound", "makers_volume_over_net", "largest_inventory"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "asked.toml"
    path.write_text(ASKED, encoding="utf-8")
    return path


def answer(capsys: pytest.CaptureFixture[str], file: Path, *more: str) -> dict[str, Any]:
    line = [str(file), "--workers", "1", "--out", str(file.parent / "out"), "--json", *more]
    assert main(line) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_what_changes_nothing_differs_by_nothing_and_what_does_by_what_single_runs_say(file, capsys):
    found = answer(capsys, file, "--seeds", "3", "--seed", "7")
    assert found["seeds"] == [7, 9]
    same = found["differences"]["same"]
    assert set(same) >= CRASH - {"makers_volume_over_net", "rebound"}  # too small a fall to be a crash
    assert {each["value"] for each in same.values()} == {0.0}
    base = [load(file, seed=seed) for seed in (7, 8, 9)]
    wide = [load(file, {"maker.params.half_spread": 0.5}, seed) for seed in (7, 8, 9)]
    for measure in ("drop", "largest_inventory"):
        before, after = (
            np.array([execute(each).measure("crash").loc[measure, "value"] for each in side]) for side in (base, wide)
        )
        told = found["differences"]["wide"][measure]
        assert found["base"][measure]["value"] == pytest.approx(before.mean())
        assert told["value"] == pytest.approx((after - before).mean(), abs=1e-15)
        assert told["standard_error"] == pytest.approx((after - before).std(ddof=1) / np.sqrt(3), abs=1e-15)
    spreads = found["differences"]["wide"]["lit.quoted_spread"]
    assert spreads["value"] == pytest.approx(0.9, abs=0.02)
    assert spreads["low"] <= spreads["value"] <= spreads["high"]


def test_a_population_that_is_left_out_has_no_difference_of_its_own(file, capsys):
    found = answer(capsys, file, "--seeds", "2")
    left = found["differences"]["no_noise"]
    assert not [name for name in left if name.startswith("noise.")]
    assert left["lit.volume"]["value"] == -found["base"]["lit.volume"]["value"]
    assert "noise.payoff" in found["differences"]["wide"]


def test_other_measures_are_compared_too_if_they_give_a_number_a_row(file, capsys):
    found = answer(capsys, file, "--seeds", "2", "--measure", "stylised_facts", "--measure", "order_flow")
    assert {"kurtosis 1", "drop"} <= set(found["base"])
    spread = found["differences"]["same"]["kurtosis 1"]
    assert spread["value"] == 0.0
    assert set(found["base"]) > set(answer(capsys, file, "--seeds", "2")["base"])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--measure", "hawkes"], "--measure hawkes: it gives a table of several numbers a row"),
        (["--measure", "hawks"], "did you mean 'hawkes'"),
        (["--makers", "maker,nobody"], "--makers: there is no population 'nobody'"),
    ],
)
def test_what_cannot_be_compared_is_told_before_anything_runs(more, said, file, capsys, monkeypatch):
    monkeypatch.setattr("analysis.counterfactuals.run_many", lambda *_, **__: pytest.fail("it runs"))
    assert main([str(file), "--seeds", "2", *more]) == 2
    assert said in capsys.readouterr().err


def test_runs_are_kept_and_more_seeds_go_on_from_them(file, capsys, monkeypatch):
    first = answer(capsys, file, "--seeds", "2")
    monkeypatch.setattr("sim.experiment.workers.do_chunk", lambda *_: pytest.fail("nothing is left to run"))
    again = answer(capsys, file, "--seeds", "2")
    assert again == first


def test_the_table_and_the_picture_show_every_counterfactual(file, capsys, tmp_path):
    figure = tmp_path / "what.svg"
    line = [str(file), "--seeds", "2", "--workers", "1", "--out", str(tmp_path / "out"), "--figure", str(figure)]
    assert main([*line, "--set", "run.steps=50"]) == 0
    printed = capsys.readouterr().out
    assert "set run.steps = 50" in printed
    assert max(len(line) for line in printed.splitlines() if not line.startswith("figure")) <= 80
    for name in ("same", "wide", "no_noise", "lit.quoted_spread", "drop"):
        assert name in printed
        assert name in figure.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--seeds", "1"], "1 is too small: at least 2"),
        (["--seeds", "2", "--makers", "makr"], "no population 'makr'"),
        (["--seeds", "2", "--figure", "x.gif"], "end its name in"),
        (["--seeds", "2", "--set", "noise.count=-1"], "populations.noise.count: -1 is below"),
    ],
)
def test_bad_input_ends_with_2_and_a_line(more, said, file, tmp_path, capsys):
    try:
        code = main([str(file), "--workers", "1", "--out", str(tmp_path / "out"), *more])
    except SystemExit as end:
        code = int(end.code or 0)
    assert code == 2
    assert said in capsys.readouterr().err


def test_a_scenario_without_counterfactuals_is_refused_with_the_remedy(tmp_path, capsys):
    path = tmp_path / "plain.toml"
    path.write_text(MARKET, encoding="utf-8")
    assert main([str(path), "--seeds", "2"]) == 2
    assert "has no [counterfactuals], so there is nothing to compare — add for example" in capsys.readouterr().err
