"""The run folder: what is in it, when it can be read, and that its numbers are those of its tables."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import threading
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sim.runs.folder as run_folder
from sim.core.errors import RunError, StrategyError
from sim.runs.execute import Progress, attempt, execute
from sim.runs.manifest import changes_in_words
from sim.runs.result import Run, open_run
from sim.scenario import load, parse, with_overrides
from sim.strategy_kit import registry
from sim.strategy_kit.loading.module_loader import digest
from spreadgame.api import load_strategies
from tests.command_line import FAILING, MARKET, QUICKSTART
from tests.markets.run_folders import contents, seal_again

OWN = """
from beside import LOTS
from spreadgame.strategy import BUY, market_order, strategy

@strategy("my_taker", summary="buys at each turn", max_messages=1)
def my_taker(me, market):
    market_order(me, market, me.venue, BUY, LOTS)
"""
TABLES = ("trades", "book", "agents", "episodes", "settlements")
GAME = """
[run]
steps = 40
episodes = 300
[money]
unit = 1e-6
[[instruments]]
name = "ACME"
value = { process = "random_walk", initial = 100.0, volatility = 0.05 }
[[venues]]
name = "lit"
maker_fee = -0.001
taker_fee = 0.002
[[populations]]
name = "makers"
strategy = "fixed_spread"
count = 2
[[populations]]
name = "noise"
strategy = "noise"
count = 3
turn = 1
arrivals = { law = "bernoulli", probability = 0.5 }
[record]
messages = true
levels = 3
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Run:
    return execute(parse(GAME), tmp_path_factory.mktemp("runs"), "game")


@pytest.fixture(scope="module")
def memory() -> Run:
    return execute(parse(GAME))


# -- the folder


def test_a_folder_holds_scenario_manifest_summary_and_tables(folder):
    assert folder.folder is not None
    names = {path.name for path in folder.folder.iterdir()}
    tables = {f"{name}.parquet" for name in (*TABLES, "messages")}
    assert names == {"scenario.toml", "manifest.json", "summary.json", *tables}
    assert folder.folder.name == "game"
    assert not list(folder.folder.parent.glob("*.partial"))
    manifest = json.loads((folder.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest == folder.manifest
    assert set(manifest["files"]) == names - {"manifest.json"}
    assert manifest["status"] == "complete"
    assert (manifest["reason"], manifest["signal"]) == ("", None)
    assert manifest["steps"] == manifest["steps_asked"] == 12_000
    assert manifest["episodes"] == 300
    assert {"python", "numpy", "numba", "pyarrow"} <= set(manifest["versions"])
    assert manifest["populations"][1] == {"name": "noise", "strategy": "noise", "first": 2, "count": 3}


def test_what_is_opened_is_what_was_run(folder):
    opened = open_run(folder.folder)
    assert opened.scenario == folder.scenario
    assert opened.manifest["trades"] == folder.manifest["trades"]
    assert "complete" in repr(opened)
    pd.testing.assert_frame_equal(opened.summary, folder.summary)
    again = execute(with_overrides(opened.scenario, {"run.steps": 3, "run.episodes": 1}))
    assert again.manifest["steps"] == 3


# -- what was changed


def test_what_was_changed_stands_in_the_manifest_in_the_heading_and_in_what_is_opened(tmp_path):
    scenario = load(QUICKSTART, ["run.steps=20", "informed.arrivals.share = 0.5"], seed=7)
    scenario = with_overrides(scenario, {"makers.params.risk_aversion": np.float64(0.1), "run.steps": 30})
    changed = {"run.steps": 30, "informed.arrivals.share": 0.5, "makers.params.risk_aversion": 0.1}
    assert scenario.changes == changed
    run = execute(scenario, tmp_path, "changed")
    manifest = json.loads((tmp_path / "changed" / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["overrides"], manifest["seed"], manifest["strategy_files"]) == (changed, 7, [])
    opened = open_run(run.folder)
    said = "run.steps = 30 · informed.arrivals.share = 0.5 · makers.params.risk_aversion = 0.1 · seed 7"
    for each in (run, opened):
        assert each.overrides == each.scenario.changes == changed
        assert each.heading == f"{scenario.title} · {said}"
        assert said in repr(each)
    again = execute(with_overrides(opened.scenario, {"run.steps": 3}, seed=8))
    assert again.overrides == changed | {"run.steps": 3}
    assert again.heading.endswith("· seed 8")
    assert execute(with_overrides(load(QUICKSTART), {"run.steps": 3})).overrides == {"run.steps": 3}


def test_a_seed_is_said_once_and_what_json_has_not_is_text(folder):
    run = execute(load(QUICKSTART, {"run.seed": 3, "run.steps": 5}))
    assert run.heading.endswith("· run.steps = 5 · seed 3")
    manifest = folder.manifest | {"overrides": {"a.b": math.inf, "c": ["x", 1, True], "d": {"e": math.nan}}}
    assert changes_in_words(manifest) == ["a.b = inf", 'c = ["x", 1, true]', "d = { e = nan }"]
    scenario = load(QUICKSTART, {"run.steps": 5})
    scenario.changes["a.b"] = {"c": [math.inf, 1.5]}
    assert execute(scenario).overrides["a.b"] == {"c": ["inf", 1.5]}


def test_files_of_strategies_stand_in_the_manifest_with_their_digests(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "_from_files", dict(registry._from_files))
    (tmp_path / "beside.py").write_text("LOTS = 1\n", encoding="utf-8")
    file = tmp_path / "mine.py"
    file.write_text(OWN, encoding="utf-8")
    load_strategies(file)
    run = execute(parse(MARKET.replace('"noise"\nturn', '"my_taker"\nturn')), tmp_path, "own")
    kept = open_run(run.folder).strategy_files
    assert [Path(each["file"]).name for each in kept] == ["beside.py", "mine.py"]
    assert [each["strategies"] for each in kept] == [[], ["my_taker"]]
    for each in kept:
        assert each["digest"] == digest(Path(each["file"]).read_bytes())
    assert f"· mine.py ({kept[1]['digest'][:8]}) · seed" in run.heading
    assert "beside" not in run.heading
    assert execute(parse(MARKET)).strategy_files == []  # the file is loaded, and nothing of it plays


def test_changes_that_a_manifest_has_are_said_where_its_folder_is_named(folder, tmp_path):
    kept = tmp_path / "kept"
    shutil.copytree(folder.folder, kept)
    assert changes_in_words({"overrides": {"a": None, "b": [None]}}) == ["a = null", "b = [null]"]
    seal_again(kept, folder.manifest | {"overrides": {}})
    assert open_run(kept).heading == f"{folder.scenario.title or 'kept'} · seed {folder.scenario.run.seed}"
    seal_again(kept, folder.manifest | {"overrides": {"run.steps": 40}})
    with pytest.raises(RunError, match=r"give one of those in it: kept \(run\.steps = 40\)"):
        open_run(tmp_path)


def test_a_run_in_memory_has_the_same_tables(folder, memory):
    assert memory.folder is None
    for name in (*TABLES, "messages"):
        frame = getattr(folder, name)
        assert len(frame)
        pd.testing.assert_frame_equal(getattr(memory, name), frame)
        assert memory.table(name).schema.equals(folder.table(name).schema, check_metadata=True)
        assert memory.units(name) == folder.units(name)
    pd.testing.assert_frame_equal(memory.summary, folder.summary)


def test_every_column_has_a_unit_and_a_meaning(folder):
    for name in (*TABLES, "messages"):
        for field in folder.table(name).schema:
            assert field.metadata[b"meaning"]
            assert field.metadata[b"unit"] or pa.types.is_dictionary(field.type), field.name
    units = folder.units("trades")
    assert (units["price"], units["quantity"], units["step"], units["seconds"]) == (
        "currency",
        "lots",
        "steps",
        "seconds",
    )


def test_batches_are_the_table(folder, memory):
    for run in (folder, memory):
        batches = list(run.batches("trades"))
        frame = pd.concat([batch.to_pandas() for batch in batches], ignore_index=True)
        assert frame["sequence"].tolist() == run.trades["sequence"].tolist()


def test_no_file_holds_a_clock_time_or_a_path(folder, tmp_path):
    twin = execute(parse(GAME), tmp_path / "elsewhere" / "and deeper", "another name")
    assert contents(twin.folder) == contents(folder.folder)


@pytest.mark.parametrize("options", [{"chunk": 7}, {"chunk": 10**6}, {"chunk": 100, "orders": 8, "tape": 1}], ids=str)
def test_bytes_do_not_depend_on_chunks_and_capacities(tmp_path, monkeypatch, options):
    scenario = parse(GAME, overrides={"run.episodes": 40})
    memory = execute(scenario)
    monkeypatch.setattr(run_folder, "ROW_GROUP", 100)  # so that row groups fill up
    one = execute(scenario, tmp_path, "one", chunk=333)
    two = execute(scenario, tmp_path, "two", **options)
    assert contents(one.folder) == contents(two.folder)
    for name in (*TABLES, "messages"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(memory, name))
    groups = pq.ParquetFile(two.folder / "trades.parquet").metadata
    lengths = [groups.row_group(i).num_rows for i in range(groups.num_row_groups)]
    assert set(lengths[:-1]) == {100}
    assert 0 < lengths[-1] <= 100


def test_a_name_that_is_taken_gets_a_number(tmp_path):
    scenario = parse(MARKET)
    (tmp_path / "run-2.partial").mkdir()  # of a run that was killed
    names = [execute(scenario, tmp_path, "run").folder.name for _ in range(3)]
    assert names == ["run", "run-3", "run-4"]


def test_what_was_not_recorded_is_said(tmp_path):
    run = execute(parse(MARKET + "[record]\ntrades = false\n"), tmp_path)
    assert run.trades.empty
    with pytest.raises(RunError, match="kept no messages — see"):
        _ = run.messages
    with pytest.raises(RunError, match="kept no messages — see"):
        list(run.batches("messages"))


def test_a_folder_is_opened_without_the_files_it_was_made_from(tmp_path, monkeypatch):
    from sim.strategy_kit.loading.files import load_file

    monkeypatch.setattr(registry, "_from_files", {})
    mine = tmp_path / "mine.py"
    mine.write_text(FAILING.replace("== 20", "== 0"), encoding="utf-8")
    values = tmp_path / "values.csv"
    values.write_text("value\n" + "\n".join(str(100 + i / 100) for i in range(201)), encoding="utf-8")
    load_file(mine)
    text = MARKET.replace('strategy = "noise"', 'strategy = "fails"')
    text = text.replace('"random_walk", initial = 100.0, volatility = 0.02', '"file", path = "values.csv"')
    run = execute(parse(text, folder=tmp_path), tmp_path, "run")
    mine.unlink()
    values.unlink()
    monkeypatch.setattr(registry, "_from_files", {})
    opened = open_run(run.folder)
    assert opened.scenario == run.scenario
    assert [population.strategy for population in opened.scenario.populations] == ["fixed_spread", "fails"]
    assert opened.book["value"].iloc[-1] == pytest.approx(101.99, abs=0.02)


# -- what is no run folder


def test_what_is_no_run_folder_is_said(folder, tmp_path):
    with pytest.raises(RunError, match="there is no such folder"):
        open_run(tmp_path / "gone")
    with pytest.raises(RunError, match=r"this is no run folder .* — give the folder that a run printed"):
        open_run(tmp_path)
    with pytest.raises(RunError, match="give one of those in it: game"):
        open_run(folder.folder.parent)
    with pytest.raises(RunError, match="this is a file"):
        open_run(folder.folder / "trades.parquet")


def test_a_folder_that_is_being_written_is_incomplete(tmp_path):
    seen: list[str] = []

    def watch(progress: Progress) -> None:
        for name in ("run", "run.partial"):
            with pytest.raises(RunError, match="this run is incomplete"):
                open_run(tmp_path / name)
        seen.append("")

    run = execute(parse(MARKET), tmp_path, "run", watch)
    assert seen
    assert open_run(tmp_path / "run").status == run.status == "complete"


# -- ends before the end


def test_a_strategy_that_raises_leaves_what_was_done(tmp_path, monkeypatch):
    from sim.strategy_kit.loading.files import load_file

    monkeypatch.setattr(registry, "_from_files", {})
    (tmp_path / "mine.py").write_text(FAILING, encoding="utf-8")
    load_file(tmp_path / "mine.py")
    mine = '[[populations]]\nname = "mine"\nstrategy = "fails"\nturn = 2\n'
    scenario = parse(f"{MARKET}{mine}[record]\nbook_every = 1\n")
    with pytest.raises(StrategyError, match="'fails' of agent 'mine 0'") as raised:
        execute(scenario, tmp_path, "run")
    assert str(tmp_path / "run") in raised.value.__notes__[0]
    run = open_run(tmp_path / "run")
    assert run.status == "failed"
    assert run.manifest["reason"] == str(raised.value)
    assert run.manifest["steps"] == 19
    assert run.book["step"].tolist() == list(range(19))
    assert run.trades["step"].max() == 19  # traded before its turn came
    outcome = attempt(scenario)
    assert outcome.error is not None
    assert outcome.run.status == "failed"


def test_whoever_watches_and_raises_ends_the_run(tmp_path):
    def watch(progress: Progress) -> None:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        execute(parse(MARKET), tmp_path, "run", watch, chunk=50)
    run = open_run(tmp_path / "run")
    assert (run.status, run.manifest["reason"], run.manifest["steps"]) == ("failed", "ZeroDivisionError: mine", 50)


def test_progress_is_told(tmp_path):
    seen: list[Progress] = []
    execute(parse(MARKET), watch=seen.append, chunk=50)
    assert [progress.steps for progress in seen] == [50, 100, 150, 200]
    assert seen[-1].total == 200
    assert seen[-1].messages > seen[-1].trades > seen[0].trades > 0


def test_a_thread_of_its_own(tmp_path):
    ran: list[Run] = []
    thread = threading.Thread(target=lambda: ran.append(execute(parse(MARKET), tmp_path, "run")))
    thread.start()
    thread.join()
    assert ran[0].status == "complete"


# -- the disk

Usage = namedtuple("Usage", "total used free")


def disk_with(monkeypatch, free: list[int]) -> None:
    """The disk has so many bytes free, one number an enquiry, the last of them from then on."""
    left = list(free)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 0, left.pop(0) if len(left) > 1 else left[0]))


def test_a_disk_that_fills_up_leaves_what_was_done(tmp_path, monkeypatch):
    disk_with(monkeypatch, [2**30, 2**30, 2**30, 1000])
    run = execute(parse(MARKET + "[record]\nbook_every = 1\n"), tmp_path, "run", chunk=10)
    assert run.status == "interrupted"
    assert run.manifest["reason"] == "disk full: only 0.0 MiB are left"
    assert run.manifest["signal"] is None
    assert run.manifest["steps"] == 30
    assert open_run(run.folder).book["step"].tolist() == list(range(30))


def test_a_full_disk_is_refused_at_once_and_left_clean(tmp_path, monkeypatch):
    disk_with(monkeypatch, [1000])
    with pytest.raises(RunError, match=r"disk full: only 0\.0 MiB are left — free some space"):
        execute(parse(MARKET), tmp_path / "runs")
    assert not list((tmp_path / "runs").iterdir())


def test_a_small_run_needs_little_room(tmp_path, monkeypatch):
    disk_with(monkeypatch, [500_000])
    assert execute(parse(MARKET), tmp_path).status == "complete"


def test_a_disk_that_takes_nothing_more_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(run_folder, "ROW_GROUP", 10)

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(28, "Error writing bytes to file. Detail: [errno 28] No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", fail)
    with pytest.raises(RunError, match=r"parquet cannot be written \(No space left on device\) after .* incomplete"):
        execute(parse(MARKET), tmp_path, "run")
    with pytest.raises(RunError, match="incomplete"):
        open_run(tmp_path / "run")


def test_a_disk_that_fails_at_the_end_is_told(tmp_path, monkeypatch):
    def fail(self: Path, target: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(RunError, match=r"run.partial: cannot be finished \(Input/output error\) — it is incomplete"):
        execute(parse(MARKET), tmp_path, "run")


def test_a_folder_that_is_removed_while_it_is_written(tmp_path):
    with pytest.raises(RunError, match="cannot be"):
        execute(parse(MARKET), tmp_path, "run", lambda _: shutil.rmtree(tmp_path), chunk=50)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 3 MiB."""
    if not shutil.which("mount") or os.name == "nt":
        pytest.skip("nothing can be mounted here")
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)]
    answer = subprocess.run(mount, capture_output=True, text=True)
    if answer.returncode:
        pytest.skip(f"nothing may be mounted here: {answer.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_small_disk_takes_what_it_can(small_disk):
    small = execute(load(QUICKSTART, {"run.steps": 500}), small_disk, "small")
    assert small.status == "complete"
    large = execute(load(QUICKSTART, {"run.steps": 10_000_000}), small_disk, "large")
    assert large.status == "interrupted"
    assert large.manifest["reason"].startswith("disk full")
    opened = open_run(large.folder)
    assert len(opened.trades) == opened.manifest["trades"]
    assert opened.trades["step"].max() < opened.manifest["steps"]


# -- the summary is that of the tables


def measures(run: Run, scope: str, name: str) -> dict[str, float]:
    rows = run.summary[(run.summary["scope"] == scope) & (run.summary["name"] == name)]
    return dict(zip(rows["measure"], rows["value"], strict=True))


def test_spreads_are_those_of_the_tables(folder):
    venue = measures(folder, "venue", "lit")
    trades, book = folder.trades, folder.book
    side = np.where(trades["aggressor"] == "buy", 1, -1)
    effective = 2 * side * (trades["price"] - trades["mark"])
    whole = book["bid"].notna() & book["ask"].notna()
    assert venue["trades"] == len(trades) == folder.manifest["trades"]
    assert venue["volume"] == trades["quantity"].sum()
    assert venue["effective_spread"] == pytest.approx((effective * trades["quantity"]).sum() / trades["quantity"].sum())
    assert venue["quoted_spread"] == pytest.approx((book["ask"] - book["bid"])[whole].mean())
    assert venue["one_sided"] == pytest.approx(1 - whole.mean())
    assert venue["pricing_error"] == pytest.approx(math.sqrt(((book["mark"] - book["value"]) ** 2).mean()))


def test_payoffs_and_their_errors_are_those_of_the_episodes(folder):
    episodes = folder.episodes
    for name, count in {"makers": 2, "noise": 3}.items():
        mine = episodes[episodes["population"] == name]
        assert len(mine) == 300 * count
        payoffs = mine.groupby("episode")["payoff"].sum()
        population = measures(folder, "population", name)
        assert population["agents"] == count
        assert population["payoff"] == pytest.approx(payoffs.mean())
        rows = folder.summary[(folder.summary["name"] == name) & (folder.summary["measure"] == "payoff")]
        assert rows["standard_error"].item() == pytest.approx(payoffs.sem())
        assert population["payoff_per_lot"] == pytest.approx(mine["payoff"].sum() / mine["volume"].sum())
        for measure in ("trades", "volume", "messages", "fees"):
            assert population[measure] == pytest.approx(mine[measure].sum())


def test_what_one_pays_another_gets(folder):
    episodes, trades = folder.episodes, folder.trades
    payoff, fees = episodes.groupby("episode")["payoff"].sum(), episodes.groupby("episode")["fees"].sum()
    assert np.allclose(payoff + fees, 0, atol=1e-6)
    assert episodes["fees"].sum() == pytest.approx(trades["maker_fee"].sum() + trades["taker_fee"].sum())
    assert len(folder.messages[~folder.messages["kind"].isin(["expire", "self_trade", "withdraw"])]) >= (
        episodes["messages"].sum()
    )
