"""The memory of a World: allocated, kept alive and grown by Python, and whether there is enough of it.

Compiled code never grows an array. Before it lets anybody act it asks :func:`has_room` whether pools and tapes hold
whatever may happen, and otherwise returns to Python, which drains or grows them (:func:`make_room`).
"""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np

from sim.core.codes import NEED_ORDERS, NEED_TAPE, NEED_TURNS, RUNNING
from sim.core.compiled import COMPILED, inlined, njit
from sim.core.undisturbed import Undisturbed
from sim.core.world import DTYPES, HISTORY, NODES_PER_LEVEL, World, worlds

_FEW = 256 << 20  # bytes that the arrays of all Worlds may take before it is asked whether anybody still needs them


class _Held:
    """Bytes of the arrays of all Worlds that are alive.

    A session and a Mesa model are part of reference cycles, so only Python's collector frees them. It counts objects,
    of which a World has few, and not their bytes.
    """

    amount = 0
    enough = _FEW

    @classmethod
    def add(cls, amount: int) -> None:
        """Count what a World takes; collect where it is much more than was left the last time."""
        cls.amount += amount
        if cls.amount > cls.enough:
            gc.collect()
            cls.enough = max(_FEW, 2 * cls.amount)

    @classmethod
    def drop(cls, amount: int) -> None:
        """Count what is free again."""
        cls.amount -= amount
        cls.enough = min(cls.enough, max(_FEW, 2 * cls.amount))


class Storage:
    """The arrays of a World, kept alive by Python, and the table of pointers that compiled code reads.

    ``Storage(clock=1, orders=1024, …)`` allocates zeroed arrays of these lengths; what is not named has length 0. A
    copy, by ``copy`` or by ``pickle``, has arrays and a table of its own: an address is good for one World alone.
    """

    def __init__(self, **lengths: int) -> None:
        unknown = set(lengths) - set(World._fields)
        if unknown:
            raise TypeError(f"no such arrays: {sorted(unknown)}")
        self._arrays = {name: self._empty(dtype, lengths.get(name, 0)) for name, dtype in DTYPES._asdict().items()}
        self._table = np.zeros(2 * len(World._fields), np.int64)
        self._leaving: tuple[Any, ...] = ()
        self._publish()
        self._count()

    def __getstate__(self) -> dict[str, Any]:
        return {name: np.array(array) for name, array in self._arrays.items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._arrays = {name: self._empty(array.dtype, len(array)) for name, array in state.items()}
        for name, array in state.items():
            self._arrays[name][:] = array
        self._table = np.zeros(2 * len(World._fields), np.int64)
        self._leaving = ()
        self._publish()
        self._count()

    def _count(self) -> None:
        """Count the bytes, as they are at first, for as long as this lives."""
        taken = sum(array.nbytes for array in self._arrays.values())
        _Held.add(taken)
        weakref.finalize(self, _Held.drop, taken).atexit = False

    @staticmethod
    def _empty(dtype: np.dtype[Any], length: int) -> Any:
        # At least one element, so that every pointer is valid; int64 words, so that every record is aligned.
        words = -(-max(length, 1) * dtype.itemsize // 8)
        return np.zeros(words, np.int64).view(np.uint8)[: max(length, 1) * dtype.itemsize].view(dtype)[:length]

    def _publish(self) -> None:
        for place, array in enumerate(self._arrays.values()):
            self._table[2 * place : 2 * place + 2] = array.ctypes.data, len(array)
        self._show()

    def _show(self) -> None:
        views = {
            name: array.view(np.recarray) if array.dtype.names and not COMPILED else array
            for name, array in self._arrays.items()
        }
        self.world = World(**views)
        self.address = int(self._table.ctypes.data)
        if not COMPILED:
            worlds[self.address] = self.world

    def grow(self, name: str, length: int) -> None:
        """Give an array a new length; what it held stays, what is new is zero."""
        old = self._arrays[name]
        new = self._empty(old.dtype, length)
        new[: min(len(old), length)] = old[: min(len(old), length)]
        self._exchange(name, new)

    def put(self, name: str, array: Any) -> None:
        """Replace an array's content and length."""
        new = self._empty(DTYPES._asdict()[name], len(array))
        new[:] = array
        self._exchange(name, new)

    def _exchange(self, name: str, new: Any) -> None:
        """Put an array in another's place. Both live until the table points to the new one, whatever is raised here."""
        place = World._fields.index(name)
        self._leaving = self._arrays[name], new
        self._table[2 * place : 2 * place + 2] = new.ctypes.data, len(new)
        self._arrays[name] = new
        self._show()
        self._leaving = ()


# --- room -----------------------------------------------------------------------------------------------------------


def _lengths(resting, nodes, shares, messages):
    """Orders and nodes that the pools must hold, and rows that tape and log must take, for so many messages.

    Whatever they do: each may rest, and trade with every order that rests. One formula for compiled code, which asks
    before each turn, and for Python, which grows what is short.

    Parameters
    ----------
    resting, nodes, shares : the clock's ``resting``, ``nodes_live`` and ``shares``.
    """
    orders = resting + messages
    trades = orders
    if shares != 0:  # pro rata: each message may trade with every order and leave all of them standing
        trades *= max(messages, 1)
    return orders, nodes + NODES_PER_LEVEL * messages, trades + HISTORY, resting + 3 * messages


_compiled_lengths = inlined(_lengths)


@njit
def has_room(world, messages):
    """RUNNING if that many messages can be handled whatever they do, else NEED_ORDERS or NEED_TAPE."""
    clock = world.clock[0]
    orders, nodes, trades, logged = _compiled_lengths(clock.resting, clock.nodes_live, clock.shares, messages)
    if orders > len(world.orders) or nodes > len(world.nodes):
        return NEED_ORDERS
    if clock.trades - clock.tape_drained + trades > len(world.tape):
        return NEED_TAPE
    if clock.keeps_log != 0 and clock.messages_logged - clock.log_drained + logged > len(world.log):
        return NEED_TAPE
    return RUNNING


@njit
def short_of_room(world):
    """What Python is answered instead of one more message: 0 where there is room, else -1 less what is lacking."""
    lack = has_room(world, np.int64(1))
    return np.int64(0) if lack == RUNNING else np.int64(-1 - lack)


def make_room(storage: Storage, lack: int, messages: int, trades: list[Any], log: list[Any]) -> None:
    """Give a World what it was found to lack.

    Parameters
    ----------
    lack : NEED_ORDERS, NEED_TAPE or NEED_TURNS.
    messages : how many must find room.
    trades, log : take what the tapes hold, as records of TRADE and MESSAGE, where those are short.

    Ctrl-C waits: what was taken is also marked as taken, and arrays that belong together grow together.
    """
    with Undisturbed():
        _make_room(storage, lack, messages, trades, log)


def _make_room(storage: Storage, lack: int, messages: int, trades: list[Any], log: list[Any]) -> None:
    clock = storage.world.clock[0]
    if lack == NEED_TURNS:
        storage.grow("turns", 2 * len(storage.world.turns))
        storage.grow("scratch", len(storage.world.turns))
        return
    orders, nodes, tape, logged = _lengths(
        int(clock["resting"]), int(clock["nodes_live"]), int(clock["shares"]), messages
    )
    if lack == NEED_TAPE:
        if clock["trades"] > clock["tape_drained"]:
            trades.append(undrained(storage.world.tape, clock["tape_drained"], clock["trades"]))
        clock["tape_drained"] = clock["trades"]
        if clock["messages_logged"] > clock["log_drained"]:
            log.append(undrained(storage.world.log, clock["log_drained"], clock["messages_logged"]))
            clock["log_drained"] = clock["messages_logged"]
        grow_ring(storage, "tape", tape, int(clock["trades"]))
        if clock["keeps_log"]:
            grow_ring(storage, "log", logged, int(clock["messages_logged"]))
        return
    held = len(storage.world.orders)
    if orders > held:
        for name in ("orders", "levels", "pending"):
            storage.grow(name, max(2 * held, orders))
        if len(storage.world.auction_orders):
            storage.grow("auction_orders", max(2 * held, orders))
    held = len(storage.world.nodes)
    if nodes > held:
        storage.grow("nodes", max(2 * held, nodes))
        storage.grow("children", 64 * max(2 * held, nodes))


# --- rings ----------------------------------------------------------------------------------------------------------


def undrained(ring: Any, since: int, until: int) -> Any:
    """Rows ``since`` to ``until`` of a ring whose length is a power of two, in order, copied."""
    return np.asarray(ring)[np.arange(since, until) & (len(ring) - 1)]


def grow_ring(storage: Storage, name: str, least: int, written: int) -> None:
    """Make a ring hold at least ``least`` rows (rounded up to a power of two), keeping the rows before ``written``."""
    ring = getattr(storage.world, name)
    length = 1 << max(least - 1, 1).bit_length()
    if length <= len(ring):
        return
    kept = undrained(ring, max(0, written - len(ring)), written)
    storage.grow(name, length)
    ring = getattr(storage.world, name)
    ring[np.arange(written - len(kept), written) & (length - 1)] = kept
