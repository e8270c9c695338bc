"""The command ``sweep``: what was typed becomes jobs, and what they come to a table."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.core.errors import SpreadgameError
from spreadgame.commands import run
from spreadgame.commands.parser import OK

if TYPE_CHECKING:
    from sim.experiment import Job, Range, Results, SweepProgress
    from sim.experiment.jobs import Source
    from sim.experiment.run_many import Watch
    from sim.experiment.store import Store
    from sim.scenario import Scenario


class _SweepError(SpreadgameError):
    """Something in what was typed."""


def sweep(given: argparse.Namespace) -> int:
    """Run what was typed. Returns the exit code."""
    run._load_strategies(given.strategies)
    from sim.scenario import load

    scenario = load(given.scenario, given.overrides, given.seed)
    from sim.experiment.jobs import sources_of
    from sim.experiment.question import question_of
    from sim.experiment.store import open_store

    jobs = _jobs(given, scenario)
    if (given.backend == "dask") != (given.scheduler is not None):
        raise _SweepError("--scheduler gives the address of a cluster to --backend dask; the two go together")
    if given.workers is not None and given.workers < 1:
        raise _SweepError(f"--workers {given.workers}: at least one is needed")
    sources = sources_of(given.strategies)
    wanted: Path = given.out or Path("runs") / f"{given.scenario.stem}-sweep"
    with open_store(wanted, question_of(jobs, given.payoffs, sources), elsewhere=True) as store:
        if store.folder != wanted:
            run._say(f"{wanted} is for another question; this one goes to {store.folder}")
        return _sweep(given, scenario, jobs, sources, store)


def _sweep(given: argparse.Namespace, scenario: Scenario, jobs: list[Job], sources: list[Source], store: Store) -> int:
    """Run jobs in a folder where this process alone writes."""
    from sim.experiment import open_workers, run_many
    from sim.runs.interrupt import stop_on_signals

    out = store.folder
    backend = "processes" if given.backend == "local" else given.backend
    asked = _asked(given, scenario, jobs)
    run._announce_compiling("kernel.advance", sorted({p.strategy for job in jobs for p in job.scenario.populations}))
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
                run._say(f"{said}; the same command goes on from there")
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
        run._print_json({**said, **question, "jobs": job_rows(results)})
        return
    screen = run._results()
    for line in _head(asked, sources):
        screen.print(line, soft_wrap=True)
    screen.print(job_table(results))
    ran = last.total - last.found
    pace = f"{ran:,} runs in {last.seconds:.2f} s, {last.pace:,.0f} a second" if ran else "nothing was left to run"
    kept = f"; {last.found:,} were there" if last.found else ""
    screen.print(f"{pace}{kept}")
    screen.print(f"a row a run  {out / 'runs.parquet'}", soft_wrap=True)


def _head(asked: dict[str, Any], sources: list[Source]) -> Iterator[str]:
    """What the table is of: the scenario with what was changed, seeds, strategies of the user's own."""
    first, last = asked["seeds"]
    yield f"{asked['scenario']}, seeds {first} to {last}"
    yield from (f"  set {change}" for change in asked["set"])
    yield from (f"  strategies of {source.path.name} ({source.digest})" for source in sources)


# --- what was typed -------------------------------------------------------------------------------------------------


def _jobs(given: argparse.Namespace, scenario: Scenario) -> list[Job]:
    from sim.experiment import cross, grid, jobs_of, latin_hypercube, profiles, sobol

    if given.seeds < 1:
        raise _SweepError(f"--seeds {given.seeds}: at least one is needed")
    values = dict(_named("--grid", text, "1,2,3") for text in given.grid)
    ranges = {path: _range(path, text) for path, text in (_named("--range", each, "0.1,0.5") for each in given.ranges)}
    _check_apart(given, scenario)
    if (given.design is None) != (not ranges) or (given.design_points is None) != (given.design is None):
        raise _SweepError("a design needs all of --design, --design-points and --range: which, how many, and where")
    try:
        points = grid({path: _values(text) for path, text in values.items()})
        if given.design:
            spread = latin_hypercube if given.design == "latin" else sobol
            points = cross(points, spread(ranges, given.design_points))
    except ValueError as error:
        raise _SweepError(str(error)) from error
    first = scenario.run.seed
    if first + given.seeds > 2**63:
        raise _SweepError(f"--seeds {given.seeds}: there are not so many from {first} on")
    chosen = profiles(scenario) if given.profiles else ({},)
    return jobs_of(scenario, range(first, first + given.seeds), points, chosen)


def _named(option: str, text: str, example: str) -> tuple[str, str]:
    path, equals, values = text.partition("=")
    if not equals or not path.strip():
        raise _SweepError(f"{option} {text}: this does not say PATH=VALUES — write for example makers.count={example}")
    return path.strip(), values.strip()


def _check_apart(given: argparse.Namespace, scenario: Scenario) -> None:
    """See that nothing is asked twice of one value: of two settings one would have no effect."""
    from sim.scenario.overrides import place_of

    typed = [("--set", text) for text in given.overrides]
    typed += [("--grid", text) for text in given.grid] + [("--range", text) for text in given.ranges]
    seen: dict[tuple[str | int, ...], str] = {}
    for option, text in typed:
        path = text.partition("=")[0].strip()
        place, other = place_of(scenario.given, path), None
        if option != "--set":
            other = seen.get(place)
        if other == option:
            raise _SweepError(f"{option} has {path} twice — put all its values into one")
        if other:
            raise _SweepError(f"{path} is in {other} and in {option} — leave one of them out")
        if option != "--set" and place == ("run", "seed"):
            raise _SweepError(f"{option} {text}: seeds are given by --seeds, and the first by --seed")
        seen[place] = option


def _values(text: str) -> list[Any]:
    """Values as TOML has them, between commas; texts may go without their quotes."""
    from sim.scenario.overrides import parsed

    whole = parsed(f"[{text}]")
    if isinstance(whole, list):
        return whole
    return [parsed(part.strip()) for part in text.split(",") if part.strip()]


def _range(path: str, text: str) -> Range:
    from sim.experiment import Range

    parts = [part.strip() for part in text.split(",")]
    logarithmic = len(parts) == 3 and parts[2] == "log"
    try:
        low, high = (
            int(part) if part.lstrip("+-").isdigit() else float(part) for part in parts[: 2 if logarithmic else None]
        )
        return Range(low, high, logarithmic)
    except ValueError as error:
        raise _SweepError(f"--range {path}={text}: write {path}=LOW,HIGH or {path}=LOW,HIGH,log ({error})") from error


# --- the screen -----------------------------------------------------------------------------------------------------


@contextmanager
def _progress(hidden: bool) -> Iterator[Watch]:
    """A bar with the time left; where there is no screen, a line for each tenth that is done."""
    screen, tenths = run._screen(), [0]

    def line(progress: SweepProgress) -> None:
        tenth = 10 * progress.runs // progress.total
        if tenth > tenths[0] and not hidden and progress.runs < progress.total:
            tenths[0] = tenth
            run._say(f"{_said(progress)}, {_left(progress.left)}")

    if hidden or not screen.is_terminal:
        yield line
        return
    from rich.progress import BarColumn, Progress, TextColumn

    columns = TextColumn("running"), BarColumn(20), TextColumn("{task.fields[said]}"), TextColumn("{task.fields[left]}")
    bar = Progress(*columns, console=screen, transient=True)
    task = bar.add_task("", total=None, said="", left="")

    def move(progress: SweepProgress) -> None:
        said = f"{_said(progress)}, {progress.pace:,.0f} a second"
        bar.update(task, completed=progress.runs, total=progress.total, said=said, left=_left(progress.left))

    with bar:
        yield move


def _said(progress: SweepProgress) -> str:
    return f"{progress.runs:,} of {progress.total:,} runs"


def _left(seconds: float) -> str:
    if seconds != seconds:
        return ""
    hours, rest = divmod(round(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes} min left"
    return f"{minutes} min {rest} s left" if minutes else f"{rest} s left"
