"""What may be chosen of a measure: its default, bounds and meaning, and how it is typed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

Value = int | float | str | tuple[float, ...] | None


def flag(name: str) -> str:
    """An option as one types it: ``leave_out`` of Python is ``--leave-out``."""
    return f"--{name.replace('_', '-')}"


def _short(number: float) -> str:
    return f"{int(number):,}" if number == int(number) else f"{number:g}"


@dataclass(frozen=True)
class Option:
    """What may be chosen of a measure: ``--horizon 50`` on the command line, ``horizon=50`` in Python.

    Attributes
    ----------
    default : None where the measure finds out what fits; a tuple for several numbers.
    meaning : as ``--help`` says it.
    kind : of the value: ``int``, ``float`` or ``str``.
    low, high : bounds of numbers, both included.
    choices : of a word.
    """

    default: Value
    meaning: str
    kind: type = str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def is_several(self) -> bool:
        """Whether it takes several numbers."""
        return isinstance(self.default, tuple)

    @property
    def allowed(self) -> str:
        """What may be given, in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.kind is str:
            return "a name"
        what = "whole number" if self.kind is int else "number"
        bounds = [_short(bound) for bound in (self.low, self.high) if bound is not None]
        several = f"{what}s" if self.is_several else f"a {what}"
        return f"{several} from {' to '.join(bounds)}{'' if self.high is not None else ' on'}" if bounds else several

    @property
    def said(self) -> str:
        """Its meaning and default, in words."""
        return self.meaning if self.default is None else f"{self.meaning} (default: {self.default_text})"

    @property
    def default_text(self) -> str:
        """Its default as one types it."""
        return ",".join(f"{each:g}" for each in self.default) if isinstance(self.default, tuple) else str(self.default)

    def fits(self, value: Any) -> bool:
        """Whether a value may be given."""
        if self.is_several:
            return isinstance(value, (tuple, list)) and bool(value) and all(map(self._fits, value))
        return (value is None and self.default is None) or self._fits(value)

    def _fits(self, value: Any) -> bool:
        if self.choices or self.kind is str:
            return isinstance(value, str) and (not self.choices or value in self.choices)
        if isinstance(value, bool) or not isinstance(value, (int, float) if self.kind is float else int):
            return False
        return math.isfinite(value) and not (
            (self.low is not None and value < self.low) or (self.high is not None and value > self.high)
        )
