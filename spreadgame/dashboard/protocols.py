"""What the server does with connections that ask for nothing, and with text that is none."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_FIRST = 10.0  # seconds in which a connection asks for something


class Http(H11Protocol):
    """A connection that sends no whole request is closed, and leaves its place to others."""

    def connection_made(self, transport: Any) -> None:
        """See that a request comes."""
        super().connection_made(transport)
        self._first = asyncio.get_running_loop().call_later(_FIRST, self._leave)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._first.cancel()
        super().connection_lost(exc)

    def _leave(self) -> None:
        if self.cycle is None and self in self.connections:  # a websocket has a protocol of its own
            self.transport.close()


class WebSocket(WebSocketsSansIOProtocol):
    """Text that is not UTF-8 is passed on as bytes, which are answered like other bad input."""

    def send_receive_event_to_app(self) -> None:
        """Pass a whole message on."""
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.curr_msg_data_type = "bytes"
        super().send_receive_event_to_app()
