"""A thread that does one thing after another for the server's event loop: whoever owns a market has it there alone."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

Result = TypeVar("Result")
_LEAVE = 5.0  # seconds that a thread has to end what it is doing
_ending: list[tuple[threading.Thread, float]] = []  # threads that were told to end, and when
_Job = tuple[Callable[[], Any], asyncio.Future[Any], asyncio.AbstractEventLoop]


class Worker:
    """A thread of its own. It does not keep the process alive: a strategy that never returns ends with the process."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="spreadgame-market", daemon=True)
        self._thread.start()

    async def do(self, act: Callable[[], Result]) -> Result:
        """Call ``act`` in the thread, once what was asked before is done."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._jobs.put((act, future, loop))
        return await future

    def close(self) -> None:
        """End the thread, once what was asked before is done."""
        self._jobs.put(None)
        _ending.append((self._thread, time.monotonic()))

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            act, future, loop = job
            result, error = None, None
            try:
                result = act()
            except BaseException as raised:  # it is raised again where it was asked for
                error = raised
            try:
                loop.call_soon_threadsafe(_answer, future, result, error)
            except RuntimeError:  # the loop is closed: nobody waits any more
                return
            del job, act, future, result, error  # or they would live until the next


def never_ending() -> int:
    """Threads that were told to end, and still do what never ends: Python cannot end a thread."""
    _ending[:] = [(thread, since) for thread, since in _ending if thread.is_alive()]
    return sum(time.monotonic() - since > _LEAVE for _, since in _ending)


def _answer(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():  # who asked has gone
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
