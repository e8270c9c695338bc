"""Ctrl-C in a session: it is answered between two steps, and one goes on from there to the same bytes."""

from __future__ import annotations

import signal
from typing import Any

import pytest

import spreadgame as sg
from sim.core import undisturbed
from sim.core.errors import RunError
from sim.runs.result import Run
from sim.session.session import Session
from tests.command_line import QUICKSTART

OVERRIDES = {"run.steps": 600, "record.messages": True, "record.book_every": 1, "noise.count": 20}
TABLES = ("trades", "messages", "book", "agents", "episodes", "settlements")


@pytest.fixture(scope="module")
def whole() -> Run:
    return sg.run(QUICKSTART, overrides=OVERRIDES)


def assert_same(one: Run, other: Run) -> None:
    for name in TABLES:
        assert one.table(name).combine_chunks().equals(other.table(name).combine_chunks()), name
    assert one.measures == other.measures


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def to_the_end(session: Any, steps: int = 7) -> int:
    """Step on and on, whatever is pressed. Returns how often it was."""
    presses = 0
    while session.running:
        try:
            session.step(steps)
        except KeyboardInterrupt:
            presses += 1
    return presses


@pytest.mark.parametrize("steps", [7, 300])
@pytest.mark.parametrize("table", ["trades", "messages", "book", "agents"])
def test_ctrl_c_while_rows_are_handed_over_doubles_and_loses_none(table: str, steps: int, whole: Run):
    session = Session(QUICKSTART, overrides=OVERRIDES, tape=1, orders=1)
    take = getattr(session._sink, table)

    def taken(*rows: Any) -> None:
        take(*rows)
        press()

    setattr(session._sink, table, taken)
    presses = to_the_end(session, steps)
    assert presses > 0 or table == "agents"  # which come at the end alone
    setattr(session._sink, table, take)
    assert_same(session.result(), whole)


def test_rows_that_a_sink_did_not_take_are_handed_over_again(whole: Run):
    session = Session(QUICKSTART, overrides=OVERRIDES, tape=1, orders=1)
    take, refused = session._sink.trades, [KeyboardInterrupt()]

    def taken(rows: Any) -> None:
        if refused:
            raise refused.pop()
        take(rows)

    session._sink.trades = taken
    assert to_the_end(session) == 1
    assert_same(session.result(), whole)


def test_a_long_way_stops_at_the_end_of_a_chunk(whole: Run):
    session = Session(QUICKSTART, overrides=OVERRIDES)
    take = session._sink.trades

    def taken(rows: Any) -> None:
        take(rows)
        press()

    session._sink.trades = taken
    with pytest.raises(KeyboardInterrupt):
        session.advance(session.total)
    assert 0 < session.now < session.total
    session._sink.trades = take
    session.advance(session.total)
    assert_same(session.result(), whole)


def test_a_handler_that_raises_nothing_does_not_end_it_early(whole: Run):
    session = Session(QUICKSTART, overrides=OVERRIDES)
    take, told = session._sink.trades, []

    def taken(rows: Any) -> None:
        take(rows)
        press()

    session._sink.trades = taken
    before = signal.signal(signal.SIGINT, lambda number, _: told.append(number))
    try:
        assert session.advance(session.total) is False
    finally:
        signal.signal(signal.SIGINT, before)
    assert session.now == session.total
    assert told
    session._sink.trades = take
    assert_same(session.result(), whole)


def bid(agent: Any) -> None:
    price = agent.best_bid()
    if price is not None:
        agent.post_only_order(1, price + 1, 1, lifetime=20)


class Bidder(sg.Trader):
    """An agent in Python."""

    presses = False

    def step(self) -> None:
        if self.presses:
            press()
        bid(self)


class Pressing(Bidder):
    presses = True


def test_ctrl_c_in_the_turn_of_an_agent_in_python_is_answered_when_its_step_is_over():
    calm = sg.Market(QUICKSTART, overrides=OVERRIDES, agents={"informed": Bidder})
    calm.run_model()
    pressed = sg.Market(QUICKSTART, overrides=OVERRIDES, agents={"informed": Pressing})
    presses = 0
    while pressed.running:
        try:
            pressed.step()
        except KeyboardInterrupt:
            presses += 1
    assert presses > 50
    assert_same(pressed.result(), calm.result())
    assert len(calm.result().messages.query("population == 'informed'")) > 50


def test_of_many_steps_with_agents_in_python_the_one_that_is_going_on_is_the_last():
    turns: list[int] = []

    def act(agent: Any) -> None:
        turns.append(session.now)
        press()

    session = Session(QUICKSTART, overrides=OVERRIDES, agents={"informed": act})
    with pytest.raises(KeyboardInterrupt):
        session.step(200)
    assert len(turns) == 1
    assert session.now == turns[0] + 1


def test_ctrl_c_between_an_order_and_its_line_in_the_log_leaves_both(tmp_path, monkeypatch):
    session = Session(QUICKSTART, overrides=OVERRIDES, outside=["informed"], log=tmp_path / "log")
    assert session._log is not None
    put = session._log.put

    def pressed(record: dict[str, Any]) -> None:
        press()
        put(record)
        press()

    desk = session.agent("informed 0")
    monkeypatch.setattr(session._log, "put", pressed)
    for call in (session.begin_step, lambda: desk.limit_order(1, 9_000, 1), session.step):
        with pytest.raises(KeyboardInterrupt):
            call()
    monkeypatch.undo()
    desk.limit_order(1, 9_001, 1)
    session.close()
    again = Session.replay(tmp_path / "log")
    assert again.now == session.now == 1
    assert again.agent("informed 0").quotes == desk.quotes


def test_ctrl_c_locks_no_session_for_good(monkeypatch):
    session = Session(QUICKSTART, overrides=OVERRIDES)
    claim = session.claim

    def pressed(call: Any) -> None:
        claim(call)
        press()

    monkeypatch.setattr(session, "claim", pressed)
    with pytest.raises(KeyboardInterrupt):
        session.step()
    monkeypatch.undo()
    session.step()
    assert session.now == 2


def test_a_second_ctrl_c_ends_a_turn_that_never_ends_and_the_session_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(undisturbed, "_ONE_PRESS", -1.0)

    def act(agent: Any) -> None:
        while True:
            press()

    session = Session(QUICKSTART, overrides=OVERRIDES, agents={"informed": act})
    with pytest.raises(KeyboardInterrupt):
        session.step(200)
    with pytest.raises(RunError, match="the session has failed: a second Ctrl-C ended it in the middle of a step"):
        session.step()
    run = session.save(tmp_path, "broken")
    assert (run.status, run.manifest["reason"]) == ("failed", "a second Ctrl-C ended it in the middle of a step")
