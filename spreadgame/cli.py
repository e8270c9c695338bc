"""The command line: what may be typed. What each command does is in :mod:`spreadgame.commands`, imported when called."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

OK, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, with the nearest right command, and where to read on."""
        self.exit(BAD_INPUT, f"{self.prog}: {message}\nsee {self.prog} --help\n")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object on standard output, nothing else")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="spreadgame",
        description="A market you can study as a game: scenario file in, run folder out.",
        epilog="Start with: spreadgame run scenarios/quickstart.toml --out runs --plot",
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

    run = commands.add_parser("run", help="run a scenario", description="Run a scenario and write a run folder.")
    run.add_argument("scenario", type=Path, metavar="SCENARIO", help="a TOML file")
    run.add_argument("--out", type=Path, default=Path("runs"), metavar="DIR",
                     help="the folder that will hold the run folder (default: runs)")
    run.add_argument("--seed", type=int, metavar="N", help="takes the place of run.seed")
    run.add_argument("--set", action="append", default=[], dest="overrides", metavar="PATH=VALUE",
                     help="change a value: --set makers.params.risk_aversion=0.2 (may be repeated)")
    run.add_argument("--strategies", action="append", default=[], type=Path, metavar="FILE",
                     help="a Python file with strategies of your own (may be repeated)")
    run.add_argument("--plot", action="store_true", help="draw the run too")
    _add_json(run)

    validate = commands.add_parser("validate", help="check scenario files", description="Check scenario files.")
    validate.add_argument("files", type=Path, nargs="+", metavar="FILE")
    validate.add_argument("--strategies", action="append", default=[], type=Path, metavar="FILE",
                          help="a Python file with strategies of your own")

    commands.add_parser("schema", help="print the JSON Schema of scenario files",
                        description="Print the JSON Schema of scenario files.")

    strategies = commands.add_parser("strategies", help="list strategies, or explain one",
                                     description="List the strategies, or explain one.")
    strategies.add_argument("name", nargs="?", metavar="NAME")
    strategies.add_argument("--strategies", action="append", default=[], type=Path, metavar="FILE", dest="files",
                            help="a Python file with strategies of your own")

    plot = commands.add_parser("plot", help="draw a run folder", description="Draw a run folder.")
    plot.add_argument("run", type=Path, metavar="RUN", help="the folder that a run printed")
    plot.add_argument("--out", type=Path, metavar="FILE", help="where to (default: picture.png in the folder)")

    replay = commands.add_parser("replay", help="drive the engine with a recorded exchange day",
                                 description="Drive the engine with recorded messages and compare it with the recorded book.")
    replay.add_argument("messages", type=Path, metavar="MESSAGES", help="the message file, plain or gzip")
    replay.add_argument("--book", type=Path, required=True, metavar="BOOK", help="the order book file, plain or gzip")
    replay.add_argument("--format", default="lobster", help="of both files (default: lobster)")
    replay.add_argument("--depth", type=int, metavar="N", help="levels to compare (default: all in the file)")
    replay.add_argument("--no-adopt", action="store_true",
                        help="take no level from the file that slides in from beyond its depth")
    _add_json(replay)
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 a replay that differs, 2 bad input, 130 interrupted."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.version:
        from importlib.metadata import version

        sys.stdout.write(f"spreadgame {version('spreadgame')}\n")
        sys.exit(OK)
    if given.command is None:
        parser.print_help()
        sys.exit(OK)
    from spreadgame import commands

    sys.exit(commands.call(given))
