"""Who may talk to the server: pages that it served itself, by a name that is this machine's.

A page of another site must not reach a server on this machine. Its requests carry an Origin that is not our Host. A
site whose name was made to lead here (DNS rebinding) sends its own name as the Host, which is refused. Numbers of
addresses cannot be rebound, so they are allowed where a wildcard address is served.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
SendMessage = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, SendMessage], Awaitable[None]]

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
HEADERS = (
    (b"content-security-policy", b"default-src 'self'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-cache"),
)


class Guarded:
    """An application that answers our own pages alone.

    Parameters
    ----------
    app : what is guarded.
    host : the address that is served, as the user named it.
    """

    def __init__(self, app: App, host: str) -> None:
        self._app = app
        self._address = address_of(host)
        self._wild = self._address is not None and self._address.is_unspecified
        self._names = LOCAL | {host.lower()} | ({socket.gethostname().lower()} if self._wild else set())

    async def __call__(self, scope: Scope, receive: Receive, send: SendMessage) -> None:
        """Answer a request, or refuse it: 400 for a Host that is not ours, 403 for a foreign Origin."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refused = self._refused(scope["headers"])
        if refused is not None:
            await _refuse(scope, send, *refused)
            return

        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)

    def _refused(self, headers: list[tuple[bytes, bytes]]) -> tuple[int, str] | None:
        """Status and reason, if a request with these headers is refused."""
        given = [(name.lower(), value.decode("latin-1")) for name, value in headers]
        hosts = [value for name, value in given if name == b"host"]
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            named = ", ".join(hosts) or "none"
            return 400, f"Host: {named:.100} is not this server - open the address that spreadgame dashboard printed\n"
        for name, value in given:
            if name == b"origin" and _place_of(value) != hosts[0].lower():
                return 403, f"Origin: {value:.100} is not this server - open the page itself\n"
        return None

    def _is_ours(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
        except ValueError:
            return False
        if name in self._names:
            return True
        address = address_of(name)
        return address is not None and (self._wild or address == self._address)


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The number that a host is written as; None if it is a name. One of IPv4 is the same within IPv6."""
    if not host:
        return ipaddress.IPv4Address(0)  # all addresses
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _place_of(origin: str) -> str | None:
    """Host and port of an Origin; None where there is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


async def _refuse(scope: Scope, send: SendMessage, status: int, reason: str) -> None:
    """Answer with a status, for a websocket before it is one."""
    kind = "http.response" if scope["type"] == "http" else "websocket.http.response"
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *HEADERS]
    await send({"type": f"{kind}.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.body", "body": reason.encode("utf-8")})
