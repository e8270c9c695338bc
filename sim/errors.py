"""Errors a user can mend: each names the place, the value and the remedy, and the command line exits with 2 on them."""

from __future__ import annotations

from dataclasses import dataclass


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


class ScenarioError(SpreadgameError):
    """A scenario that cannot run. Carries every problem that could be known, not only the first."""

    def __init__(self, source: str, problems: list[Problem]) -> None:
        self.source = source
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"{source}: {count}", *(f"  {problem}" for problem in problems)]))


class StrategyError(SpreadgameError):
    """A strategy that is badly declared, raised, or sent more messages than it declared."""


class RunError(SpreadgameError):
    """A run that cannot go on, or a run folder that cannot be written or read."""


class ReplayError(SpreadgameError):
    """Recorded messages that cannot be read or do not fit their book file."""
