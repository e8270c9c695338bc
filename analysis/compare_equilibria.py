"""Equilibria of several games side by side: ``python -m analysis.compare_equilibria A B … [--vary PATH=v1,v2,v3]``.

The games are those of several scenario files, or of one file in which a value varies. Each is solved by running it
(:mod:`analysis.games.empirical.solution`), all on the same seeds. A table says who plays what at each equilibrium, what
it pays, how sure that is, what the market is like there, and where there is welfare, how much more of it than in the
first game. A figure draws it between two references: what the players would choose as one, and the pure profile of
players who all do the same in which they earn least without a loss.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from analysis.games.empirical.comparison import compare
from analysis.games.empirical.market import MarketGame
from analysis.games.empirical.solution import BUDGET
from analysis.games.output.as_json import comparison_as_json
from analysis.games.output.equilibrium_picture import picture
from analysis.games.output.equilibrium_tables import WIDTH, tables
from analysis.output.console import print_json, results, say, status
from analysis.output.exit_codes import OK, exit_code_of
from analysis.output.figure_files import check_figure
from analysis.output.options import MOST_WORKERS, Parser, real_number, whole_number
from analysis.output.style import save_figure
from sim.core.errors import RunError
from sim.core.wording import shown
from sim.experiment import SweepProgress
from sim.runs.interrupt import stop_on_signals
from sim.scenario import Scenario, load
from sim.strategy_kit.loading.files import load_files

_MOST_RUNS = 1_000_000_000  # of a game


def scenarios_of(files: Sequence[Path], overrides: Sequence[str] = (), vary: str | None = None) -> dict[str, Scenario]:
    """The scenarios of a comparison by label: of several files, or of one in which a value varies.

    Raises
    ------
    RunError
        If nothing varies, two things do, or two are the same.
    ScenarioError
        If a file is no scenario.
    """
    if vary is None:
        if len(files) < 2:
            raise RunError(f"{files[0]}: one game is nothing to compare — name another file, or say --vary PATH=v1,v2")
        stems = [file.stem for file in files]
        names = stems if len(set(stems)) == len(stems) else [str(file.with_suffix("")) for file in files]
        _differ("the files", names)
        return {name: load(file, overrides) for name, file in zip(names, files, strict=True)}
    path, _, values = vary.partition("=")
    texts = [text.strip() for text in values.split(",") if text.strip()]
    if not path.strip() or len(texts) < 2:
        raise RunError(f"--vary {vary}: this does not say PATH=v1,v2 — write for example makers.count=1,2,3")
    if len(files) > 1:
        raise RunError(f"--vary {vary}: it changes one game, and {len(files)} files are named — name one")
    if path.strip() in {each.partition("=")[0].strip() for each in overrides}:
        raise RunError(f"{path.strip()} is in --set and in --vary — leave one of them out")
    _differ(f"--vary {vary}: the values", texts)
    return {f"{path.strip()}={text}": load(files[0], [*overrides, f"{path.strip()}={text}"]) for text in texts}


def _differ(what: str, names: Sequence[str]) -> None:
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise RunError(f"{what}: {twice} is there twice — leave one of them out")


@contextmanager
def _progress(hidden: bool) -> Iterator[Callable[[str], Callable[[str], Any]]]:
    """Which runs of which game are done, on a screen that can be written over."""
    with status("beginning", hidden) as show:

        def watch(label: str) -> Callable[[str], Callable[[SweepProgress], None]]:
            return lambda name: lambda done: show(f"{label}, {name}: {done.runs:,} of {done.total:,} runs")

        yield watch


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m analysis.compare_equilibria",
        description="Lay the equilibria of several games side by side, in a table and in a figure.",
        epilog="Runs are kept in DIR; the same command goes on where it was stopped.",
    )
    add = parser.add_argument
    add("scenarios", type=Path, nargs="+", metavar="SCENARIO", help="a TOML file with a [game]")
    add("--vary", metavar="PATH=v1,v2", help="one file: a value that differs from game to game")
    add(
        "--set",
        action="append",
        default=[],
        dest="overrides",
        metavar="PATH=VALUE",
        help="change a value in every game (may be repeated; of one path the last counts)",
    )
    add(
        "--budget",
        type=whole_number(),
        default=BUDGET,
        metavar="RUNS",
        help=f"the most runs of a game (default: {BUDGET})",
    )
    add(
        "--epsilon",
        type=real_number(),
        metavar="E",
        help="a gain that does not count (default: 2 %% of the range of payoffs)",
    )
    add(
        "--strategies",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a Python file with strategies of your own (may be repeated)",
    )
    add(
        "--workers",
        type=whole_number(1, MOST_WORKERS),
        metavar="N",
        help="how many runs at a time (default: one a core)",
    )
    add(
        "--out", type=Path, default=Path("runs") / "compare", metavar="DIR", help="for the runs (default: runs/compare)"
    )
    add("--figure", type=Path, metavar="FILE", help="the figure: .png, .svg or .pdf (default: in DIR)")
    add("--json", action="store_true", help="print one JSON object on standard output, nothing else")
    return parser


def _checked(given: argparse.Namespace) -> dict[str, Scenario]:
    if not 1 <= given.budget <= _MOST_RUNS:
        raise RunError(f"--budget {shown(given.budget)}: a game has from 1 to {_MOST_RUNS:,} runs")
    if given.epsilon is not None and not 0 < given.epsilon < math.inf:
        raise RunError(f"--epsilon {given.epsilon:g}: a gain that does not count is above 0")
    if given.figure is not None:
        check_figure(given.figure)
    load_files(given.strategies)
    scenarios = scenarios_of(given.scenarios, given.overrides, given.vary)
    for scenario in scenarios.values():
        MarketGame(scenario)  # says what is wrong before anything runs
    return scenarios


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit code."""
    given = _parser().parse_args(arguments)
    return exit_code_of(lambda: _call(given))


def _call(given: argparse.Namespace) -> int:
    scenarios = _checked(given)
    kept = given.out / given.scenarios[0].stem if given.vary else given.out
    try:
        with stop_on_signals(), _progress(given.json) as watch:
            found = compare(
                scenarios, given.budget, given.epsilon, given.workers, kept, watch, strategies=given.strategies
            )
    except KeyboardInterrupt:
        say(f"what was finished is kept in {given.out}; the same command goes on from there")
        raise
    figure = given.figure or given.out / ("-".join(dict.fromkeys(file.stem for file in given.scenarios)) + ".png")
    figure.parent.mkdir(parents=True, exist_ok=True)
    save_figure(picture(found), figure)
    if given.json:
        print_json(comparison_as_json(found) | {"figure": str(figure)})
    else:
        results(WIDTH).print(tables(found))
        results(WIDTH).print(f"figure  {figure}", soft_wrap=True)
    return OK


if __name__ == "__main__":
    sys.exit(main())
