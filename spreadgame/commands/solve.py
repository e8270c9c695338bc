"""The command ``solve``: the equilibria of a scenario's game, as tables and a picture, or as JSON."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.games.output.solution_tables import doubts, references, tables
from sim.core.errors import RunError
from sim.core.wording import shown
from spreadgame.commands import run
from spreadgame.commands.parser import OK

if TYPE_CHECKING:
    from analysis.games.empirical.market import MarketGame
    from analysis.games.empirical.solution import Solution
    from sim.experiment import SweepProgress
    from sim.scenario import Scenario

_LAST_SEED = 2**63 - 1 - 2_000_000_000  # certificates have seeds of their own, a thousand million beyond it
_KEPT, _RUNS = "equilibria.json", "sweep.json"
_MARKS = {"holds": "", "open": "?", "fails": "!"}  # behind the number of an equilibrium in the picture


def solve(given: argparse.Namespace) -> int:
    """Solve what was typed. Returns the exit code."""
    bounds = _checked(given)
    run._load_strategies(given.strategies)
    from sim.scenario import load

    scenario = load(given.scenario, given.overrides, given.seed)
    from analysis.games.empirical.market import MarketGame
    from sim.experiment.jobs import digest_of

    game, digest = MarketGame(scenario), digest_of(scenario)
    if scenario.run.seed > _LAST_SEED:
        raise RunError(f"run.seed {scenario.run.seed}: no seeds are left beyond it — write {2**62} or less")
    with _folder(given, digest) as out:
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
    from analysis.games.output.as_json import selection_of, solution_as_json, verdicts_of

    budget = BUDGET if given.budget is None else given.budget
    run._announce_compiling("kernel.advance", game.played_strategies())
    from sim.runs.interrupt import stop_on_signals

    with stop_on_signals(), _progress(given.json) as watch:
        try:
            found = solved(
                scenario, budget, given.epsilon, given.workers, out, given.strategies, watch, given.search, bounds
            )
        except KeyboardInterrupt:
            run._say(f"what was finished is kept in {out}; the same command goes on from there")
            raise
    selected, names = selection_of(found)
    told = {"scenario": digest, **solution_as_json(found, selected)}
    picture = _keep(out, told, found, scenario.question or scenario.title or given.scenario.stem)
    if given.json:
        run._print_json(told)
        return OK
    screen = run._results()
    screen.print(tables(found))
    for line in doubts(found):
        screen.print(line)
    screen.print(f"in the table of mean payoffs: {found.note}")
    for line in references(found):
        screen.print(line)
    if selected is not None:
        from analysis.games.output.selection_text import lines

        screen.print("\nwhich of them, by the table of mean payoffs")
        unsure = [name for name, verdict in verdicts_of(found).items() if verdict != "holds"]
        for line in lines(selected, names, unsure):
            screen.print(f"  {line}")
        screen.print()
    screen.print(f"{found.runs:,} runs, kept in {out}", soft_wrap=True)
    screen.print(f"picture  {picture}" if picture else "no picture: there is one strategy to draw", soft_wrap=True)
    return OK


def _checked(given: argparse.Namespace) -> tuple[float, float] | None:
    """The bounds of payoffs, if there are any; whatever else is wrong with the options is said."""
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
def _folder(given: argparse.Namespace, digest: str) -> Iterator[Path]:
    """Where runs and answer go: nothing is written over what was found of another game."""
    from sim.kept.claim import claimed_place, holds_nothing

    out: Path | None = given.out
    if out is not None:
        if out.exists() and not out.is_dir():
            raise RunError(f"--out {out}: this is a file — name a folder")
        if not holds_nothing(out) and not any(out.glob(f"*-1/{_RUNS}")) and not (out / _KEPT).exists():
            raise RunError(
                f"--out {out}: this folder holds other things than a solved game — name another, or a new one"
            )

    def refused(place: Path) -> RunError | None:
        if not _is_of_another(place, digest):
            return None
        return RunError(
            f"{place / _KEPT}: this is of another game than {given.scenario} as it is now, with what --set changes — "
            "name another folder with --out"
        )

    usual = Path("runs") / f"{given.scenario.stem}-game"
    with claimed_place(out or usual, digest, refused, elsewhere=out is None) as place:
        yield place


def _is_of_another(out: Path, digest: str) -> bool:
    """Whether a folder has the answer of another game; one that is damaged, or does not say of which, is no loss."""
    from sim.kept.sealed import LOG, is_whole, was_sealed

    try:
        content = (out / _KEPT).read_bytes()
        if was_sealed(content) and not is_whole(content):
            LOG.warning("%s: damaged, so made again", out / _KEPT)
            return False
        return bool(json.loads(content)["scenario"] != digest)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _keep(out: Path, told: dict[str, Any], found: Solution, title: str) -> Path | None:
    """Write what was found beside the runs, with a picture unless there is nothing to draw."""
    from analysis.games.output.as_json import mixtures_of, verdicts_of
    from analysis.games.output.game_pictures import game_picture
    from analysis.output.style import style
    from sim.kept.sealed import sealed_json, write_whole

    picture = out / "game.png"
    try:
        write_whole(out / _KEPT, sealed_json(told, allow_nan=False))
        if max(len(role.strategies) for role in found.table.roles) < 2:
            picture.unlink(missing_ok=True)  # of an earlier solution
            return None
        with style():
            mixtures, _ = mixtures_of(found, apart=True)
            players = {role.name: role.players for role in found.game.whole}
            marks = [f"{name}{_MARKS[verdict]}" for name, verdict in verdicts_of(found, apart=True).items()]
            drawn = game_picture(found.table, mixtures, title, marks, players)
            write_whole(picture, lambda part: drawn.savefig(part, format="png"))
    except OSError as error:
        raise RunError(f"{out}: what was found cannot be written ({error.strerror or error})") from error
    return picture


@contextmanager
def _progress(hidden: bool) -> Iterator[Callable[[str], Any]]:
    """Runs of each round on the screen, with the time that is left."""
    screen = run._screen()
    if hidden or not screen.is_terminal:
        yield lambda name: None
        return
    with screen.status("beginning") as status:

        def watch(name: str) -> Callable[[SweepProgress], None]:
            def show(progress: SweepProgress) -> None:
                left = f", {progress.left:,.0f} s left" if math.isfinite(progress.left) else ""
                status.update(f"{name}: {progress.runs:,} of {progress.total:,} runs{left}")

            return show

        yield watch
