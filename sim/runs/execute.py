"""Running a scenario from beginning to end: the World, the sinks, the signals, the manifest.

Ctrl-C and SIGTERM end a run between two chunks, about a tenth of a second later, and what was done is kept. Before the
first step, while the engine is being compiled, they end it at once and nothing is kept. So does a second one, always.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sim.core.errors import RunError, SpreadgameError
from sim.runs.build import Built, build
from sim.runs.folder import DiskError, RunFolder, check_writable
from sim.runs.interrupt import Interrupted, Stop, stop_on_signals
from sim.runs.manifest import manifest_of
from sim.runs.result import MemorySink, Run
from sim.runs.summary import summary_of
from sim.runs.totals import Counted
from sim.scenario import Scenario

_MOST_GROWTH = 4.0  # of a chunk over the one before it


@dataclass
class Progress:
    """Where a run stands."""

    steps: int
    total: int
    messages: int
    trades: int
    seconds: float


Watch = Callable[[Progress], None]


@dataclass(frozen=True)
class Outcome:
    """What came of a run, and the error that ended it early, if one did; the run is then ``failed``."""

    run: Run
    error: Exception | None


def execute(
    scenario: Scenario,
    out: str | Path | None = None,
    name: str = "run",
    watch: Watch | None = None,
    chunk: int | None = None,
    **capacities: int,
) -> Run:
    """Run a scenario.

    Parameters
    ----------
    out : the folder that will hold the run folder; None keeps the tables in memory.
    name : the run folder's name.
    watch : told between chunks where the run stands.
    chunk, capacities : steps of a chunk, and how large the World begins (``orders``, ``tape``): no matter for results.

    Returns
    -------
    Run
        Its status is ``complete``, or ``interrupted`` after Ctrl-C, SIGTERM or for want of disk space; its manifest
        says the ``reason``.

    Raises
    ------
    StrategyError
        If a strategy raises or sends more than it declared. What was written is kept and says ``failed``.
    RunError
        If the run folder cannot be written.
    Interrupted
        After Ctrl-C or SIGTERM before the first step, or after a second one. Nothing that can be read is kept.
    """
    outcome = attempt(scenario, out, name, watch, chunk, **capacities)
    if outcome.error is not None:
        if outcome.run.folder:
            outcome.error.add_note(f"what was done before it is in {outcome.run.folder}")
        raise outcome.error
    return outcome.run


def whole(run: Run) -> Run:
    """The run, if it reached its end.

    Raises
    ------
    Interrupted
        If Ctrl-C or SIGTERM ended it.
    RunError
        If it ended for want of disk space.
    """
    if run.status != "interrupted":
        return run
    manifest = run.manifest
    message = f"{manifest['reason']} after {manifest['steps']:,} steps; {run!r}"
    if manifest["signal"] is None:
        raise RunError(f"{message} — free some space, or record less ([record] in the scenario)")
    raise Interrupted(manifest["signal"], message)


def attempt(
    scenario: Scenario,
    out: str | Path | None = None,
    name: str = "run",
    watch: Watch | None = None,
    chunk: int | None = None,
    **capacities: int,
) -> Outcome:
    """As :func:`execute`, but an error that ends the run is returned, with what was done before it."""
    with stop_on_signals() as stop:
        if out is not None:
            check_writable(Path(out))  # rather than after compiling
        built = build(scenario, None, **capacities)
        simulation = Counted(built)
        simulation.advance(0)  # compiles the loop
        simulation.drain()  # and what adds up
        stop.running = True
        folder = RunFolder(scenario, Path(out), name) if out is not None else None
        return _run(simulation, built, folder, watch, chunk, stop)


def _run(
    simulation: Counted, built: Built, folder: RunFolder | None, watch: Watch | None, chunk: int | None, stop: Stop
) -> Outcome:
    tables = folder.sink if folder else MemorySink(built.scenario)
    simulation.sink = tables
    begin = time.perf_counter()
    lack, before = "", 0
    error: Exception | None = None

    def go_on() -> bool:
        nonlocal lack, before
        if watch:
            clock, spent = simulation.clock, time.perf_counter() - begin
            watch(Progress(simulation.done, simulation.total, int(clock["messages"]), int(clock["trades"]), spent))
        last, left = max(simulation.done - before, 1), simulation.total - simulation.done
        lack = folder.sink.lacks_room(min(left / last, _MOST_GROWTH)) if folder and left else ""
        before = simulation.done
        return not lack and stop.signal is None

    try:
        try:
            simulation.run(go_on, chunk)
        except DiskError:
            raise
        except Exception as failure:
            error = failure
            simulation.drain()
    except DiskError as failure:  # its tables cannot be closed any more
        raise DiskError(f"{failure} after {simulation.done:,} steps; the folder is incomplete — remove it") from failure
    manifest = manifest_of(simulation, "complete", time.perf_counter() - begin)
    if error is not None:
        said = str(error) if isinstance(error, SpreadgameError) else f"{type(error).__name__}: {error}"
        manifest |= {"status": "failed", "reason": said}
    elif simulation.done < simulation.total:
        asked = signal.Signals(stop.signal).name if stop.signal is not None else ""
        manifest |= {"status": "interrupted", "reason": lack or asked, "signal": None if lack else stop.signal}
    rows = summary_of(simulation)
    if folder is None:
        return Outcome(Run(built.scenario, manifest, rows, tables), error)
    return Outcome(Run(built.scenario, folder.finish(manifest, rows), rows, folder.final), error)
