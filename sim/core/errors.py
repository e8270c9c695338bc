"""Errors a user can mend: each names the place, the value and the remedy, and the command line exits with 2 on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_MOST_SHOWN = 50  # problems
_LONGEST = 600  # letters of one
_MOST_LETTERS = 8_000


class SpreadgameError(Exception):
    """Base of every error that is the user's to mend. Shown as its message, never as a traceback."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a file: where, what stands there, and what to do about it."""

    place: str  # path into the data, "populations.makers.params.half_spread"
    message: str  # what is wrong with the value, and what is allowed
    remedy: str = ""  # the nearest right name, or what to write instead

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.place else self.message
        return f"{text} — {self.remedy}" if self.remedy else text


def listed(source: str, what: str, problems: Sequence[Problem]) -> str:
    """Problems of a file, a line each below their number: the first of them where there are very many.

    Parameters
    ----------
    source : what the file is called.
    what : the word for one of them.
    """
    lines = [f"{source}: {len(problems):,} {what}{'' if len(problems) == 1 else 's'}"]
    room = _MOST_LETTERS
    for problem in problems[:_MOST_SHOWN]:
        text = str(problem)
        text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
        room -= len(text)
        if room < 0:
            break
        lines.append(f"  {text}")
    left = len(problems) + 1 - len(lines)
    return "\n".join([*lines, f"  and {left:,} more"] if left else lines)


class ScenarioError(SpreadgameError):
    """A scenario that cannot run. Carries every problem that could be known; its text shows the first of them."""

    def __init__(self, source: str, problems: list[Problem]) -> None:
        self.source = source
        self.problems = problems
        super().__init__(listed(source, "problem", problems))


class StrategyError(SpreadgameError):
    """A strategy that is badly declared, raised, or sent more messages than it declared."""


class RunError(SpreadgameError):
    """A run that cannot go on, or a run folder that cannot be written or read."""


class ReplayError(SpreadgameError):
    """Recorded messages that cannot be read or do not fit their book file."""


def reason_of(error: Exception) -> str:
    """What the system said, without what pyarrow puts around it."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error).partition("\n")[0]
    return text.rpartition("] ")[2] if "Detail: [" in text else text
