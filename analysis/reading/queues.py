"""Queues of limit order books rebuilt from their messages and trades, one by one.

Orders wait at a price in the order of their arrival. A *stay* is an order's time at one place: it begins when the order
comes to rest, or comes to rest anew because it was replaced, and ends when it is filled or taken away. How trades are
shared among those who wait is not decided here but read off the trades, so any rule of matching will do.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.stats.arguments import checked
from sim.core.compiled import njit

Integers = NDArray[np.int64]
TRADE, ENTER, REPLACE, REMOVE = 0, 1, 2, 3
ENDS = ("alive", "filled", "cancelled", "replaced", "expired", "self_trade", "withdrawn")
NOWHERE = -1
_ALIVE, _FILLED, _REPLACED = 0, 1, 3
_BLOCK = 64  # levels


def _named(names: str) -> Any:
    return np.dtype((np.record, [(name, np.int64) for name in names.split()]))


# What happened, in order. `order` is the one that entered, changed, left or, in a trade, waited. `other` is the second
# that waited, in a trade of an auction, else 0; of a removal it is the end. `lots` are what traded, or what a message
# left over to wait at `level`, which is NOWHERE for orders that never wait. Where a book `collects`, sides may cross.
EVENT = _named("what step order other lots level collects")
# `began`, `first` (trade) and `ended` are places of events, NOWHERE for none. What was ahead `then`: just before the
# first trade, or the end of a stay without one; NOWHERE for those who still wait without.
STAY = _named("order level began lots lots_ahead orders_ahead traded first lots_then orders_then ended end")
QUOTE = _named("step side level lots depth orders")  # the best level and its lots, lots and orders of the whole side
_LEVEL = _named("side price last lots orders")
_SIDE = _named("best lots orders changed")
_PLACE = _named("level lots before after stay")
_COUNTS = _named("stays quotes changes")


class Queues(NamedTuple):
    """What a replay found."""

    stays: Any  # records of STAY, in the order in which they began
    quotes: Any  # records of QUOTE: each side at the ends of those steps in which it changed
    left: Integers  # lots that each order had left when it was last heard of, (orders,)


class _State(NamedTuple):
    events: Any
    levels: Any
    blocks: Any  # how many of 64 successive levels have orders
    sides: Any
    places: Any  # of orders
    stays: Any
    quotes: Any
    touched: Any  # sides that changed in this step
    counts: Any


@checked(labels=["sides", "prices"])
def replay(events: Any, sides: ArrayLike, prices: ArrayLike, orders: int) -> Queues:
    """Rebuild the queues.

    Parameters
    ----------
    events : records of EVENT, in the order in which they happened; steps never fall.
    sides : side of each level, (levels,), never falling: even where it bids, and the next number where it asks.
    prices : of each level, ticks, (levels,); on a side the best come first.
    orders : more than the greatest number of an order.

    Raises
    ------
    ValueError
        If the levels are not in order.
    """
    side, price = np.asarray(sides, np.int64), np.asarray(prices, np.int64)
    worse = np.diff(np.where(side % 2 == 0, -price, price))
    if not np.all((np.diff(side) > 0) | ((np.diff(side) == 0) & (worse > 0))):
        raise ValueError("levels must be given side by side, and on each side the best first")
    rests = np.isin(events["what"], (ENTER, REPLACE))
    changes = len(events) + int(np.count_nonzero((events["what"] == TRADE) & (events["other"] > 0)))
    books = 2 * (int(side.max(initial=-1)) // 2 + 1)
    state = _State(
        events=events,
        levels=np.recarray(len(side), _LEVEL),
        blocks=np.zeros(len(side) // _BLOCK + 1, np.int64),
        sides=np.recarray(books, _SIDE),
        places=np.recarray(orders, _PLACE),
        stays=np.recarray(int(rests.sum()), STAY),
        quotes=np.recarray(changes, QUOTE),
        touched=np.zeros(books, np.int64),
        counts=np.recarray(1, _COUNTS),
    )
    for record in (state.levels, state.sides, state.places, state.counts):
        record.fill(0)
    state.levels["side"], state.levels["price"], state.levels["last"] = side, price, NOWHERE
    state.sides["best"] = state.places["level"] = NOWHERE
    _replay(state)
    counts = state.counts[0]
    return Queues(state.stays[: counts["stays"]], state.quotes[: counts["quotes"]], state.places["lots"].copy())


@njit
def _replay(state: Any) -> None:
    for i in range(len(state.events)):
        event = state.events[i]
        if i > 0 and event.step != state.events[i - 1].step:
            _note(state, state.events[i - 1].step)
        if event.what == TRADE:
            _trade(state, event.order, event.lots, i)
            if event.other > 0:
                _trade(state, event.other, event.lots, i)
        elif event.what == REMOVE:
            _end(state, event.order, event.other, i)
        else:
            place = state.places[event.order]
            if event.what == REPLACE and place.level != NOWHERE:
                if event.level == place.level and event.lots < place.lots:
                    _reduce(state, event.order, place.lots - event.lots)
                    continue
                _end(state, event.order, _REPLACED, i)
            place.lots = event.lots
            # An order that would trade where it is to wait has met its own agent's, and was dropped.
            if event.level != NOWHERE and event.lots > 0 and (event.collects != 0 or not _crosses(state, event.level)):
                _rest(state, event.order, event.level, i)
    if len(state.events) > 0:
        _note(state, state.events[len(state.events) - 1].step)


@njit
def _note(state: Any, step: Any) -> None:
    """A step ends: write down the sides that changed in it."""
    counts = state.counts[0]
    for i in range(counts.changes):
        side = state.sides[state.touched[i]]
        side.changed = 0
        row = state.quotes[counts.quotes]
        row.step = step
        row.side = state.touched[i]
        row.level = side.best
        row.lots = state.levels[side.best].lots if side.best != NOWHERE else 0
        row.depth = side.lots
        row.orders = side.orders
        counts.quotes += 1
    counts.changes = 0


@njit
def _crosses(state: Any, level: Any) -> Any:
    """Whether the best of the other side could trade with an order at a level."""
    side = state.levels[level].side
    best = state.sides[side ^ 1].best
    if best == NOWHERE:
        return False
    gap = state.levels[level].price - state.levels[best].price
    return gap >= 0 if side % 2 == 0 else gap <= 0


@njit
def _change(state: Any, level: Any, lots: Any, orders: Any) -> None:
    """Lots and orders more, or fewer, at a level."""
    queue = state.levels[level]
    side = state.sides[queue.side]
    had = queue.orders
    queue.lots += lots
    queue.orders += orders
    side.lots += lots
    side.orders += orders
    if had == 0:
        state.blocks[level // _BLOCK] += 1
        if side.best == NOWHERE or level < side.best:
            side.best = level
    elif queue.orders == 0:
        state.blocks[level // _BLOCK] -= 1
        if side.best == level:
            side.best = _next(state, level) if side.orders > 0 else NOWHERE
    if side.changed == 0:
        side.changed = 1
        state.touched[state.counts[0].changes] = queue.side
        state.counts[0].changes += 1


@njit
def _next(state: Any, level: Any) -> Any:
    """The first level behind one at which orders wait; there is one."""
    level += 1
    while state.levels[level].orders == 0:
        empty = level % _BLOCK == 0 and state.blocks[level // _BLOCK] == 0
        level += _BLOCK if empty else 1
    return level


@njit
def _rest(state: Any, order: Any, level: Any, i: Any) -> None:
    """An order joins a queue at its end, and a stay begins."""
    queue, place = state.levels[level], state.places[order]
    stay = state.stays[state.counts[0].stays]
    stay.order = order
    stay.level = level
    stay.began = i
    stay.lots = place.lots
    stay.lots_ahead = queue.lots
    stay.orders_ahead = queue.orders
    stay.traded = 0
    stay.first = stay.lots_then = stay.orders_then = stay.ended = NOWHERE
    stay.end = _ALIVE
    place.level = level
    place.stay = state.counts[0].stays
    place.before = queue.last
    place.after = NOWHERE
    if queue.last != NOWHERE:
        state.places[queue.last].after = order
    queue.last = order
    state.counts[0].stays += 1
    _change(state, level, place.lots, 1)


@njit
def _look_ahead(state: Any, order: Any) -> None:
    """Write down what is ahead of an order in its queue."""
    stay = state.stays[state.places[order].stay]
    stay.lots_then = stay.orders_then = 0
    other = state.places[order].before
    while other != NOWHERE:
        stay.lots_then += state.places[other].lots
        stay.orders_then += 1
        other = state.places[other].before


@njit
def _reduce(state: Any, order: Any, lots: Any) -> None:
    """An order gets smaller where it stands."""
    place = state.places[order]
    place.lots -= lots
    _change(state, place.level, -lots, 0)


@njit
def _trade(state: Any, order: Any, lots: Any, i: Any) -> None:
    """An order that waits trades."""
    place = state.places[order]
    if place.level == NOWHERE:  # a demand schedule
        return
    stay = state.stays[place.stay]
    if stay.traded == 0:
        stay.first = i
        _look_ahead(state, order)
    stay.traded += lots
    _reduce(state, order, lots)
    if place.lots == 0:
        _end(state, order, _FILLED, i)


@njit
def _end(state: Any, order: Any, end: Any, i: Any) -> None:
    """A stay ends, and the queue closes up behind it."""
    place = state.places[order]
    if place.level == NOWHERE:
        return
    stay = state.stays[place.stay]
    stay.end = end
    stay.ended = i
    if stay.traded == 0:
        _look_ahead(state, order)
    if place.after != NOWHERE:
        state.places[place.after].before = place.before
    else:
        state.levels[place.level].last = place.before
    if place.before != NOWHERE:
        state.places[place.before].after = place.after
    _change(state, place.level, -place.lots, -1)
    place.level = NOWHERE
