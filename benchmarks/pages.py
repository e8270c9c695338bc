"""``python -m benchmarks.pages [--markets N] [--seconds S] [--pace P]``: many pages of ``spreadgame dashboard``.

Each page plays quickstart. Measured are the frames that each of them gets, the processor time of the server, and how
much its memory grows while one more page plays and reads nothing. Needs /proc, so Linux.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from websockets.asyncio.client import ClientConnection, connect

from analysis.output.options import Parser, real_number, whole_number

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_WARM = 2.0  # seconds before anything is measured


class Server:
    """The command in a process of its own."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "spreadgame", "dashboard", "--json", "--port", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline() if self.process.stdout else ""
        self.url = str(json.loads(line)["url"])

    def seconds(self) -> float:
        """Processor time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def mebibytes(self) -> float:
        """Memory that is resident."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def end(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait()


async def playing(url: str, pace: float) -> ClientConnection:
    """A page that has begun to play."""
    page = await connect(url.replace("http", "ws", 1) + "ws/market", max_size=None)
    await page.send(json.dumps({"do": "open", "scenario": "quickstart", "overrides": {"run.steps": 10**9}}))
    while json.loads(await page.recv())["type"] != "frame":
        pass
    await page.send(json.dumps({"do": "play", "pace": pace}))
    return page


async def frames_of(page: ClientConnection, until: float) -> int:
    """Frames that a page gets until a moment."""
    count = 0
    while (left := until - time.monotonic()) > 0:
        try:
            await asyncio.wait_for(page.recv(), left)
        except TimeoutError:
            break
        count += 1
    return count


async def many(server: Server, markets: int, seconds: float, pace: float) -> dict[str, float]:
    """Frames per second of the page that has fewest, and cores that the server takes."""
    pages = [await playing(server.url, pace) for _ in range(markets)]
    await asyncio.gather(*(frames_of(page, time.monotonic() + _WARM) for page in pages))
    begin, used = time.monotonic(), server.seconds()
    counts = await asyncio.gather(*(frames_of(page, begin + seconds) for page in pages))
    took, spent = time.monotonic() - begin, server.seconds() - used
    for page in pages:
        await page.close()
    return {"frames_per_second": min(counts) / took, "cores": spent / took}


async def unread(server: Server, seconds: float, pace: float) -> dict[str, float]:
    """How much the server's memory grows while a page plays and reads nothing. MiB."""
    page = await playing(server.url, pace)
    page.transport.pause_reading()
    await asyncio.sleep(_WARM)
    before = server.mebibytes()
    await asyncio.sleep(seconds)
    grown = server.mebibytes() - before
    page.transport.abort()
    return {"unread_mebibytes": grown}


def main() -> None:
    """Measure and print."""
    parser = Parser(prog="python -m benchmarks.pages", description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--markets", type=whole_number(1, 64), default=30, metavar="N")
    parser.add_argument("--seconds", type=real_number(0.1), default=10.0, metavar="S")
    parser.add_argument("--pace", type=real_number(1, 100_000), default=200.0, metavar="P", help="steps per second")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given: argparse.Namespace = parser.parse_args()
    server = Server()
    try:
        found: dict[str, Any] = asyncio.run(many(server, given.markets, given.seconds, given.pace))
        found |= asyncio.run(unread(server, given.seconds, 10_000.0))
    finally:
        server.end()
    if given.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    said = (
        f"{given.markets} markets at {given.pace:g} steps per second: at least {found['frames_per_second']:.1f} frames "
        f"per second each, {found['cores']:.2f} of a core; a page that reads nothing adds "
        f"{found['unread_mebibytes']:.1f} MiB in {given.seconds:g} s"
    )
    Console().print(said)


if __name__ == "__main__":
    main()
