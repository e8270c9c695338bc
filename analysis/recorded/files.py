"""Where recorded market data lie, and their files as columns."""

from __future__ import annotations

import os
import zlib
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.core.errors import RunError
from sim.recorded.readers import content

VARIABLE = "SPREADGAME_DATA"
_BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "data"  # beside the repository


def data_folder(folder: str | Path | None = None) -> Path:
    """The folder of recorded data: the one given, else that of SPREADGAME_DATA, else shared/data beside the repository.

    Raises
    ------
    RunError
        If it does not exist.
    """
    found = Path(folder or os.environ.get(VARIABLE) or _BESIDE)
    if not found.is_dir():
        raise RunError(f"{found}: no such folder of recorded data — give one, or set {VARIABLE} to it")
    return found


def file_in(folder: Path, name: str) -> Path:
    """A file of the folder, by its path in it. Raises RunError if there is none."""
    path = folder / name
    if not path.is_file():
        raise RunError(f"{path}: no such file — the folder of recorded data is the one that holds {name}")
    return path


def columns_of(path: Path, names: Sequence[str] | None, wanted: Sequence[str], text: str = "") -> pd.DataFrame:
    """Some columns of a file of comma-separated values, plain or gzip.

    Parameters
    ----------
    names : of all its columns, for a file without header; None where its first line names them.
    wanted : those that are returned, indexed for :func:`line_at`; text where a cell of them is no number.
    text : one of them that is text whatever it holds.

    Raises
    ------
    RunError
        If the file cannot be read, has other columns, or no rows.
    """
    types: dict[Hashable, Any] | None = {text: str} if text else None
    try:
        frame = pd.read_csv(path, names=None if names is None else list(names), index_col=False, dtype=types)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as why:
        raise RunError(f"{path}: cannot be read ({why}) — copy or download it again") from why
    missing = [name for name in wanted if name not in frame or frame[name].isna().all()]
    if missing:
        raise RunError(f"{path}: no column {', '.join(missing)} — is it the file that its name says?")
    frame.index += 0 if names is not None else 1  # the header is a line too
    return frame[list(wanted)]


def line_at(path: Path, place: int) -> int:
    """The line, counted from 1, of the row with an index of :func:`columns_of`: empty lines count, but are no rows."""
    held = [number for number, line in enumerate(content(path).splitlines(), 1) if line.strip()]
    return held[place]


def numbers(path: Path, frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """A column as float64 (rows,). Raises RunError, with the line, for a cell that is no number."""
    try:
        return frame[name].to_numpy(float)
    except ValueError as why:
        wrong = pd.to_numeric(frame[name], errors="coerce").isna().to_numpy() & frame[name].notna().to_numpy()
        row = int(np.argmax(wrong))
        value = str(frame[name].iloc[row])[:40]
        line = line_at(path, frame.index[row])
        raise RunError(f"{path}, line {line}: {name} is {value!r}, not a number — copy or download it again") from why
