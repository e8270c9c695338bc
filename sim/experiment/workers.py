"""The workers for chunks: this process, its threads, or other processes. Clusters: :mod:`sim.experiment.cluster`.

Kernels run without the GIL, so threads do for a few cores; processes also outlive what kills one of them. Each worker
is an executor of its own, so that one that dies takes its own chunk with it and no other.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from contextlib import closing
from typing import Protocol

from joblib import cpu_count
from joblib.externals.loky import ProcessPoolExecutor

from sim.core.errors import RunError, SpreadgameError
from sim.experiment.jobs import Chunk
from sim.experiment.work import do_chunk, keep_strategies_in, never

TRIES = 3  # of a chunk, before the sweep gives up
BACKENDS = ("processes", "threads", "dask")
_OWN_MODULES = {"PYTHONSAFEPATH": "1"}  # a file in the folder of today is not taken for a module of Python's own
_LOOK = 0.5  # seconds between a worker's looks at whether its parent lives


class Workers(Protocol):
    """Something that does chunks."""

    size: int

    def start(self) -> None:
        """Let them begin to start, if they are not there yet; returns at once."""
        ...

    def ready(self) -> None:
        """Wait until they have started."""
        ...

    def do(self, chunks: Sequence[Chunk]) -> Iterator[tuple[Chunk, bytes]]:
        """Do chunks, and give each with its file as it is finished, in any order.

        Raises
        ------
        SpreadgameError
            If a run cannot be done, or a chunk has failed ``TRIES`` times.
        """
        ...

    def close(self) -> None:
        """End the workers, whatever they are doing."""
        ...


class InProcess:
    """The process that asks, one chunk after another."""

    size = 1

    def start(self) -> None:
        """It is there."""

    def ready(self) -> None:
        """It is there."""

    def do(self, chunks: Sequence[Chunk]) -> Iterator[tuple[Chunk, bytes]]:
        """See :class:`Workers`."""
        for chunk in chunks:
            for attempt in range(1, TRIES + 1):
                try:
                    answer = do_chunk(chunk)
                    break
                except SpreadgameError:
                    raise
                except Exception as error:
                    if attempt == TRIES:
                        raise given_up(chunk, error) from error
            yield chunk, answer

    def close(self) -> None:
        """Nothing is left behind."""


class _Pool:
    """Workers, each an executor that does one chunk at a time."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._executors: list[Executor | None] = [None] * size
        self._starting: list[Future[bool]] = []

    def start(self) -> None:
        """See :class:`Workers`."""
        for slot in range(self.size):
            if self._executors[slot] is None:
                self._starting.append(self._executor(slot).submit(never))

    def ready(self) -> None:
        """See :class:`Workers`. One that dies at this is found out by its first chunk."""
        wait(self._starting)
        self._starting.clear()

    def _executor(self, slot: int) -> Executor:
        executor = self._executors[slot] = self._executors[slot] or self._start()
        return executor

    def _start(self) -> Executor:
        raise NotImplementedError

    def _end(self, executor: Executor) -> None:
        raise NotImplementedError

    def _submit(self, slot: int, chunk: Chunk) -> Future[bytes]:
        return self._executor(slot).submit(do_chunk, chunk)

    def do(self, chunks: Sequence[Chunk]) -> Iterator[tuple[Chunk, bytes]]:
        """See :class:`Workers`."""
        waiting, tries = deque(chunks), Counter[str]()
        running: dict[Future[bytes], tuple[int, Chunk]] = {}
        free = list(range(self.size))

        def feed() -> None:
            while waiting and free:
                slot, chunk = free.pop(), waiting.popleft()
                running[self._submit(slot, chunk)] = slot, chunk

        try:
            while waiting or running:
                feed()
                ready = wait(running, return_when=FIRST_COMPLETED).done
                finished: list[tuple[Chunk, bytes]] = []
                over: BaseException | None = None
                for future in ready:
                    slot, chunk = running.pop(future)
                    free.append(slot)
                    error = future.exception()
                    if error is None:
                        finished.append((chunk, future.result()))
                        continue
                    if isinstance(error, BrokenExecutor):
                        self._forget(slot)
                    tries[chunk.name] += 1
                    waiting.appendleft(chunk)
                    if isinstance(error, SpreadgameError):
                        over = error
                    elif tries[chunk.name] == TRIES:
                        over = given_up(chunk, error)
                        over.__cause__ = error
                if over is None:
                    feed()  # before the caller writes what is finished
                yield from finished
                if over is not None:
                    raise over
        finally:
            for slot, _ in running.values():
                self._forget(slot)

    def _forget(self, slot: int) -> None:
        executor, self._executors[slot] = self._executors[slot], None
        if executor is not None:
            self._end(executor)

    def close(self) -> None:
        """See :class:`Workers`."""
        for slot in range(self.size):
            self._forget(slot)


class Threads(_Pool):
    """Threads of this process. They stop between two chunks of steps when they are no longer wanted."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._stops: dict[Executor, threading.Event] = {}

    def _start(self) -> Executor:
        executor = ThreadPoolExecutor(1, "spreadgame")
        self._stops[executor] = threading.Event()
        return executor

    def _submit(self, slot: int, chunk: Chunk) -> Future[bytes]:
        executor = self._executor(slot)
        return executor.submit(do_chunk, chunk, self._stops[executor].is_set)

    def _end(self, executor: Executor) -> None:
        self._stops.pop(executor).set()
        executor.shutdown(wait=True, cancel_futures=True)


class Processes(_Pool):
    """Processes on this machine, by loky: they need no guard in a user's script."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._private = tempfile.TemporaryDirectory(prefix="spreadgame-")  # a killed worker could not remove its own

    def _start(self) -> Executor:
        given = os.getpid(), self._private.name
        executor: Executor = ProcessPoolExecutor(1, initializer=_begin_worker, initargs=given, env=_OWN_MODULES)
        return executor

    def close(self) -> None:
        """See :class:`Workers`."""
        super().close()
        self._private.cleanup()

    def _end(self, executor: Executor) -> None:
        executor.shutdown(wait=True, kill_workers=True)  # type: ignore[call-arg]


def _begin_worker(parent: int, private: str) -> None:
    """Ctrl-C is the parent's to answer, and a worker whose parent was killed has nobody to work for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_strategies_in(private)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK)
        shutil.rmtree(private, ignore_errors=True)
        os._exit(1)

    if os.name != "nt":
        threading.Thread(target=watch, daemon=True).start()


def given_up(chunk: Chunk, error: BaseException) -> RunError:
    """What is said of a chunk that has failed too often."""
    how = "its worker died" if isinstance(error, BrokenExecutor) else f"{type(error).__name__}: {error}"
    return RunError(f"the runs from {chunk} failed {TRIES} times ({how}) — try them alone with one worker")


def open_workers(
    count: int | None = None, backend: str = "processes", scheduler: str | None = None
) -> closing[Workers]:
    """Workers for a ``with`` block, to be kept through several calls of :func:`sim.experiment.run_many`.

    Parameters
    ----------
    count : how many; None for one a core. One alone is this process itself.
    backend : ``processes``, ``threads``, or ``dask`` for a cluster, which has its own count.
    scheduler : the address of the cluster's scheduler, ``tcp://host:8786``.

    Raises
    ------
    ValueError
        If there is no such backend, or less than one worker.
    RunError
        If the scheduler cannot be reached.
    """
    if backend not in BACKENDS:
        raise ValueError(f"there is no backend {backend!r} — there are {', '.join(BACKENDS)}")
    if count is not None and count < 1:
        raise ValueError(f"{count} workers can do nothing: at least one is needed")
    if (scheduler is not None) != (backend == "dask"):
        raise ValueError("a scheduler's address belongs to the backend 'dask', which needs one")
    if scheduler is not None:
        from sim.experiment.cluster import Cluster

        return closing(Cluster(scheduler))
    size = cpu_count() if count is None else count
    return closing(InProcess() if size == 1 else Threads(size) if backend == "threads" else Processes(size))
