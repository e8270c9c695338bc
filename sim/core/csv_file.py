"""Columns of a CSV file, row by row: the one reader of the files that a scenario names."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sim.core.errors import Problem, ScenarioError, reason_of
from sim.core.wording import near_or_all

_UNREADABLE = (OSError, EOFError, KeyError, NotImplementedError, ValueError, csv.Error, zlib.error)
_LONGEST = 300  # letters of a path in a message


def csv_rows(path: Path, columns: Sequence[str], key: str = "path") -> Iterator[tuple[int, list[str]]]:
    """Read some columns of a CSV file, one row at a time; empty lines are left out.

    Parameters
    ----------
    path : UTF-8 text with a header line. A name that ends in ``.gz`` is compressed with gzip.
    columns : their names in the header. White space around a name in the file does not count.
    key : the scenario's key that names the columns; errors about a column have this place.

    Yields
    ------
    tuple
        The number of the line, from 1, and the text in each of the columns; empty where a row is too short.

    Raises
    ------
    ScenarioError
        If the file cannot be read, or one of the columns is missing or is there twice.
    """
    with reading(path), _opened(path) as lines:
        rows = csv.reader(lines)
        header = [name.strip() for name in next(rows, [])]
        places = [position(path, header, column, key, columns) for column in columns]
        for row in rows:
            if row:
                yield rows.line_num, [row[place] if place < len(row) else "" for place in places]


def check_file(path: Path) -> None:
    """Raise ScenarioError if there is no such file, or if it is something else, such as a folder."""
    with reading(path):
        regular, there = path.is_file(), path.exists()
    if not regular:
        name = called(path)
        raise wrong(path, "path", f"{name} is not a file" if there else f"there is no file {name}")


def position(
    path: Path, header: Sequence[str], column: str, key: str = "path", columns: Sequence[str] | None = None
) -> int:
    """The place of a column in a header, from 0.

    Parameters
    ----------
    columns : all columns that the file must have, for the message; None for this one only.

    Raises
    ------
    ScenarioError
        If the column is missing or is there twice.
    """
    if column not in header:
        remedy = near_or_all(column, header) or f"its header is {','.join(columns or [column])}"
        raise wrong(path, key, f"{called(path)} has no column {column!r}", remedy)
    if header.count(column) > 1:
        message = f"{called(path)} has {header.count(column)} columns {column!r}"
        raise wrong(path, key, message, "leave one of them")
    return header.index(column)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Inside, an error of the file system or of the file's format becomes a ScenarioError of one line."""
    try:
        yield
    except _UNREADABLE as error:
        said = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else reason_of(error)
        raise wrong(path, "path", f"{called(path)} cannot be read: {said or type(error).__name__}") from error


def called(path: Path) -> str:
    """A path in quotes, its end only if it is very long."""
    text = str(path)
    return repr(text if len(text) <= _LONGEST else "..." + text[-_LONGEST + 3 :])


def wrong(path: Path, place: str, message: str, remedy: str = "") -> ScenarioError:
    """An error about a file that a scenario names; ``place`` is the scenario's key to be corrected."""
    return ScenarioError(str(path), [Problem(place, message, remedy)])


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    # utf-8-sig: spreadsheets write a byte order mark at the beginning of a CSV file.
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as lines:
            yield lines
    else:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            yield lines
