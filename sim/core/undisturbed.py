"""Ctrl-C waits while something is made that must be whole: half of it done is a state that nobody can go on from.

Python raises what a signal's handler raises between any two of its own instructions. Inside :class:`Undisturbed` the
signal is noted, and its handler called at the end. Only the main thread has signals; in others nothing changes.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found] # `signal` wraps it, which takes longer than a step of a market
import time
from collections.abc import Callable
from signal import SIGINT, SIGTERM
from typing import Any, Self

_ONE_PRESS = 1.0  # seconds within which a second signal is taken for the first
_INT, _TERM = int(SIGINT), int(SIGTERM)
_handler_of: Callable[[int], Any] = _signal.getsignal
_handle_by: Callable[[int, Any], Any] = _signal.signal


class Undisturbed:
    """Inside, Ctrl-C and SIGTERM wait; at the end the first is handled as it would have been.

    A second one, more than a second later, is handled at once: so what never ends can be ended. Signals that no Python
    function handles are left alone. Good for one use.

    Attributes
    ----------
    asked : the number of the signal that waits, 0 if none does. Whoever makes something long looks at it.
    is_broken : whether a second signal has ended it.
    """

    __slots__ = ("_frame", "_on_int", "_on_term", "_since", "asked", "is_broken")

    def __init__(self) -> None:
        self.asked = 0
        self.is_broken = False
        self._on_int = self._on_term = None  # the handlers in whose place ours is

    def __enter__(self) -> Self:
        on_int, on_term = _handler_of(_INT), _handler_of(_TERM)
        try:
            if callable(on_int):
                self._on_int = on_int  # first: a signal may come at once
                _handle_by(_INT, self._hear)
            if callable(on_term):
                self._on_term = on_term
                _handle_by(_TERM, self._hear)
        except ValueError:  # this is not the main thread
            self._on_int = self._on_term = None
        return self

    def __exit__(self, *_: object) -> None:
        if self._on_int is not None:
            _handle_by(_INT, self._on_int)
        if self._on_term is not None:
            _handle_by(_TERM, self._on_term)
        if self.asked and not self.is_broken:
            self._answer(self.asked)

    def _hear(self, number: int, frame: Any) -> None:
        if not self.asked:
            self._since, self._frame = time.monotonic(), frame
            self.asked = number
        elif time.monotonic() - self._since > _ONE_PRESS:
            self.is_broken = True
            self._answer(number)
            self.is_broken = False  # its handler let us go on

    def _answer(self, number: int) -> None:
        handler: Any = self._on_int if number == _INT else self._on_term
        handler(number, self._frame)
