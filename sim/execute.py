"""Running a scenario from beginning to end: the World, the sinks, the signals, the manifest."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.build import build
from sim.errors import SpreadgameError
from sim.runs import MemorySink, Run, RunFolder, manifest_of, open_run
from sim.scenario import Scenario
from sim.simulation import Both, Simulation
from sim.summary import Summary


@dataclass
class Progress:
    """Where a run stands."""

    steps: int
    total: int
    messages: int
    trades: int
    seconds: float


Watch = Callable[[Progress], None]


@dataclass
class Stop:
    """Set by Ctrl-C and SIGTERM; looked at between chunks."""

    signals: list[int] = field(default_factory=list)

    @property
    def asked(self) -> bool:
        return bool(self.signals)


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """Inside, Ctrl-C and SIGTERM ask for a stop instead of ending the process; a second Ctrl-C ends it."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ask(number: int, _: Any) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.signals.append(number)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
    chunk, capacities : steps of a chunk, and how large the World begins (``orders``, ``tape``). No result depends on them.

    Returns
    -------
    Run
        Its status is ``complete``, or ``interrupted`` after Ctrl-C, SIGTERM or for want of disk space.

    Raises
    ------
    StrategyError
        If a strategy raises or sends more than it declared. What was written is kept and says ``failed``.
    RunError
        If the run folder cannot be written.
    """
    built = build(scenario, **capacities)
    folder = RunFolder(scenario, Path(out), name) if out is not None else None
    tables = folder.sink if folder else MemorySink(scenario)
    summary = Summary(built)
    simulation = Simulation(built, Both(tables, summary))
    begin = time.perf_counter()
    failure: SpreadgameError | None = None
    with stop_on_signals() as stop:

        def go_on() -> bool:
            if watch:
                clock = simulation.clock
                spent = time.perf_counter() - begin
                watch(Progress(simulation.done, simulation.total, int(clock["messages"]), int(clock["trades"]), spent))
            return not stop.asked

        status = "complete"
        try:
            if not simulation.run(go_on, chunk):
                status = "interrupted"
        except SpreadgameError as error:
            status, failure = "failed", error
        manifest = manifest_of(simulation, status, time.perf_counter() - begin)
        manifest["reason"] = str(failure) if failure else "asked to stop" if status == "interrupted" else ""
        if folder:
            path = folder.finish(manifest, summary.table())
    if failure:
        raise failure
    return open_run(path) if folder else Run(scenario, manifest, summary.table(), tables)
