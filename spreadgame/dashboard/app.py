"""The server's application: the page's files, the library, and one websocket for each market."""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from sim.scenario import Scenario
from spreadgame.dashboard.connection import Connections
from spreadgame.dashboard.library import Library
from spreadgame.dashboard.security import App, Guarded

PAGE = Path(__file__).parent / "page"
mimetypes.add_type("text/javascript", ".js")  # which a Windows registry may call something else


def application(library: Library, host: str, announce: Callable[[Scenario], str] = lambda scenario: "") -> App:
    """What is served.

    Parameters
    ----------
    library : the scenarios that can be opened.
    host : the address that is served.
    announce : as :class:`spreadgame.dashboard.connection.Connections` takes it.
    """
    connections = Connections(library, announce)

    async def index(request: Request) -> Response:
        return FileResponse(PAGE / "index.html")

    async def scenarios(request: Request) -> Response:
        return JSONResponse({"scenarios": await asyncio.to_thread(library.summaries), "opened": library.first()})

    routes = [
        Route("/", index),
        Route("/api/scenarios", scenarios),
        WebSocketRoute("/ws/market", connections.serve),
        Mount("/page", StaticFiles(directory=PAGE)),
    ]
    return Guarded(Starlette(routes=routes), host)
