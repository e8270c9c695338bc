"""The command ``tournament``: the strategies of a folder's files play each other in a scenario's market."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.output.console import print_json, results, say, status, time_left
from analysis.output.exit_codes import OK
from analysis.output.options import real_number, whole_number
from spreadgame.commands.options import add_json, add_set
from spreadgame.commands.screen import announce_compiling
from spreadgame.shipped import scenario_file

if TYPE_CHECKING:
    from analysis.tournament.rounds import Asked, Entrants, Outcome, Watch
    from analysis.tournament.standings import Standing
    from sim.core.errors import RunError

_KEPT, _PICTURE = "tournament.json", "table.png"
_MOST_SEEDS = 10_000
_MOST_WORKERS = 256  # processes on one machine, each with an engine of its own
_LONGEST = 86_400.0  # seconds


def declare(parser: argparse.ArgumentParser) -> None:
    """What may be typed."""
    parser.description = "Let the strategies of a folder's Python files play: alone, in pairs, and all together."
    parser.epilog = (
        "Matches are kept in DIR; the same command goes on where it was stopped. The limits of time and memory stop "
        "mistakes; they are no sandbox. Files of strangers need a container."
    )
    add = parser.add_argument
    add("files", type=Path, metavar="FOLDER", help="a folder with one Python file per strategy")
    add("--scenario", type=scenario_file, required=True, metavar="SCENARIO",
        help="the TOML file of the market, or the name of a scenario of ours")  # fmt: skip
    add("--players", required=True, metavar="POPULATION", help="whose place the strategies take, one agent each")
    add("--seeds", type=whole_number(1, _MOST_SEEDS), metavar="N", help="how many seeds each match has (default: 8)")
    add("--seconds", type=real_number(0.1, _LONGEST), metavar="S",
        help="wall-clock time that one run may take per player, compiling apart (default: 10)")  # fmt: skip
    add("--workers", type=whole_number(1, _MOST_WORKERS), metavar="N",
        help="how many matches at a time (default: one a core)")  # fmt: skip
    add("--seed", type=whole_number(), metavar="N", help="the first of the seeds (default: run.seed)")
    add_set(parser, "change a value of the scenario")
    add("--out", type=Path, metavar="DIR",
        help="the folder for what was played (default: runs/SCENARIO-tournament, or the next free one)")  # fmt: skip
    add_json(parser)


def call(given: argparse.Namespace) -> int:
    """Play what was typed. Returns the exit code."""
    import sys

    from sim.core.errors import RunError

    if sys.platform == "win32":
        raise RunError(
            "spreadgame tournament: Windows cannot end a strategy that takes too much — use WSL or a container"
        )
    from sim.scenario import load

    scenario = load(given.scenario, given.overrides, given.seed)
    from analysis.tournament.kept_matches import question_of
    from analysis.tournament.rounds import SECONDS, SEEDS, Asked, entrants_of
    from sim.experiment.jobs import digest_of
    from sim.kept.claim import claimed_place

    first, many = scenario.run.seed, given.seeds or SEEDS
    if first + many > 2**63 - 1:
        raise RunError(f"--seed {first}: there are no {many} seeds from it on — write a smaller one")
    asked = Asked(scenario, given.players, tuple(range(first, first + many)), given.seconds or SECONDS)
    question = question_of(digest_of(scenario), given.players, given.files)
    entrants = entrants_of(given.files, asked)  # before anything is written
    usual = Path("runs") / f"{given.scenario.stem}-tournament"

    def refused(place: Path) -> RunError | None:
        return _refused(place, question)

    if given.out and given.out.is_dir() and (error := refused(given.out)):
        raise error  # before a lock is left there
    with claimed_place(given.out or usual, question, refused, elsewhere=given.out is None) as place:
        return _play(given, entrants, asked, place, question)


def _refused(place: Path, question: str) -> RunError | None:
    """Why the answer to another question would be lost in a folder."""
    from sim.core.errors import RunError
    from sim.kept.claim import holds_nothing
    from sim.kept.sealed import Damaged, read_json

    kept = place / _KEPT
    if kept.exists():
        try:
            if read_json(kept).get("question") == question:
                return None
        except (Damaged, OSError):
            return None  # it is made again
        return RunError(f"{kept}: this is another tournament — name another folder with --out")
    if holds_nothing(place) or (place / "matches").is_dir():
        return None
    return RunError(f"--out {place}: this folder holds other things than a tournament — name another, or a new one")


def _play(given: argparse.Namespace, entrants: Entrants, asked: Asked, place: Path, question: str) -> int:
    """Play in a folder where this process alone writes."""
    from analysis.tournament.kept_matches import KeptMatches
    from analysis.tournament.rounds import tournament
    from analysis.tournament.standings import standings

    announce_compiling("kernel.advance", [])
    from sim.runs.interrupt import stop_on_signals

    kept = KeptMatches(place, question, asked.seeds[0], asked.seconds)
    with stop_on_signals(), _progress(given.json) as watch:
        try:
            outcome = tournament(entrants, asked, kept, given.workers, watch)
        except KeyboardInterrupt:
            say(f"what was finished is kept in {place}; the same command goes on from there")
            raise
    table = standings(outcome)
    told, drawn = _keep(place, question, outcome, table)
    if given.json:
        print_json(told)
        return OK
    from analysis.tournament.output import tables

    console = results()
    for part in tables(outcome, table):
        console.print(part)
    seeds = f"{len(asked.seeds):,} seed{'s' if len(asked.seeds) > 1 else ''}"
    console.print(f"\n{len(outcome.matches):,} matches on {seeds}, kept in {place}", soft_wrap=True)
    if drawn:
        console.print(f"picture  {drawn}", soft_wrap=True)
    return OK


def _keep(place: Path, question: str, outcome: Outcome, table: list[Standing]) -> tuple[dict[str, Any], Path | None]:
    """Write the outcome beside the matches, with a picture unless nobody is ranked."""
    from analysis.output.style import save_figure
    from analysis.tournament.output import as_json, picture
    from sim.core.errors import RunError, reason_of
    from sim.kept.sealed import sealed_json, write_whole

    told = {**as_json(outcome, table), "folder": str(place)}
    path = place / _PICTURE
    try:
        write_whole(place / _KEPT, sealed_json({"question": question, **told}, allow_nan=False))
        if len(table) < 2:
            path.unlink(missing_ok=True)  # of an earlier outcome
            return told, None
        save_figure(picture(outcome, table), path)
    except OSError as error:
        raise RunError(f"{place}: the outcome cannot be written ({reason_of(error)})") from error
    return told, path


@contextmanager
def _progress(hidden: bool) -> Iterator[Watch]:
    """Matches of each round on the screen, with the time that is left."""
    with status("beginning", hidden) as show:

        def watch(kind: str, done: int, total: int, left: float) -> None:
            show(", ".join(filter(None, (f"{kind}: {done:,} of {total:,} matches", time_left(left)))))

        yield watch
