"""One market of one connection: played at a pace, paused, stepped, and shown in frames that a slow reader misses.

A frame is made only when the one before it was sent. So a reader that is slow, or does not read at all, gets fewer
frames and costs less; nothing waits for it in a queue, and the market goes on at its pace.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from sim.session.market_in_progress import MarketInProgress
from spreadgame.dashboard.frames import Frames
from spreadgame.dashboard.refused import Gone, Refused, answer_to
from spreadgame.dashboard.worker import Worker

Result = TypeVar("Result")
Send = Callable[[str], Awaitable[None]]
_FRAMES_PER_SECOND = 25
_MOST_FRAMES = 250  # of all markets that are played, per second
_CHUNK_SECONDS = 0.05
_FIRST_CHUNK = 200
_MOST_BEHIND = 0.25  # seconds of its pace that a market makes up for; else a slow machine would never pause
_FEWEST_BEHIND = 2.0  # steps that it makes up for; else a slow pace would never come to one
_PATIENCE = 5.0  # seconds after which somebody looks whether a turn ever ends
_LOOK = 1.0  # seconds between two looks at whose turn it is

playing_now: set[Player] = set()  # they share the machine


class Player:
    """A market and who watches it.

    Parameters
    ----------
    market, worker : nobody else uses them.
    send : sends a text to the page; waits while the page does not read.
    """

    def __init__(self, market: MarketInProgress, worker: Worker, send: Send) -> None:
        self._market, self._worker, self._send = market, worker, send
        self._frames = Frames(market)
        self._pace = 0.0
        self._chunk = _FIRST_CHUNK
        self._task: asyncio.Task[None] | None = None
        self._sending: asyncio.Task[None] | None = None
        self._endless: Refused | None = None  # what is said of a turn that never ends
        self._told_of: Exception | None = None

    async def play(self, pace: float) -> None:
        """Go on at so many steps per second."""
        await self.pause()
        self._pace = pace
        if self._market.running:
            self._task = asyncio.create_task(self._told(self._play))
        else:
            await self.show()

    async def step(self, steps: int, shown: bool = False) -> None:
        """Make so many steps as fast as can be, then show where they led; ``shown`` on the way too."""
        await self.pause()
        self._task = asyncio.create_task(self._told(lambda: self._go(steps, shown)))

    async def pause(self) -> None:
        """Stand still; what is being done is done before."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def close(self) -> None:
        """End it."""
        await self.pause()
        sending, self._sending = self._sending, None
        if sending is not None:
            sending.cancel()
            await asyncio.wait([sending])
        self._worker.close()

    async def show(self) -> None:
        """Send a frame that nobody misses."""
        if self._sending is not None:
            await asyncio.wait([self._sending])
        await self._send_frame()

    async def _do(self, act: Callable[[], Result]) -> Result:
        """Do something with the market, where that can be.

        Raises
        ------
        Refused
            If it is a turn that never ends. The World can be read meanwhile.
        """
        if self._endless is not None:
            raise self._endless
        doing = asyncio.ensure_future(self._worker.do(act))
        try:
            while not (await asyncio.wait([doing], timeout=_PATIENCE))[0]:
                before = self._market.turn_now()
                done, _ = await asyncio.wait([doing], timeout=_LOOK)
                if not done and before[0] and before == self._market.turn_now():
                    what = "its turn does not end, and the thread that plays it cannot be ended"
                    remedy = "mend the strategy; open a market again, and start the server again if it is slow"
                    self._endless = Refused(before[0], None, what, remedy)
                    raise self._endless
            return doing.result()
        finally:
            doing.cancel()

    def _written(self) -> str:
        playing = self._task is not None
        return json.dumps(self._frames.frame(playing, self._pace), allow_nan=False, separators=(",", ":"))

    async def _play(self) -> None:
        playing_now.add(self)
        try:
            begin, made = time.monotonic(), 0.0
            while self._market.running:
                started = time.monotonic()
                due = (started - begin) * self._pace - made
                if due > max(self._pace * _MOST_BEHIND, _FEWEST_BEHIND):
                    begin, made, due = started - _CHUNK_SECONDS, 0.0, self._pace * _CHUNK_SECONDS
                steps = min(int(due), self._chunk)
                if steps:
                    await self._do(lambda: self._advance(steps))  # noqa: B023 - it is done before the next round
                    made += steps
                self._offer()
                rest = started + 1.0 / self._rate() - time.monotonic()
                await asyncio.sleep(max(rest, 0.0))
            await self._stand()
        finally:
            playing_now.discard(self)

    @staticmethod
    def _rate() -> float:
        """Frames per second that are offered: fewer where many markets are played."""
        return min(_FRAMES_PER_SECOND, max(6.0, _MOST_FRAMES / max(len(playing_now), 1)))

    async def _go(self, steps: int, shown: bool) -> None:
        stop = self._market.now + steps
        while steps > 0 and self._market.running:
            part = min(steps, self._chunk)
            await self._do(lambda: self._advance(part, stop))  # noqa: B023 - as above
            steps -= part
            if shown and steps:
                self._offer()
        await self._stand()

    async def _stand(self) -> None:
        """Show where it led."""
        self._task = None
        await self.show()

    def _advance(self, steps: int, stop: int | None = None) -> None:
        begin = time.monotonic()
        self._frames.history.advance(self._market.now + steps, stop, 0.0 if stop else self._pace)
        spent = max(time.monotonic() - begin, 1e-6)
        if steps == self._chunk or spent > _CHUNK_SECONDS:
            self._chunk = int(min(max(steps * _CHUNK_SECONDS / spent, 1), 4 * self._chunk))

    def _offer(self) -> None:
        """Make a frame and send it, unless the one before is still being sent."""
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._told(self._send_frame))

    async def _send_frame(self) -> None:
        await self._send(await self._do(self._written))

    async def _told(self, act: Callable[[], Awaitable[None]]) -> None:
        """Do something in the background. The page is told what ended it, unless it has left."""
        try:
            await act()
        except Gone:
            return
        except Exception as error:
            await self._fail(error)

    async def _fail(self, error: Exception) -> None:
        """Say what ended it, once."""
        task, self._task = self._task, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()
        if error is self._told_of:
            return
        self._told_of = error
        told = {"place": "market", "remedy": "open it again"} | answer_to(error)
        with suppress(Gone):
            await self._send(json.dumps(told))
