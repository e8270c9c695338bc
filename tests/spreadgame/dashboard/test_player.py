"""A market that is played for a page: frames wait for nobody, and nobody waits for frames."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from sim.session.market_in_progress import MarketInProgress
from spreadgame.dashboard.player import Player
from spreadgame.dashboard.refused import Gone
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
