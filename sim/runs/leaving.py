"""Ctrl-C during the start of the program, while modules are imported: it ends with one word.

Imports next to nothing, since it must come before everything that takes time.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

ENDINGS = (signal.SIGINT, signal.SIGTERM)


def interrupted(where: str = "") -> str:
    """What is said of an end by a signal: ``interrupted``, and in what if that is known."""
    return f"interrupted in {where}" if where else "interrupted"


def leave(number: int, where: str = "") -> NoReturn:
    """End this process at once, as a shell expects it of a signal: with 128 and its number.

    Parameters
    ----------
    where : what it was doing, if that is known.
    """
    try:  # noqa: SIM105 -- contextlib takes longer to import than all of this
        os.write(2, f"{interrupted(where)}\n".encode())
    except OSError:
        pass  # there is no screen any more
    os._exit(128 + number)


def leave_quietly() -> None:
    """From now on Ctrl-C and SIGTERM end this process at once. What must be finished first has handlers of its own."""
    for number in ENDINGS:
        signal.signal(number, lambda number, _: leave(number))


def leave_quietly_if_started(package: str) -> None:
    """As :func:`leave_quietly`, if Python was started as ``python -m package…`` and is importing that just now."""
    if sys.argv[:1] == ["-m"] and any(each.partition(".")[0] == package for each in sys.orig_argv[1:]):
        leave_quietly()
