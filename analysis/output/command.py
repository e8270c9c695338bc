"""The command line that modules of analysis share: ``python -m analysis.NAME RUN [--json]``.

Prints a table that fits 80 columns, or one JSON object. Where a run cannot be read or measured: one line, and exit 2.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table

from analysis.output.options import BAD_INPUT, Parser
from analysis.reading.measures import Measure
from sim.core.errors import RunError, SpreadgameError
from sim.runs.result import open_run

_NOTHING, _DIGITS = "-", 5
_WIDTH, _NAME, _UNIT, _MEANING = 80, 28, 12, 12  # characters of a line, and of its columns
_FIGURES = (".png", ".svg", ".pdf")
Found = TypeVar("Found")


def run_command(
    name: str,
    description: str,
    measure: Callable[..., list[Measure]],
    arguments: list[str] | None = None,
    options: Callable[[argparse.ArgumentParser], None] | None = None,
) -> int:
    """Measure the run folder that the command line names, and print the measures; see :func:`answer`."""

    def listed(measures: list[Measure]) -> dict[str, Any]:
        return {"measures": [each.row() for each in measures]}

    return answer(name, description, measure, listed, table, arguments, options)


def answer(
    name: str,
    description: str,
    find: Callable[..., Found],
    as_json: Callable[[Found], dict[str, Any]],
    as_table: Callable[[Found], RenderableType],
    arguments: Sequence[str] | None = None,
    options: Callable[[argparse.ArgumentParser], None] | None = None,
) -> int:
    """Look something up in the run folder that the command line names, and print it.

    Parameters
    ----------
    name : of the module in ``analysis``.
    description : what ``--help`` says first.
    find : gives what is printed of a run, called with the options as keywords; a :class:`SpreadgameError` it raises is
        shown as its message.
    as_json, as_table : make of it what ``--json`` prints, and what is printed otherwise.
    arguments : None for those the program was called with.
    options : adds more of them to the parser.

    Returns
    -------
    int
        The exit code.
    """
    parser = Parser(prog=f"python -m analysis.{name}", description=description)
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder that a run printed")
    parser.add_argument("--json", action="store_true", help="print one JSON object on standard output, nothing else")
    if options is not None:
        options(parser)
    given = parser.parse_args(arguments)
    chosen = {name: value for name, value in vars(given).items() if name not in ("run", "json")}
    try:
        found = find(open_run(given.run), **chosen)
    except SpreadgameError as error:
        sys.stderr.write(f"{error}\n")
        return BAD_INPUT
    if given.json:
        sys.stdout.write(json.dumps(as_json(found), indent=2, allow_nan=False) + "\n")
    else:
        console = Console(file=sys.stdout, width=_WIDTH, color_system=None, highlight=False, markup=False)
        console.print(as_table(found))
    return 0


def table(measures: Iterable[Measure]) -> Table:
    """Measures a row each, to be printed by rich."""
    cells = [(each.name, number(each.value), error(each.standard_error), each.unit, each.meaning) for each in measures]
    most = (_NAME, _WIDTH, _WIDTH, _UNIT)  # characters, of all columns but the last, which has the rest of a line
    heads = ("measure", "value", "standard\nerror", "unit", "meaning")
    taken = [
        min(limit, max(len(text) for text in (*head.split("\n"), *(row[place] for row in cells))))
        for place, (head, limit) in enumerate(zip(heads, most, strict=False))
    ]
    widths = [*taken, max(_MEANING, _WIDTH - sum(taken) - 2 * len(taken))]
    made = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for place, (head, width) in enumerate(zip(heads, widths, strict=True)):
        made.add_column(head, width=width, justify="right" if place in (1, 2) else "left", overflow="fold")
    for row in cells:
        made.add_row(*row)
    return made


def number(value: float, digits: int = _DIGITS) -> str:
    """A number as a cell of a table, of so many digits; ``-`` for what is none."""
    if not math.isfinite(value):
        return _NOTHING
    value += 0.0  # no -0
    return f"{value:,.0f}" if abs(value) >= 10**digits else f"{value:,.{digits}g}"


def error(value: float | None) -> str:
    """A standard error as a cell of a table: two digits, ``-`` for what is unknown."""
    if value is None or not math.isfinite(value):
        return _NOTHING
    return f"{float(f'{value:.2g}'):,.0f}" if value >= 10 else f"{value:.2g}"


def plus_minus(value: float, standard_error: float | None = None, digits: int = 4) -> str:
    """A number and its error, to the error's second digit; of so many digits where there is none."""
    if standard_error is None or not math.isfinite(standard_error) or not standard_error or not math.isfinite(value):
        return number(value, digits)
    places = max(0, 1 - math.floor(math.log10(standard_error)))
    return (
        f"{round(value, places):,.{places}f} ± {error(standard_error)}"
        if places < 8
        else (f"{value:.{digits}g} ± {error(standard_error)}")
    )


def estimated(value: float, standard_error: float, digits: int = 4) -> str:
    """A number and its error, where that it is not known is said."""
    told = plus_minus(value, standard_error, digits)
    return told if math.isfinite(standard_error) or not math.isfinite(value) else f"{told} ± ?"


def interval(low: float, high: float, digits: int = _DIGITS) -> str:
    """``0.1 to 0.3``; ``0.1 or more`` without an upper end; ``not known`` where that says nothing of a gain."""
    if math.isfinite(low) and math.isfinite(high):
        return f"{number(low, digits)} to {number(high, digits)}"
    return f"{number(low, digits)} or more" if math.isfinite(low) and low > 0 else "not known"


def check_figure(path: Path) -> None:
    """Say why a figure cannot be written to a file, before it is drawn.

    Raises
    ------
    RunError
        If the file's folder does not exist or its name has another ending.
    """
    if not path.parent.is_dir():
        raise RunError(f"{path}: there is no folder {path.parent} — make it, or choose another place")
    if path.suffix.lower() not in _FIGURES:
        raise RunError(f"{path}: a figure is a picture — end its name in {', '.join(_FIGURES)}")
