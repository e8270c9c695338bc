"""What a worker does: the runs of a chunk, one after another in one World a job, and their rows as a Parquet file.

Nothing here imports pandas or draws anything. A table holds no time, place or number of a worker, so the same chunk
gives the same bytes wherever it is done.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sim.compiled import SOURCES
from sim.errors import RunError, SpreadgameError, StrategyError
from sim.experiment.columns import run_columns, table_of
from sim.experiment.jobs import Chunk, Piece, Source, told, work_of
from sim.experiment.reuse import Reusable
from sim.run_files import PARTIAL
from sim.run_folder import RunFolder
from sim.runs import manifest_of
from sim.scenario import Scenario
from sim.strategies.files import load_file
from sim.summary import summary_of
from sim.totals import POPULATION_TOTALS, VENUE_TOTALS, Counted, new_totals

_TURNS = 1e6  # between looks at whether to stop: a tenth of a second; no result depends on it
Stopped = Callable[[], bool]
_one_builds = threading.Lock()  # strategies are known by process, not by thread


class Abandoned(Exception):
    """The runs are not wanted any more."""


def never() -> bool:
    """Nobody asks a worker to stop that can be ended from outside."""
    return False


def do_chunk(chunk: Chunk, stopped: Stopped = never) -> bytes:
    """Do every run of a chunk. Returns its Parquet file.

    Raises
    ------
    StrategyError, RunError
        If a run fails, with the labels and seed of that run; or if this process has other sources than the asker's.
    Abandoned
        If ``stopped`` says so between two runs.
    """
    if chunk.engine != SOURCES:
        raise RunError(
            "a worker has another version of Spreadgame, Numba, NumPy or Python — install the same there as here"
        )
    tables = [_do_piece(chunk, piece, stopped) for piece in chunk.pieces]
    whole = pa.concat_tables(tables, promote_options="permissive").combine_chunks()
    file = pa.BufferOutputStream()
    meaning = {"format": "spreadgame-chunk", "name": chunk.name, "runs": str(chunk.runs)}
    pq.write_table(whole.replace_schema_metadata(meaning), file, compression="zstd", row_group_size=max(len(whole), 1))
    return bytes(file.getvalue())


def _do_piece(chunk: Chunk, piece: Piece, stopped: Stopped) -> pa.Table:
    scenario = piece.scenario if chunk.full else unsampled(piece.scenario)
    with _one_builds:
        for source in chunk.sources:
            _known(source)
        try:
            world = Reusable(scenario)
            run = Counted(world.built)
        except SpreadgameError as error:
            raise _of_run(error, piece, piece.seeds[0]) from error
    built, count = world.built, len(piece.seeds)
    venues = new_totals(count, VENUE_TOTALS, len(scenario.venues))
    populations = new_totals(count, POPULATION_TOTALS, len(scenario.populations))
    episodes = scenario.run.episodes if chunk.payoffs else 0
    payoffs = np.zeros((count, episodes, len(scenario.populations)))
    clocks: dict[str, Any] = {name: np.zeros(count, np.int64) for name in run_columns()}
    for place, seed in enumerate(piece.seeds):
        world.begin(seed)
        run.venues, run.populations, run.payoffs = venues[place], populations[place], payoffs[place]
        try:
            _finish(run, chunk, piece, seed, stopped)
        except SpreadgameError as error:
            raise _of_run(error, piece, seed) from error
        for name, column in clocks.items():
            column[place] = run.clock[name]
    return table_of(piece, built, clocks, venues, populations, payoffs if chunk.payoffs else None)


def unsampled(scenario: Scenario) -> Scenario:
    """The scenario without the tables that nobody will read; its trades are the same."""
    quiet = {"trades": False, "messages": False, "agents": "none", "episodes": "populations"}
    return scenario.model_copy(update={"record": scenario.record.model_copy(update=quiet)})


def _of_run(error: SpreadgameError, piece: Piece, seed: int) -> SpreadgameError:
    kind = StrategyError if isinstance(error, StrategyError) else RunError
    return kind(f"{told(piece.labels, seed)}: {error}")


def _finish(run: Counted, chunk: Chunk, piece: Piece, seed: int, stopped: Stopped) -> None:
    """Run to the end; with a run folder of its own if asked."""

    def go_on() -> bool:
        if stopped():
            raise Abandoned
        return True

    steps = max(1, int(run.total * min(1.0, _TURNS / work_of(run.built.scenario))))
    if chunk.full is None:
        run.run(go_on, steps)
        return
    name = folder_name(piece.job, seed)
    for left in (chunk.full / name, chunk.full / (name + PARTIAL)):  # of a worker that was killed
        shutil.rmtree(left, ignore_errors=True)
    folder = RunFolder(run.built.scenario, chunk.full, name)
    run.sink = folder.sink
    begin, before = time.perf_counter(), 0

    def look() -> bool:
        nonlocal before
        last, left = max(run.done - before, 1), run.total - run.done
        lack = folder.sink.lacks_room(left / last if left < last else 1.0) if left else ""
        before = run.done
        if lack:
            raise RunError(f"{chunk.full}: {lack} — free some space, or keep no full runs")
        return go_on()

    run.run(look, steps)
    folder.finish(manifest_of(run, "complete", time.perf_counter() - begin), summary_of(run))


def folder_name(job: str, seed: int) -> str:
    """The name of a run's folder among the full runs."""
    return f"{job}-seed{seed}"


def _known(source: Source) -> None:
    """Make a user's strategies known: from the file, or where there is none or an edited one, from what was sent."""
    home = source.path
    try:
        there = all((home.parent / name).read_bytes() == content for name, content in source.contents)
    except OSError:
        there = False
    if not there:
        folder = Path(tempfile.gettempdir()) / f"spreadgame-{source.digest}"
        home = folder / source.path.name
        for name, content in source.contents:
            path = folder / name
            if not path.is_file() or path.read_bytes() != content:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
    load_file(home)
