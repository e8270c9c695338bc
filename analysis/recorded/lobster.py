"""A day of one NASDAQ stock from LOBSTER's message and book files.

LOBSTER names the resting order's side of each execution, displayed (type 4) or hidden (type 5), so takers are known and
need no inference (Huang and Polak 2011, LOBSTER: limit order book reconstruction system).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from analysis.recorded.day import Day, Floats, Orders, orders_of
from sim.core.errors import ReplayError, RunError
from sim.recorded.readers import EXECUTE, HIDDEN, Recording, read

_TICK = 0.01  # USD, of all stocks above a dollar


def lobster_day(name: str, messages: Path, book: Path) -> Day:
    """Read a day.

    The mid just before an execution is that of the book's row before. Displayed and hidden executions of one order
    are two rows, apart: a hidden order may stand inside the spread, where the displayed quotes say nothing of it.

    Raises
    ------
    RunError
        If the files cannot be read or do not fit together, or their times fall.
    """
    try:
        recording = read(messages, book)
        recording.refuse_falling(messages)
    except ReplayError as why:
        raise RunError(str(why)) from why
    times, (bids, asks) = recording.times, recording.quotes()
    before = np.append(np.nan, (bids + asks)[:-1] / 2) if len(bids) else bids
    parts = [_executions(recording, times, before, kind) for kind in (EXECUTE, HIDDEN)]
    return Day(name, _TICK, times, bids, asks, *parts)


def _executions(recording: Recording, times: Floats, before: Floats, kind: int) -> Orders:
    rows = np.flatnonzero((recording.kinds == kind) & (recording.quantities > 0) & (recording.sides != 0))
    prices = recording.prices[rows] * recording.price_unit
    return orders_of(times[rows], prices, -recording.sides[rows], recording.quantities[rows], before[rows])
