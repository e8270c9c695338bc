"""Who may talk to the server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from spreadgame.dashboard.security import Guarded

Headers = list[tuple[bytes, bytes]]


def status(headers: Headers, host: str = "127.0.0.1", kind: str = "http") -> int:
    """What a guarded application answers to a request."""
    sent: list[Any] = []

    async def inside(scope: Any, receive: Any, send: Any) -> None:
        start = "http.response.start" if kind == "http" else "websocket.accept"
        await send({"type": start, "status": 200})

    async def receive() -> Any:
        return {}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Guarded(inside, host)({"type": kind, "headers": headers}, receive, send))
    return int(sent[0]["status"])


def named(host: str, origin: str | None = None) -> Headers:
    return [(b"host", host.encode()), *([] if origin is None else [(b"origin", origin.encode())])]


@pytest.mark.parametrize("host", ["localhost:8765", "127.0.0.1:8765", "LOCALHOST", "[::1]:8765"])
def test_names_of_this_machine_are_ours(host: str) -> None:
    assert status(named(host)) == 200
    assert status(named(host, f"http://{host}"), kind="websocket") == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "10.0.0.1", "", "[::1"]
)
def test_another_host_is_refused_since_its_name_may_have_been_rebound(host: str) -> None:
    assert status(named(host)) == 400
    assert status(named(host), kind="websocket") == 400


def test_a_request_without_a_host_or_with_two_is_refused() -> None:
    assert status([]) == 400
    assert status([*named("localhost"), *named("localhost")]) == 400


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "",
        "http://localhost:9999",
        "http://127.0.0.1:8765",
        "http://[",
        "http://[::1",
        "http://]",
        "http://[x]:1",
    ],
)
def test_a_foreign_origin_is_refused(origin: str) -> None:
    assert status(named("localhost:8765", origin)) == 403
    assert status(named("localhost:8765", origin), kind="websocket") == 403


def test_an_address_that_was_named_is_ours_and_others_are_not() -> None:
    assert status(named("10.1.2.3:80"), "10.1.2.3") == 200
    assert status(named("10.1.2.4:80"), "10.1.2.3") == 400


def test_where_all_addresses_are_served_numbers_are_ours_and_names_are_not() -> None:
    assert status(named("10.1.2.3:8765"), "0.0.0.0") == 200
    assert status(named("evil.example:8765"), "0.0.0.0") == 400


@pytest.mark.parametrize(("host", "asked"), [("::", "[::1]:80"), ("::ffff:127.0.0.2", "127.0.0.2:80")])
def test_numbers_are_ours_however_they_are_written(host: str, asked: str) -> None:
    assert status(named(asked), host) == 200
