"""The command ``strategies``: a list of them, or a page about one."""

from __future__ import annotations

import argparse

from analysis.output.console import results
from analysis.output.exit_codes import OK
from spreadgame.commands.options import add_strategies
from spreadgame.commands.screen import load_strategies


def declare(parser: argparse.ArgumentParser) -> None:
    """What may be typed."""
    parser.description = "List the strategies, or explain one."
    parser.add_argument("name", nargs="?", metavar="NAME")
    add_strategies(parser, "files")


def call(given: argparse.Namespace) -> int:
    """Print the list or the page. Returns the exit code."""
    load_strategies(given.files)
    from analysis.output.listings import strategy_page, strategy_table
    from sim.strategy_kit import registry

    out = results()
    if given.name is None:
        out.print(strategy_table([registry.get(name) for name in registry.names()]))
        out.print("spreadgame strategies NAME explains one")
    else:
        out.print(strategy_page(registry.get(given.name)))
    return OK
