"""Event times of files: a column of times, or the messages of a recorded exchange day."""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.reflexivity.event_streams import Floats, Streams, one_stream
from sim.core.errors import ReplayError, RunError
from sim.core.wording import near_or_all
from sim.recorded.readers import EXECUTE, FORMATS, HIDDEN, content, line_of, lines_of_rows, read, read_messages

TIMES = "times"  # a file with a column of them
COLUMN = "time"
FILE_FORMATS = (TIMES, *FORMATS)


def file_events(path: Path, events: str = "trades", format: str = TIMES) -> Streams:
    """Events of a file, in one stream.

    Parameters
    ----------
    events : of recorded messages: ``trades``, executions displayed and hidden, or ``mids``, changes of the mid. A
        column of times is of whatever it is.
    format : one of :data:`FILE_FORMATS`.

    Raises
    ------
    RunError
        With file, line, value and remedy, for what cannot be read.
    """
    try:
        if format != TIMES:
            return _recorded(path, events, format)
        if events != "trades":
            raise RunError(f"{path}: a column of times has no {events} — leave --events out, or name the --format")
        return one_stream(_column(path), f"events of {path.name}")
    except ReplayError as why:
        raise RunError(str(why)) from why


def _column(path: Path) -> Floats:
    """The column of times of a file of comma-separated values, plain or gzip."""
    raw = content(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # of columns that the first line does not name
            frame = pd.read_csv(BytesIO(raw), index_col=False, dtype=str, na_filter=False, skipinitialspace=True)
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError) as why:
        said = str(why).strip().partition("\n")[0]
        raise RunError(f"{path}: not a table of values separated by commas ({said})") from why
    lines = lines_of_rows(raw)
    names = [str(name).strip() for name in frame.columns]
    if COLUMN not in names:
        hint = (
            f"{near_or_all(COLUMN, names)}; the first line names the columns, and recorded messages need their --format"
        )
        raise RunError(f"{path}, line {line_of(lines, 0)}: no column {COLUMN!r} — {hint}")
    texts = frame.iloc[:, names.index(COLUMN)]
    times = pd.to_numeric(texts, errors="coerce").to_numpy(float)
    wrong = ~np.isfinite(times)
    if wrong.any():
        row = int(np.argmax(wrong))
        value = texts.iloc[row].strip()[:40]
        raise RunError(f"{path}, line {line_of(lines, row + 1)}: {COLUMN} is {value!r}, not a number of seconds")
    falls = np.flatnonzero(np.diff(times) < 0)
    if len(falls):
        row = int(falls[0]) + 1
        line = line_of(lines, row + 1)
        raise RunError(f"{path}, line {line}: {times[row]:.15g} is earlier than the line before — sort it by {COLUMN}")
    return times


def _recorded(path: Path, events: str, format: str) -> Streams:
    """Executions, or changes of the mid, of a recorded day."""
    if events == "trades":
        messages = read_messages(path, format)
        messages.refuse_falling(path)
        traded = (messages.kinds == EXECUTE) | (messages.kinds == HIDDEN)
        return one_stream(messages.times[traded], f"executions in {path.name}")
    recording = read(path, _book_of(path), format)
    recording.refuse_falling(path)
    bids, asks = recording.quotes()
    return one_stream(recording.times[changed((bids + asks) / 2)], f"changes of the mid in {path.name}")


def _book_of(path: Path) -> Path:
    """The book file of a message file, which is called alike."""
    book = path.with_name(path.name.replace("message", "orderbook"))
    if book == path or not book.is_file():
        wanted = "a message file is called …message…, its book …orderbook…" if book == path else f"put it at {book}"
        raise RunError(f"{path}: mids are in its order book file, which is not there — {wanted}")
    return book


def changed(mids: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Where a mid differs from the last one known before, (rows,); nan where there is none."""
    known = np.flatnonzero(np.isfinite(mids))
    found = np.zeros(len(mids), bool)
    found[known[1:]] = np.diff(mids[known]) != 0.0
    return found
