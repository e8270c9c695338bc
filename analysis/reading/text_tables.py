"""Files of values separated by commas, as columns of text and of numbers; errors name the line."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.core.errors import RunError
from sim.core.wording import near_or_all
from sim.recorded.readers import content, line_of, lines_of_rows

_SHOWN = 40  # characters of a cell


@dataclass(frozen=True)
class TextTable:
    """A file whose first line names its columns.

    Attributes
    ----------
    frame : texts, a row for each line that is not empty.
    lines : of the rows, as :func:`sim.recorded.readers.lines_of_rows` gives them.
    """

    path: Path
    frame: pd.DataFrame
    lines: Any

    def place(self, row: int) -> str:
        """File and line of a row; −1 is the first line, with the names."""
        return f"{self.path}, line {line_of(self.lines, row + 1)}"

    def column(self, name: str, hint: str) -> pd.Series:
        """The texts of a column. Raises RunError, which ends with the hint, if there is none."""
        names = [str(each).strip() for each in self.frame.columns]
        if name not in names:
            raise RunError(f"{self.place(-1)}: no column {name!r} — {near_or_all(name, names)}; {hint}")
        return self.frame.iloc[:, names.index(name)].str.strip()

    def numbers(self, name: str, hint: str, unit: str = "", blank: bool = False) -> NDArray[np.float64]:
        """The finite numbers of a column, float64 (rows,).

        Parameters
        ----------
        unit : what they count, for the error.
        blank : whether a cell may be empty; it is nan.

        Raises
        ------
        RunError
            With the line of the first cell that is no finite number.
        """
        texts = self.column(name, hint)
        found: NDArray[np.float64] = pd.to_numeric(texts, errors="coerce").to_numpy(float)
        wrong = ~np.isfinite(found) & ~(blank & (texts == "").to_numpy())
        if wrong.any():
            row = int(np.argmax(wrong))
            what = f"not a number{f' of {unit}' if unit else ''}"
            raise RunError(f"{self.place(row)}: {name} is {texts.iloc[row][:_SHOWN]!r}, {what}")
        return found


def text_table(path: Path) -> TextTable:
    """Read a file, plain or gzip.

    Raises
    ------
    RunError, ReplayError
        If it cannot be read, or is no table of values separated by commas.
    """
    raw = content(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # of columns that the first line does not name
            frame = pd.read_csv(BytesIO(raw), index_col=False, dtype=str, na_filter=False, skipinitialspace=True)
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError) as why:
        said = str(why).strip().partition("\n")[0]
        raise RunError(f"{path}: not a table of values separated by commas ({said})") from why
    return TextTable(path, frame, lines_of_rows(raw))
