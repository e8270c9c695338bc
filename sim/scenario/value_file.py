"""An instrument's value read from a CSV or Parquet file."""

from __future__ import annotations

import math
from array import array
from pathlib import Path
from typing import TYPE_CHECKING

from sim.core.csv_file import called, check_file, csv_rows, position, reading, wrong
from sim.core.wording import shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
        ``column``: the scenario's key to be corrected.
    """
    path = Path(path)
    check_file(path)
    return _from_parquet(path, column) if path.suffix == ".parquet" else _from_csv(path, column)


def _from_csv(path: Path, column: str) -> NDArray[np.float64]:
    import numpy as np

    rows = csv_rows(path, [column], key="column")
    return np.array(array("d", (_number(path, line, text, column) for line, (text,) in rows)), dtype=np.float64)


def _from_parquet(path: Path, column: str) -> NDArray[np.float64]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    with reading(path):
        file = pq.ParquetFile(path)
        position(path, file.schema_arrow.names, column, "column")
        read = file.read(columns=[column]).column(column)
        kind = read.type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
            raise wrong(path, "column", f"column {column!r} of {called(path)} holds {kind}, not numbers")
        values = np.asarray(read.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)
        unfit = np.flatnonzero(~(np.abs(values) <= _LARGEST))
        if unfit.size:
            _number(path, int(unfit[0]) + 1, str(values[unfit[0]]), column, "row")
    return values


def _number(path: Path, row: int, text: str, column: str, word: str = "line") -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) <= _LARGEST:
        place = f"{called(path)}, {word} {row:,}, column {column!r}"
        raise wrong(path, "path", f"{place}: {shown(text)} is not a finite number of reasonable size")
    return value
