"""Recorded messages through the engine's own book, row after row: the compiled loop of a replay."""

from __future__ import annotations

from typing import Any

from sim.core.codes import IMMEDIATE_OR_CANCEL, LIMIT, RUNNING
from sim.core.compiled import njit
from sim.core.storage import has_room
from sim.core.world import NOTHING, attach, int64
from sim.recorded.readers import ASK, BID, EXECUTE, SUBMIT
from sim.venues.book import enter
from sim.venues.levels import find_level, key_of, next_level
from sim.venues.orders import allocate, link, reduce, remove_order, slot_of

_RESTER, _TAKER = 0, 1  # the two agents: whoever's order rested, and whoever came to trade with it
_SLOT = (1 << 32) - 1  # of a handle
# The loop's counters, places in one array.
COUNTERS = 7
ADOPTED_ROWS, ADOPTED_LEVELS, AT_HEAD, QUEUE_KNOWN, KNOWN_AT_HEAD, UNMATCHED, CROSSED = range(COUNTERS)
# A first difference as the loop writes it: row, levels equal before it, side, price and lots found.
ROW, LEVEL, SIDE, PRICE, LOTS = range(5)

# ``loose[slot]`` is 1 for an order whose identity is not certain: an anonymous one, and every order of a level that has
# been out of view. A message that names an order the engine does not have can only mean one of these.


@njit
def _rest_loosely(world: Any, loose: Any, side: int, price: int, lots: int) -> None:
    """Put an anonymous order at the end of a price's queue; it was there already, so nothing is matched."""
    clock = world.clock[0]
    clock.next_number += 1
    order = allocate(world, _RESTER, clock.next_number, lots, 0)
    loose[order] = 1
    link(world, order, side, price)


@njit
def _take_loosely(world: Any, loose: Any, level: int, lots: int) -> Any:
    """Take lots from the loose orders of a level, first in first. Returns what could not be taken."""
    order = int64(world.levels[level].head)
    while order != NOTHING and lots > 0:
        following = int64(world.orders[order].next)
        if loose[order] != 0:
            part = min(lots, world.orders[order].remaining)
            lots -= part
            reduce(world, order, part)
        order = following
    return lots


@njit
def _level_of(world: Any, side: int, price: int) -> Any:
    best = int64(world.sides[side].best)
    if best != NOTHING and world.levels[best].price == price:
        return best
    return find_level(world, side, price)


@njit
def _named_order(world: Any, handle: int, level: int) -> Any:
    """The order that a message names, or NOTHING where the engine has none of that number at that price.

    A message says its order's price too. Where the two disagree the number is not believed, so that a wrong message
    shows in the book instead of being put right.
    """
    order = slot_of(world, handle)
    if order != NOTHING and world.orders[order].level != level:
        return int64(NOTHING)
    return order


@njit
def _take(world: Any, loose: Any, handle: int, side: int, price: int, lots: int) -> Any:
    """Take lots from a resting order that keeps its place: cancelled, or executed out of turn. Returns the rest."""
    level = _level_of(world, side, price)
    if level == NOTHING:
        return int64(lots)
    order = _named_order(world, handle, level)
    others = world.levels[level].count > 1 or order == NOTHING  # else the level goes with the order
    if order != NOTHING:
        part = min(lots, world.orders[order].remaining)
        lots -= part
        reduce(world, order, part)
    return _take_loosely(world, loose, level, lots) if lots > 0 and others else int64(lots)


@njit
def _all_known(world: Any, loose: Any, level: int) -> bool:
    order = int64(world.levels[level].head)
    while order != NOTHING:
        if loose[order] != 0:
            return False
        order = int64(world.orders[order].next)
    return True


@njit
def _execute(world: Any, loose: Any, handle: int, side: int, price: int, lots: int, counts: Any) -> Any:
    """Let whoever traded with an order come with one of his own, and the engine match. Returns lots not its order's."""
    level = int64(world.sides[side].best)
    if level == NOTHING or world.levels[level].price != price:
        return _take(world, loose, handle, side, price, lots)
    order = _named_order(world, handle, level)
    head = int64(world.levels[level].head)
    if _all_known(world, loose, level):
        counts[QUEUE_KNOWN] += 1
        counts[KNOWN_AT_HEAD] += order == head
    remaining = world.orders[head].remaining
    at_head = order == head or (order == NOTHING and loose[head] != 0)
    # A loose head is tried only for lots that it has: the next in the queue may be somebody else's.
    if not at_head or (loose[head] != 0 and lots > remaining):
        return _take(world, loose, handle, side, price, lots)
    counts[AT_HEAD] += 1
    taker_side = int64(2 * side - 1)
    enter(world, 0, _TAKER, IMMEDIATE_OR_CANCEL, taker_side, price, lots, 0, NOTHING)
    return max(lots - remaining, int64(0))


@njit
def _clear_level(world: Any, level: int) -> None:
    left = int64(world.levels[level].count)
    while left > 0:
        remove_order(world, int64(world.levels[level].head))
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
    level = int64(world.sides[side].best)
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
        order = int64(world.levels[level].head)
        while order != NOTHING:
            loose[order] = 1
            order = int64(world.orders[order].next)
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
    level = int64(world.sides[side].best)
    for k in range(depth):
        lots = book[row, k, side, 1]
        if lots == 0:
            return (int64(depth) if level == NOTHING else int64(k)), level
        if level == NOTHING or world.levels[level].volume != lots or world.levels[level].price != book[row, k, side, 0]:
            return int64(k), level
        level = next_level(world, level)
    return int64(depth), int64(NOTHING)


@njit
def _compare(world: Any, book: Any, row: int, depth: int, equal: Any, first: Any) -> None:
    bids, bid = _equal_levels(world, book, row, BID, depth)
    asks, ask = _equal_levels(world, book, row, ASK, depth)
    levels = min(bids, asks)
    equal[levels] += 1
    if levels < depth and first[ROW] < 0:
        level = bid if bids == levels else ask
        first[ROW] = row
        first[LEVEL] = levels
        first[SIDE] = BID if bids == levels else ASK
        first[PRICE] = world.levels[level].price if level != NOTHING else 0
        first[LOTS] = world.levels[level].volume if level != NOTHING else 0


@njit
def _submit(world: Any, loose: Any, handles: Any, name: int, side: int, price: int, lots: int, counts: Any) -> None:
    """A new limit order; through matching, though recorded ones never trade on arrival."""
    namesake = slot_of(world, handles[name])
    if namesake != NOTHING:
        loose[namesake] = 1  # from now on the number means the new order
    direction = int64(1 - 2 * side)
    handle = enter(world, 0, _RESTER, LIMIT, direction, price, lots, 0, NOTHING)
    filled = world.clock[0].filled
    counts[CROSSED] += filled > 0
    if filled < lots:
        handles[name] = handle
        loose[handle & _SLOT] = 0


@njit
def open_book(address: int, opening: Any, levels: Any, loose: Any, equal: Any, first: Any) -> None:
    """Open the book from its first row, ``opening``. The caller has seen to the room."""
    world = attach(address)
    for side in range(2):
        for k in range(len(opening)):
            if opening[k, side, 1] == 0:
                break
            _rest_loosely(world, loose, side, opening[k, side, 0], opening[k, side, 1])
    _compare(world, levels, 0, levels.shape[1], equal, first)


@njit
def replay_rows(
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
    depth = int64(levels.shape[1])
    for row in range(start, stop):
        # Beside the message's own order, each level that may slide in needs one.
        lack = has_room(world, 1 + 2 * depth)
        if lack != RUNNING:
            return row, lack
        kind = kinds[row]
        side = int64(BID) if sides[row] > 0 else int64(ASK)
        left = int64(0)
        if kind == SUBMIT:
            _submit(world, loose, handles, names[row], side, prices[row], quantities[row], counts)
        elif kind == EXECUTE:
            left = _execute(world, loose, handles[names[row]], side, prices[row], quantities[row], counts)
        elif kind < EXECUTE:
            left = _take(world, loose, handles[names[row]], side, prices[row], quantities[row])
        counts[UNMATCHED] += left > 0 and _in_view(levels, row, side, prices[row])
        if level_adoption:
            changed = _adopt(world, loose, levels, row, BID) + _adopt(world, loose, levels, row, ASK)
            counts[ADOPTED_ROWS] += changed > 0
            counts[ADOPTED_LEVELS] += changed
        _compare(world, levels, row, depth, equal, first)
    return stop, RUNNING
