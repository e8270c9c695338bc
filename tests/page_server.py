"""A server of the page in a thread of this process, and a page that talks to it."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from spreadgame.dashboard.app import application
from spreadgame.dashboard.library import Library
from spreadgame.dashboard.serve import bound, serve, server_of, url_of

HOST = "127.0.0.1"


@contextmanager
def served(
    own: Path | None = None, seed: int | None = None, overrides: Mapping[str, Any] | None = None
) -> Iterator[str]:
    """Serve the page on a free port. Gives its address."""
    listening = bound(HOST, 0)
    server, ready = server_of(application(Library(own, seed, overrides or {}), HOST)), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(serve(server, listening, ready.set)), daemon=True)
    thread.start()
    assert ready.wait(30)
    try:
        yield url_of(HOST, listening)
    finally:
        server.should_exit = True
        thread.join(30)
    assert not thread.is_alive()


def got(url: str, path: str = "", **headers: str) -> tuple[int, str, Mapping[str, str]]:
    """Status, text and headers of an answer."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url + path, headers=headers), timeout=30) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


class Page:
    """What a page does, without a browser."""

    def __init__(self, url: str, **options: Any) -> None:
        options = {"open_timeout": 30, "max_size": None} | options
        self._held = connect(url.replace("http", "ws", 1) + "ws/market", **options)
        self.socket: ClientConnection = self._held.__enter__()

    def __enter__(self) -> Page:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.__exit__(None, None, None)

    def say(self, do: str, **more: Any) -> None:
        self.socket.send(json.dumps({"do": do, **more}))

    def hear(self, *types: str) -> dict[str, Any]:
        """The next message, of one of some types where these are named."""
        while True:
            message: dict[str, Any] = json.loads(self.socket.recv(timeout=120))
            if not types or message["type"] in types:
                return message

    def open(self, scenario: str, seed: int | None = None, **overrides: Any) -> dict[str, Any]:
        """Open a scenario. Gives what is said of it; the first frame has been heard."""
        self.say(
            "open", scenario=scenario, seed=seed, overrides={k.replace("__", "."): v for k, v in overrides.items()}
        )
        opened = self.hear("opened", "error")
        assert opened["type"] == "opened", opened
        assert self.hear()["step"] == 0
        return opened

    def step(self, steps: int) -> dict[str, Any]:
        """Make steps. Gives the frame of where they lead."""
        self.say("step", steps=steps)
        return self.hear("frame", "error")
