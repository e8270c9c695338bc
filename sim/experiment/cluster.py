"""Chunks on a Dask cluster, reached by the address of its scheduler. The code that runs there is the same as here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sim.core.errors import RunError, SpreadgameError
from sim.experiment.jobs import Chunk
from sim.experiment.work import do_chunk

RETRIES = 2
_PATIENCE = 10.0  # seconds to reach the scheduler


class Cluster:
    """The workers of a Dask cluster. One that dies loses what it was doing; the scheduler gives it to another.

    Parameters
    ----------
    scheduler : its address, ``tcp://host:8786``.

    Raises
    ------
    RunError
        If there is no Dask here, nobody answers at the address, or nobody works there.
    """

    def __init__(self, scheduler: str) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            raise RunError("a cluster needs Dask — pip install 'spreadgame[cluster]'") from error
        try:
            with ThreadPoolExecutor(1) as thread:  # a notebook has a loop of its own in this one
                thread.submit(asyncio.run, _look(scheduler)).result()
            self._client: Any = Client(scheduler, timeout=_PATIENCE, set_as_default=False)
        except Exception as error:  # what answers may be anything, and what Dask makes of it too
            raise RunError(
                f"{scheduler}: no Dask scheduler answers there ({_first_line(error)}) — start one with "
                "`dask scheduler`, and give the address that it prints"
            ) from error
        self.size = max(1, sum(self._client.nthreads().values()))
        self._scheduler = scheduler
        self._log = logging.getLogger("distributed.client")
        self._level = self._log.level
        self._log.setLevel(logging.CRITICAL)  # of a scheduler that is gone it tells in tracebacks

    def start(self) -> None:
        """They are there, or come when they come."""

    def ready(self) -> None:
        """They are there, or come when they come."""

    def do(self, chunks: Sequence[Chunk]) -> Iterator[tuple[Chunk, bytes]]:
        """See :class:`sim.experiment.workers.Workers`."""
        from distributed import as_completed
        from distributed.scheduler import KilledWorker

        known: dict[Any, Chunk] = {}
        for chunk in chunks:
            known[self._client.submit(_answer, chunk, pure=False, retries=RETRIES)] = chunk
        completed = as_completed(list(known), loop=self._client.loop)
        try:
            for future in completed:
                chunk = known.pop(future)
                if future.status in ("cancelled", "lost"):
                    raise self._gone()
                error = future.exception() if future.status == "error" else None
                if isinstance(error, KilledWorker):
                    raise RunError(f"the runs from {chunk} killed the workers that tried them — try them alone, here")
                if error is not None:
                    raise RunError(
                        f"the runs from {chunk} failed {RETRIES + 1} times ({type(error).__name__}: {error})"
                    ) from error
                answer = future.result()
                future.release()
                if isinstance(answer, SpreadgameError):
                    raise answer
                yield chunk, answer
        except OSError as error:
            raise self._gone() from error
        finally:
            for future in known:
                future.cancel()

    def _gone(self) -> RunError:
        return RunError(f"{self._scheduler}: the scheduler is gone — start it again, and the same command goes on")

    def close(self) -> None:
        """Leave the cluster, which goes on without us."""
        self._client.close()
        self._log.setLevel(self._level)


def _answer(chunk: Chunk) -> bytes | SpreadgameError:
    """A chunk's file; or an error that will come again however often it is tried, and so is no failure to Dask."""
    try:
        return do_chunk(chunk)
    except SpreadgameError as error:
        return error.with_traceback(None)


async def _look(scheduler: str) -> None:
    """See that a scheduler answers. A client that does not reach one takes half a minute to go."""
    from distributed.core import rpc

    async with rpc(scheduler, timeout=_PATIENCE) as there:
        found = await asyncio.wait_for(there.identity(), _PATIENCE)
    if found.get("type") != "Scheduler":
        raise ValueError(f"it is a Dask {str(found.get('type')).lower()}")


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).partition("\n")[0]
