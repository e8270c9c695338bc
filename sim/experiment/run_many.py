"""Many runs: from jobs to one table, with kept results where they exist, on any workers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sim.core.arguments import a_path, several, whole
from sim.core.renamed import old_arguments_refused
from sim.experiment.jobs import Chunk, Job, Source, alike, cut, sources_of
from sim.experiment.measured import Measures, asked_of
from sim.experiment.question import question_of
from sim.experiment.results import Results
from sim.experiment.store import Store, open_store
from sim.experiment.work import unsampled
from sim.experiment.workers import Workers, open_workers
from sim.runs.build import build
from sim.runs.totals import Counted
from sim.strategy_kit.callbacks import compile_strategy
from sim.strategy_kit.registry import get


@dataclass(frozen=True)
class SweepProgress:
    """Where many runs stand."""

    runs: int  # done, those included that were found
    total: int
    found: int  # runs of an earlier start
    seconds: float  # since the workers were ready
    left: float  # seconds, at the pace so far; nan before there is one

    @property
    def pace(self) -> float:
        """Runs a second since the start."""
        return (self.runs - self.found) / self.seconds if self.seconds > 0 else 0.0


Watch = Callable[[SweepProgress], None]


@old_arguments_refused
def run_many(
    jobs: Iterable[Job],
    workers: int | Workers | None = 1,
    backend: str = "processes",
    scheduler: str | None = None,
    out: str | Path | Store | None = None,
    watch: Watch | None = None,
    strategies: Iterable[str | Path | Source] = (),
    payoffs: bool = False,
    run_folders: bool = False,
    asked: dict[str, Any] | None = None,
    over: bool = False,
    measures: Measures | None = None,
) -> Results:
    """Run every seed of every job.

    Parameters
    ----------
    jobs : scenarios, each with its seeds and the labels that tell it from the others.
    workers : how many, None for one a core; or those of :func:`open_workers`, which then stay for the next call.
    backend, scheduler : as for :func:`open_workers`.
    out : a folder for the results (see :mod:`sim.experiment.store`), or one that was opened; what is finished there is
        not run again. None keeps them in memory.
    watch : told of every chunk that is finished.
    strategies : files of strategies of your own; workers are sent what stands in them now.
    payoffs : keep the payoff of each population in each episode as well.
    run_folders : write a run folder for each run too; needs ``out``, on a disk that all workers reach.
    asked : what ``sweep.json`` says besides.
    over : write over the table of another question in ``out``; what is finished there stays.
    measures : by name the options of each measure (``spreadgame measure``) that is taken of every run and becomes
        columns; the jobs' scenarios must record what it needs. Not together with ``run_folders``.

    Returns
    -------
    Results
        One row per run, in the order of jobs and seeds. For the same jobs the rows are the same to the last bit, for
        any workers.

    Raises
    ------
    ValueError
        If there are no jobs, or ``run_folders`` are asked for without ``out`` or together with ``measures``.
    StrategyError, RunError
        If a run fails, a worker keeps dying, or a folder cannot be written. What was finished is kept in ``out``.
        If another process writes in ``out``, or it has the table of another question: one that has a row or a column
        which is not asked for now.
    """
    jobs = _jobs_in(jobs)
    if workers is not None and not hasattr(workers, "do"):
        workers = whole("workers", workers, "or None for one per core", low=1)
    _check_run_folders(run_folders, out, measures)
    taken = asked_of(measures or {})
    sources = _sources_in(strategies)
    if out is None or isinstance(out, Store):
        opened: Any = nullcontext(out)
    else:
        opened = open_store(a_path("out", out), question_of(jobs, payoffs, sources, taken), over=over)
    with opened as store:
        chunks = cut(jobs, sources, payoffs, store.run_folders.resolve() if store and run_folders else None, taken)
        return _run(jobs, chunks, sources, store, workers, backend, scheduler, watch, asked or {})


def _check_run_folders(wanted: bool, out: object, measures: Measures | None) -> None:
    if wanted and out is None:
        raise ValueError("run folders need a folder to be written to: give out")
    if wanted and measures:
        raise ValueError("a run that has a folder of its own is measured there: give run_folders or measures")


def _jobs_in(given: Any) -> list[Job]:
    asks = several("jobs", given, "a list of jobs, as jobs_of(load(path), seeds) makes it", (Job,))
    for job in asks:
        if not isinstance(job, Job):
            raise TypeError(f"jobs must be made by Job or jobs_of, and {job!r:.60} is none")
    jobs = list(alike(asks))
    if not jobs:
        raise ValueError("there are no jobs to run")
    return jobs


def _sources_in(given: Any) -> list[Source]:
    files = several("strategies", given, "a file, or a list of files", (str, os.PathLike, Source))
    sources = [each for each in files if isinstance(each, Source)]
    return sources + sources_of([each for each in files if not isinstance(each, Source)])


def _run(
    jobs: Sequence[Job],
    chunks: Sequence[Chunk],
    sources: Sequence[Source],
    store: Store | None,
    workers: int | Workers | None,
    backend: str,
    scheduler: str | None,
    watch: Watch | None,
    asked: dict[str, Any],
) -> Results:
    made: dict[str, Any] = {}
    if store:
        store.describe(chunks, "running", asked, sources)
        made |= store.found(chunks)
    missing = list({chunk.name: chunk for chunk in chunks if chunk.name not in made}.values())
    if missing:
        owned = workers is None or isinstance(workers, int)
        context: Any = open_workers(workers, backend, scheduler) if owned else nullcontext(workers)  # type: ignore[arg-type]
        with context as pool:
            pool.start()
            compile_for(jobs)
            pool.ready()
            for chunk, content in _watched(pool, chunks, missing, watch):
                if store:
                    store.put(chunk, content)
                made[chunk.name] = store.path(chunk) if store else content
    elif watch:
        watch(_progress(chunks, [], [], 0.0))
    if store:
        store.describe(chunks, "complete", asked, sources, store.gather(chunks))
    return Results(tuple(jobs), [made[chunk.name] for chunk in chunks])


def _watched(pool: Workers, chunks: Sequence[Chunk], missing: Sequence[Chunk], watch: Watch | None) -> Any:
    """The chunks as they are finished; whoever watches is told after each was taken."""
    names = {chunk.name for chunk in missing}
    found = [chunk for chunk in chunks if chunk.name not in names]
    done: list[Chunk] = []
    begin = time.perf_counter()
    if watch:
        watch(_progress(found, done, missing, 0.0))
    for chunk, content in pool.do(missing):
        yield chunk, content
        done.append(chunk)
        if watch:
            watch(_progress(found, done, missing, time.perf_counter() - begin))


def _progress(found: Sequence[Chunk], done: Sequence[Chunk], missing: Sequence[Chunk], seconds: float) -> SweepProgress:
    known, finished = sum(chunk.runs for chunk in found), sum(chunk.runs for chunk in done)
    total = known + sum(chunk.runs for chunk in missing)
    work, whole = sum(chunk.work for chunk in done), sum(chunk.work for chunk in missing)
    left = seconds * (whole - work) / work if work else np.nan
    return SweepProgress(known + finished, total, known, seconds, left)


def compile_for(jobs: Sequence[Job]) -> None:
    """Compile all that the jobs need, once, so that workers find it in the cache.

    Raises
    ------
    StrategyError
        If a strategy cannot be compiled.
    """
    scenario = unsampled(jobs[0].scenario)
    run = Counted(build(scenario))
    run.advance(0)
    run.drain()
    for name in {population.strategy for job in jobs for population in job.scenario.populations}:
        compile_strategy(get(name))
