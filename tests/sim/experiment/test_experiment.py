"""Many runs: the same bytes whoever does them and however often they were broken off, and nothing finished is lost."""

from __future__ import annotations

import errno
import json
import math
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.output.sweep_table import job_rows
from sim.core.errors import RunError, ScenarioError, StrategyError
from sim.experiment import (
    Job,
    Range,
    Results,
    SweepProgress,
    cross,
    grid,
    jobs_of,
    latin_hypercube,
    open_many,
    open_workers,
    profiles,
    run_many,
    sobol,
)
from sim.experiment import jobs as jobs_module
from sim.experiment import store as store_module
from sim.experiment import workers as workers_module
from sim.experiment.jobs import CHUNK_WORK, cut, source_of, sources_of, work_of
from sim.experiment.reuse import Reusable
from sim.experiment.work import do_chunk, folder_name
from sim.experiment.workers import Processes
from sim.instruments import processes
from sim.instruments.processes import BLOCK
from sim.runs.execute import execute
from sim.runs.result import MemorySink, open_run
from sim.runs.simulation import Simulation
from sim.runs.tables import TABLES
from sim.scenario import Scenario, load, parse
from tests.command_line import (
    FAILING,
    MARKET,
    QUICKSTART,
    ROOT,
    environment,
    killed_and_typed_again,
    shell,
    started,
)
from tests.markets.limited import LIMITED
from tests.markets.run_folders import seal_again

GAME = """
[game]
players = ["maker", "noise"]
[game.strategies]
near = { strategy = "fixed_spread", half_spread = 0.02 }
far = { strategy = "fixed_spread", half_spread = 0.08 }
"""
BUYER = """
from beside import LOTS
from spreadgame.strategy import BUY, market_order, strategy

@strategy("buyer", summary="buys each time", max_messages=1)
def act(me, market):
    market_order(me, market, me.venue, BUY, LOTS)
"""
SCENARIOS = sorted((ROOT / "scenarios").glob("*.toml"))
_PATIENCE = 3600.0  # seconds: others may be busy here


def small(name: str = "quickstart", **changes: Any) -> Scenario:
    given = {"run.steps": 120, **{key.replace("__", "."): value for key, value in changes.items()}}
    return load(ROOT / "scenarios" / f"{name}.toml", given)


def shortened(path: Path, seed: int, **run: Any) -> Scenario:
    """A scenario file with few steps, its shocks among them."""
    changes: dict[str, Any] = {f"run.{name}": value for name, value in run.items()}
    if path.stem == "shock":
        changes["ACME.shocks"] = [{"step": 40, "value": -2.0}, {"step": 70, "volatility": 3.0}]
    return load(path, changes | {"record.messages": True}, seed)


@pytest.fixture
def short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of some ten runs of a small market."""
    monkeypatch.setattr(jobs_module, "CHUNK_WORK", 17_000.0)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A Dask cluster of two processes, for which all wait as long as a busy machine takes."""
    distributed, dask = pytest.importorskip("distributed"), pytest.importorskip("dask")
    waits = ("comm.timeouts.connect", "comm.timeouts.tcp", "scheduler.worker-ttl")
    patient = {f"distributed.{name}": f"{_PATIENCE} s" for name in waits}
    with (
        pytest.MonkeyPatch.context() as patch,
        dask.config.set(patient),
        distributed.LocalCluster(2, threads_per_worker=1, processes=True, dashboard_address=None) as made,
    ):
        patch.setattr("sim.experiment.cluster._PATIENCE", _PATIENCE)
        yield made


def tables(scenario: Scenario, world: Reusable | None = None) -> dict[str, pa.Table]:
    """Every table of a run, fresh or in a World that ran before."""
    world = world or Reusable(scenario)
    world.begin(scenario.run.seed)
    sink = MemorySink(scenario)
    Simulation(world.built, sink).run(chunk=50)
    return {name: sink.table(name) for name in TABLES}


# -- one World for many seeds


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_world_that_begins_again_is_as_good_as_new(path):
    first, second = (shortened(path, seed, steps=150, episodes=2) for seed in (11, 12))
    world = Reusable(first)
    for scenario in (first, second, first):
        again, fresh = tables(scenario, world), execute(scenario)
        for name in TABLES:
            assert again[name].equals(fresh.table(name)), name


@pytest.mark.parametrize("seed", [5, 6])
def test_what_a_sweep_counts_is_what_a_run_comes_to_alone_under_limits_and_margin(seed):
    scenario = parse(LIMITED)
    counted = run_many([Job(scenario, [4, seed])]).table.to_pylist()[1]
    alone = execute(scenario.model_copy(update={"run": scenario.run.model_copy(update={"seed": seed})}))
    told = alone.summary
    payoffs = told[(told["scope"] == "population") & (told["measure"] == "payoff")].set_index("name")["value"]
    assert counted["seed"] == seed
    assert counted["trades"] == len(alone.table("trades"))
    assert {name: counted[f"{name}.payoff"] for name in payoffs.index} == pytest.approx(payoffs.to_dict(), abs=1e-9)
    assert len(payoffs) == len(scenario.populations)
    assert counted["dealer.rejected"] > 0, "limits keep something out"


def test_a_world_that_has_grown_begins_again_as_well(restless):
    source_of(restless)
    market = MARKET.replace('strategy = "noise"', 'strategy = "restless"\ncount = 40') + (
        'private_values = { distribution = "normal", deviation = 0.5, units = 3 }\n[record]\nmessages = true\n'
    )
    first, second = (parse(market, seed=seed) for seed in (3, 4))
    world = Reusable(first, orders=4)
    for scenario in (first, second, first):
        again = tables(scenario, world)
        assert all(again[name].equals(execute(scenario).table(name)) for name in TABLES)
    assert len(world.built.storage.world.orders) > 4
    assert len(again["trades"]) > 100


@pytest.mark.parametrize(
    "process",
    [
        {"process": "random_walk", "initial": 1.0, "volatility": 0.1},
        {"process": "random_walk", "initial": 1.0, "volatility": 0.1, "increments": "coin"},
        {"process": "binary", "low": 1.0, "high": 2.0, "probability": 0.3},
        *(
            {"process": "jump_diffusion", "initial": 1.0, "volatility": volatility, "jump_probability": 0.1,
             "jump_size": 1.0, "jump": jump}
            for volatility in (0.1, 0.0)
            for jump in ("normal", "fixed", "exponential")
        ),
    ],
    ids=lambda process: "-".join(map(str, process.values())),
)  # fmt: skip
@pytest.mark.parametrize("dividends", [False, True])
def test_a_few_increments_are_the_first_of_many(process, dividends):
    market = MARKET.replace('{ process = "random_walk", initial = 100.0, volatility = 0.02 }', "VALUE")
    words = ", ".join(f"{key} = {json.dumps(value)}" for key, value in process.items())
    value = parse(market.replace("VALUE", f"{{ {words} }}")).instruments[0].value
    whole, few = (processes.draw_block(value, "ACME", 5, 1, 100, dividends, None, wanted) for wanted in (BLOCK, 77))
    assert len(few) == 77
    assert (whole[:77] == few).all()
    assert (few["second"] != 0.0).any() == ("jump" in process)
    assert (few["dividend"] != 0.0).all() == dividends


# -- the numbers are those of a run


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_row_says_what_the_summary_of_the_run_says(path):
    table = run_many([Job(shortened(path, 1, steps=300, episodes=3), [5, 6])]).table
    for row, seed in zip(table.to_pylist(), (5, 6), strict=True):
        run = execute(shortened(path, seed, steps=300, episodes=3))
        assert row["seed"] == seed
        for name in ("messages", "trades", "rejected", "repriced_quotes"):
            assert row[name] == run.manifest[name]
        for said in run.measures:
            column = f"{said['name']}.{said['measure']}"
            assert row[column] == said["value"], column
            if said["standard_error"] is not None:
                assert row[f"{column}_standard_error"] == said["standard_error"]


def test_payoffs_of_episodes_are_those_of_the_run():
    scenario = small(run__episodes=4)
    results = run_many([Job(scenario, [3, 9])], payoffs=True)
    payoffs = results.payoffs("informed")
    assert payoffs.shape == (1, 2, 4)
    for place, seed in enumerate((3, 9)):
        episodes = execute(small(run__episodes=4, run__seed=seed)).episodes
        mine = episodes[episodes["population"] == "informed"].groupby("episode")["payoff"].sum()
        assert payoffs[0, place] == pytest.approx(mine.to_numpy())
    assert results.by_job("informed.payoff")[0] == pytest.approx(payoffs[0].mean(axis=1))
    with pytest.raises(ValueError, match="ask for payoffs=True"):
        run_many([Job(scenario, [3])]).payoffs("informed")


def test_columns_carry_their_units_and_a_name_that_is_there_twice_its_array(tmp_path):
    table = run_many([Job(parse(MARKET.replace('"noise"\nstrategy', '"lit"\nstrategy')), [1], {"x": 0.5})]).table
    assert table.field("venues.lit.quoted_spread").metadata[b"unit"] == b"currency"
    assert table.field("populations.lit.payoff").metadata[b"unit"] == b"currency per episode"
    assert {"job", "x", "seed", "maker.payoff"} <= set(table.column_names)
    assert all(field.metadata for field in table.schema if field.name not in ("job", "x"))


def test_uncompiled_the_numbers_are_the_same():
    code = (
        "from sim.experiment import Job, run_many; from sim.scenario import load\n"
        f"s = load({str(QUICKSTART)!r}, {{'run.steps': 40, 'run.episodes': 2, 'noise.count': 9}})\n"
        "print([row.values() for row in run_many([Job(s, [1, 2])], payoffs=True).table.to_pylist()])"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True, text=True,
            env=environment(NUMBA_DISABLE_JIT=off),
        ).stdout
        for off in ("0", "1")
    ]  # fmt: skip
    assert said[0] == said[1]
    assert len(said[0]) > 500


# -- the same bytes whoever does them


def finished(folder: Path) -> dict[str, bytes]:
    """The contents of every table in a folder of many runs."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.parquet")}


def test_workers_threads_processes_and_a_cluster_give_the_same_bytes(tmp_path, cluster, short_chunks):
    jobs = jobs_of(small(run__steps=60), range(1, 80), grid({"makers.params.risk_aversion": [0.1, 0.3]}))
    run_many(jobs, out=tmp_path / "one")
    run_many(jobs, 2, "threads", out=tmp_path / "threads")
    run_many(jobs, 2, "processes", out=tmp_path / "processes")
    run_many(jobs, backend="dask", scheduler=cluster.scheduler_address, out=tmp_path / "dask")
    one = finished(tmp_path / "one")
    assert len(one) > 10
    for other in ("threads", "processes", "dask"):
        assert finished(tmp_path / other) == one


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_killed_worker_loses_its_chunk_only_and_it_is_done_again(short_chunks):
    jobs = jobs_of(small(), range(1, 160))
    whole = run_many(jobs).table
    killed = []
    with open_workers(2) as pool:
        assert isinstance(pool, Processes)
        given = []
        submit = pool._submit
        pool._submit = lambda slot, chunk: given.append(chunk.name) or submit(slot, chunk)  # type: ignore[func-returns-value, method-assign]

        def kill(progress: SweepProgress) -> None:
            if progress.runs and not killed:
                killed.extend(pool._executors[0]._processes)  # type: ignore[union-attr]
                os.kill(killed[0], signal.SIGKILL)

        assert run_many(jobs, pool, watch=kill).table.equals(whole)
        assert len(killed) == 1
        assert len(given) <= len(set(given)) + 1


def test_a_killed_worker_of_a_cluster_loses_nothing(cluster, short_chunks):
    jobs = jobs_of(small(), range(1, 160))
    pids = [worker.pid for worker in cluster.workers.values()]

    def kill(progress: SweepProgress) -> None:
        if progress.runs and pids:
            os.kill(pids.pop(), signal.SIGKILL)
            pids.clear()

    asked = {"backend": "dask", "scheduler": cluster.scheduler_address}
    assert run_many(jobs, watch=kill, **asked).table.equals(run_many(jobs).table)


def test_a_chunk_that_always_kills_its_worker_is_given_up(tmp_path):
    lethal = FAILING.replace("raise ValueError", "me.memory.turns = 1 // 0 #").replace(
        "from spreadgame",
        "import os, signal\nif os.environ.get('LETHAL') != str(os.getpid()): os._exit(9)\nfrom spreadgame",
    )
    (tmp_path / "lethal.py").write_text(lethal, encoding="utf-8")
    os.environ["LETHAL"] = str(os.getpid())
    try:
        source = source_of(tmp_path / "lethal.py")
        (chunk,) = cut([Job(small(), [1])], [source])
        with open_workers(2) as pool, pytest.raises(RunError, match=r"seed 1 failed 3 times \(its worker died\)"):
            list(pool.do([chunk]))
    finally:
        del os.environ["LETHAL"]


def test_what_fails_by_accident_is_tried_again(monkeypatch):
    (chunk,) = cut([Job(small(), [1])])
    tries = []

    def unlucky(chunk: Any) -> bytes:
        tries.append(chunk)
        if len(tries) < 3:
            raise MemoryError
        return do_chunk(chunk)

    monkeypatch.setattr(workers_module, "do_chunk", unlucky)
    with open_workers(1) as pool:
        assert len(list(pool.do([chunk]))) == 1
        assert len(tries) == 3
        monkeypatch.setattr(workers_module, "TRIES", 2)
        tries.clear()
        with pytest.raises(RunError, match="failed 2 times"):
            list(pool.do([chunk]))


def test_workers_import_neither_pandas_nor_matplotlib():
    code = (
        "from sim.scenario import load; from sim.experiment.jobs import Job, cut\n"
        "from sim.experiment.work import do_chunk\n"
        f"do_chunk(cut([Job(load({str(QUICKSTART)!r}, {{'run.steps': 20}}), [1], {{'a': True, 'b': 'x'}})])[0])\n"
        "import sys; assert not {'pandas', 'matplotlib', 'mesa', 'rich', 'dask'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


# -- strategies of one's own


def test_a_strategy_of_ones_own_plays_in_workers_as_it_stood_when_asked(tmp_path, short_chunks):
    home = tmp_path / "mine"
    home.mkdir()
    (home / "buyer.py").write_text(BUYER, encoding="utf-8")
    (home / "beside.py").write_text("LOTS = 2\n", encoding="utf-8")
    source = source_of(home / "buyer.py")
    assert [name for name, _ in source.contents] == ["beside.py", "buyer.py"]
    market = MARKET.replace('"fixed_spread"', '"fixed_spread"\nparams = { quantity = 9 }')
    jobs = [Job(parse(market.replace('strategy = "noise"', 'strategy = "buyer"')), range(1, 40))]
    here = run_many(jobs, strategies=[home / "buyer.py"])
    assert set(here.column("noise.volume")) == {400}
    chunk = cut(jobs, [source])[0]
    bytes_then = do_chunk(chunk)
    shutil.rmtree(home)  # as on the machines of a cluster
    with open_workers(2) as pool:
        ((_, content),) = list(pool.do([chunk]))
    assert content == bytes_then


READER = """
import csv, json, os
from pathlib import Path
from spreadgame.strategy import BUY, market_order, strategy

HERE = Path(__file__).parent
LOTS = json.loads((HERE / "data" / "lots.json").read_text()) + int(os.environ.get("MORE_LOTS", "0"))
with open(HERE.parent / "elsewhere.csv", newline="") as file:
    ROWS = list(csv.reader(file))

@strategy("reader", summary="buys each time", max_messages=1)
def act(me, market):
    market_order(me, market, me.venue, BUY, LOTS)
"""


def reader(folder: Path, lots: str = "2", elsewhere: str = "1") -> Path:
    """A strategy that reads a file below its folder, and one beside it, when it is imported."""
    (folder / "mine" / "data").mkdir(parents=True, exist_ok=True)
    (folder / "mine" / "data" / "lots.json").write_text(lots, encoding="utf-8")
    (folder / "elsewhere.csv").write_text(elsewhere, encoding="utf-8")
    (folder / "mine" / "reader.py").write_text(READER, encoding="utf-8")
    return folder / "mine" / "reader.py"


def test_what_a_strategy_reads_when_it_is_imported_is_part_of_the_name(tmp_path, monkeypatch):
    def name() -> str:
        return cut([Job(small(), [1])], [source_of(path)])[0].name

    path = reader(tmp_path)
    source = source_of(path)
    assert [each for each, _ in source.contents] == ["data/lots.json", "reader.py"]
    assert [each for each, _ in source.elsewhere] == [str(tmp_path / "elsewhere.csv")]
    names = [name()]
    reader(tmp_path, lots="3")
    names.append(name())
    reader(tmp_path, lots="3", elsewhere="2")
    names.append(name())
    assert len(set(names)) == 3
    monkeypatch.setenv("MORE_LOTS", "1")
    (tmp_path / "mine" / "reader.py").write_text(READER + "\n", encoding="utf-8")
    with_environment = source_of(path).values
    monkeypatch.setenv("MORE_LOTS", "2")
    (tmp_path / "mine" / "reader.py").write_text(READER + "\n\n", encoding="utf-8")
    assert source_of(path).values != with_environment
    reader(tmp_path)
    monkeypatch.delenv("MORE_LOTS")
    assert name() == names[0]


def test_data_that_a_strategy_reads_is_sent_along_and_what_is_unlike_is_refused(tmp_path):
    path = reader(tmp_path, lots="2")
    source = source_of(path)
    market = MARKET.replace('"fixed_spread"', '"fixed_spread"\nparams = { quantity = 9 }')
    jobs = [Job(parse(market.replace('strategy = "noise"', 'strategy = "reader"')), [1])]
    (chunk,) = cut(jobs, [source])
    whole = do_chunk(chunk)
    (tmp_path / "elsewhere.csv").write_text("another", encoding="utf-8")
    with pytest.raises(RunError, match=r"it reads .*elsewhere\.csv, which is another here"):
        do_chunk(chunk)
    (tmp_path / "elsewhere.csv").write_text("1", encoding="utf-8")
    assert do_chunk(chunk) == whole


def test_strategies_that_were_sent_lie_where_nobody_else_may_go_and_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    home = tmp_path / "mine"
    home.mkdir()
    (home / "buyer.py").write_text(BUYER, encoding="utf-8")
    (home / "beside.py").write_text("LOTS = 2\n", encoding="utf-8")
    source = source_of(home / "buyer.py")
    guessed = tmp_path / "temporary" / f"spreadgame-{source.digest}"  # somebody waits there with other strategies
    guessed.mkdir()
    (guessed / "buyer.py").write_text("raise RuntimeError", encoding="utf-8")
    (chunk,) = cut([Job(parse(MARKET.replace('strategy = "noise"', 'strategy = "buyer"')), [1])], [source])
    shutil.rmtree(home)
    with open_workers(2) as pool:
        ((_, content),) = list(pool.do([chunk]))
        (place,) = (each for each in (tmp_path / "temporary").iterdir() if each != guessed)
        assert os.name == "nt" or place.stat().st_mode & 0o777 == 0o700
        assert {each.name for each in place.rglob("*.py")} == {"buyer.py", "beside.py"}
    assert len(pq.read_table(pa.BufferReader(content))) == 1
    assert list((tmp_path / "temporary").iterdir()) == [guessed]


def test_values_that_change_after_the_runs_were_asked_for_are_refused(tmp_path):
    path = tmp_path / "values.csv"
    path.write_text("value\n" + "100.0\n" * 200, encoding="utf-8")
    market = MARKET.replace(
        'process = "random_walk", initial = 100.0, volatility = 0.02',
        f'process = "file", path = {json.dumps(str(path))}',
    )
    (chunk,) = cut([Job(parse(market), [1])])
    path.write_text("value\n" + "101.0\n" * 200, encoding="utf-8")
    with pytest.raises(RunError, match="a file that it reads is not what it was when the runs were asked for"):
        do_chunk(chunk)


def test_two_files_that_declare_one_strategy_are_refused_with_both_names(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text(FAILING, encoding="utf-8")
    given = [tmp_path / "one.py", tmp_path / "two.py"]
    said = r"two\.py, line \d+: strategy 'fails' has the name of another \(.*one\.py, line \d+\)"
    with pytest.raises(StrategyError, match=said):
        run_many([Job(small(), [1])], strategies=given)
    answer = shell("run", QUICKSTART, "--strategies", given[0], "--strategies", given[1], "--out", tmp_path / "out")
    assert answer.returncode == 2
    assert re.search(said, answer.stderr)
    assert len(cut([Job(small(), [1])], sources_of([given[0], given[0]]))[0].sources) == 1


def test_an_edited_strategy_is_another_chunk(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(FAILING, encoding="utf-8")
    job = Job(small(), [1])
    before = cut([job], [source_of(path)])[0].name
    path.write_text(FAILING.replace("twentieth", "20th"), encoding="utf-8")
    assert cut([job], [source_of(path)])[0].name != before


def test_a_strategy_that_raises_names_the_run_and_what_is_finished_is_kept(tmp_path, short_chunks):
    (tmp_path / "fails.py").write_text(FAILING, encoding="utf-8")
    source_of(tmp_path / "fails.py")
    fine = Job(small(), range(1, 30), {"which": "fine"})
    fails = Job(parse(MARKET.replace('"noise"\nturn', '"fails"\nturn')), [7], {"which": "bad"})
    with pytest.raises(StrategyError, match=r"which = bad, seed 7: strategy 'fails' of agent 'noise 0'"):
        run_many([fine, fails], out=tmp_path / "out", strategies=[tmp_path / "fails.py"])
    assert list((tmp_path / "out" / "chunks").glob("*.parquet"))
    with pytest.raises(RunError, match="not all runs are done"):
        open_many(tmp_path / "out")


# -- chunks


def test_bounds_depend_on_the_jobs_alone_and_more_seeds_find_the_chunks_of_fewer(tmp_path, short_chunks):
    few, more = (jobs_of(small(), range(1, 1 + count)) for count in (100, 200))
    assert {chunk.name for chunk in cut(few)[:-1]} < {chunk.name for chunk in cut(more)}
    run_many(few, out=tmp_path)
    seen: list[SweepProgress] = []
    run_many(more, out=tmp_path, watch=seen.append)
    assert seen[0].found >= 80
    assert seen[-1].runs == seen[-1].total == 200
    assert math.isnan(seen[0].left)
    assert seen[-1].left == 0
    assert open_many(tmp_path)["seed"].to_pylist() == list(range(1, 201))


def test_small_jobs_share_a_chunk_and_large_ones_are_split():
    scenario = small()
    work = work_of(scenario)
    small_jobs = [Job(scenario, range(3), {"n": n}) for n in range(10)]
    assert len(cut(small_jobs)) == 1
    runs = int(2.5 * CHUNK_WORK / work)
    chunks = cut([Job(scenario, range(runs))])
    assert [round(chunk.work / CHUNK_WORK, 1) for chunk in chunks] == [1.0, 1.0, 0.5]
    assert sum(chunk.runs for chunk in chunks) == runs
    assert [chunk.runs for chunk in cut([Job(small(run__steps=10**9), [1, 2])])] == [1, 1]


def test_whatever_changes_a_result_changes_the_name(monkeypatch):
    def name(job: Job, **more: Any) -> str:
        return cut([job], **more)[0].name

    job = Job(small(), [1, 2])
    others = [
        name(Job(small(run__seed=9), [1, 2, 3])), name(Job(small(run__steps=121), [1, 2])), name(job, payoffs=True),
        name(Job(small(), [2, 1])), name(Job(small(), [1, 2], {"a": 1})), name(job, run_folders=Path("x")),
    ]  # fmt: skip
    assert len({name(job), *others}) == 7
    assert name(Job(small(run__seed=9), [1, 2])) == name(job)  # the seeds are the job's
    monkeypatch.setattr(jobs_module, "CODE", "another version")
    assert name(job) not in others


def test_values_from_a_file_are_part_of_the_name(tmp_path):
    path = tmp_path / "values.csv"
    market = MARKET.replace(
        'process = "random_walk", initial = 100.0, volatility = 0.02',
        f'process = "file", path = {json.dumps(str(path))}',
    )
    names = []
    for shift in (0.0, 1.0):
        path.write_text("value\n" + "\n".join(str(100 + shift + i / 10) for i in range(200)), encoding="utf-8")
        names.append(Job(parse(market), [1]).digest)
    assert names[0] != names[1]


def test_a_damaged_chunk_is_made_again(tmp_path, short_chunks):
    jobs = jobs_of(small(), range(1, 40))
    run_many(jobs, out=tmp_path)
    before = finished(tmp_path)
    victims = sorted((tmp_path / "chunks").iterdir())
    victims[0].write_bytes(victims[0].read_bytes()[:-100])
    shutil.copy(victims[1], victims[2])
    seen: list[SweepProgress] = []
    run_many(jobs, out=tmp_path, watch=seen.append)
    assert seen[0].found < 39
    assert finished(tmp_path) == before


def test_labels_of_several_types_become_one(tmp_path):
    scenario = small(run__steps=5)
    jobs = [Job(scenario, [1], labels) for labels in ({"a": 1, "b": 1}, {"a": 0.5, "b": "never"}, {"c": True})]
    table = run_many(jobs, out=tmp_path).table
    assert table["a"].to_pylist() == [1.0, 0.5, None]
    assert table["b"].to_pylist() == ["1", "never", None]
    assert table["c"].to_pylist() == [None, None, True]
    assert open_many(tmp_path).equals(table)


def test_full_runs_are_run_folders_and_are_not_made_twice(tmp_path):
    jobs = [Job(small(), [4, 5])]
    results = run_many(jobs, run_folders=True, out=tmp_path)
    quiet = run_many(jobs).table
    assert all(results.table[name].equals(quiet[name]) for name in quiet.column_names)
    folder = tmp_path / "runs" / folder_name(jobs[0].digest, 5)
    run, alone = open_run(folder), execute(small(run__seed=5))
    assert run.trades.equals(alone.trades)
    assert run.agents.equals(alone.agents)
    assert run.summary.equals(alone.summary)
    seen: list[SweepProgress] = []
    run_many(jobs, run_folders=True, out=tmp_path, watch=seen.append)
    assert seen[0].found == 2
    shutil.rmtree(folder)
    run_many(jobs, run_folders=True, out=tmp_path)
    assert open_run(folder).trades.equals(alone.trades)
    with pytest.raises(ValueError, match="need a folder"):
        run_many(jobs, run_folders=True)


# -- what is kept: damage


def bits(path: Path, count: int, seed: int = 1) -> Iterator[bytes]:
    """A file's content with one bit flipped, each time another."""
    content = path.read_bytes()
    for bit in random.Random(seed).sample(range(8 * len(content)), count):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


def flips_found(jobs: list[Job], out: Path, caplog: pytest.LogCaptureFixture, count: int, **how: Any) -> int:
    """Flip a bit so often in files of a folder, and see that each time it is said once and mended. How often."""
    run_many(jobs, out=out, **how)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.suffix in (".parquet", ".json")}
    before |= {path: path.read_bytes() for path in out.rglob("scenario.toml")}
    found = 0
    for number, path in enumerate(random.Random(2).choices(sorted(before), k=count)):
        path.write_bytes(next(bits(path, 1, number)))
        of_table = path.parent == out
        if of_table:
            with pytest.raises(RunError, match=r"damaged|another question"):
                open_many(out)
        caplog.clear()
        seen: list[SweepProgress] = []
        assert run_many(jobs, out=out, watch=seen.append, **how).table.equals(open_many(out)), path
        if path.name != "runs.parquet":
            assert [record.message.count("damaged") for record in caplog.records] == [1], path
            assert path.name in caplog.text or path.parent.name in caplog.text
        assert (seen[0].found < seen[0].total) == (not of_table)
        for name in ("runs.parquet", "sweep.json"):
            assert (out / name).read_bytes() == before[out / name]
        chunks = {each: each.read_bytes() for each in (out / "chunks").glob("*.parquet")}
        assert chunks == {each: content for each, content in before.items() if each.parent.name == "chunks"}
        found += 1
        before |= {each: each.read_bytes() for each in before}  # a full run made again has another time in it
    return found


def test_a_bit_that_flips_in_any_file_is_found_said_once_and_mended(tmp_path, caplog, monkeypatch, short_chunks):
    monkeypatch.chdir(tmp_path)
    assert flips_found(jobs_of(small(run__steps=30), range(1, 40)), tmp_path / "out", caplog, 12) == 12
    full = [Job(small(run__steps=30), [1, 2])]
    assert flips_found(full, Path("full"), caplog, 8, run_folders=True) == 8


@pytest.mark.slow
def test_a_bit_that_flips_in_any_of_a_hundred_files_is_found(tmp_path, caplog, short_chunks):
    assert flips_found(jobs_of(small(run__steps=30), range(1, 400)), tmp_path / "out", caplog, 100) == 100
    full = jobs_of(small(run__steps=30), range(1, 20))
    assert flips_found(full, tmp_path / "full", caplog, 100, run_folders=True) == 100


def test_what_is_damaged_while_it_is_wanted_is_told_in_words(tmp_path):
    results = run_many([Job(small(), [1, 2])], out=tmp_path)
    (chunk,) = (tmp_path / "chunks").glob("*.parquet")
    for content in bits(chunk, 20):
        chunk.write_bytes(content)
        with pytest.raises(RunError, match="this file is damaged — the command that made it makes it again"):
            Results(results.jobs, [chunk]).table  # noqa: B018 - it is read


def test_a_table_and_a_description_of_two_sweeps_are_not_taken_for_one(tmp_path):
    for name, seeds in (("a", [1, 2]), ("b", [3, 4])):
        run_many([Job(small(), seeds)], out=tmp_path / name)
    shutil.copy(tmp_path / "a" / "runs.parquet", tmp_path / "b" / "runs.parquet")
    with pytest.raises(RunError, match=r"not the table that sweep\.json describes"):
        open_many(tmp_path / "b")


def test_chunks_put_together_from_two_folders_are_found_in_both(tmp_path, short_chunks):
    few, more = (jobs_of(small(), seeds) for seeds in (range(1, 31), range(31, 61)))
    run_many(few, out=tmp_path / "a")
    run_many(more, out=tmp_path / "b")
    shutil.copytree(tmp_path / "a" / "chunks", tmp_path / "b" / "chunks", dirs_exist_ok=True)
    seen: list[SweepProgress] = []
    run_many(few, out=tmp_path / "b", watch=seen.append, over=True)
    assert seen[0].found == seen[0].total == 30


def test_full_runs_of_another_version_are_not_taken_for_this_one(tmp_path, monkeypatch):
    jobs = [Job(small(), [4])]
    run_many(jobs, run_folders=True, out=tmp_path)
    folder = tmp_path / "runs" / folder_name(jobs[0].digest, 4)
    seal_again(folder, json.loads((folder / "manifest.json").read_text(encoding="utf-8")) | {"chunk": "another"})
    seen: list[SweepProgress] = []
    run_many(jobs, run_folders=True, out=tmp_path, watch=seen.append)
    assert seen[0].found == 0


# -- what is kept: whose it is


def test_the_table_of_another_question_is_never_written_over(tmp_path):
    asked = jobs_of(small(), [1, 2], grid({"makers.count": [1, 2]}))
    before = run_many(asked, out=tmp_path / "out").table
    others = [
        jobs_of(small(), [1, 2], grid({"makers.count": [1, 3]})),  # a point is missing
        jobs_of(small(), [1], grid({"makers.count": [1, 2]})),  # so is a seed
        [Job(small(makers__count=1), [1, 2]), Job(small(makers__count=2), [1, 2])],  # and a column
    ]
    for jobs in others:
        with pytest.raises(RunError, match=r"runs\.parquet: this is of another question — name another folder"):
            run_many(jobs, out=tmp_path / "out")
    assert open_many(tmp_path / "out").equals(before)
    run_many(asked, out=tmp_path / "out", payoffs=True)
    with pytest.raises(RunError, match="another question"):
        run_many(asked, out=tmp_path / "out")  # it would lose the payoffs


def test_a_table_of_before_there_were_digests_is_left_alone(tmp_path):
    run_many([Job(small(), [1])], out=tmp_path)
    (tmp_path / "sweep.json").write_text('{"format": 1, "status": "complete", "chunks": []}', encoding="utf-8")
    with pytest.raises(RunError, match="of an earlier version"):
        open_many(tmp_path)
    with pytest.raises(RunError, match="of an earlier version of Spreadgame — name another folder"):
        run_many([Job(small(), [1])], out=tmp_path)


def test_a_table_that_is_made_anew_is_said(tmp_path, caplog, monkeypatch):
    path = tmp_path / "mine.py"
    path.write_text(FAILING, encoding="utf-8")
    run_many([Job(small(), [1])], out=tmp_path / "out", strategies=[path])
    path.write_text(FAILING.replace("twentieth", "20th"), encoding="utf-8")
    run_many([Job(small(), [1])], out=tmp_path / "out", strategies=[path])
    assert "made with strategies that were edited since, so it is made anew" in caplog.text
    monkeypatch.setattr(store_module, "CODE", "another")
    run_many([Job(small(), [1])], out=tmp_path / "out", strategies=[path])
    assert "made by another version of the code, so it is made anew" in caplog.text


def sweeps(count: int, folder: Path, *more: str) -> list[tuple[int, str, str]]:
    """So many sweeps at once: exit code, standard output and standard error of each."""
    line = ["sweep", QUICKSTART, "--set", "run.steps=200", "--seeds", "40", "--workers", "1", "--out", folder]
    processes = [started(*line, *(each.format(number) for each in more)) for number in range(1, count + 1)]
    said = [process.communicate(timeout=_PATIENCE) for process in processes]
    return [(process.returncode, *each) for process, each in zip(processes, said, strict=True)]


def test_an_edit_in_a_model_that_a_strategy_solves_gives_new_numbers_and_says_so(tmp_path):
    shutil.copytree(ROOT / "sim", tmp_path / "sim", ignore=shutil.ignore_patterns("__pycache__"))
    market = MARKET.replace('"fixed_spread"', '"gueant_lehalle_tapia"').replace("steps = 200", "steps = 40")
    code = (
        "import sys; from sim.experiment import Job, run_many; from sim.scenario import parse\n"
        f"results = run_many([Job(parse({market!r}), [1, 2])], out=sys.argv[1])\n"
        "print(results.column('lit.effective_spread').mean())"
    )

    def answer(folder: str) -> tuple[float, str]:
        done = subprocess.run(
            [sys.executable, "-c", code, folder], cwd=tmp_path, check=True, capture_output=True, text=True,
            env=environment(NUMBA_DISABLE_JIT="1", PYTHONPATH=str(tmp_path)),
        )  # fmt: skip
        return float(done.stdout), done.stderr

    before, screen = answer("out")
    assert screen == ""
    path = tmp_path / "sim" / "models" / "inventory.py"
    text = path.read_text(encoding="utf-8")
    found = re.search(r"^def _markup.*?^    return ", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    path.write_text(text[: found.end()] + "0.5 + " + text[found.end() :], encoding="utf-8")
    after, screen = answer("out")
    assert after > before + 0.1
    assert "made by another version of the code, so it is made anew" in screen
    assert answer("fresh")[0] == after


def test_sweeps_of_one_folder_end_well_or_say_who_writes(tmp_path):
    same = sweeps(3, tmp_path / "same")
    assert {code for code, _, _ in same} <= {0, 2}
    assert any(code == 0 for code, _, _ in same)
    for code, _, screen in same:
        assert code == 0 or re.search(r"same: process \d+ on .* writes there — wait until it has ended", screen), screen
    assert len(open_many(tmp_path / "same")) == 40
    other = sweeps(3, tmp_path / "other", "--seed", "{}")
    assert [code for code, _, _ in other] == [0, 0, 0]
    folders = sorted(tmp_path.glob("other*"))
    assert [folder.name for folder in folders] == ["other", "other-2", "other-3"]
    assert {open_many(folder)["seed"].to_pylist()[0] for folder in folders} == {1, 2, 3}
    assert sum("is for another question; this one goes to" in screen for _, _, screen in other) == 2


@pytest.mark.slow
def test_ten_sweeps_of_one_folder_end_well_or_say_who_writes(tmp_path):
    for code, _, screen in sweeps(10, tmp_path / "same", "--run-folders"):
        assert code == 0 or (code == 2 and " writes there — wait until it has ended" in screen), screen
    assert len(open_many(tmp_path / "same")) == 40
    assert [code for code, _, _ in sweeps(10, tmp_path / "other", "--seed", "{}")] == [0] * 10
    assert len({open_many(folder)["seed"].to_pylist()[0] for folder in tmp_path.glob("other*")}) == 10


def test_the_description_and_the_table_say_what_was_changed(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(FAILING, encoding="utf-8")
    line = ["sweep", QUICKSTART, "--set", "run.steps=20", "--seeds", "2", "--seed", "7", "--workers", "1"]
    answer = shell(*line, "--strategies", path, "--out", tmp_path / "out")
    assert answer.returncode == 0, answer.stderr
    said = json.loads((tmp_path / "out" / "sweep.json").read_text(encoding="utf-8"))
    assert (said["set"], said["seeds"]) == (["run.steps=20"], [7, 8])
    (strategies,) = said["strategies"]
    assert strategies["file"] == str(path)
    assert strategies["files"].keys() == {"mine.py"}
    assert {"scipy", "numba", "numpy", "python"} <= said["versions"].keys()
    head = answer.stdout.splitlines()[:3]
    assert head == [
        "quickstart.toml, seeds 7 to 8", "  set run.steps=20", f"  strategies of mine.py ({strategies['digest']})"
    ]  # fmt: skip


# -- disks


def test_a_disk_that_fills_up_keeps_what_is_finished(tmp_path, monkeypatch, short_chunks):
    jobs = jobs_of(small(), range(1, 60))
    whole = finished_by(jobs, tmp_path / "whole")
    left, sync = [2], os.fsync

    def full(number: int) -> None:
        if number >= 0 and left[0] == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left[0] -= 1
        sync(number)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match=r"cannot be written \(No space left on device\) — free some space"):
        run_many(jobs, out=tmp_path / "out")
    monkeypatch.undo()
    kept = list((tmp_path / "out" / "chunks").iterdir())
    assert [path.suffix for path in kept] == [".parquet"]
    monkeypatch.setattr(jobs_module, "CHUNK_WORK", 17_000.0)
    assert finished_by(jobs, tmp_path / "out") == whole


def finished_by(jobs: list[Job], out: Path) -> dict[str, bytes]:
    run_many(jobs, out=out)
    return finished(out)


@pytest.mark.skipif(not shutil.which("mount") or os.name == "nt", reason="nothing can be mounted here")
def test_a_small_disk_ends_a_sweep_with_one_clear_error_and_nothing_is_lost(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=60k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("nothing may be mounted here")
    try:
        line = ["sweep", QUICKSTART, "--set", "run.steps=1000", "--seeds", "4000", "--workers", "1", "--out"]
        answer = shell(*line, place / "out")
        assert answer.returncode == 2
        assert "Traceback" not in answer.stderr
        assert "No space left on device" in answer.stderr
        assert "runs are kept in" in answer.stderr
        for path in (place / "out" / "chunks").glob("*"):
            assert len(pq.read_table(path)) > 100
    finally:
        subprocess.run(["umount", str(place)], check=True)


# -- signals, in a process of its own


IDLE = (
    MARKET.replace("steps = 200", "steps = 1000").replace(
        '"random_walk", initial = 100.0, volatility = 0.02', '"constant", initial = 100.0'
    )
    + """
[[populations]]
name = "idle"
strategy = "informed"
count = 200
turn = 2
sees = { of = "value" }
[record]
book_every = 100
"""
)  # turns that cost little, so that chunks are short


def broken_off(line: list[str | Path], number: signal.Signals, chunks: int) -> tuple[int, str]:
    """Start a sweep and send it a signal when so many chunks are done. Exit code and screen."""
    process = started(*line)
    give_up = time.monotonic() + _PATIENCE
    while len(list(Path(line[-1]).glob("chunks/*.parquet"))) < chunks:
        assert not process.poll(), process.communicate()
        assert time.monotonic() < give_up
        time.sleep(0.005)
    process.send_signal(number)
    _, screen = process.communicate(timeout=_PATIENCE)
    return process.returncode, screen


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_sweep_that_was_killed_and_one_that_was_interrupted_go_on_to_the_same_bytes(tmp_path):
    (tmp_path / "idle.toml").write_text(IDLE, encoding="utf-8")
    line = ["sweep", tmp_path / "idle.toml", "--seeds", "200", "--grid", "idle.count=190,200", "--payoffs"]
    out, code, screen = tmp_path / "broken", 0, ""
    while code == 0:  # all is done before the signal comes, where this process had to wait for long
        shutil.rmtree(out, ignore_errors=True)
        killed, _ = broken_off([*line, "--workers", "2", "--out", out], signal.SIGKILL, 1)
        assert killed in (-signal.SIGKILL, 0)
        code, screen = broken_off([*line, "--workers", "2", "--out", out], signal.SIGINT, 3)
    assert code == 130
    assert "Traceback" not in screen
    assert f"of 400 runs are kept in {out}; the same command goes on from there" in screen
    assert "interrupted" in screen
    found = sum(pq.read_metadata(path).num_rows for path in out.glob("chunks/*.parquet"))
    answer = shell(*line, "--workers", "1", "--json", "--out", out)
    assert answer.returncode == 0, answer.stderr
    said = json.loads(answer.stdout)
    assert said["runs"] == 400
    assert 0 < said["found"] == found < 400
    scenario = load(tmp_path / "idle.toml")
    jobs = jobs_of(scenario, range(1, 201), grid({"idle.count": [190, 200]}))
    run_many(jobs, payoffs=True, out=tmp_path / "whole")
    assert finished(out) == finished(tmp_path / "whole")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("moments", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_a_sweep_that_is_killed_at_any_moment_leaves_the_same_bytes_when_it_is_typed_again(tmp_path, moments):
    (tmp_path / "idle.toml").write_text(IDLE, encoding="utf-8")
    line: list[str | Path] = ["sweep", tmp_path / "idle.toml", "--seeds", "120", "--workers", "2"]
    whole = killed_and_typed_again(line, tmp_path / "out", moments)
    assert sum(name.startswith("chunks") for name in whole) > 2
    full: list[str | Path] = [
        "sweep",
        QUICKSTART,
        "--set",
        "run.steps=200",
        "--seeds",
        "30",
        "--run-folders",
        "--workers",
        "2",
    ]
    if moments > 1:
        assert len(killed_and_typed_again(full, tmp_path / "full", moments)) > 60


# -- bad input


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--grid", "makers.params.risk_aversoin=1,2"], "did you mean 'risk_aversion'?"),
        (["--grid", "market.params.x=1"], "the scenario has no 'market'"),
        (["--grid", "makers.count="], "makers.count: there are no values — write makers.count=1,2,3"),
        (["--grid", "makers.count"], "this does not say PATH=VALUES"),
        (["--grid", "makers.count=1,1"], "a value is there twice"),
        (["--grid", "makers.count=1", "--grid", "makers.count=2"], "--grid has makers.count twice"),
        (
            ["--grid", "makers.count=1", "--grid", "populations.makers.count=2"],
            "--grid has populations.makers.count twice",
        ),
        (["--set", "makers.count=3", "--grid", "makers.count=1,2"], "makers.count is in --set and in --grid"),
        (["--grid", "run.seed=1,2"], "seeds are given by --seeds"),
        (["--grid", "makers.params.risk_aversion=0.01,abc"], "'abc'"),
        (["--seeds", "2", "--seeds", "3"], "--seeds is there twice, with 2 and 3"),
        (["--grid", "makers.count=0"], "makers.count"),
        (["--range", "makers.count=1,5"], "a design needs all of --design, --design-points and --range"),
        (["--design", "latin", "--design-points", "3"], "a design needs all of --design, --design-points and --range"),
        (["--design", "sobol", "--design-points", "3", "--range", "makers.count=1,5"], "take 2 or 4"),
        (["--design", "latin", "--design-points", "3", "--range", "makers.count=5,1"], "write makers.count=LOW,HIGH"),
        (["--seeds", "0"], "--seeds 0: at least one is needed"),
        (["--workers", "0"], "--workers 0: at least one is needed"),
        (["--profiles"], "game: there is none"),
        (["--backend", "dask"], "--scheduler gives the address"),
        (["--backend", "dask", "--scheduler", "nowhere"], "nowhere: no Dask scheduler answers there (missing port"),
    ],
)
def test_bad_input_is_one_clear_error(tmp_path, capsys, options, said):
    from spreadgame.commands.parser import main

    with pytest.raises(SystemExit) as exit_of:
        main(["sweep", str(QUICKSTART), "--out", str(tmp_path / "out"), "--set", "run.steps=10", *options])
    assert exit_of.value.code == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_scheduler_that_is_none_is_told(monkeypatch):
    pytest.importorskip("distributed")
    import socket

    monkeypatch.setattr("sim.experiment.cluster._PATIENCE", 0.5)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        address = f"tcp://127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(RunError, match=f"{address}: no Dask scheduler answers there"):
            run_many([Job(small(), [1])], backend="dask", scheduler=address)


def test_jobs_and_workers_that_cannot_be_are_refused(tmp_path):
    for seeds, said in (([], "nothing to run"), ([1, 1], "there twice"), ([-1], "whole numbers")):
        with pytest.raises(ValueError, match=said):
            Job(small(), seeds)
    with pytest.raises(ValueError, match="label 'a' is a list"):
        Job(small(), [1], {"a": [1]})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="no jobs"):
        run_many([])
    for settings, said in (
        ({"count": 0}, "at least one"),
        ({"backend": "x"}, "no backend"),
        ({"backend": "dask"}, "sch"),
    ):
        with pytest.raises(ValueError, match=said):
            open_workers(**settings)
    with pytest.raises(RunError, match=r"no folder of many runs"):
        open_many(tmp_path)


def test_a_worker_of_another_version_is_refused():
    chunk = cut([Job(small(), [1])])[0]
    object.__setattr__(chunk, "code", "another")
    with pytest.raises(RunError, match="a worker has another version"):
        do_chunk(chunk)


def test_the_documents_python_runs(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    text = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    exec(compile(code, "experiments.md", "exec"), {"__name__": "experiments"})
    assert "(2, 20, 1)" in capsys.readouterr().out


# -- designs


def test_a_grid_is_every_combination_the_last_path_fastest():
    assert grid({"a": [1, 2], "b": ["x", "y"]}) == [
        {"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}, {"a": 2, "b": "y"},
    ]  # fmt: skip
    assert grid({}) == [{}]
    assert cross([{"a": 1}], [{"b": 2}, {"b": 3}]) == [{"a": 1, "b": 2}, {"a": 1, "b": 3}]


def test_a_latin_hypercube_has_a_point_in_each_slice_of_each_range():
    points = latin_hypercube({"a": Range(0.0, 10.0), "n": Range(1, 10), "l": Range(0.01, 1.0, True)}, 10)
    assert sorted(int(point["a"]) for point in points) == list(range(10))
    assert sorted(point["n"] for point in points) == list(range(1, 11))
    assert sorted(int(10 * (math.log10(point["l"]) + 2) / 2) for point in points) == list(range(10))
    assert latin_hypercube({"a": Range(0.0, 1.0)}, 5) == latin_hypercube({"a": Range(0.0, 1.0)}, 5)
    assert latin_hypercube({"a": Range(0.0, 1.0)}, 5, 2) != latin_hypercube({"a": Range(0.0, 1.0)}, 5)


def test_sobol_points_fill_each_quarter_alike():
    points = sobol({"a": Range(0.0, 1.0), "b": Range(0.0, 1.0)}, 64)
    quarters = [(point["a"] < 0.5, point["b"] < 0.5) for point in points]
    assert {quarters.count((a, b)) for a in (True, False) for b in (True, False)} == {16}
    with pytest.raises(ValueError, match="take 64 or 128"):
        sobol({"a": Range(0.0, 1.0)}, 100)


def test_a_range_has_to_be_one():
    for low, high, logarithmic in ((1.0, 1.0, False), (2.0, 1.0, False), (0.0, 1.0, True), (0.0, math.inf, False)):
        with pytest.raises(ValueError, match="range"):
            Range(low, high, logarithmic)


def test_profiles_are_all_that_players_may_choose_and_change_nobody_elses_draws():
    scenario = parse(MARKET + GAME)
    chosen = profiles(scenario)
    assert len(chosen) == 4
    jobs = jobs_of(scenario, [1, 2], grid({"run.steps": [50]}), chosen)
    assert [job.labels for job in jobs][1] == {"run.steps": 50, "maker": "near", "noise": "far"}
    assert jobs[1].scenario.populations[1].strategy == "fixed_spread"
    with pytest.raises(ScenarioError, match="game: there is none"):
        profiles(parse(MARKET))


def test_jobs_share_their_seeds_so_that_differences_are_paired():
    results = run_many(jobs_of(small(), range(1, 41), grid({"makers.params.risk_aversion": [0.1, 0.11]})))
    payoffs = results.by_job("makers.payoff")
    assert payoffs.shape == (2, 40)
    assert (payoffs[1] - payoffs[0]).std() < 0.5 * payoffs[0].std()
    assert results.by_job("seed")[0].tolist() == list(range(1, 41))


# -- what is printed


def test_a_table_of_jobs_has_means_and_errors_over_seeds(tmp_path):
    answer = shell(
        "sweep", QUICKSTART, "--set", "run.steps=50", "--seeds", "30", "--grid", "makers.count=1,2", "--workers", "1",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert max(map(len, answer.stdout.splitlines())) <= 80 + len(str(tmp_path))
    results = Results(
        jobs_of(load(QUICKSTART, {"run.steps": 50}), range(1, 31), grid({"makers.count": [1, 2]})),
        [tmp_path / "out" / "runs.parquet"],
    )
    for row, payoffs in zip(job_rows(results), results.by_job("makers.payoff"), strict=True):
        assert row["makers.payoff"]["mean"] == pytest.approx(payoffs.mean())
        assert row["makers.payoff"]["standard_error"] == pytest.approx(payoffs.std(ddof=1) / math.sqrt(30))
        assert f"{row['makers.payoff']['mean']:.2f}"[:3] in answer.stdout
    assert np.isfinite(results.column("lit.quoted_spread")).all()
    with pytest.raises(ValueError, match=r"did you mean 'lit\.depth'"):
        results.column("lit.dept")
