"""Who steps a session or gives it an order has it alone, and Ctrl-C waits until that is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from sim.core.errors import RunError
from sim.core.undisturbed import Undisturbed

if TYPE_CHECKING:
    from sim.session.session import Session


class Alone(Undisturbed):
    """Inside, a session is ours: it may be stepped and take orders, and neither is left half done.

    Raises
    ------
    RunError
        On entering, if the session has failed, its log is closed, or somebody steps it.
    """

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        Undisturbed.__init__(self)
        self._session = session

    def __enter__(self) -> Self:
        Undisturbed.__enter__(self)  # first: a lock that Ctrl-C leaves taken would be taken for good
        try:
            self._session.claim(self)
        except BaseException:
            Undisturbed.__exit__(self)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_broken:
            self._session.fail(RunError("a second Ctrl-C ended it in the middle of a step"))
        self._session.release()
        Undisturbed.__exit__(self)
