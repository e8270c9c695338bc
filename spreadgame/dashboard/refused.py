"""What the page asked for and does not get: the place, the value and the remedy, as one answer."""

from __future__ import annotations

from typing import Any

from sim.core.wording import shown


class Refused(Exception):
    """A message that cannot be obeyed; the connection goes on.

    Parameters
    ----------
    place : the key of the message, or the path into the scenario.
    value : what stood there.
    what : what is wrong with it.
    remedy : what to send instead.
    """

    def __init__(self, place: str, value: object, what: str, remedy: str) -> None:
        self.place, self.remedy = place, remedy
        self.value = None if value is None else shown(value)
        said = f"{place}: {shown(value)} — {what}" if value is not None else f"{place}: {what}"
        super().__init__(f"{said}; {remedy}" if remedy else said)

    def answer(self) -> dict[str, Any]:
        """The message that says so."""
        found = {"type": "error", "message": str(self), "place": self.place, "value": self.value}
        return found | {"remedy": self.remedy}
