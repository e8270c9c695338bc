"""The processes that play matches, as the process sees them that asks: it sends tasks and takes answers, as JSON."""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from queue import SimpleQueue
from typing import IO, Any

from analysis.tournament.limits import Said, adopt, children, end_strays
from analysis.tournament.task import Task
from sim.core.compiled import is_compiled
from sim.core.errors import RunError
from sim.core.questions import command_of, environment_with

_LEAVE = 3.0  # seconds in which a process ends what it plays
_SILENT = 30.0  # seconds after which a process that does not say that it works was stopped
_LOOK = 0.5  # seconds between two looks at whether a process is still there
_TRIES = 3  # of a match whose worker dies, before it is given up


class Workers:
    """So many processes, each of which plays one match at a time.

    Parameters
    ----------
    size : how many.
    first : the scenario of a task, which they prepare.
    """

    def __init__(self, size: int, first: Task) -> None:
        self.size = size
        self._first = {key: value for key, value in first.as_json().items() if key in _OF_THE_MARKET}
        self._threads = ThreadPoolExecutor(self.size, "spreadgame-tournament")
        self._free: SimpleQueue[_Worker] = SimpleQueue()
        self._all: list[_Worker] = []
        self._starting = threading.Lock()
        self._others = children()  # that this process has for other ends
        adopt()
        self._closed = False
        self._prepared = is_compiled([], "kernel.advance")

    @property
    def _count(self) -> int:
        return min(self.size, len(self._all))

    def _new(self) -> _Worker:
        with self._starting:
            worker = _Worker(self._first)
            self._all.append(worker)
        return worker

    def _end_strays(self) -> None:
        """End what a process of ours had started that was killed, and so could not end it: it has come to this one."""
        with self._starting:
            end_strays({*self._others, *(each.number for each in self._all if not each.has_ended())})

    def do(self, tasks: Sequence[Task], done: Callable[[int, list[Said]], None]) -> None:
        """Play tasks. ``done`` is told of each with its number, in this thread, as they end.

        Raises
        ------
        RunError
            If a process cannot be started, or dies again and again.
        """
        waiting = iter(range(len(tasks)))
        while len(self._all) < min(self.size, len(tasks)):
            self._free.put(self._new())
        if not self._prepared and self._count > 1:
            worker = self._free.get()
            worker.prepare()  # one compiles, so that the others need not
            self._free.put(worker)
            self._prepared = True
        futures: dict[Future[list[Said]], int] = {}

        def feed() -> None:
            while len(futures) < self._count:
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
                said = worker.ask(task.as_json(), _SILENT)
                if said is None and not self._closed:
                    worker.close()
                    self._end_strays()
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
        self._end_strays()
        adopt(False)


_OF_THE_MARKET = ("given", "source", "folder", "population")


class _Worker:
    """One process."""

    def __init__(self, first: dict[str, Any]) -> None:
        self._first: dict[str, Any] | None = first
        self._screen = tempfile.TemporaryFile()  # noqa: SIM115 -- it is closed with the process
        self._process = subprocess.Popen(
            command_of("analysis.tournament.worker"), env=environment_with({}),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._screen, start_new_session=True, bufsize=0,
        )  # fmt: skip

    @property
    def number(self) -> int:
        """Of the process."""
        return self._process.pid

    def has_ended(self) -> bool:
        """Whether it is gone."""
        return self._process.poll() is not None

    def prepare(self) -> None:
        """Let it import and compile what all matches need.

        Raises
        ------
        RunError
            If it cannot.
        """
        if self._first is None:
            return
        said = self.ask({"warm": self._first}, None)
        if said is None:
            self._screen.seek(0)
            lines = self._screen.read().decode(errors="replace").strip().splitlines()
            why = f": {lines[-1][:200]}" if lines else ""
            raise RunError(f"a process that plays matches ended before it began{why}")
        if isinstance(said, dict) and "wrong" in said:
            raise RunError(said["wrong"])
        self._first = None

    def ask(self, what: dict[str, Any], seconds: float | None) -> Any:
        """Its answer; None if it died, or says nothing for so many seconds: it was stopped."""
        asks, answers = self._process.stdin, self._process.stdout
        if asks is None or answers is None:
            return None
        try:
            asks.write(json.dumps(what).encode() + b"\n")
            asks.flush()
            line = self._line(answers, seconds)
            return json.loads(line) if line.endswith(b"\n") else None
        except (OSError, ValueError):
            return None

    def _line(self, answers: IO[bytes], seconds: float | None) -> bytes:
        """The next line that is not empty: an empty one says that it works."""
        line, heard = b"", time.monotonic()
        while not line.endswith(b"\n"):
            gone = self.has_ended()  # then what it had started may keep the file open
            if select.select([answers], [], [], 0.0 if gone else _LOOK)[0]:
                part, heard = os.read(answers.fileno(), 1 << 16), time.monotonic()
                if not part:
                    break
                line = (line + part).lstrip()
            elif gone or (seconds is not None and time.monotonic() - heard > seconds):
                break
        return line

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
