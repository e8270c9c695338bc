"""Links of a network read from a CSV file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from sim.core.errors import Problem, ScenarioError, reason_of
from sim.core.wording import near_or_all, shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_COLUMNS = ("a", "b")
_LONGEST = 300  # letters of a path in a message


def read_edges(path: str | Path) -> NDArray[np.int64]:
    """Read the links of a network.

    Parameters
    ----------
    path : a CSV file with a header line and the columns ``a`` and ``b``: numbers of members, from 0. The direction of
        a link, and how often it stands there, do not matter.

    Returns
    -------
    numpy.ndarray
        A row for each link, int64; shape ``(links, 2)``.

    Raises
    ------
    ScenarioError
        If there is no such file or column, it has no link, a member is not a whole number from 0, or a link leads from
        a member to itself. The message names the line.
    """
    import numpy as np  # whoever only checks a scenario without such a file needs none

    path = Path(path)
    name = _called(path)
    links: list[tuple[int, int]] = []
    try:
        if not path.is_file():
            raise _wrong(path, f"{name} is not a file" if path.exists() else f"there is no file {name}")
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.reader(lines)
            header = [text.strip() for text in next(rows, [])]
            places = [(column, _position(path, header, column)) for column in _COLUMNS]
            for row in rows:
                if row:
                    a, b = (_member(path, rows.line_num, row, *each) for each in places)
                    if a == b:
                        message = f"{name}, line {rows.line_num:,}: member {a} is linked with itself"
                        raise _wrong(path, message, "remove the line")
                    links.append((a, b))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        said = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else reason_of(error)
        raise _wrong(path, f"{name} cannot be read: {said}") from error
    if not links:
        raise _wrong(path, f"{name} has no links", "write a line for each: the numbers of two members")
    return np.array(links, np.int64)


def _position(path: Path, header: list[str], column: str) -> int:
    if (there := header.count(column)) > 1:
        raise _wrong(path, f"{_called(path)} has {there} columns {column!r}", "leave one of them")
    if not there:
        remedy = near_or_all(column, header) or "its header is a,b"
        raise _wrong(path, f"{_called(path)} has no column {column!r}", remedy)
    return header.index(column)


def _member(path: Path, line: int, row: list[str], column: str, place: int) -> int:
    text = row[place].strip() if place < len(row) else ""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        message = f"{_called(path)}, line {line:,}, column {column!r}: {shown(text)}"
        raise _wrong(path, f"{message} is not the number of a member", "members are numbered from 0")
    return int(text)


def _called(path: Path) -> str:
    text = str(path)
    return repr(text if len(text) <= _LONGEST else "..." + text[3 - _LONGEST :])


def _wrong(path: Path, message: str, remedy: str = "") -> ScenarioError:
    return ScenarioError(str(path), [Problem("path", message, remedy)])
