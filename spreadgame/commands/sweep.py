"""The command ``sweep``: what was typed becomes jobs, and what they come to a table."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.output.console import bar, print_json, say, time_left
from analysis.output.console import results as console
from analysis.output.exit_codes import OK
from analysis.output.options import whole_number
from spreadgame.commands.options import add_json, add_many_runs, add_scenario
from spreadgame.commands.screen import announce_compiling, load_strategies

if TYPE_CHECKING:
    from sim.experiment import Job, Results, SweepProgress
    from sim.experiment.jobs import Source
    from sim.experiment.run_many import Watch
    from sim.experiment.store import Store
    from sim.scenario import Scenario


def declare(parser: argparse.ArgumentParser) -> None:
    """What may be typed."""
    parser.description = "Run a scenario on many seeds at many points, and write a row a run."
    parser.epilog = "What is finished is kept in DIR; the same command goes on where it was stopped."
    add = parser.add_argument
    add_scenario(parser)
    add("--seeds", type=whole_number(), default=10, metavar="N", help="runs of each point, a seed each (default: 10)")
    add("--seed", type=whole_number(), metavar="N", help="the first of the seeds (default: run.seed)")
    add("--grid", action="append", default=[], metavar="PATH=A,B,C",
        help="run every combination of the values: --grid makers.count=1,2,4 (may be repeated)")  # fmt: skip
    add("--range", action="append", default=[], dest="ranges", metavar="PATH=LOW,HIGH",
        help="a range for --design; LOW,HIGH,log is even in logarithms (may be repeated)")  # fmt: skip
    add("--design", choices=["latin", "sobol"], help="spread points over the ranges: Latin hypercube, or Sobol")
    add("--design-points", type=whole_number(), metavar="N", help="points of the design")
    add("--profiles", action="store_true", help="run every profile of the scenario's [game]")
    add_many_runs(parser)
    add("--backend", choices=["local", "threads", "dask"], default="local",
        help="processes here (the default), threads of one process, or a Dask cluster")  # fmt: skip
    add("--scheduler", metavar="ADDRESS", help="of the cluster: tcp://host:8786")
    add("--out", type=Path, metavar="DIR", help="the folder for the results (default: runs/NAME-sweep)")
    add("--payoffs", action="store_true", help="keep the payoffs of single episodes too")
    add("--run-folders", action="store_true", help="write a run folder for every run too")
    add_json(parser)


def call(given: argparse.Namespace) -> int:
    """Run what was typed. Returns the exit code."""
    load_strategies(given.strategies)
    from sim.scenario import load

    scenario = load(given.scenario, given.overrides, given.seed)
    from sim.experiment.jobs import sources_of
    from sim.experiment.question import question_of
    from sim.experiment.store import open_store
    from spreadgame.commands.sweep_jobs import jobs_of_sweep

    jobs = jobs_of_sweep(given, scenario)
    sources = sources_of(given.strategies)
    wanted: Path = given.out or Path("runs") / f"{given.scenario.stem}-sweep"
    with open_store(wanted, question_of(jobs, given.payoffs, sources), elsewhere=True) as store:
        if store.folder != wanted:
            say(f"{wanted} is for another question; this one goes to {store.folder}")
        return _sweep(given, scenario, jobs, sources, store)


def _sweep(given: argparse.Namespace, scenario: Scenario, jobs: list[Job], sources: list[Source], store: Store) -> int:
    """Run jobs in a folder where this process alone writes."""
    from sim.core.errors import SpreadgameError
    from sim.experiment import open_workers, run_many
    from sim.runs.interrupt import stop_on_signals

    out = store.folder
    backend = "processes" if given.backend == "local" else given.backend
    asked = _asked(given, scenario, jobs)
    announce_compiling("kernel.advance", sorted({p.strategy for job in jobs for p in job.scenario.populations}))
    last: list[SweepProgress] = []
    with stop_on_signals(), _progress(given.json) as show:

        def watch(progress: SweepProgress) -> None:
            last[:] = [progress]
            show(progress)

        try:
            with open_workers(given.workers, backend, given.scheduler) as workers:
                results = run_many(
                    jobs, workers, out=store, watch=watch, strategies=sources, payoffs=given.payoffs,
                    run_folders=given.run_folders, asked=asked,
                )  # fmt: skip
        except (KeyboardInterrupt, SpreadgameError):
            if last:
                said = f"{last[0].runs:,} of {last[0].total:,} runs are kept in {out}"
                say(f"{said}; the same command goes on from there")
            raise
    _report(given, out, results, last[0], asked, sources)
    return OK


def _asked(given: argparse.Namespace, scenario: Scenario, jobs: list[Job]) -> dict[str, Any]:
    """What ``sweep.json`` says of the question."""
    return {
        "scenario": given.scenario.name,
        "title": scenario.title,
        "set": list(given.overrides),
        "seeds": [min(jobs[0].seeds), max(jobs[0].seeds)],
        "jobs": [{"job": job.digest, **job.labels} for job in jobs],
    }


def _report(
    given: argparse.Namespace,
    out: Path,
    results: Results,
    last: SweepProgress,
    asked: dict[str, Any],
    sources: list[Source],
) -> None:
    from analysis.output.sweep_table import job_rows, job_table

    strategies = [{"file": str(source.path), "digest": source.digest} for source in sources]
    if given.json:
        said = {"folder": str(out), "runs": last.total, "found": last.found, "seconds": last.seconds}
        question = {name: asked[name] for name in ("scenario", "set", "seeds")} | {"strategies": strategies}
        print_json({**said, **question, "jobs": job_rows(results)})
        return
    screen = console()
    for line in _head(asked, sources):
        screen.print(line, soft_wrap=True)
    screen.print(job_table(results, screen.width))
    ran = last.total - last.found
    pace = f"{ran:,} runs in {last.seconds:.2f} s, {last.pace:,.0f} a second" if ran else "nothing was left to run"
    kept = f"; {last.found:,} were there" if last.found else ""
    screen.print(f"{pace}{kept}")
    screen.print(f"one row per run  {out / 'runs.parquet'}", soft_wrap=True)


def _head(asked: dict[str, Any], sources: list[Source]) -> Iterator[str]:
    """What the table is of: the scenario with what was changed, seeds, strategies of the user's own."""
    first, last = asked["seeds"]
    yield f"{asked['scenario']}, seeds {first} to {last}"
    yield from (f"  set {change}" for change in asked["set"])
    yield from (f"  strategies of {source.path.name} ({source.digest})" for source in sources)


@contextmanager
def _progress(hidden: bool) -> Iterator[Watch]:
    """A bar with the time left; where there is no screen, a line for each tenth that is done."""
    tenths = [0]

    def line(progress: SweepProgress) -> None:
        tenth = 10 * progress.runs // progress.total
        if tenth > tenths[0] and not hidden and progress.runs < progress.total:
            tenths[0] = tenth
            say(f"{_said(progress)}, {time_left(progress.left)}")

    with bar("running", hidden) as move:
        if move is None:
            yield line
            return

        def shown(progress: SweepProgress) -> None:
            said = f"{_said(progress)}, {progress.pace:,.0f} a second"
            move(progress.runs, progress.total, said, time_left(progress.left))

        yield shown


def _said(progress: SweepProgress) -> str:
    return f"{progress.runs:,} of {progress.total:,} runs"
