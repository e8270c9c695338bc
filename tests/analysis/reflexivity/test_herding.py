"""Herding, measured: opinions against their own samples, cascades against the closed form."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import spreadgame as sg
from sim.core.errors import RunError
from sim.models import cascades, opinions
from sim.runs.result import Run
from tests.command_line import shell
from tests.places import ROOT, SCENARIOS

FOLDER = SCENARIOS / "reflexivity"


def measured(run: Run, **options: int) -> dict[str, tuple[float, float]]:
    frame = run.measure("herding", **options)
    return {name: (row["value"], row["standard_error"]) for name, row in frame.iterrows()}


def test_the_spread_of_opinions_is_that_of_the_samples_and_of_kirmans_chain() -> None:
    run = sg.run(FOLDER / "opinions.toml", overrides={"run.episodes": 60})
    found, error = measured(run, after=1_000)["opinion_variance"]
    rows = run.agents[(run.agents["population"] == "imitators") & (run.agents["step"] >= 1_000)]
    shares = rows.groupby(["episode", "step"])["opinion"].mean()
    assert found == pytest.approx(((shares - 0.5) ** 2).mean())
    assert abs(found - opinions.variance_of_share(20, 0.05)) < 4 * error


@pytest.mark.parametrize("by", ["agents", "populations"])
def test_fixation_is_the_share_of_episodes_that_end_all_up(by: str) -> None:
    changes = {
        "run.episodes": 200, "run.steps": 3_000, "imitators.count": 8, "imitators.params": {"up": 6, "quantity": 0},
        "record.agents": by, "record.agents_every": 3_000,
    }  # fmt: skip
    run = sg.run(FOLDER / "opinions.toml", overrides=changes)
    found, error = measured(run)["fixation_up"]
    last = run.agents[run.agents["population"] == "imitators"].groupby("episode")["opinion"].mean()
    assert found == (last == 1.0).mean()
    assert abs(found - 0.75) < 4 * error


@pytest.mark.parametrize("rule", ["coin", "signal", "abstain"])
def test_cascades_end_on_either_side_as_often_as_they_must(rule: str) -> None:
    changes = {"run.episodes": 3_000, "learners.params.when_indifferent": rule}
    found = measured(sg.run(FOLDER / "cascade.toml", overrides=changes))
    wrong, error = found["cascade_wrong"]
    assert abs(wrong - cascades.wrong(0.7, 20, rule == "coin")) < 4 * error
    assert found["cascade_right"][0] + wrong > 0.99
    assert found["against_signal"][0] > 0.2


def test_where_prices_learn_nobody_trades_against_its_signal_and_no_herd_forms() -> None:
    found = measured(sg.run(FOLDER / "priced_cascade.toml", overrides={"run.episodes": 300}))
    assert {name: value for name, (value, _) in found.items()} == {
        "cascade_right": 0.0, "cascade_wrong": 0.0, "against_signal": 0.0
    }  # fmt: skip


def test_signals_that_are_not_high_or_low_are_said_not_to_be_known() -> None:
    changes = {"run.episodes": 20, "learners.sees": {"of": "value"}}
    frame = sg.run(FOLDER / "cascade.toml", overrides=changes).measure("herding")
    assert np.isnan(frame.loc["against_signal", "value"])
    assert "has no precision" in frame.loc["against_signal", "meaning"]


def test_a_run_without_opinions_is_refused_and_one_that_kept_none_says_so() -> None:
    with pytest.raises(RunError, match="nobody in this run has opinions"):
        sg.run(SCENARIOS / "quickstart.toml", overrides={"run.steps": 50}).measure("herding")
    changes = {"run.episodes": 2, "run.steps": 50, "record.agents": "none"}
    frame = sg.run(FOLDER / "opinions.toml", overrides=changes).measure("herding")
    assert "record.agents is none" in frame.loc["opinion_variance", "meaning"]


def test_several_populations_with_opinions_are_told_apart() -> None:
    population = {"name": "others", "strategy": "imitator", "network": "friends", "count": 5, "turn": 2}
    scenario = sg.load(FOLDER / "opinions.toml")
    both = [*scenario.given["populations"], population]
    run = sg.run(FOLDER / "opinions.toml", overrides={"run.episodes": 2, "run.steps": 100, "populations": both})
    assert {name.split()[0] for name in run.measure("herding").index} == {"imitators", "others"}


def test_a_strategy_that_nobody_knows_here_is_measured_by_what_the_record_keeps(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "reflexivity.md").read_text(encoding="utf-8")
    file = tmp_path / "averager.py"
    file.write_text(page.split("```python\n")[1].split("```")[0], encoding="utf-8")
    scenario = tmp_path / "mine.toml"
    text = (
        (FOLDER / "opinions.toml").read_text(encoding="utf-8").replace('strategy = "imitator"', 'strategy = "averager"')
    )
    text = re.sub(r"params = \{ mutation.*", "", text).replace("agents_every = 50", "agents_every = 1")
    scenario.write_text(text, encoding="utf-8")
    line = (
        "run",
        scenario,
        "--strategies",
        file,
        "--set",
        "run.steps=400",
        "--set",
        "run.episodes=2",
        "--out",
        tmp_path,
    )
    assert shell(*line, "--name", "own").returncode == 0
    done = shell("measure", "herding", tmp_path / "own", "--json")
    assert done.returncode == 0, done.stderr
    rows = {each["name"]: each["value"] for each in json.loads(done.stdout)["runs"][0]["rows"]}
    assert 0.0 <= rows["opinion_variance"] < 0.25
    opinions = sg.open_run(tmp_path / "own").agents["opinion"].dropna()
    assert opinions.std() < 0.35  # they come nearer
    assert shell("report", tmp_path / "own", "--out", tmp_path / "page.html").returncode == 0
