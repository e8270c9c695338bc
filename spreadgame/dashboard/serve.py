"""Serving the page: a socket that is ours or a message that says why not, and the server behind it."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable

import uvicorn

from sim.core.errors import RunError
from spreadgame.dashboard.protocols import Http, WebSocket
from spreadgame.dashboard.security import LOCAL, App, address_of

_LARGEST_MESSAGE = 2 * 2**20  # bytes; what is longer than a message may be, and shorter than this, is answered
_WAITING = 4  # messages of a page that wait to be read
_GRACE = 1  # seconds that pages have to leave when the server ends
_MOMENT = 0.01  # seconds between two looks whether pages are answered
_MOST_CONNECTIONS = 512  # of pages, each of which has several


def is_local(host: str) -> bool:
    """Whether only programs on this machine reach an address."""
    address = address_of(host)
    return host.lower() in LOCAL or (address is not None and address.is_loopback)


def served_host(host: str, listening: socket.socket) -> str:
    """What the served address is called: a name as the user wrote it, a number as the system has read it."""
    number = str(listening.getsockname()[0])
    address = address_of(number)
    return number if _is_number(host) or (address is not None and address.is_unspecified) else host


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens; 0 takes a free port.

    Raises
    ------
    RunError
        If the port is in use, or the address is none of this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RunError(
            f"--host {host}: this is no address ({reason}) — leave it out, or name one of this machine's"
        ) from error
    found = socket.socket(family, kind, protocol)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(address)
        found.listen(128)
    except OSError as error:
        found.close()
        if error.errno == errno.EADDRINUSE:
            said = "another program listens there — end it, or take another port with --port N (0 takes a free one)"
        elif error.errno == errno.EACCES:
            said = "this port needs more rights — take one from 1024 on with --port N"
        else:
            said = f"{error.strerror or error} — leave --host out, or name an address of this machine's"
        raise RunError(f"{host}:{port}: {said}") from error
    return found


def _is_number(host: str) -> bool:
    try:
        socket.inet_aton(host)  # which reads 0 and 127.1 too
    except OSError:
        return ":" in host
    return True


def url_of(host: str, listening: socket.socket) -> str:
    """Where a browser on this machine finds the page."""
    port = listening.getsockname()[1]
    address = address_of(host)
    name = "127.0.0.1" if address is not None and address.is_unspecified else host
    return f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"


def server_of(app: App) -> uvicorn.Server:
    """What answers requests; nobody else's log is written to, and nothing is compressed."""
    config = uvicorn.Config(
        app, http=Http, ws=WebSocket, ws_max_size=_LARGEST_MESSAGE, ws_max_queue=_WAITING, ws_per_message_deflate=False,
        lifespan="off", access_log=False, log_level="warning", timeout_graceful_shutdown=_GRACE, server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
    )  # fmt: skip
    return _Server(config)


class _Server(uvicorn.Server):
    """When it ends, what is broken off is nobody's mistake: nothing is said of it."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)
        await super().shutdown(sockets)


async def serve(server: uvicorn.Server, listening: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until the server is told to end. In the main thread Ctrl-C and SIGTERM do so, and are raised again.

    Parameters
    ----------
    ready : called once pages are answered.
    """
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not task.done():
        await asyncio.sleep(_MOMENT)
    if server.started:
        ready()
    await task
