"""Recorded exchange messages and books, read from files into neutral arrays.

A new format is a function that makes :class:`Messages` of a message file and one that reads a book file, entered in
``FORMATS``.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.core.errors import ReplayError

Integers = npt.NDArray[np.int64]

# What a message does, whatever the format; LOBSTER's own numbers.
SUBMIT, REDUCE, DELETE, EXECUTE, HIDDEN, CROSS, HALT = 1, 2, 3, 4, 5, 6, 7
BID, ASK = 0, 1  # sides of a recorded book, as in the World
_LOBSTER_EMPTY = 9_999_999_999  # ± this is the price of a level that is not there
_PRICES = ": prices are USD × 10,000, whole"
_FIRST_LINE = re.compile(rb"[^\r\n]+")
_NAME = re.compile(r"\s*[A-Za-z_][\w .()-]*")  # what a column is called in a header line


@dataclass(frozen=True, kw_only=True)
class Messages:
    """Messages in neutral arrays: what a reader of a format makes of its message file.

    Attributes
    ----------
    kinds : what each message does (``SUBMIT`` … ``HALT``): int8 (rows,).
    orders : order identifiers: int64 (rows,).
    quantities : int64 (rows,), above 0 for ``SUBMIT``, ``REDUCE``, ``DELETE`` and ``EXECUTE``.
    prices : int64 (rows,), in the file's own unit.
    sides : side of the resting order, 1 to buy and -1 to sell: int8 (rows,).
    price_unit : currency in one unit of the prices.
    times : of the messages, seconds after midnight, as they stand: float64 (rows,).
    message_lines : the line of each row in its file, counted from 1: int64 (rows,). None where row k stands in line
        k + 1, as it does in a file without empty lines.
    """

    kinds: npt.NDArray[np.int8]
    orders: Integers
    quantities: Integers
    prices: Integers
    sides: npt.NDArray[np.int8]
    price_unit: float
    times: npt.NDArray[np.float64]
    message_lines: Integers | None = None

    def falling(self) -> Integers:
        """Rows whose time is earlier than that of the row before, int64 (rows,)."""
        return np.flatnonzero(np.diff(self.times) < 0) + 1

    def refuse_falling(self, path: str | Path) -> None:
        """Raise ReplayError, with the line, where times of the file fall."""
        if len(falling := self.falling()):
            row = int(falling[0])
            line = line_of(self.message_lines, row)
            raise ReplayError(
                f"{path}, line {line}: {self.times[row]} is earlier than the line before — sort it by time"
            )


@dataclass(frozen=True, kw_only=True)
class Recording(Messages):
    """Messages and the book after each of them.

    Attributes
    ----------
    book : the book after each message, best level first: int64 (rows, levels, 2, 2), by ``BID`` and ``ASK``, then price
        and quantity. Quantity 0 marks a level that is not there; no level of its side follows it.
    book_lines : the line of each row of the book in its file, as ``message_lines``.
    """

    book: Integers
    book_lines: Integers | None = None

    def quotes(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Best bid and ask after each message, currency, nan where a side is empty or they cross: (rows,) each."""
        best = self.book[:, 0]
        there = best[..., 1] > 0
        bids, asks = (np.where(there[:, side], best[:, side, 0] * self.price_unit, np.nan) for side in (BID, ASK))
        crossed = there.all(axis=1) & (best[:, BID, 0] > best[:, ASK, 0])
        return np.where(crossed, np.nan, bids), np.where(crossed, np.nan, asks)


@dataclass(frozen=True)
class Format:
    """How the two files of a format are read.

    Attributes
    ----------
    messages : reads a message file.
    book : reads a book file: the rows of :class:`Recording`, and their lines.
    """

    messages: Callable[[Path], Messages]
    book: Callable[[Path], tuple[Integers, Integers | None]]


def read(messages: str | Path, book: str | Path, format: str = "lobster") -> Recording:
    """Read and check recorded messages and their book.

    Parameters
    ----------
    messages, book : the two files, plain or gzip.
    format : a name in ``FORMATS``.

    Raises
    ------
    ReplayError
        With file, line, value and remedy, for what cannot be read or does not fit together.
    """
    recorded = read_messages(messages, format)
    levels, lines = FORMATS[format].book(Path(book))
    rows, books = len(recorded.kinds), len(levels)
    if rows != books:
        raise ReplayError(
            f"{book}: {books:,} rows, but {messages} has {rows:,} — each message needs its row of the book: "
            "are they of the same stock, day and depth, and complete?"
        )
    return Recording(**vars(recorded), book=levels, book_lines=lines)


def read_messages(messages: str | Path, format: str = "lobster") -> Messages:
    """Read and check recorded messages without their book; parameters and errors are those of :func:`read`."""
    if format not in FORMATS:
        near = get_close_matches(format, FORMATS, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(sorted(FORMATS))}"
        raise ReplayError(f"format: {format!r} is not known — {hint}")
    return FORMATS[format].messages(Path(messages))


# --- text files -----------------------------------------------------------------------------------------------------


def lines_of_rows(raw: bytes) -> Integers | None:
    """The line of each row of a text, counted from 1, int64 (rows,): empty lines count, but are no rows.

    None where row k stands in line k + 1.
    """
    if raw[:1] not in b"\r\n" and not any(pair in raw for pair in (b"\n\n", b"\n\r", b"\r\r")):
        return None
    return np.array([number for number, line in enumerate(raw.splitlines(), 1) if line], np.int64)


def line_of(lines: Integers | None, row: int) -> int:
    """The line of a row, counted from 0, by :func:`lines_of_rows`."""
    return row + 1 if lines is None else int(lines[row])


def content(path: Path) -> bytes:
    """What a file holds, decompressed if it is gzip whatever its name says."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ReplayError(f"{path}: cannot be read ({reason}) — give the path of a recorded file") from error
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = gzip.decompress(raw)
        except (EOFError, OSError, zlib.error) as error:
            raise ReplayError(f"{path}: damaged or cut gzip file ({error}) — copy or download it again") from error
    if not raw.strip():
        raise ReplayError(f"{path}: the file is empty — a record has a row for each message or event")
    return raw


def _problem_in(path: Path, raw: bytes, types: list[str], notes: Callable[[int], str], otherwise: str) -> str:
    """The first line that the fast reader cannot have liked, found slowly."""
    seen = False
    for number, data in enumerate(raw.splitlines(), 1):
        if not data:
            continue
        line = data.decode("utf-8" if seen else "utf-8-sig", "replace")
        cells = line.split(",")
        header = not seen and all(_NAME.fullmatch(cell) for cell in cells)
        seen = True
        if len(cells) != len(types):
            return (
                f"{path}, line {number}: {len(cells)} columns where the first line has {len(types)} — "
                "the line is damaged or the file is cut: copy or download it again"
            )
        for place, (cell, kind) in enumerate(zip(cells, types, strict=True), 1):
            try:
                value = _as_read(cell, kind)
            except ValueError:
                wanted = "a number" if kind == "float64" else "a whole number"
                note = "; remove the header line" if header else notes(place)
                return f"{path}, line {number}, column {place}: {cell.strip()[:40]!r} is not {wanted}{note}"
            if not -(2**63) <= value < 2**63:
                return f"{path}, line {number}, column {place}: {cell.strip()[:40]} does not fit 64 bits"
    return f"{path}: not a table of numbers separated by commas ({otherwise})"


def _as_read(cell: str, kind: str) -> float:
    """A cell as the fast reader takes it, which knows neither 1_000 nor +1; 0 for text."""
    if kind == "string":
        return 0
    if "_" in cell or cell.strip().startswith("+"):
        raise ValueError(cell)
    return float(cell) if kind == "float64" else int(cell)


def _read_csv(
    path: Path, types_of: Callable[[int], list[str] | None], wanted: str, notes: Callable[[int], str]
) -> tuple[list[npt.NDArray[Any]], Integers | None]:
    """The columns of a file without header, and the lines of its rows.

    ``types_of`` a number of columns is their types, None where it is wrong; ``notes`` of a column, counted from 1, is
    what its cells must be, behind what is wrong with one of them.
    """
    import pyarrow as pa  # here: only a replay needs it
    import pyarrow.csv as pc

    raw = content(path)
    lines = lines_of_rows(raw)
    width = _FIRST_LINE.search(raw)[0].count(b",") + 1  # type: ignore[index]  # the file is not empty
    types = types_of(width)
    if types is None:
        raise ReplayError(f"{path}, line {line_of(lines, 0)}: {width} columns, but {wanted}")
    names = [str(place) for place in range(width)]
    try:
        table = pc.read_csv(
            pa.BufferReader(raw),
            read_options=pc.ReadOptions(column_names=names),
            parse_options=pc.ParseOptions(quote_char=False),
            convert_options=pc.ConvertOptions(
                column_types=dict(zip(names, (pa.type_for_alias(kind) for kind in types), strict=True)),
                include_columns=[name for name, kind in zip(names, types, strict=True) if kind != "string"],
                null_values=[],
            ),
        )
    except pa.ArrowInvalid as error:
        raise ReplayError(_problem_in(path, raw, types, notes, str(error))) from error
    return [column.to_numpy() for column in table.columns], lines


def _refuse_first(
    path: Path, lines: Integers | None, wrong: npt.NDArray[np.bool_], values: npt.NDArray[Any], remedy: str
) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ReplayError(f"{path}, line {line_of(lines, row)}: {values[row]} {remedy}")


def _lobster_messages(path: Path) -> Messages:
    """Read LOBSTER's messages.

    A message is time, type, order, size, price (USD × 10,000), direction (the resting order's side, also of an
    execution); a seventh column, the participant, is not used.
    """
    columns, lines = _read_csv(
        path,
        lambda width: ["float64", *["int64"] * 5, *["string"] * (width - 6)] if width in (6, 7) else None,
        "a LOBSTER message file has 6 (time, type, order, size, price, direction) — are the two files in this order?",
        lambda place: _PRICES if place == 5 else "",
    )
    times, kinds, orders, quantities, prices, sides = columns
    refuse = partial(_refuse_first, path, lines)
    refuse(~(np.isfinite(times) & (times >= 0)), times, "is no time in seconds after midnight")
    refuse((kinds < SUBMIT) | (kinds > HALT), kinds, "is no type of LOBSTER message; they are 1 to 7")
    visible = kinds <= EXECUTE
    refuse(visible & (quantities <= 0), quantities, "is no size: it must be above 0")
    refuse(visible & ((prices <= 0) | (prices >= _LOBSTER_EMPTY)), prices, "is no price in USD × 10,000")
    refuse(visible & (abs(sides) != 1), sides, "is no direction: 1 is a buy order, -1 a sell order")
    return Messages(
        kinds=kinds.astype(np.int8), orders=orders, quantities=quantities, prices=prices, sides=sides.astype(np.int8),
        price_unit=1e-4, times=times, message_lines=lines,
    )  # fmt: skip


def _lobster_book(path: Path) -> tuple[Integers, Integers | None]:
    """Read LOBSTER's book. A row is ask, size, bid, size by level."""
    columns, lines = _read_csv(
        path,
        lambda width: None if width % 4 else ["int64"] * width,
        "a LOBSTER book file has 4 a level (ask, size, bid, size) — are the two files in this order?",
        lambda place: _PRICES if place % 2 else "",
    )
    rows = np.empty((len(columns[0]), len(columns) // 4, 2, 2), np.int64)
    for place, column in enumerate(columns):
        rows[:, place // 4, BID if place & 2 else ASK, place & 1] = column
    # A level that is not there has size 0, or -1, and a price that nobody pays.
    rows[(rows[..., 1] <= 0) | (abs(rows[..., 0]) >= _LOBSTER_EMPTY)] = 0
    holes = (rows[:, 1:, :, 1] > 0) & (rows[:, :-1, :, 1] == 0)
    remedy = "is the size of a level before one with orders: levels count from the best, without gaps"
    _refuse_first(path, lines, holes.any((1, 2)), rows[:, 0, 0, 1] * 0, remedy)
    return rows, lines


# A new format is a reader of its message files and one of its book files.
FORMATS: dict[str, Format] = {"lobster": Format(_lobster_messages, _lobster_book)}
