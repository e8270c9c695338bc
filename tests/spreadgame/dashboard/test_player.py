"""A market that is played for a page: frames wait for nobody, and nobody waits for frames."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sim.session.market_in_progress import MarketInProgress
from spreadgame.dashboard import player, worker
from spreadgame.dashboard.player import Player
from spreadgame.dashboard.refused import Gone, Refused
from spreadgame.dashboard.worker import Worker
from tests.command_line import QUICKSTART

LONG = {"run.steps": 10**9}


def played(send: Callable[[str], Awaitable[None]], act: Callable[[Player, MarketInProgress], Awaitable[None]]) -> None:
    async def play() -> None:
        market = MarketInProgress(QUICKSTART, overrides=LONG)
        player = Player(market, Worker(), send)
        try:
            await asyncio.wait_for(act(player, market), 60)
        finally:
            await player.close()

    asyncio.run(play())


def test_for_a_page_that_reads_nothing_one_frame_is_made_and_the_market_goes_on() -> None:
    sent = []

    async def stuck(text: str) -> None:
        sent.append(text)
        await asyncio.Event().wait()

    async def act(player: Player, market: MarketInProgress) -> None:
        await player.play(50_000.0)
        while market.now < 20_000:
            await asyncio.sleep(0.01)

    played(stuck, act)
    assert len(sent) == 1


def test_a_slow_page_sees_no_step_twice_and_the_last() -> None:
    steps: list[int] = []

    async def slow(text: str) -> None:
        await asyncio.sleep(0.15)
        steps.append(json.loads(text)["step"])

    async def act(player: Player, market: MarketInProgress) -> None:
        await player.play(10_000.0)
        while len(steps) < 3:
            await asyncio.sleep(0.01)
        await player.pause()
        await player.show()
        assert steps[-1] == market.now

    played(slow, act)
    assert steps == sorted(steps)
    assert len(set(steps[:-1])) == len(steps) - 1  # what is shown at last may have been shown already


def test_a_page_that_has_gone_ends_the_play_quietly() -> None:
    async def gone(text: str) -> None:
        raise Gone

    async def act(player: Player, market: MarketInProgress) -> None:
        await player.play(1_000.0)
        await asyncio.sleep(0.2)

    played(gone, act)


@pytest.mark.parametrize("pace", [2.0, 4.0, 7.5])
def test_a_slow_pace_makes_a_step_when_it_is_due_and_none_before(pace: float) -> None:
    async def quiet(text: str) -> None:
        return

    async def act(player: Player, market: MarketInProgress) -> None:
        begin = time.monotonic()
        await player.play(pace)
        while (made := market.now) < 2:
            await asyncio.sleep(0.01)
        assert made <= pace * (time.monotonic() - begin)

    played(quiet, act)


def test_a_market_that_is_closed_is_freed_at_once() -> None:
    gone: list[Any] = []

    async def quiet(text: str) -> None:
        return

    async def act(player: Player, market: MarketInProgress) -> None:
        gone.extend([weakref.ref(market), weakref.ref(market._built.storage)])
        await player.step(50)
        await player.play(1_000.0)
        await player.show()

    gc.collect()
    gc.disable()
    try:
        played(quiet, act)
        for _ in range(1_000):
            if not [each for each in gone if each() is not None]:
                break
            time.sleep(0.01)  # its thread has something to end
        assert [each() for each in gone] == [None, None]
    finally:
        gc.enable()


class Endless(MarketInProgress):
    """Its fourth turn never ends, until the test does."""

    let_go = threading.Event()

    def step(self, n: int = 1) -> bool:
        self.let_go.wait(60)
        return super().step(n)

    def turn_now(self) -> tuple[str, int]:
        return "strategy 'endless' of agent 'makers 0', episode 0, step 3", 3


def test_a_turn_that_never_ends_is_named_whatever_is_asked_and_its_thread_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module, name in ((player, "_PATIENCE"), (player, "_LOOK"), (worker, "_LEAVE")):
        monkeypatch.setattr(module, name, 0.05)
    sent: list[dict[str, Any]] = []

    async def send(text: str) -> None:
        sent.append(json.loads(text))

    async def act() -> None:
        played = Player(Endless(QUICKSTART, overrides=LONG), Worker(), send)
        await played.step(1)
        while not sent:
            await asyncio.sleep(0.01)
        assert sent[0]["type"] == "error"
        assert "'endless' of agent 'makers 0', episode 0, step 3: its turn does not end" in sent[0]["message"]
        await played.pause()
        with pytest.raises(Refused, match="its turn does not end"):
            await played.show()
        before = worker.never_ending()
        await asyncio.wait_for(played.close(), 30)
        await asyncio.sleep(0.1)
        assert worker.never_ending() == before + 1
        Endless.let_go.set()
        while worker.never_ending() > before:
            await asyncio.sleep(0.01)

    try:
        asyncio.run(act())
    finally:
        Endless.let_go.set()


def test_a_worker_does_one_thing_after_another_and_raises_where_it_was_asked() -> None:
    done: list[Any] = []

    async def act() -> None:
        worker = Worker()
        await asyncio.gather(*(worker.do(lambda number=number: done.append(number)) for number in range(20)))
        try:
            await worker.do(lambda: 1 // 0)
        except ZeroDivisionError:
            done.append("raised")
        assert await worker.do(lambda: 7) == 7
        worker.close()

    asyncio.run(act())
    assert done == [*range(20), "raised"]
