"""Recorded exchange messages through the engine that runs scenarios, compared row by row with the recorded book.

The first row of the book file opens the book: one anonymous order a level, since the file has no order numbers. Every
later message goes through :mod:`sim.venues.book`, and the engine's best levels must then be those of the file's row.

A file is cut at its depth: what happens beyond it leaves no message. So a level that was not within the depth before a
message and is after it is *adopted* from the file, which wins over what the engine may remember of that price. Nothing
else is ever taken from the file: a level that was in view stays what the engine made of it, right or wrong.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sim.core.arguments import a_path
from sim.core.codes import NEED_ORDERS, RUNNING
from sim.core.errors import ReplayError
from sim.core.renamed import old_arguments_refused
from sim.core.storage import make_room
from sim.recorded.matching import (
    ADOPTED_LEVELS,
    ADOPTED_ROWS,
    AT_HEAD,
    COUNTERS,
    CROSSED,
    KNOWN_AT_HEAD,
    QUEUE_KNOWN,
    UNMATCHED,
    open_book,
    replay_rows,
)
from sim.recorded.readers import (
    ASK,
    BID,
    CROSS,
    DELETE,
    EXECUTE,
    FORMATS,
    HALT,
    HIDDEN,
    REDUCE,
    SUBMIT,
    Recording,
    line_of,
    read,
)
from sim.recorded.units import dense, lot_units, price_units
from sim.session.order_book import OrderBook

__all__ = [
    "ASK",
    "BID",
    "CROSS",
    "DELETE",
    "EXECUTE",
    "FORMATS",
    "HALT",
    "HIDDEN",
    "REDUCE",
    "SUBMIT",
    "Difference",
    "Recording",
    "ReplayResult",
    "read",
    "replay",
]

CHUNK = 1 << 16  # messages between two looks at the clock, at Ctrl-C and at the progress bar


@dataclass(frozen=True)
class Difference:
    """The first place where the engine's book is not the recorded one.

    ``row`` counts from 0, ``level`` from 1; ``side`` is "bid" or "ask"; ``expected`` (the file's) and ``found`` (the
    engine's) are price in the file's unit and quantity, None where there is no such level. ``line`` is that of the row
    in the book file, counted from 1: empty lines count as lines, but not as rows.
    """

    row: int
    level: int
    side: str
    expected: tuple[int, int] | None
    found: tuple[int, int] | None
    line: int


@dataclass(frozen=True)
class ReplayResult:
    """What a replay found.

    Attributes
    ----------
    messages, book : the two files.
    format : the name of their format.
    levels : levels of the book file.
    depth : levels compared, and adopted when they slide into view.
    level_adoption : whether levels were adopted.
    rows, rows_equal : rows of the book file; those on which all compared levels are equal. Row 0 opens the book.
    equal_by_level : entry k: rows on which levels 1 to k + 1 are all equal, on both sides.
    first_difference : the first unequal place, None if there is none.
    adoptions : rows on which at least one level was adopted.
    levels_adopted : levels adopted: added, given the file's quantity, or removed because the file no longer has them.
    executions : visible executions.
    executions_at_head : those that an incoming immediate-or-cancel order traded, since the executed order was first in
        the best queue, or an anonymous order was, which it may have been. Otherwise it was reduced directly.
    queues_known, queues_known_at_head : executions in a queue whose every order came by a message and was never out of
        view since; those of them in which the executed order was first. The rest is the exchange's own doing.
    hidden, crosses, halts : messages that leave the visible book as it is.
    times_fall, falls_at : messages whose time is earlier than that of the message before, which is nothing to the book;
        the line of the first of them, counted from 1, None where there is none.
    unmatched : messages that took more from a level in view than the engine knew could be theirs.
    crossed : new orders that crossed the spread, which recorded ones never do; the engine let them trade.
    price_unit : currency in one unit of the file's prices.
    tick : the smallest price step, in the file's unit; None where the prices lie too far apart to be whole ticks, and
        the engine was given their ranks instead.
    seconds : time in the engine and the comparison, without reading and compiling.
    messages_per_second : messages replayed (all rows but the first) by seconds.
    reading_seconds : time to read and check the two files.
    """

    messages: str
    book: str
    format: str
    levels: int
    depth: int
    level_adoption: bool
    rows: int
    rows_equal: int
    equal_by_level: list[int]
    first_difference: Difference | None
    adoptions: int
    levels_adopted: int
    executions: int
    executions_at_head: int
    queues_known: int
    queues_known_at_head: int
    hidden: int
    crosses: int
    halts: int
    times_fall: int
    falls_at: int | None
    unmatched: int
    crossed: int
    price_unit: float
    tick: int | None
    seconds: float
    messages_per_second: float
    reading_seconds: float


@old_arguments_refused
def replay(
    messages: str | Path,
    book: str | Path,
    format: str = "lobster",
    depth: int | None = None,
    level_adoption: bool = True,
    progress: Callable[[int, int], None] | None = None,
    ready: Callable[[], None] | None = None,
) -> ReplayResult:
    """Put recorded messages through the engine and compare its book with the recorded one after each of them.

    Parameters
    ----------
    messages, book : the two files, plain or gzip.
    format : a name in ``FORMATS``.
    depth : levels to compare, and to adopt when they slide into view; all that the book file has if None.
    level_adoption : take a level from the file when it comes from beyond the depth, where no message reports what
        happens.
    progress : called with rows done and rows in all, every 65,536 rows and at the end; what it raises ends the replay.
    ready : called when both files are read and fit together, before the engine is asked for.

    Raises
    ------
    ReplayError
        With file, line, value and remedy, for what cannot be read or does not fit together.

    Examples
    --------
    >>> result = replay("AMZN_message_5.csv", "AMZN_orderbook_5.csv")  # doctest: +SKIP
    >>> result.rows_equal == result.rows  # doctest: +SKIP
    True
    """
    began = time.perf_counter()
    recording = read(a_path("messages", messages), a_path("book", book), format)
    replayed = _Replay(recording, Path(messages), Path(book), depth, level_adoption)
    reading_seconds = time.perf_counter() - began
    if ready is not None:
        ready()
    replayed.open()
    began = time.perf_counter()
    row, rows = 1, len(recording.book)
    while row < rows:
        row = replayed.run(row, min(row + CHUNK, rows))
        if progress is not None:
            progress(row, rows)
    seconds = time.perf_counter() - began
    return ReplayResult(
        messages=str(messages),
        book=str(book),
        format=format,
        level_adoption=level_adoption,
        **replayed.found(),
        **_of_the_messages(recording),
        seconds=seconds,
        messages_per_second=(rows - 1) / seconds if seconds > 0 else 0.0,
        reading_seconds=reading_seconds,
    )


class _Replay:
    """A recording in the engine's units, the engine's book, and what the loop counts."""

    def __init__(
        self, recording: Recording, messages: Path, book: Path, depth: int | None, level_adoption: bool
    ) -> None:
        stored = recording.book.shape[1]
        depth = stored if depth is None else depth
        if not 1 <= depth <= stored:
            raise ReplayError(
                f"depth: {depth}, but {book} has {stored} level{'' if stored == 1 else 's'} — choose 1 to {stored}"
            )
        self._recording, self._stored, self._depth, self._level_adoption = recording, stored, depth, level_adoption
        # What does not touch the book has prices and sizes of its own kind (-1, 0, halves of a tick): out with them.
        touches = recording.kinds <= EXECUTE
        prices, quantities = recording.prices * touches, recording.quantities * touches
        self._opening, levels = recording.book[0].copy(), recording.book[:, :depth].copy()
        self._prices = price_units(prices, self._opening[..., 0], levels[..., 0])
        lots = lot_units(messages, recording.message_lines, quantities, self._opening[..., 1], levels[..., 1])
        self._lots = lots
        for array in (self._opening, levels):
            array[..., 0] = self._prices.into(array[..., 0])
            array[..., 1] = lots.into(array[..., 1])
        names = dense(recording.orders)
        handles = np.full(int(names.max(initial=-1)) + 1, -1, np.int64)
        self._inputs = (
            recording.kinds, names, lots.into(quantities), self._prices.into(prices), recording.sides, levels, handles,
        )  # fmt: skip
        self._order_book = OrderBook(self_trade_prevention="allow", tick_units=1, orders=1024 + 4 * stored)
        self._storage = self._order_book.storage
        self._loose = np.zeros(0, np.int8)
        self._counts = np.zeros(COUNTERS, np.int64)
        self._equal, self._first = np.zeros(depth + 1, np.int64), np.full(5, -1, np.int64)
        self._room(NEED_ORDERS, 1 + 2 * stored)

    def _room(self, lack: int, count: int) -> None:
        make_room(self._storage, lack, count, [], [])  # the tape is not kept
        more = len(self._storage.world.orders) - len(self._loose)
        if more > 0:
            self._loose = np.concatenate([self._loose, np.zeros(more, np.int8)])

    def open(self) -> None:
        """Open the book from the first row, and compile the loop."""
        levels = self._inputs[5]
        open_book(self._storage.address, self._opening, levels, self._loose, self._equal, self._first)
        self.run(1, 1)

    def run(self, start: int, stop: int) -> int:
        """Replay rows from ``start`` up to ``stop``, or until more room is needed. Returns the row to go on with."""
        reached, lack = replay_rows(
            self._storage.address, start, stop, self._level_adoption, *self._inputs, self._loose, self._counts,
            self._equal, self._first,
        )  # fmt: skip
        if lack != RUNNING:
            self._room(lack, 1 + 2 * self._depth)
        self._storage.world.accounts["cash"] = 0  # nobody asks for it, and over a long file it would overflow
        return int(reached)

    def found(self) -> dict[str, Any]:
        """What the loop has counted, as :class:`ReplayResult` names it."""
        counts, equal = [int(count) for count in self._counts], self._equal
        return {
            "levels": self._stored,
            "depth": self._depth,
            "rows": len(self._recording.book),
            "rows_equal": int(equal[self._depth]),
            "equal_by_level": [int(equal[level:].sum()) for level in range(1, self._depth + 1)],
            "first_difference": self._difference(),
            "adoptions": counts[ADOPTED_ROWS],
            "levels_adopted": counts[ADOPTED_LEVELS],
            "executions_at_head": counts[AT_HEAD],
            "queues_known": counts[QUEUE_KNOWN],
            "queues_known_at_head": counts[KNOWN_AT_HEAD],
            "unmatched": counts[UNMATCHED],
            "crossed": counts[CROSSED],
            "tick": self._prices.step if self._prices.ranks is None else None,
        }

    def _difference(self) -> Difference | None:
        row, level, side, price, lots = (int(each) for each in self._first)
        if row < 0:
            return None
        expected = self._recording.book[row, level, side]
        return Difference(
            row=row,
            level=level + 1,
            side="bid" if side == BID else "ask",
            expected=(int(expected[0]), int(expected[1])) if expected[1] else None,
            found=(self._prices.back(price), self._lots.back(lots)) if lots else None,
            line=line_of(self._recording.book_lines, row),
        )


def _of_the_messages(recording: Recording) -> dict[str, Any]:
    """What the messages say by themselves, as :class:`ReplayResult` names it."""
    of_kind, falling = np.bincount(recording.kinds, minlength=HALT + 1), recording.falling()
    return {
        "executions": int(of_kind[EXECUTE]),
        "hidden": int(of_kind[HIDDEN]),
        "crosses": int(of_kind[CROSS]),
        "halts": int(of_kind[HALT]),
        "times_fall": len(falling),
        "falls_at": line_of(recording.message_lines, int(falling[0])) if len(falling) else None,
        "price_unit": recording.price_unit,
    }
