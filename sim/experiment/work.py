"""The work of a worker: the runs of a chunk, one after another in one World per job, and their rows as a Parquet file.

Nothing here imports pandas or draws anything. A table holds no time, place or number of a worker, so the same chunk
gives the same bytes wherever it is done.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sim.core.errors import RunError, SpreadgameError, StrategyError, reason_of
from sim.experiment.columns import run_columns, table_of
from sim.experiment.jobs import Chunk, Piece, Source, digest_of, paths_of, source_of, told, work_of
from sim.experiment.measured import MeasuredColumns
from sim.experiment.reuse import Reusable
from sim.kept.sealed import UNSEALED, partial_name, seal
from sim.kept.version import CODE
from sim.runs.folder import RunFolder
from sim.runs.manifest import manifest_of
from sim.runs.summary import summary_of
from sim.runs.totals import POPULATION_TOTALS, VENUE_TOTALS, Counted, new_totals
from sim.scenario import Scenario

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
    if chunk.code != CODE:
        remedy = "install the same there as here, and edit nothing while it runs"
        raise RunError(f"a worker has another version of Spreadgame, Numba, NumPy, SciPy or Python — {remedy}")
    tables = [_do_piece(chunk, piece, stopped) for piece in chunk.pieces]
    whole = pa.concat_tables(tables, promote_options="permissive").combine_chunks()
    file = pa.BufferOutputStream()
    meaning = {"format": "spreadgame-chunk", "name": chunk.name, "runs": str(chunk.runs)}
    with sealable(file, whole.schema.with_metadata(meaning)) as writer:
        writer.write_table(whole.replace_schema_metadata(meaning), row_group_size=max(len(whole), 1))
    return seal(bytes(file.getvalue()))


@contextmanager
def sealable(file: Any, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """A writer of a Parquet file that is to be sealed when it is closed: a place for the digest stands at its end."""
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        yield writer
        writer.add_key_value_metadata({"digest": UNSEALED})


def _do_piece(chunk: Chunk, piece: Piece, stopped: Stopped) -> pa.Table:
    scenario = piece.scenario if chunk.run_folders or chunk.measures else unsampled(piece.scenario)
    with _one_builds:
        for source in chunk.sources:
            _known(source)
        try:
            world = Reusable(scenario)
            run = Counted(world.built)
        except SpreadgameError as error:
            raise _of_run(error, piece, piece.seeds[0]) from error
    if paths_of(scenario) and digest_of(piece.scenario) != piece.job:
        what = "a file that it reads" if scenario.files() else "an earlier run that it plays"
        changed = f"{what} is not what it was when the runs were asked for"
        raise RunError(
            f"{told(piece.labels, piece.seeds[0])}: {changed} — ask again, with the same file on all machines"
        )
    built, count = world.built, len(piece.seeds)
    venues = new_totals(count, VENUE_TOTALS, len(scenario.venues))
    populations = new_totals(count, POPULATION_TOTALS, len(scenario.populations))
    episodes = scenario.run.episodes if chunk.payoffs else 0
    payoffs = np.zeros((count, episodes, len(scenario.populations)))
    clocks: dict[str, Any] = {name: np.zeros(count, np.int64) for name in run_columns()}
    measured = MeasuredColumns(chunk.measures, count)
    for place, seed in enumerate(piece.seeds):
        world.begin(seed)
        run.sink = measured.sink(run)
        run.venues, run.populations, run.payoffs = venues[place], populations[place], payoffs[place]
        try:
            _finish(run, chunk, piece, seed, stopped)
            measured.take(place, run)
        except SpreadgameError as error:
            raise _of_run(error, piece, seed) from error
        for name, column in clocks.items():
            column[place] = run.clock[name]
    return table_of(piece, built, clocks, venues, populations, payoffs if chunk.payoffs else None, measured)


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
    if chunk.run_folders is None:
        run.run(go_on, steps)
        return
    name = folder_name(piece.job, seed)
    place = partial_name(chunk.run_folders / name)  # a worker of a sweep that was killed may not have noticed yet
    try:
        folder = RunFolder(run.built.scenario, place, name)
        run.sink = folder.sink
        begin, before = time.perf_counter(), 0

        def look() -> bool:
            nonlocal before
            last, left = max(run.done - before, 1), run.total - run.done
            lack = folder.sink.lacks_room(left / last if left < last else 1.0) if left else ""
            before = run.done
            if lack:
                raise RunError(f"{chunk.run_folders}: {lack} — free some space, or keep no run folders")
            return go_on()

        run.run(look, steps)
        folder.finish(
            manifest_of(run, "complete", time.perf_counter() - begin) | {"chunk": chunk.name}, summary_of(run)
        )
        _put_in_place(folder.final, chunk.run_folders / name)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _put_in_place(made: Path, final: Path) -> None:
    """Give a run folder that is whole its name."""
    try:
        if final.exists():  # of another version, or damaged
            shutil.rmtree(final)
        made.rename(final)
    except OSError as error:
        raise RunError(f"{final}: cannot be written ({reason_of(error)})") from error


def folder_name(job: str, seed: int) -> str:
    """The name of a run's folder among the run folders."""
    return f"{job}-seed{seed}"


# --- strategies of a user's own ---------------------------------------------------------------------------------------

_homes: dict[str, Path] = {}  # of strategies that were sent, by digest
_folder = ""  # for their files
_own: list[Any] = []  # that folder where it is this process's, which removes it when it ends


def keep_strategies_in(folder: str) -> None:
    """Say where the files of strategies that were sent may lie: a private folder that whoever started us removes."""
    global _folder
    _folder = folder


def _known(source: Source) -> None:
    """Make a user's strategies known: from the file, or where there is none or an edited one, from what was sent."""
    if source.digest not in _homes:
        found = None
        with suppress(SpreadgameError, OSError):
            found = source_of(source.path)
        if found is None or found.contents != source.contents:
            _homes[source.digest] = _written(source)
        else:
            _check_alike(source, found)
            return
    _check_alike(source, source_of(_homes[source.digest]))


def _check_alike(source: Source, found: Source) -> None:
    """See that strategies are here what they were where they were asked for."""
    if found.digest != source.digest:
        unlike = f"{source.path}: {_unlike(source, found)}"
        raise RunError(f"{unlike} — what strategies are made from must be the same on all machines, and stay the same")


def _written(source: Source) -> Path:
    """The files of what was sent, in a folder that nobody else may enter or guess. Returns the path of the first."""
    if not _folder:
        _own.append(tempfile.TemporaryDirectory(prefix="spreadgame-"))
        keep_strategies_in(_own[-1].name)
    home = Path(tempfile.mkdtemp(dir=_folder))
    for name, content in source.contents:
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return home / source.path.name


def _unlike(source: Source, found: Source) -> str:
    """What differs between strategies as they were asked for and as they are here."""
    for asked, here, what in (
        (dict(source.contents) | dict(source.elsewhere), dict(found.contents) | dict(found.elsewhere), "it reads"),
        (dict(source.packages), dict(found.packages), "it imports"),
    ):
        names = sorted(name for name in {*asked, *here} if asked.get(name) != here.get(name))
        if names:
            return f"{what} {names[0]}, which is another here"
    return "it comes to other numbers here, as from an environment variable"
