"""The command ``dashboard``: a page in the browser on which the market of a scenario moves."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import TYPE_CHECKING

from analysis.output.console import say
from analysis.output.exit_codes import OK
from analysis.output.options import whole_number
from spreadgame.commands.options import add_json, add_set, add_strategies
from spreadgame.commands.screen import compiling, load_strategies
from spreadgame.shipped import scenario_file

if TYPE_CHECKING:
    from sim.scenario import Scenario

HOST, PORT = "127.0.0.1", 8765


def declare(parser: argparse.ArgumentParser) -> None:
    """What may be typed."""
    parser.description = "Serve a page on which a market moves: books, prices, inventories, and where the money goes."
    parser.epilog = "Ctrl-C ends it. The page needs no network, and reads no file but the scenarios that it lists."
    parser.add_argument("scenario", type=scenario_file, nargs="?", metavar="SCENARIO",
                        help="a TOML file or the name of one of ours, opened first (default: quickstart)")  # fmt: skip
    parser.add_argument("--seed", type=whole_number(), metavar="N", help="takes the place of run.seed")
    add_set(parser, "change a value of SCENARIO: --set makers.count=3")
    add_strategies(parser)
    parser.add_argument("--host", default=HOST, metavar="ADDR",
                        help=f"address to serve; others than this machine reach some (default: {HOST})")  # fmt: skip
    parser.add_argument("--port", type=whole_number(0, 65_535), default=PORT, metavar="N",
                        help=f"0 takes a free one (default: {PORT})")  # fmt: skip
    parser.add_argument("--no-open", action="store_true", help="open no browser")
    add_json(parser)


def call(given: argparse.Namespace) -> int:
    """Serve until Ctrl-C. Returns the exit code."""
    load_strategies(given.strategies)
    from sim.core.errors import RunError
    from sim.scenario import load
    from sim.scenario.overrides import pairs_of
    from spreadgame.dashboard.app import application
    from spreadgame.dashboard.library import Library
    from spreadgame.dashboard.serve import bound, is_local, serve, served_host, server_of, url_of

    if given.scenario is not None:
        load(given.scenario, given.overrides, given.seed)  # what is wrong with it is said here, not on the page
    elif given.overrides or given.seed is not None:
        raise RunError("--seed and --set change SCENARIO, and none is named — name its file, or change it on the page")
    if any(path.partition(".")[0] == "dashboard" for path, _ in pairs_of(given.overrides)):
        raise RunError("--set dashboard.controls: the page offers what the file says — write [dashboard] into the file")
    library = Library(given.scenario, given.seed, dict(pairs_of(given.overrides)))
    listening = bound(given.host, given.port)
    host = served_host(given.host, listening)
    url = url_of(host, listening)
    if not is_local(host):
        say(f"{given.host}: every machine that reaches this address can use the page, without a password")

    def ready() -> None:
        if given.json:
            sys.stdout.write(json.dumps({"url": url}) + "\n")
            sys.stdout.flush()
            return
        say(f"the page is at {url} — Ctrl-C ends it")
        if not given.no_open:
            _open(url)

    asyncio.run(serve(server_of(application(library, host, _announce)), listening, ready))
    return OK


def _announce(scenario: Scenario) -> str:
    """Say on the terminal that something must be compiled; gives the same words for the page."""
    said = compiling("attributed.close_now", [population.strategy for population in scenario.populations])
    if said:
        say(said)
    return said


def _open(url: str) -> None:
    """Open the browser, in a thread of its own: some wait until it is closed."""
    import threading
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
