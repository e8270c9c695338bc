"""The processes that play matches, as the process sees them that asks: it sends tasks and takes answers, as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from joblib import cpu_count

from analysis.tournament.limits import Said
from analysis.tournament.task import Task
from sim.core.compiled import is_compiled
from sim.core.errors import RunError

_ROOT = Path(__file__).resolve().parents[2]
_LEAVE = 3.0  # seconds in which a process ends what it plays
_TRIES = 3  # of a match whose worker dies, before it is given up


class Workers:
    """So many processes, each of which plays one match at a time.

    Parameters
    ----------
    size : how many; None for one per core.
    first : the scenario of a task, which they prepare.
    """

    def __init__(self, size: int | None, first: Task) -> None:
        self.size = size or cpu_count()
        self._first = {key: value for key, value in first.as_json().items() if key in _OF_THE_MARKET}
        self._threads = ThreadPoolExecutor(self.size, "spreadgame-tournament")
        self._free: SimpleQueue[_Worker] = SimpleQueue()
        self._all: list[_Worker] = []
        self._closed = False
        for _ in range(self.size):
            self._free.put(self._new())
        self._prepared = is_compiled([], "kernel.advance")

    def _new(self) -> _Worker:
        worker = _Worker(self._first)
        self._all.append(worker)
        return worker

    def do(self, tasks: Sequence[Task], done: Callable[[int, list[Said]], None]) -> None:
        """Play tasks. ``done`` is told of each with its number, in this thread, as they end.

        Raises
        ------
        RunError
            If a process cannot be started, or dies again and again.
        """
        waiting = iter(range(len(tasks)))
        if not self._prepared and self.size > 1:
            worker = self._free.get()
            worker.prepare()  # one compiles, so that the others need not
            self._free.put(worker)
            self._prepared = True
        futures: dict[Future[list[Said]], int] = {}

        def feed() -> None:
            while len(futures) < self.size:
                number = next(waiting, None)
                if number is None:
                    return
                futures[self._threads.submit(self._play, tasks[number])] = number

        feed()
        while futures:
            for future in wait(futures, return_when=FIRST_COMPLETED).done:
                number = futures.pop(future)
                said = future.result()
                feed()
                done(number, said)

    def _play(self, task: Task) -> list[Said]:
        for _ in range(_TRIES):
            worker = self._free.get()
            try:
                worker.prepare()
                said = worker.ask(task.as_json())
                if said is None and not self._closed:
                    worker.close()
                    worker = self._new()
            finally:
                self._free.put(worker)
            if said is not None:
                return [each for each in said if isinstance(each, dict)]
        return [{"killed": True}]

    def close(self) -> None:
        """End all processes, whatever they are doing."""
        self._closed = True
        for worker in self._all:
            worker.end()
        for worker in self._all:
            worker.close()
        self._threads.shutdown(wait=True, cancel_futures=True)


_OF_THE_MARKET = ("given", "source", "folder", "population")


class _Worker:
    """One process."""

    def __init__(self, first: dict[str, Any]) -> None:
        self._first: dict[str, Any] | None = first
        path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        self._screen = tempfile.TemporaryFile()  # noqa: SIM115 -- it is closed with the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "analysis.tournament.worker"], env=os.environ | {"PYTHONPATH": path},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._screen, start_new_session=True,
        )  # fmt: skip

    def prepare(self) -> None:
        """Let it import and compile what all matches need.

        Raises
        ------
        RunError
            If it cannot.
        """
        if self._first is None:
            return
        said = self.ask({"warm": self._first})
        if said is None:
            self._screen.seek(0)
            lines = self._screen.read().decode(errors="replace").strip().splitlines()
            why = f": {lines[-1][:200]}" if lines else ""
            raise RunError(f"a process that plays matches ended before it began{why}")
        if isinstance(said, dict) and "wrong" in said:
            raise RunError(said["wrong"])
        self._first = None

    def ask(self, what: dict[str, Any]) -> Any:
        """Its answer; None if it died."""
        asks, answers = self._process.stdin, self._process.stdout
        if asks is None or answers is None:
            return None
        try:
            asks.write(json.dumps(what).encode() + b"\n")
            asks.flush()
            line = answers.readline()
            return json.loads(line) if line.endswith(b"\n") else None
        except (OSError, ValueError):
            return None

    def end(self) -> None:
        """Ask it to end what it plays: nobody waits any more."""
        if self._process.stdin is not None:
            with suppress(OSError, ValueError):
                self._process.stdin.close()

    def close(self) -> None:
        """End it, and wait until it is gone."""
        self.end()
        try:
            self._process.wait(_LEAVE)
        except subprocess.TimeoutExpired:
            self._process.kill()  # what it plays ends with it
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._screen.close()
