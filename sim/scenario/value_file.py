"""An instrument's value read from a CSV or Parquet file."""

from __future__ import annotations

import csv
import gzip
import math
import zlib
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sim.core.errors import Problem, ScenarioError
from sim.core.wording import near_or_all, shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_UNREADABLE = (OSError, EOFError, KeyError, NotImplementedError, ValueError, csv.Error, zlib.error)
_LARGEST = 1e15  # as for every amount in a scenario


def read_values(path: str | Path, column: str) -> NDArray[np.float64]:
    """Read one column of a file, one row per step.

    Parameters
    ----------
    path : a CSV file with a header line (``.csv``, or any other ending), the same compressed (``.gz``), or a Parquet
        file (``.parquet``).
    column : its name in the header.

    Returns
    -------
    numpy.ndarray
        The values, currency; shape ``(rows,)``.

    Raises
    ------
    ScenarioError
        If there is no such file or column, or a value is not a finite number. The problem's place is ``path`` or
        ``column``: the key that a scenario has to mend.
    """
    path = Path(path)
    with _reading(path):
        regular, there = path.is_file(), path.exists()
    if not regular:
        name = _called(path)
        raise _wrong(path, "path", f"{name} is not a file" if there else f"there is no file {name}")
    return _from_parquet(path, column) if path.suffix == ".parquet" else _from_csv(path, column)


def _from_csv(path: Path, column: str) -> NDArray[np.float64]:
    import numpy as np

    values = array("d")
    with _reading(path), _opened(path) as lines:
        rows = csv.reader(lines)
        header = [name.strip() for name in next(rows, [])]
        place = _position(path, header, column)
        for row in rows:
            if row:
                values.append(_number(path, rows.line_num, row[place] if place < len(row) else "", column))
    return np.array(values, dtype=np.float64)


def _from_parquet(path: Path, column: str) -> NDArray[np.float64]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    with _reading(path):
        file = pq.ParquetFile(path)
        _position(path, file.schema_arrow.names, column)
        read = file.read(columns=[column]).column(column)
        kind = read.type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
            raise _wrong(path, "column", f"column {column!r} of {_called(path)} holds {kind}, not numbers")
        values = np.asarray(read.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)
        wrong = np.flatnonzero(~(np.abs(values) <= _LARGEST))
        if wrong.size:
            _number(path, int(wrong[0]) + 1, str(values[wrong[0]]), column, "row")
    return values


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    # utf-8-sig: spreadsheets open a CSV file with a byte order mark.
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as lines:
            yield lines
    else:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            yield lines


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        raise _wrong(path, "path", f"{_called(path)} cannot be read: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    return getattr(error, "strerror", None) or str(error).splitlines()[0] if str(error) else type(error).__name__


def _position(path: Path, header: list[str], column: str) -> int:
    if column not in header:
        raise _wrong(path, "column", f"{_called(path)} has no column {column!r}", near_or_all(column, header))
    if header.count(column) > 1:
        raise _wrong(path, "column", f"{_called(path)} has {header.count(column)} columns {column!r}")
    return header.index(column)


def _number(path: Path, row: int, text: str, column: str, word: str = "line") -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) <= _LARGEST:
        place = f"{_called(path)}, {word} {row:,}, column {column!r}"
        raise _wrong(path, "path", f"{place}: {shown(text)} is not a finite number of reasonable size")
    return value


def _called(path: Path) -> str:
    text = str(path)
    return repr(text if len(text) <= 300 else "..." + text[-297:])


def _wrong(path: Path, place: str, message: str, remedy: str = "") -> ScenarioError:
    return ScenarioError(str(path), [Problem(place, message, remedy)])
