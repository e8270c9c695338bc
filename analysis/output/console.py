"""Where our commands print: results on standard output, all else on standard error, progress where there is a screen.

Imports nothing that is slow: rich is imported when something is printed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from sim.core.wording import printable

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 80  # characters of a line of the tables of `analysis`, which other programs read too
_BAR = 20  # characters


def results(width: int | None = None) -> Console:
    """Results go to standard output: as wide as the terminal, or plain text in lines of so many characters."""
    from rich.console import Console

    if width is None:
        return Console(highlight=False, emoji=False, markup=False)
    return Console(file=sys.stdout, width=width, color_system=None, highlight=False, emoji=False, markup=False)


def screen() -> Console:
    """Progress and errors go to standard error."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, emoji=False, markup=False)


def complain(message: str) -> None:
    """Say what is wrong."""
    screen().print(printable(message), style="red", soft_wrap=True)


def say(message: str) -> None:
    """Say something that is no result."""
    screen().print(printable(message), soft_wrap=True)


def print_json(content: Any) -> None:
    """Print one JSON object, and nothing else.

    Raises
    ------
    ValueError
        If a number in it is none, which JSON does not have.
    """
    import json

    sys.stdout.write(json.dumps(content, indent=2, allow_nan=False) + "\n")


# --- progress -------------------------------------------------------------------------------------------------------


class Move(Protocol):
    """Moves a bar: how much of how much is done, what is said of it, how long it takes, and what is being done."""

    def __call__(self, done: int, total: int | None, said: str, time: str = "", what: str | None = None) -> None:
        """Nothing given as ``what`` leaves what stands there."""


@contextmanager
def bar(what: str, hidden: bool) -> Iterator[Move | None]:
    """A progress bar on the screen, gone when it ends; None where it is hidden or there is no screen."""
    console = screen()
    if hidden or not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, Progress, TextColumn

    shown = (
        TextColumn("{task.description}"),
        BarColumn(_BAR),
        *map(TextColumn, ("{task.fields[said]}", "{task.fields[time]}")),
    )
    progress = Progress(*shown, console=console, transient=True)
    task = progress.add_task(what, total=None, said="", time="")

    def move(done: int, total: int | None, said: str, time: str = "", what: str | None = None) -> None:
        progress.update(task, completed=done, total=total, said=said, time=time, description=what)

    with progress:
        yield move


@contextmanager
def status(first: str, hidden: bool = False) -> Iterator[Callable[[str], None]]:
    """One line on the screen that says what is being done, gone when it ends. Gives what changes it."""
    console = screen()
    if hidden or not console.is_terminal:
        yield lambda said: None
        return
    with console.status(first) as line:
        yield line.update


def time_left(seconds: float) -> str:
    """``3 min 20 s left``; nothing where it is not known."""
    if not 0 <= seconds < float("inf"):
        return ""
    hours, rest = divmod(round(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes} min left"
    return f"{minutes} min {rest} s left" if minutes else f"{rest} s left"
