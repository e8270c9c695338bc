"""Ctrl-C and SIGTERM: the first signal asks for an end, a second signal ends the process at once.

Python answers a signal between two of its own instructions, so never while compiled code holds the main thread. A
thread beside it hears each signal at once, since our kernels let other threads run: it says that a stop was asked for
where that takes long, and ends the process at a second signal that is not answered. It then says whose turn never
ended: the clock of a World can be read while compiled code runs.
"""

from __future__ import annotations

import _thread
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sim.runs.leaving import ENDINGS, leave

_ONE_PRESS = 1.0  # seconds within which a second Ctrl-C is taken for the first; then it is said that one was heard
_GRACE = 2.0  # seconds that a second one leaves the main thread to end by itself
_DONE = 0  # no signal's number
_SAID = "asked to stop at the end of this step; a second Ctrl-C or SIGTERM ends it at once"
_log = logging.getLogger("spreadgame")  # a warning goes to standard error if nobody has set up logging
_ears: list[_Ears] = []  # the one thread that hears signals, while there is one
_turns: list[Callable[[], str]] = []  # of each run in progress, says whose turn it is


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, or SIGTERM, which is one of its kind here; ``signal`` says which, ``where`` whose turn it broke off."""

    def __init__(self, number: int, message: str = "", where: str = "") -> None:
        super().__init__(message)
        self.signal = number
        self.where = where


@contextmanager
def turns_told_by(whose_turn: Callable[[], str]) -> Iterator[None]:
    """Inside, a run is in progress: a signal that breaks off one of its turns says whose.

    Parameters
    ----------
    whose_turn : strategy, agent and step, in words; empty between turns. Called from another thread.
    """
    _turns.append(whose_turn)
    try:
        yield
    finally:
        _turns.remove(whose_turn)


def _where() -> str:
    """Whose turn it is, in every run of this process."""
    with suppress(Exception):  # a World may be changed just now; then it is not known
        return "; ".join(filter(None, [whose_turn() for whose_turn in list(_turns)]))
    return ""


@dataclass
class Stop:
    """What Ctrl-C and SIGTERM asked for; looked at between chunks."""

    signal: int | None = None
    since: float = 0.0
    running: bool = False  # before the first step there is nothing to keep


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """Inside, and once it is running, Ctrl-C and SIGTERM ask for a stop instead of ending the process.

    A second one ends it, unless it comes so soon that a key was only pressed twice; where the main thread does not
    answer that, the process ends with 128 and the signal's number. In another thread than the main one nothing changes:
    Python lets no other have signals.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ask(number: int, _: Any) -> None:
        first = stop.signal is None
        again = not first and time.monotonic() - stop.since > _ONE_PRESS
        if first:
            stop.signal, stop.since = number, time.monotonic()
        if not stop.running or again:
            raise Interrupted(number, where="" if first else _where())  # the first one breaks off no turn

    def swallowed(unraisable: Any) -> None:
        """Where LLVM calls Python back, nothing can be raised: the same signal comes again, a little later."""
        if isinstance(unraisable.exc_value, Interrupted):
            for ears in _ears:
                ears.repeated += 1
            threading.Timer(0.05, _thread.interrupt_main, (unraisable.exc_value.signal,)).start()
        else:
            hook(unraisable)

    hook, sys.unraisablehook = sys.unraisablehook, swallowed
    before = {number: signal.signal(number, ask) for number in ENDINGS}
    try:
        with _heard():
            yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.unraisablehook = hook


@contextmanager
def _heard() -> Iterator[None]:
    """Inside, a second signal ends the process even where compiled code never returns."""
    if _ears or sys.platform == "win32":  # where only a socket of its own kind would do
        yield
        return
    _ears.append(_Ears())
    try:
        yield
    finally:
        _ears.pop().close()


class _Ears:
    """A thread that is told of every signal by Python's C handler, whatever the main thread does."""

    def __init__(self) -> None:
        self.repeated = 0  # signals that will come once more, though nobody sends them
        self._here, self._there = socket.socketpair()
        self._there.setblocking(False)
        self._before = signal.set_wakeup_fd(self._there.fileno(), warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._hear, name="spreadgame-signals", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread, and let whoever was told before be told again."""
        signal.set_wakeup_fd(self._before)
        self._there.send(bytes([_DONE]))
        self._thread.join()
        self._here.close()
        self._there.close()

    def _hear(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)  # the main thread is to take them
        first: float | None = None  # when the first one came
        said, ending = False, 0
        while True:
            self._here.settimeout(_GRACE if ending else _ONE_PRESS if first is not None and not said else None)
            try:
                numbers = self._here.recv(64)
            except TimeoutError:
                if ending:
                    leave(ending, _where())
                said = True
                _log.warning(_SAID)
                continue
            for number in numbers:
                if number == _DONE:
                    return
                self._tell_others(number)
                if number not in ENDINGS:
                    continue
                if self.repeated:
                    self.repeated -= 1
                elif first is None:
                    first = time.monotonic()
                elif said or time.monotonic() - first > _ONE_PRESS:
                    ending = number

    def _tell_others(self, number: int) -> None:
        """A notebook's event loop hears signals in the same way."""
        if self._before != -1:
            with suppress(OSError):  # its loop was closed
                os.write(self._before, bytes([number]))


def _forget_in_child() -> None:
    """A process that was forked off must not tell its parent of its own signals."""
    if _ears:
        signal.set_wakeup_fd(-1)
        _ears.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
