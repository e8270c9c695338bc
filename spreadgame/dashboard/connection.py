"""One page: its messages in order, the market that belongs to it, and answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from sim.scenario import Scenario, with_overrides
from sim.session.market_in_progress import MarketInProgress
from spreadgame.dashboard.controls import controls_of
from spreadgame.dashboard.frames import TRADES, opening
from spreadgame.dashboard.library import Library
from spreadgame.dashboard.limits import MOST_AGENTS, MOST_ENDLESS, MOST_MARKETS, check_overrides, check_size
from spreadgame.dashboard.messages import Message, Open, Pause, Play, message_of
from spreadgame.dashboard.player import Player
from spreadgame.dashboard.refused import Gone, Refused, answer_to
from spreadgame.dashboard.worker import Worker, never_ending


class Connections:
    """All pages of a server: they share the library, and the number of markets.

    Parameters
    ----------
    library : what may be opened.
    announce : says on the terminal that something is compiled; gives the same words, empty where nothing is.
    """

    def __init__(self, library: Library, announce: Callable[[Scenario], str]) -> None:
        self._library, self._announce = library, announce
        self._markets = 0

    async def serve(self, socket: WebSocket) -> None:
        """Obey a page until it leaves."""
        await socket.accept()
        await _Connection(self, socket).obey()

    def take(self) -> None:
        """Count one market more.

        Raises
        ------
        Refused
            If there are as many as there may be.
        """
        if self._markets >= MOST_MARKETS:
            raise Refused("open", None, f"{MOST_MARKETS} markets are open already", "close another page")
        self._markets += 1

    @staticmethod
    def check_room() -> None:
        """See that not too many threads are busy for ever.

        Raises
        ------
        Refused
            If there are as many as there may be.
        """
        if (many := never_ending()) >= MOST_ENDLESS:
            what = f"{many} markets that were closed play turns that do not end, and cannot be ended"
            raise Refused("open", None, what, "end the server, mend the strategy, and start it again")

    def give_back(self) -> None:
        """Count one market less."""
        self._markets -= 1

    def scenario(self, asked: Open) -> tuple[Scenario, Scenario]:
        """The scenario that a page asks for, and as its file has it.

        Raises
        ------
        Refused, SpreadgameError
            If it cannot be.
        """
        base, typed = self._library.entry(asked.scenario).scenario(), self._library.typed(asked.scenario)
        check_overrides({path: value for path, value in asked.overrides.items() if typed.get(path) != value})
        scenario = with_overrides(base, asked.overrides, asked.seed)
        if scenario.agents() > MOST_AGENTS:  # the user's own file may have more
            check_size(scenario, with_overrides(base, typed))
        return scenario, base

    def announced(self, scenario: Scenario) -> str:
        """What is said while something is compiled; empty where nothing is."""
        return self._announce(scenario)


class _Connection:
    def __init__(self, all_of_them: Connections, socket: WebSocket) -> None:
        self._all, self._socket = all_of_them, socket
        self._writing = asyncio.Lock()
        self._player: Player | None = None

    async def obey(self) -> None:
        """Obey message after message."""
        try:
            while (event := await self._socket.receive())["type"] != "websocket.disconnect":
                try:
                    await self._do(message_of(event.get("text")))
                except Gone:
                    return
                except Exception as error:
                    await self._say(answer_to(error))
        except Gone:
            return
        finally:
            await self._leave()

    async def _do(self, message: Message) -> None:
        if isinstance(message, Open):
            await self._open(message)
            return
        if self._player is None:
            raise Refused("do", None, "no market is open", 'send {"do": "open", "scenario": …} first')
        if isinstance(message, Play):
            await self._player.play(message.pace)
        elif isinstance(message, Pause):
            await self._player.pause()
            await self._player.show()
        else:
            await self._player.step(message.steps, message.frames)

    async def _open(self, asked: Open) -> None:
        self._all.check_room()
        worker, others = Worker(), self._player
        if others is None:
            self._all.take()
        try:
            scenario, base = await worker.do(lambda: self._all.scenario(asked))
            if said := self._all.announced(scenario):
                await self._say({"type": "status", "message": said})
            market = await worker.do(lambda: _begun(scenario))
            controls = await worker.do(lambda: controls_of(base, scenario))
        except BaseException:
            worker.close()
            if others is None:
                self._all.give_back()
            raise
        self._player = Player(market, worker, self._send)
        if others is not None:
            await others.close()
        await self._say(opening(scenario, asked.scenario, scenario.run.seed, asked.overrides, controls))
        await self._player.show()

    async def _leave(self) -> None:
        player, self._player = self._player, None
        if player is not None:
            await player.close()
            self._all.give_back()

    async def _say(self, message: dict[str, Any]) -> None:
        await self._send(json.dumps(message, allow_nan=False))

    async def _send(self, text: str) -> None:
        try:
            async with self._writing:
                await self._socket.send_text(text)
        except (WebSocketDisconnect, RuntimeError) as error:  # it was closed, by either side
            raise Gone from error


def _begun(scenario: Scenario) -> MarketInProgress:
    """A market at its beginning, with everything compiled."""
    market = MarketInProgress(scenario, trades=TRADES)
    market.prepare()
    return market
