"""The command line: what may be typed.

What is done says :mod:`spreadgame.commands.run`, which is imported when a command is called.
"""

from __future__ import annotations

import argparse
import gc
import io
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from analysis.output.options import BAD_INPUT as BAD_INPUT
from analysis.output.options import MOST_WORKERS, Parser, real_number, whole_number
from spreadgame.commands import measure

OK, FAILED, INTERRUPTED = 0, 1, 130
_MOST_RUNS = 1_000_000_000  # of a game

_EXIT_CODES = (
    "exit codes: 0 done; 1 a replay that differs or a claim that fails; 2 bad input or a full disk; "
    "130 Ctrl-C; 143 SIGTERM"
)


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


def _number_of_runs(text: str) -> int:
    number = whole_number()(text)
    if not 1 <= number <= _MOST_RUNS:
        raise argparse.ArgumentTypeError(f"{text[:60]} runs are not from 1 to {_MOST_RUNS:,} — write for example 2000")
    return number


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object on standard output, nothing else")


def _add_strategies(parser: argparse.ArgumentParser, name: str = "strategies") -> None:
    parser.add_argument("--strategies", action="append", default=[], type=Path, metavar="FILE", dest=name,
                        help="a Python file with strategies of your own (may be repeated)")  # fmt: skip


def _add_of_every_run(parser: argparse.ArgumentParser) -> None:
    """What commands of many runs have in common."""
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="PATH=VALUE",
                        help="change a value in every run (may be repeated; of one path the last counts)")  # fmt: skip
    _add_strategies(parser)
    parser.add_argument("--workers", type=whole_number(most=MOST_WORKERS), metavar="N",
                        help="how many runs at a time (default: one a core)")  # fmt: skip


def _add_sweep(commands: Any) -> None:
    sweep = commands.add_parser(
        "sweep", help="run a scenario many times: seeds, grids, designs, profiles",
        description="Run a scenario on many seeds at many points, and write a row a run.",
        epilog="What is finished is kept in DIR; the same command goes on where it was stopped.",
    )  # fmt: skip
    add = sweep.add_argument
    add("scenario", type=Path, metavar="SCENARIO", help="a TOML file")
    add("--seeds", type=whole_number(), default=10, metavar="N", help="runs of each point, a seed each (default: 10)")
    add("--seed", type=whole_number(), metavar="N", help="the first of the seeds (default: run.seed)")
    add("--grid", action="append", default=[], metavar="PATH=A,B,C",
        help="run every combination of the values: --grid makers.count=1,2,4 (may be repeated)")  # fmt: skip
    add("--range", action="append", default=[], dest="ranges", metavar="PATH=LOW,HIGH",
        help="a range for --design; LOW,HIGH,log is even in logarithms (may be repeated)")  # fmt: skip
    add("--design", choices=["latin", "sobol"], help="spread points over the ranges: Latin hypercube, or Sobol")
    add("--design-points", type=whole_number(), metavar="N", help="points of the design")
    add("--profiles", action="store_true", help="run every profile of the scenario's [game]")
    _add_of_every_run(sweep)
    add("--backend", choices=["local", "threads", "dask"], default="local",
        help="processes here (the default), threads of one process, or a Dask cluster")  # fmt: skip
    add("--scheduler", metavar="ADDRESS", help="of the cluster: tcp://host:8786")
    add("--out", type=Path, metavar="DIR", help="the folder for the results (default: runs/NAME-sweep)")
    add("--payoffs", action="store_true", help="keep the payoffs of single episodes too")
    add("--run-folders", action="store_true", help="write a run folder for every run too")
    _add_json(sweep)


def _add_solve(commands: Any) -> None:
    solve = commands.add_parser(
        "solve", help="find the equilibria of a scenario's game",
        description="Run the profiles of a scenario's [game], find its equilibria, and say how sure each is.",
        epilog="Runs are kept in DIR; the same command goes on where it was stopped.",
    )  # fmt: skip
    add = solve.add_argument
    add("scenario", type=Path, metavar="SCENARIO", help="a TOML file with a [game]")
    add("--budget", type=_number_of_runs, metavar="RUNS", help="the most runs there may be (default: 2000)")
    add("--epsilon", type=real_number(), metavar="E",
        help="a gain that does not count, currency an episode (default: 2 %% of the range of payoffs)")  # fmt: skip
    add("--seed", type=whole_number(), metavar="N", help="the first of the seeds (default: run.seed)")
    _add_of_every_run(solve)
    add("--search", choices=("all", "needed"),
        help="run all profiles, or those that are needed (default: all, where the budget allows)")  # fmt: skip
    add("--payoff-bounds", type=real_number(), nargs=2, metavar=("LOW", "HIGH"),
        help="least and largest payoff there can be: bounds regrets for any distribution of payoffs too")  # fmt: skip
    add(
        "--out",
        type=Path,
        metavar="DIR",
        help="the folder for the runs (default: runs/NAME-game, or the next free one)",
    )
    _add_json(solve)


def _parser() -> tuple[_Parser, dict[str, argparse.ArgumentParser]]:
    """The parser, and those of the commands."""
    parser = _Parser(
        prog="spreadgame",
        description="A market you can study as a game: scenario file in, run folder out.",
        epilog=f"Start with: spreadgame run scenarios/quickstart.toml --out runs --plot. {_EXIT_CODES}",
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

    run = commands.add_parser(
        "run",
        help="run a scenario",
        description="Run a scenario and write a run folder.",
        epilog="Ctrl-C ends a run early, what was done is kept; a second one ends it at once.",
    )
    run.add_argument("scenario", type=Path, metavar="SCENARIO", help="a TOML file")
    run.add_argument("--out", type=Path, default=Path("runs"), metavar="DIR",
                     help="the folder that will hold the run folder (default: runs)")  # fmt: skip
    run.add_argument("--name", metavar="NAME",
                     help="of the run folder (default: SCENARIO-seedN); where it is taken, with a number")  # fmt: skip
    run.add_argument("--seed", type=whole_number(), metavar="N", help="takes the place of run.seed")
    run.add_argument("--set", action="append", default=[], dest="overrides", metavar="PATH=VALUE",
                     help="change a value: --set makers.params.risk_aversion=0.2 "
                     "(may be repeated; of one path the last counts)")  # fmt: skip
    _add_strategies(run)
    run.add_argument("--plot", action="store_true", help="draw the run too")
    _add_json(run)

    validate = commands.add_parser("validate", help="check scenario files", description="Check scenario files.")
    validate.add_argument("files", type=Path, nargs="+", metavar="FILE")
    _add_strategies(validate)

    commands.add_parser("schema", help="print the JSON Schema of scenario files",
                        description="Print the JSON Schema of scenario files.")  # fmt: skip

    strategies = commands.add_parser("strategies", help="list strategies, or explain one",
                                     description="List the strategies, or explain one.")  # fmt: skip
    strategies.add_argument("name", nargs="?", metavar="NAME")
    _add_strategies(strategies, "files")

    plot = commands.add_parser("plot", help="draw a run folder", description="Draw a run folder.")
    plot.add_argument("run", type=Path, metavar="RUN", help="the folder that a run printed")
    plot.add_argument("--out", type=Path, metavar="FILE", help="where to (default: picture.png in the folder)")

    report = commands.add_parser(
        "report", help="explain run folders on one page",
        description="Write one HTML file that says, shows and explains what happened; several runs side by side.",
    )  # fmt: skip
    report.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="a folder that a run printed")
    report.add_argument("--out", type=Path, metavar="FILE",
                        help="where to (default: report.html in the folder; of several runs, here)")  # fmt: skip

    replay = commands.add_parser(
        "replay", help="drive the engine with a recorded exchange day",
        description="Drive the engine with recorded messages and compare its book with the recorded one.",
    )  # fmt: skip
    replay.add_argument("messages", type=Path, metavar="MESSAGES", help="the message file, plain or gzip")
    replay.add_argument("--book", type=Path, required=True, metavar="BOOK", help="the order book file, plain or gzip")
    replay.add_argument("--format", default="lobster", help="of both files (default: lobster)")
    replay.add_argument(
        "--depth", type=whole_number(), metavar="N", help="levels to compare (default: all in the file)"
    )
    replay.add_argument("--no-level-adoption", action="store_true",
                        help="take no level from the file that slides in from beyond its depth")  # fmt: skip
    _add_json(replay)

    measure.add(commands)
    _add_sweep(commands)
    _add_solve(commands)

    theory = commands.add_parser(
        "theory", help="hold the simulator against what theory knows",
        description="Run the markets of published models and compare what they give with what theory says.",
        epilog="What is finished is kept in DIR; the same command goes on where it was stopped.",
    )  # fmt: skip
    theory.add_argument("--only", action="append", default=[], metavar="NAME",
                        help="an experiment, or a family such as kyle (may be repeated)")  # fmt: skip
    theory.add_argument("--quick", action="store_true", help="small samples: less than a minute in all")
    theory.add_argument("--out", type=Path, default=Path("runs/theory"), metavar="DIR",
                        help="the folder for rows and picture (default: runs/theory)")  # fmt: skip
    theory.add_argument("--page", type=Path, metavar="FILE", help="write the rows as a Markdown page too")
    _add_json(theory)
    return parser, dict(commands.choices)


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser, commands = _parser()
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["measure"]:  # whose options are those of the measure that is named
        words[1:] = measure.learn(commands["measure"], words[1:])
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
        from spreadgame.commands import run as commands
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    sys.exit(commands.call(given))
