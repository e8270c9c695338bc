"""Signals that wait while something is made whole."""

from __future__ import annotations

import signal
import threading

import numpy as np
import pytest

from sim.core import undisturbed
from sim.core.storage import Storage, make_room
from sim.core.undisturbed import Undisturbed
from sim.core.world import World


def test_ctrl_c_waits_for_the_end_and_is_then_answered_as_before():
    before = signal.getsignal(signal.SIGINT)
    asked: list[int] = []

    def work() -> None:
        with Undisturbed() as call:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)  # a key that is pressed twice
            asked.append(call.asked)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert asked == [signal.SIGINT]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_handler_of_the_users_own_is_told_once_and_may_raise_nothing():
    told: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    try:
        with Undisturbed():
            signal.raise_signal(signal.SIGTERM)
            assert told == []
        assert told == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_second_ctrl_c_ends_what_never_ends(monkeypatch):
    monkeypatch.setattr(undisturbed, "_ONE_PRESS", -1.0)
    call = Undisturbed()

    def work() -> None:
        with call:
            while True:
                signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert call.is_broken
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_one_inside_another_leaves_the_signal_to_the_outer():
    reached: list[bool] = []

    def work() -> None:
        with Undisturbed():
            with Undisturbed():
                signal.raise_signal(signal.SIGINT)
            reached.append(True)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert reached == [True]


def test_in_another_thread_nothing_changes():
    found: list[object] = []

    def work() -> None:
        with Undisturbed():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]


CHANGES = {
    "grown": lambda storage: storage.grow("orders", 64),
    "replaced": lambda storage: storage.put("orders", storage.world.orders[:2]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_array_that_gives_way_lives_until_no_pointer_leads_to_it(change, monkeypatch):
    storage = Storage(clock=1, orders=4)

    def pressed(self: Storage) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Storage, "_show", pressed)
    with pytest.raises(KeyboardInterrupt):
        change(storage)
    monkeypatch.undo()
    place = World._fields.index("orders")
    alive = [*storage._leaving, *storage._arrays.values()]
    assert storage._table[2 * place] in [array.ctypes.data for array in alive]
    storage.grow("orders", 128)  # it goes on
    assert storage._table[2 * place] == storage.world.orders.ctypes.data
    assert storage._leaving == ()


def test_what_was_taken_from_a_tape_is_marked_as_taken_whenever_ctrl_c_comes():
    storage = Storage(clock=1, tape=8, log=8)
    storage.world.clock[0]["trades"] = 3

    class Pressing(list):
        def append(self, rows: object) -> None:
            super().append(rows)
            signal.raise_signal(signal.SIGINT)

    taken = Pressing()
    with pytest.raises(KeyboardInterrupt):
        make_room(storage, 2, 1, taken, [])
    make_room(storage, 2, 1, taken, [])
    assert len(np.concatenate(taken)) == 3
