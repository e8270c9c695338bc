"""The command line: which commands there are, what is wrong with what was typed, and the exit code."""

from __future__ import annotations

import argparse
import gc
import io
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

from analysis.output.exit_codes import EXIT_CODES, INTERRUPTED, OK, exit_code_of
from analysis.output.options import Parser

COMMANDS = {
    "run": "run a scenario",
    "validate": "check scenario files",
    "schema": "print the JSON Schema of scenario files",
    "strategies": "list strategies, or explain one",
    "plot": "draw a run folder",
    "report": "explain run folders on one page",
    "measure": "list the measures of runs, or take one",
    "replay": "drive the engine with a recorded exchange day",
    "dashboard": "serve a page on which a market moves",
    "session": "play a session again from its log",
    "sweep": "run a scenario many times: seeds, grids, designs, profiles",
    "solve": "find the equilibria of a scenario's game",
    "tournament": "let strategies of many files play each other",
    "theory": "hold the simulator against what theory knows",
}  # each is a file of this folder; what --help says of it, in its order


def command(name: str) -> ModuleType:
    """The file of a command, which has ``declare`` and ``call``, and perhaps ``learn``."""
    return import_module(f"spreadgame.commands.{name}")


class _Parser(Parser):
    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.dest != "command" or action.choices is None or value in action.choices:
            return super()._check_value(action, value)
        if str(value).endswith(".toml"):
            self.error(f"{value!r} is no command — did you mean: {self.prog} run {value}")
        self.error(f"{value!r} is no command{_nearest(value, action.choices)}")


def _nearest(wrong: str, right: Iterable[str]) -> str:
    from difflib import get_close_matches

    from sim.core.renamed import OPTIONS, now

    names = list(right)
    if told := now(wrong, OPTIONS, names):
        return f" — {told}"
    near = get_close_matches(wrong, names, 1)
    return f" — did you mean {near[0]!r}?" if near else f" — there are {', '.join(names)}"


def _parser(typed: Sequence[str]) -> tuple[_Parser, dict[str, argparse.ArgumentParser]]:
    """The parser, and those of the commands; only those that are typed are told what they take."""
    parser = _Parser(
        prog="spreadgame",
        description="A market you can study as a game: scenario file in, run folder out.",
        epilog=f"Start with: spreadgame run scenarios/quickstart.toml --out runs --plot. {EXIT_CODES}",
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for name, line in COMMANDS.items():
        own = commands.add_parser(name, help=line)
        if name in typed:
            command(name).declare(own)
    return parser, dict(commands.choices)


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser, commands = _parser(words)
    if words and words[0] in commands and (learn := getattr(command(words[0]), "learn", None)):
        words[1:] = learn(commands[words[0]], words[1:])  # what may be typed depends on what is
    if words and words[0] in commands:  # where an option may stand between two files
        given, unknown = commands[words[0]].parse_known_intermixed_args(words[1:])
        given.command, given.version = words[0], False
    else:
        given, unknown = parser.parse_known_args(words)
    if unknown:
        chosen = commands.get(given.command or "", parser)
        options = [option for option in chosen._option_string_actions if option.startswith("--")]
        if unknown[0].startswith("-"):
            chosen.error(f"{unknown[0]!r} is no option{_nearest(unknown[0].partition('=')[0], options)}")
        chosen.error(f"{unknown[0]!r} is one argument too many")
    if given.version:
        from importlib.metadata import version

        sys.stdout.write(f"spreadgame {version('spreadgame')}\n")
        sys.exit(OK)
    if given.command is None:
        parser.print_help()
        sys.exit(OK)
    return given


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with one of the codes that ``--help`` lists."""
    gc.set_threshold(100_000)  # imports leave nothing to collect; looking for it took a tenth of a short run
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may lack a letter of a name
    try:
        given = _parsed(arguments)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    sys.exit(exit_code_of(lambda: int(command(given.command).call(given))))
