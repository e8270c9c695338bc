"""What goes wrong, as a page is told: the place, the value and the remedy, in one message."""

from __future__ import annotations

from typing import Any

from sim.core.errors import ScenarioError, SpreadgameError
from sim.core.wording import shown

_MOST_PROBLEMS = 5  # of a scenario, in one message


class Gone(Exception):
    """The page has left: nothing can be sent to it."""


class Refused(Exception):
    """A message that cannot be obeyed; the connection goes on.

    Parameters
    ----------
    place : the key of the message, or the path into the scenario.
    value : what stood there; None if nothing did.
    what : what is wrong with it.
    remedy : what to send instead.
    """

    def __init__(self, place: str, value: object, what: str, remedy: str) -> None:
        self.place, self.remedy = place, remedy
        self.value = None if value is None else shown(value)
        said = f"{place}: {what}" if value is None else f"{place}: {self.value}: {what}"
        super().__init__(f"{said} — {remedy}" if remedy else said)


def answer_to(error: Exception) -> dict[str, Any]:
    """The message that tells a page of an error."""
    if isinstance(error, Refused):
        told: dict[str, Any] = {"place": error.place, "value": error.value, "remedy": error.remedy}
        return {"type": "error", "message": str(error)} | told
    if isinstance(error, ScenarioError) and error.problems:
        problems = error.problems
        lines = [str(problem) for problem in problems[:_MOST_PROBLEMS]]
        more = [f"and {len(problems) - len(lines):,} more"] if len(problems) > len(lines) else []
        told = {"place": problems[0].place, "remedy": problems[0].remedy}
        return {"type": "error", "message": "\n".join([*lines, *more])} | told
    if isinstance(error, SpreadgameError):
        return {"type": "error", "message": str(error)}
    if isinstance(error, MemoryError):
        return {"type": "error", "message": "there is not enough memory for this market — take fewer agents"}
    said = f"{type(error).__name__}: {error}".rstrip(": ")
    return {"type": "error", "message": f"{said} — this is a bug in Spreadgame, please report it"}
