"""Files of values separated by commas whose numbers are whole and may have 256 bits, as those of pools.

The engine's own recordings hold millions of numbers of 64 bits and are read by :mod:`sim.recorded.readers`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from sim.core.errors import ReplayError
from sim.core.wording import near_or_all
from sim.recorded.readers import content

_WHOLE = re.compile(r"[+-]?[0-9]{1,80}")
_BITS = 256
_SHOWN = 40  # characters of a cell


@dataclass(frozen=True)
class Row:
    """A line of a file: its cells by the names of their columns."""

    path: Path
    line: int
    cells: dict[str, str]

    def wrong(self, column: str, message: str, remedy: str) -> ReplayError:
        """An error about a cell, with its place and what stands there."""
        cell = self.cells[column]
        shown = repr(cell if len(cell) <= _SHOWN else cell[: _SHOWN - 1] + "…")
        return ReplayError(f"{self.path}, line {self.line}, column {column}: {shown} {message} — {remedy}")

    def text(self, column: str) -> str:
        """A cell; empty where the file has no such column."""
        return self.cells.get(column, "")

    def whole(self, column: str, low: int | None = None, high: int | None = None) -> int:
        """The whole number of a cell.

        Parameters
        ----------
        low, high : bounds, both included.

        Raises
        ------
        ReplayError
            If it is no whole number, or beyond a bound.
        """
        cell = self.cells[column]
        if not _WHOLE.fullmatch(cell):
            raise self.wrong(
                column, "is not a whole number", "amounts count an asset's smallest unit: write all digits"
            )
        value = int(cell)
        if abs(value).bit_length() > _BITS:
            raise self.wrong(
                column, f"does not fit {_BITS} bits", "no contract holds it: copy or download the file again"
            )
        if low is not None and value < low:
            raise self.wrong(column, f"is below {low}", f"give a whole number from {low} on")
        if high is not None and value > high:
            raise self.wrong(column, f"is above {high}", f"give a whole number up to {high}")
        return value


def read_rows(path: Path, columns: Sequence[str], what: str) -> list[Row]:
    """The rows of a file, plain or gzip, whose first line names its columns; others than those needed may be there too.

    Parameters
    ----------
    columns : that are needed.
    what : the word for what a row is, for the error where there is none.

    Raises
    ------
    ReplayError
        With file, line, value and remedy, for what cannot be read, is cut, or lacks a column.
    """
    lines = _lines(path)
    number, header = next(lines)
    for column in columns:
        if column not in header:
            remedy = f"{near_or_all(column, header)}; it needs {', '.join(columns)}"
            raise ReplayError(f"{path}, line {number}: there is no column {column!r} — {remedy}")
    for column in header:
        if header.count(column) > 1 and column in columns:
            raise ReplayError(f"{path}, line {number}: there are two columns {column!r} — leave one of them")
    rows = []
    for number, cells in lines:
        if len(cells) != len(header):
            raise ReplayError(
                f"{path}, line {number}: {len(cells)} columns where the first line names {len(header)} — "
                "the line is damaged or the file is cut: copy or download it again"
            )
        rows.append(Row(path, number, dict(zip(header, cells, strict=True))))
    if not rows:
        raise ReplayError(f"{path}: no rows below the names of its columns — a recording has a row for each {what}")
    return rows


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Lines that are not empty, with their numbers from 1, as stripped cells."""
    raw = content(path)
    try:
        reader = csv.reader(StringIO(raw.decode("utf-8-sig"), newline=""), strict=True)
        for cells in reader:
            if cells:
                yield reader.line_num, [cell.strip() for cell in cells]
    except (UnicodeDecodeError, csv.Error) as error:
        said = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
        raise ReplayError(f"{path}: not a table of values separated by commas ({said}) — copy it again") from error
