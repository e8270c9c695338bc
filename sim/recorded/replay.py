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
from sim.core.compiled import njit
from sim.core.errors import ReplayError
from sim.core.ledger import NEED_ORDERS, RUNNING
from sim.core.renamed import old_arguments_refused
from sim.core.world import NOTHING, attach
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
    Integers,
    Recording,
    line_of,
    read,
)
from sim.venues import book as engine
from sim.venues.levels import HIGHEST_PRICE, find_level, key_of, next_level
from sim.venues.standalone import OrderBook, make_room

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
_RESTER, _TAKER = 0, 1  # the two agents: whoever's order rested, and whoever came to trade with it
# The loop's counters, places in one array.
_ADOPTED_ROWS, _ADOPTED_LEVELS, _AT_HEAD, _QUEUE_KNOWN, _KNOWN_AT_HEAD, _UNMATCHED, _CROSSED = range(7)
# A first difference as the loop writes it: row, levels equal before it, side, price and lots found.
_ROW, _LEVEL, _SIDE, _PRICE, _LOTS = range(5)
_SLOT = (1 << 32) - 1  # of a handle


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


# --- the compiled loop ----------------------------------------------------------------------------------------------
#
# ``loose[slot]`` is 1 for an order whose identity is not certain: an anonymous one, and every order of a level that has
# been out of view. A message that names an order the engine does not have can only mean one of these.


@njit
def _rest_loosely(world: Any, loose: Any, side: int, price: int, lots: int) -> None:
    """Put an anonymous order at the end of a price's queue; it was there already, so nothing is matched."""
    clock = world.clock[0]
    clock.next_number += 1
    order = engine.allocate(world, _RESTER, clock.next_number, lots, 0)
    loose[order] = 1
    engine.link(world, order, side, price)


@njit
def _take_loosely(world: Any, loose: Any, level: int, lots: int) -> Any:
    """Take lots from the loose orders of a level, first in first. Returns what could not be taken."""
    order = np.int64(world.levels[level].head)
    while order != NOTHING and lots > 0:
        following = np.int64(world.orders[order].next)
        if loose[order] != 0:
            part = min(lots, world.orders[order].remaining)
            lots -= part
            engine.reduce(world, order, part)
        order = following
    return lots


@njit
def _level_of(world: Any, side: int, price: int) -> Any:
    best = np.int64(world.sides[side].best)
    if best != NOTHING and world.levels[best].price == price:
        return best
    return find_level(world, side, price)


@njit
def _named_order(world: Any, handle: int, level: int) -> Any:
    """The order that a message names, or NOTHING where the engine has none of that number at that price.

    A message says its order's price too. Where the two disagree the number is not believed, so that a wrong message
    shows in the book instead of being put right.
    """
    order = engine.slot_of(world, handle)
    if order != NOTHING and world.orders[order].level != level:
        return np.int64(NOTHING)
    return order


@njit
def _take(world: Any, loose: Any, handle: int, side: int, price: int, lots: int) -> Any:
    """Take lots from a resting order that keeps its place: cancelled, or executed out of turn. Returns the rest."""
    level = _level_of(world, side, price)
    if level == NOTHING:
        return np.int64(lots)
    order = _named_order(world, handle, level)
    others = world.levels[level].count > 1 or order == NOTHING  # else the level goes with the order
    if order != NOTHING:
        part = min(lots, world.orders[order].remaining)
        lots -= part
        engine.reduce(world, order, part)
    return _take_loosely(world, loose, level, lots) if lots > 0 and others else np.int64(lots)


@njit
def _all_known(world: Any, loose: Any, level: int) -> bool:
    order = np.int64(world.levels[level].head)
    while order != NOTHING:
        if loose[order] != 0:
            return False
        order = np.int64(world.orders[order].next)
    return True


@njit
def _execute(world: Any, loose: Any, handle: int, side: int, price: int, lots: int, counts: Any) -> Any:
    """Let whoever traded with an order come with one of his own, and the engine match. Returns lots not its order's."""
    level = np.int64(world.sides[side].best)
    if level == NOTHING or world.levels[level].price != price:
        return _take(world, loose, handle, side, price, lots)
    order = _named_order(world, handle, level)
    head = np.int64(world.levels[level].head)
    if _all_known(world, loose, level):
        counts[_QUEUE_KNOWN] += 1
        counts[_KNOWN_AT_HEAD] += order == head
    remaining = world.orders[head].remaining
    at_head = order == head or (order == NOTHING and loose[head] != 0)
    # A loose head is tried only for lots that it has: the next in the queue may be somebody else's.
    if not at_head or (loose[head] != 0 and lots > remaining):
        return _take(world, loose, handle, side, price, lots)
    counts[_AT_HEAD] += 1
    taker_side = np.int64(2 * side - 1)
    engine.enter(world, 0, _TAKER, engine.IMMEDIATE_OR_CANCEL, taker_side, price, lots, 0, NOTHING)
    return max(lots - remaining, np.int64(0))


@njit
def _clear_level(world: Any, level: int) -> None:
    left = np.int64(world.levels[level].count)
    while left > 0:
        engine.remove_order(world, np.int64(world.levels[level].head))
        left -= 1


@njit
def _in_view(levels: Any, row: int, side: int, price: int) -> bool:
    """Whether a price was within the depth before a row, whether or not there were orders at it."""
    last = levels.shape[1] - 1
    if levels[row - 1, last, side, 1] == 0:
        return True  # fewer levels than the depth: the whole side was in view
    return bool(key_of(side, price) <= key_of(side, levels[row - 1, last, side, 0]))


@njit
def _adopt(world: Any, loose: Any, levels: Any, row: int, side: int) -> int:
    """Make the engine's side equal to the file's where it was out of view before this row. Returns levels changed."""
    last = levels.shape[1] - 1
    full = levels[row, last, side, 1] != 0
    if levels[row - 1, last, side, 1] == 0 or (full and _in_view(levels, row, side, levels[row, last, side, 0])):
        return 0  # nothing was out of view, or nothing slid in
    edge = key_of(side, levels[row - 1, last, side, 0])
    level = np.int64(world.sides[side].best)
    while level != NOTHING and world.levels[level].key <= edge:
        level = next_level(world, level)
    changed = 0
    for k in range(last + 1):
        price, lots = levels[row, k, side, 0], levels[row, k, side, 1]
        if lots == 0:
            break
        key = key_of(side, price)
        if key <= edge:
            continue
        while level != NOTHING and world.levels[level].key < key:
            following = next_level(world, level)
            _clear_level(world, level)
            level = following
            changed += 1
        if level == NOTHING or world.levels[level].key != key:
            _rest_loosely(world, loose, side, price, lots)
            changed += 1
            continue
        order = np.int64(world.levels[level].head)
        while order != NOTHING:
            loose[order] = 1
            order = np.int64(world.orders[order].next)
        surplus = world.levels[level].volume - lots
        if surplus > 0:
            _take_loosely(world, loose, level, surplus)
        elif surplus < 0:
            _rest_loosely(world, loose, side, price, -surplus)
        changed += surplus != 0
        level = next_level(world, level)
    while not full and level != NOTHING:
        following = next_level(world, level)
        _clear_level(world, level)
        level = following
        changed += 1
    return changed


@njit
def _equal_levels(world: Any, book: Any, row: int, side: int, depth: int) -> Any:
    """How many levels agree before the first that does not, and the engine's level there."""
    level = np.int64(world.sides[side].best)
    for k in range(depth):
        lots = book[row, k, side, 1]
        if lots == 0:
            return (np.int64(depth) if level == NOTHING else np.int64(k)), level
        if level == NOTHING or world.levels[level].volume != lots or world.levels[level].price != book[row, k, side, 0]:
            return np.int64(k), level
        level = next_level(world, level)
    return np.int64(depth), np.int64(NOTHING)


@njit
def _compare(world: Any, book: Any, row: int, depth: int, equal: Any, first: Any) -> None:
    bids, bid = _equal_levels(world, book, row, BID, depth)
    asks, ask = _equal_levels(world, book, row, ASK, depth)
    levels = min(bids, asks)
    equal[levels] += 1
    if levels < depth and first[_ROW] < 0:
        level = bid if bids == levels else ask
        first[_ROW] = row
        first[_LEVEL] = levels
        first[_SIDE] = BID if bids == levels else ASK
        first[_PRICE] = world.levels[level].price if level != NOTHING else 0
        first[_LOTS] = world.levels[level].volume if level != NOTHING else 0


@njit
def _submit(world: Any, loose: Any, handles: Any, name: int, side: int, price: int, lots: int, counts: Any) -> None:
    """A new limit order; through matching, though recorded ones never trade on arrival."""
    namesake = engine.slot_of(world, handles[name])
    if namesake != NOTHING:
        loose[namesake] = 1  # from now on the number means the new order
    direction = np.int64(1 - 2 * side)
    handle = engine.enter(world, 0, _RESTER, engine.LIMIT, direction, price, lots, 0, NOTHING)
    filled = world.clock[0].filled
    counts[_CROSSED] += filled > 0
    if filled < lots:
        handles[name] = handle
        loose[handle & _SLOT] = 0


@njit
def _open(address: int, opening: Any, levels: Any, loose: Any, equal: Any, first: Any) -> None:
    """Open the book from its first row, ``opening``. The caller has seen to the room."""
    world = attach(address)
    for side in range(2):
        for k in range(len(opening)):
            if opening[k, side, 1] == 0:
                break
            _rest_loosely(world, loose, side, opening[k, side, 0], opening[k, side, 1])
    _compare(world, levels, 0, levels.shape[1], equal, first)


@njit
def _replay(
    address: int,
    start: int,
    stop: int,
    level_adoption: bool,
    kinds: Any,
    names: Any,
    quantities: Any,
    prices: Any,
    sides: Any,
    levels: Any,
    handles: Any,
    loose: Any,
    counts: Any,
    equal: Any,
    first: Any,
) -> Any:
    """Replay rows from ``start`` up to ``stop``. Returns the row to go on with and what the World lacks."""
    world = attach(address)
    depth = np.int64(levels.shape[1])
    for row in range(start, stop):
        # Beside the message's own order, each level that may slide in needs one.
        lack = engine.has_room(world, 1 + 2 * depth)
        if lack != RUNNING:
            return row, lack
        kind = kinds[row]
        side = np.int64(BID) if sides[row] > 0 else np.int64(ASK)
        left = np.int64(0)
        if kind == SUBMIT:
            _submit(world, loose, handles, names[row], side, prices[row], quantities[row], counts)
        elif kind == EXECUTE:
            left = _execute(world, loose, handles[names[row]], side, prices[row], quantities[row], counts)
        elif kind < EXECUTE:
            left = _take(world, loose, handles[names[row]], side, prices[row], quantities[row])
        counts[_UNMATCHED] += left > 0 and _in_view(levels, row, side, prices[row])
        if level_adoption:
            changed = _adopt(world, loose, levels, row, BID) + _adopt(world, loose, levels, row, ASK)
            counts[_ADOPTED_ROWS] += changed > 0
            counts[_ADOPTED_LEVELS] += changed
        _compare(world, levels, row, depth, equal, first)
    return stop, RUNNING


# --- from the file's units to the engine's --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Units:
    """Whole numbers of a file as whole numbers that the engine holds, and back."""

    step: int  # of the file's units in one of the engine's
    ranks: Integers | None = None  # or: the values themselves, in order

    def into(self, values: Integers) -> Integers:
        return values // self.step if self.ranks is None else np.searchsorted(self.ranks, values)

    def back(self, value: int) -> int:
        return value * self.step if self.ranks is None else int(self.ranks[value])


def _greatest_step(*arrays: Integers) -> int:
    """The greatest common divisor of whole numbers; zeros do not matter."""
    return int(np.gcd.reduce([int(np.gcd.reduce(array, axis=None)) for array in arrays])) or 1


def _price_units(*prices: Integers) -> _Units:
    """Ticks if the prices fit the engine so, else their ranks: it only ever asks which price is better."""
    step = _greatest_step(*prices)
    if max(int(abs(array).max(initial=0)) for array in prices) // step <= HIGHEST_PRICE:
        return _Units(step)
    return _Units(1, np.unique(np.concatenate([np.unique(array) for array in prices])))


def _lot_units(path: Path, lines: Integers | None, quantities: Integers, *others: Integers) -> _Units:
    most = int(quantities.max(initial=0))
    if most <= engine.MOST_LOTS:
        return _Units(1)
    step = _greatest_step(quantities, *others)
    if most // step > engine.MOST_LOTS:
        line = line_of(lines, int(quantities.argmax()))
        raise ReplayError(
            f"{path}, line {line}: size {most} — an order holds at most {engine.MOST_LOTS} lots of {step}"
        )
    return _Units(step)


# --- the replay -----------------------------------------------------------------------------------------------------


@old_arguments_refused
def replay(
    messages: str | Path,
    book: str | Path,
    format: str = "lobster",
    depth: int | None = None,
    level_adoption: bool = True,
    progress: Callable[[int, int], None] | None = None,
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
    rows, stored = recording.book.shape[:2]
    if depth is None:
        depth = stored
    if not 1 <= depth <= stored:
        raise ReplayError(
            f"depth: {depth}, but {book} has {stored} level{'' if stored == 1 else 's'} — choose 1 to {stored}"
        )
    # What does not touch the book has prices and sizes of its own kind (-1, 0, halves of a tick): out with them.
    touches = recording.kinds <= EXECUTE
    prices, quantities = recording.prices * touches, recording.quantities * touches
    opening, levels = recording.book[0].copy(), recording.book[:, :depth].copy()
    price_units = _price_units(prices, opening[..., 0], levels[..., 0])
    lot_units = _lot_units(Path(messages), recording.message_lines, quantities, opening[..., 1], levels[..., 1])
    for array in (opening, levels):
        array[..., 0] = price_units.into(array[..., 0])
        array[..., 1] = lot_units.into(array[..., 1])
    names = _dense(recording.orders)

    order_book = OrderBook(self_trade_prevention="allow", tick_units=1, orders=1024 + 4 * stored)
    storage = order_book.storage
    loose = np.zeros(0, np.int8)

    def room(lack: int, count: int) -> None:
        nonlocal loose
        make_room(storage, lack, count, [], [])  # the tape is not kept
        if len(loose) < len(storage.world.orders):
            loose = np.concatenate([loose, np.zeros(len(storage.world.orders) - len(loose), np.int8)])

    counts, equal, first = np.zeros(7, np.int64), np.zeros(depth + 1, np.int64), np.full(5, -1, np.int64)
    handles = np.full(int(names.max(initial=-1)) + 1, -1, np.int64)
    inputs = (
        recording.kinds, names, lot_units.into(quantities), price_units.into(prices), recording.sides, levels, handles,
    )  # fmt: skip

    def run(start: int, stop: int) -> int:
        reached, lack = _replay(storage.address, start, stop, level_adoption, *inputs, loose, counts, equal, first)
        if lack != RUNNING:
            room(lack, 1 + 2 * depth)
        return int(reached)

    room(NEED_ORDERS, 1 + 2 * stored)
    reading_seconds = time.perf_counter() - began
    _open(storage.address, opening, levels, loose, equal, first)
    run(1, 1)  # compiles
    began = time.perf_counter()
    row = 1
    while row < rows:
        row = run(row, min(row + CHUNK, rows))
        storage.world.accounts["cash"] = 0  # nobody asks for it, and over a long file it would overflow
        if progress is not None:
            progress(row, rows)
    seconds = time.perf_counter() - began

    difference = None
    if first[_ROW] >= 0:
        place = (int(first[_ROW]), int(first[_LEVEL]))
        expected = recording.book[(*place, int(first[_SIDE]))]
        found = (price_units.back(int(first[_PRICE])), lot_units.back(int(first[_LOTS])))
        difference = Difference(
            row=place[0],
            level=place[1] + 1,
            side="bid" if first[_SIDE] == BID else "ask",
            expected=(int(expected[0]), int(expected[1])) if expected[1] else None,
            found=found if first[_LOTS] else None,
            line=line_of(recording.book_lines, place[0]),
        )
    of_kind, falling = np.bincount(recording.kinds, minlength=HALT + 1), recording.falling()
    return ReplayResult(
        messages=str(messages),
        book=str(book),
        format=format,
        levels=stored,
        depth=depth,
        level_adoption=level_adoption,
        rows=rows,
        rows_equal=int(equal[depth]),
        equal_by_level=[int(equal[level:].sum()) for level in range(1, depth + 1)],
        first_difference=difference,
        adoptions=int(counts[_ADOPTED_ROWS]),
        levels_adopted=int(counts[_ADOPTED_LEVELS]),
        executions=int(of_kind[EXECUTE]),
        executions_at_head=int(counts[_AT_HEAD]),
        queues_known=int(counts[_QUEUE_KNOWN]),
        queues_known_at_head=int(counts[_KNOWN_AT_HEAD]),
        hidden=int(of_kind[HIDDEN]),
        crosses=int(of_kind[CROSS]),
        halts=int(of_kind[HALT]),
        times_fall=len(falling),
        falls_at=line_of(recording.message_lines, int(falling[0])) if len(falling) else None,
        unmatched=int(counts[_UNMATCHED]),
        crossed=int(counts[_CROSSED]),
        price_unit=recording.price_unit,
        tick=price_units.step if price_units.ranks is None else None,
        seconds=seconds,
        messages_per_second=(rows - 1) / seconds if seconds > 0 else 0.0,
        reading_seconds=reading_seconds,
    )


def _dense(orders: Integers) -> Integers:
    """Order numbers as 0, 1, 2, … in order of appearance: they then index an array, however large they are."""
    import pyarrow as pa

    return np.asarray(pa.array(orders).dictionary_encode().indices, np.int64)
