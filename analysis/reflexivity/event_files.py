"""Event times of files: a column of times, or the messages of a recorded exchange day."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from analysis.reading.text_tables import text_table
from analysis.reflexivity.event_streams import Floats, Streams, one_stream
from sim.core.errors import ReplayError, RunError
from sim.recorded.readers import EXECUTE, FORMATS, HIDDEN, read, read_messages

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
    table = text_table(path)
    times = table.numbers(
        COLUMN, "the first line names the columns, and recorded messages need their --format", "seconds"
    )
    falls = np.flatnonzero(np.diff(times) < 0)
    if len(falls):
        row = int(falls[0]) + 1
        raise RunError(f"{table.place(row)}: {times[row]:.15g} is earlier than the line before — sort it by {COLUMN}")
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
