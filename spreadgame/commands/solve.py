"""The command ``solve``: the equilibria of a scenario's game, as tables and a picture, or as JSON."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.output.console import print_json, results, say, status, time_left
from analysis.output.exit_codes import OK
from analysis.output.options import real_number, whole_number
from spreadgame.commands.options import add_json, add_many_runs, add_scenario
from spreadgame.commands.screen import announce_compiling, load_strategies

if TYPE_CHECKING:
    from analysis.games.dynamics.selection import Selection
    from analysis.games.empirical.market import MarketGame
    from analysis.games.empirical.solution import Solution
    from sim.experiment import SweepProgress
    from sim.scenario import Scenario

_LAST_SEED = 2**63 - 1 - 2_000_000_000  # certificates have seeds of their own, a thousand million beyond it
_MOST_RUNS = 1_000_000_000  # of a game


def declare(parser: argparse.ArgumentParser) -> None:
    """What may be typed."""
    parser.description = "Run the profiles of a scenario's [game], find its equilibria, and say how sure each is."
    parser.epilog = "Runs are kept in DIR; the same command goes on where it was stopped."
    add = parser.add_argument
    add_scenario(parser, "a TOML file with a [game]")
    add("--budget", type=_number_of_runs, metavar="RUNS", help="the most runs there may be (default: 2000)")
    add("--epsilon", type=real_number(), metavar="E",
        help="a gain that does not count, currency per episode (default: 2 %% of the range of payoffs)")  # fmt: skip
    add("--seed", type=whole_number(), metavar="N", help="the first of the seeds (default: run.seed)")
    add_many_runs(parser)
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
    add_json(parser)


def _number_of_runs(text: str) -> int:
    number = whole_number()(text)
    if not 1 <= number <= _MOST_RUNS:
        raise argparse.ArgumentTypeError(f"{text[:60]} runs are not from 1 to {_MOST_RUNS:,} — write for example 2000")
    return number


def call(given: argparse.Namespace) -> int:
    """Solve what was typed. Returns the exit code."""
    bounds = _checked(given)
    load_strategies(given.strategies)
    from sim.scenario import load

    scenario = load(given.scenario, given.overrides, given.seed)
    from analysis.games.empirical.market import MarketGame
    from sim.core.errors import RunError
    from sim.experiment.jobs import digest_of
    from spreadgame.commands.solve_folder import folder_of

    game, digest = MarketGame(scenario), digest_of(scenario)
    if scenario.run.seed > _LAST_SEED:
        raise RunError(f"run.seed {scenario.run.seed}: no seeds are left beyond it — write {2**62} or less")
    with folder_of(given, digest) as out:
        return _solve(given, scenario, game, digest, out, bounds)


def _solve(
    given: argparse.Namespace,
    scenario: Scenario,
    game: MarketGame,
    digest: str,
    out: Path,
    bounds: tuple[float, float] | None,
) -> int:
    """Solve it in a folder where this process alone writes."""
    from analysis.games.empirical.solution import BUDGET
    from analysis.games.empirical.solution import solve as solved
    from analysis.games.output.as_json import selection_of, solution_as_json

    budget = BUDGET if given.budget is None else given.budget
    announce_compiling("kernel.advance", game.played_strategies())
    from sim.runs.interrupt import stop_on_signals

    with stop_on_signals(), _progress(given.json) as watch:
        try:
            found = solved(
                scenario, budget, given.epsilon, given.workers, out, given.strategies, watch, given.search, bounds
            )
        except KeyboardInterrupt:
            say(f"what was finished is kept in {out}; the same command goes on from there")
            raise
    selected, names = selection_of(found)
    told = {"scenario": digest, **solution_as_json(found, selected)}
    from spreadgame.commands.solve_folder import keep

    picture = keep(out, told, found, scenario.question or scenario.title or given.scenario.stem)
    if given.json:
        print_json(told)
        return OK
    _show(found, selected, names)
    console = results()
    console.print(f"{found.runs:,} runs, kept in {out}", soft_wrap=True)
    console.print(f"picture  {picture}" if picture else "no picture: there is one strategy to draw", soft_wrap=True)
    return OK


def _show(found: Solution, selected: Selection | None, names: list[str]) -> None:
    """Print the equilibria, what bounds them, and which of them may be played."""
    from analysis.games.output.as_json import verdicts_of
    from analysis.games.output.selection_text import lines
    from analysis.games.output.solution_tables import doubts, references, tables

    console = results()
    console.print(tables(found))
    for line in doubts(found):
        console.print(line)
    console.print(f"in the table of mean payoffs: {found.note}")
    for line in references(found):
        console.print(line)
    if selected is not None:
        console.print("\nwhich of them, by the table of mean payoffs")
        unsure = [name for name, verdict in verdicts_of(found).items() if verdict != "holds"]
        for line in lines(selected, names, unsure):
            console.print(f"  {line}")
        console.print()


def _checked(given: argparse.Namespace) -> tuple[float, float] | None:
    """The bounds of payoffs, if there are any; whatever else is wrong with the options is said."""
    from sim.core.errors import RunError
    from sim.core.wording import shown

    if given.workers is not None and given.workers < 1:
        raise RunError(f"--workers {given.workers}: at least one is needed")
    if given.epsilon is not None and not 0 < given.epsilon < math.inf:
        raise RunError(f"--epsilon {given.epsilon:g}: a gain that does not count is above 0")
    if given.seed is not None and given.seed > _LAST_SEED:
        raise RunError(f"--seed {shown(given.seed)}: no seeds are left beyond it — write {2**62} or less")
    if given.payoff_bounds is None:
        return None
    low, high = given.payoff_bounds
    if not -math.inf < low < high < math.inf:
        raise RunError(f"--payoff-bounds {low:g} {high:g}: write the least and the largest payoff, such as -10 10")
    return low, high


@contextmanager
def _progress(hidden: bool) -> Iterator[Callable[[str], Any]]:
    """Runs of each round on the screen, with the time that is left."""
    with status("beginning", hidden) as show:

        def watch(name: str) -> Callable[[SweepProgress], None]:
            def said(progress: SweepProgress) -> None:
                parts = f"{progress.runs:,} of {progress.total:,} runs", time_left(progress.left)
                show(f"{name}: {', '.join(filter(None, parts))}")

            return said

        yield watch
