"""The command ``solve``: the equilibria of a scenario's game, as tables and a picture, or as JSON."""

from __future__ import annotations

import argparse
import json
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import RunError
from sim.scenario.wording import shown
from spreadgame import commands
from spreadgame.cli import OK
from spreadgame.solution_tables import doubts, references, tables

if TYPE_CHECKING:
    from analysis.games.solution import Solution
    from sim.experiment import Standing

_LAST_SEED = 2**63 - 1 - 2_000_000_000  # certificates have seeds of their own, a thousand million beyond it
_KEPT, _RUNS = "equilibria.json", "sweep.json"


def solve(given: argparse.Namespace) -> int:
    """Solve what was typed. Returns the exit code."""
    bounds = _checked(given)
    commands._load_strategies(given.strategies)
    from sim.scenario import load

    scenario = load(given.scenario, given.overrides, given.seed)
    from analysis.games.market import MarketGame
    from analysis.games.solution import BUDGET
    from analysis.games.solution import solve as solved
    from analysis.games.telling import selection_of, solution_as_json
    from sim.experiment.jobs import digest_of

    game, digest = MarketGame(scenario), digest_of(scenario)
    out = _folder(given, digest)
    budget = BUDGET if given.budget is None else given.budget
    commands._announce_compiling("kernel.advance", game.played_strategies())
    from sim.interrupt import stop_on_signals

    with stop_on_signals(), _progress(given.json) as watch:
        try:
            found = solved(
                scenario, budget, given.epsilon, given.workers, out, given.strategies, watch, given.search, bounds
            )
        except KeyboardInterrupt:
            commands._say(f"what was finished is kept in {out}; the same command goes on from there")
            raise
    selected, names = selection_of(found)
    told = {"scenario": digest, **solution_as_json(found, selected)}
    picture = _keep(out, told, found, scenario.question or scenario.title or given.scenario.stem)
    if given.json:
        commands._print_json(told)
        return OK
    screen = commands._results()
    screen.print(tables(found))
    for line in doubts(found):
        screen.print(line)
    screen.print(f"in the table of mean payoffs: {found.note}")
    for line in references(found):
        screen.print(line)
    if selected is not None:
        from analysis.games.selection_words import lines

        screen.print("\nwhich of them, by the table of mean payoffs")
        for line in lines(selected, names):
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


def _folder(given: argparse.Namespace, digest: str) -> Path:
    """Where runs and answer go: nothing is written over what was found of another game."""
    if given.out is not None:
        out: Path = given.out
        if out.exists() and not out.is_dir():
            raise RunError(f"--out {out}: this is a file — name a folder")
        if out.is_dir() and any(out.iterdir()) and not any(out.glob(f"*-1/{_RUNS}")) and not (out / _KEPT).exists():
            raise RunError(
                f"--out {out}: this folder holds other things than a solved game — name another, or a new one"
            )
        if _is_of_another(out, digest):
            raise RunError(
                f"{out / _KEPT}: this is of another game than {given.scenario} as it is now, with what --set changes — "
                "name another folder with --out"
            )
        return out
    usual = Path("runs") / f"{given.scenario.stem}-game"
    others = (usual.with_name(f"{usual.name}-{number}") for number in count(2))
    return next(out for out in chain([usual], others) if not _is_of_another(out, digest))


def _is_of_another(out: Path, digest: str) -> bool:
    """Whether a folder has the answer of another game; one that is damaged, or does not say of which, is no loss."""
    try:
        return bool(json.loads((out / _KEPT).read_text(encoding="utf-8"))["scenario"] != digest)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _keep(out: Path, told: dict[str, Any], found: Solution, title: str) -> Path | None:
    """Write what was found beside the runs, with a picture unless there is nothing to draw."""
    from analysis.dress import style
    from analysis.game_pictures import game_picture
    from analysis.games.telling import mixtures_of

    text, picture = json.dumps(told, indent=2, allow_nan=False) + "\n", out / "game.png"
    try:
        _write_whole(out / _KEPT, lambda part: part.write_text(text, encoding="utf-8"))
        if max(len(role.strategies) for role in found.table.roles) < 2:
            picture.unlink(missing_ok=True)  # of an earlier solution
            return None
        with style():
            mixtures, names = mixtures_of(found, apart=True)
            players = {role.name: role.players for role in found.game.whole}
            _write_whole(picture, game_picture(found.table, mixtures, title, names, players).savefig)
    except OSError as error:
        raise RunError(f"{out}: what was found cannot be written ({error.strerror or error})") from error
    return picture


def _write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file under another name, and give it its own when it is whole."""
    part = path.with_name(f".{os.getpid()}-partial-{path.name}")
    try:
        write(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _progress(hidden: bool) -> Iterator[Callable[[str], Any]]:
    """Runs of each round on the screen, with the time that is left."""
    screen = commands._screen()
    if hidden or not screen.is_terminal:
        yield lambda name: None
        return
    with screen.status("beginning") as status:

        def watch(name: str) -> Callable[[Standing], None]:
            def show(standing: Standing) -> None:
                left = f", {standing.left:,.0f} s left" if math.isfinite(standing.left) else ""
                status.update(f"{name}: {standing.runs:,} of {standing.total:,} runs{left}")

            return show

        yield watch
