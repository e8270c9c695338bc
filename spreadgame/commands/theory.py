"""The command ``theory``: the scoreboard, as a table, a picture and a page, or as JSON."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.output.console import bar, print_json, results, say
from analysis.output.exit_codes import FAILED, OK
from spreadgame.commands.options import add_json
from spreadgame.commands.screen import announce_compiling

if TYPE_CHECKING:
    from analysis.theory.board import Watch
    from analysis.theory.experiments import Experiment
    from analysis.theory.rows import Row


def declare(parser: argparse.ArgumentParser) -> None:
    """What may be typed."""
    parser.description = "Run the markets of published models and compare what they give with what theory says."
    parser.epilog = "What is finished is kept in DIR; the same command goes on where it was stopped."
    parser.add_argument("--only", action="append", default=[], metavar="NAME",
                        help="an experiment, or a family such as kyle (may be repeated)")  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="small samples: less than a minute in all")
    parser.add_argument("--out", type=Path, default=Path("runs/theory"), metavar="DIR",
                        help="the folder for rows and picture (default: runs/theory)")  # fmt: skip
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the rows as a Markdown page too")
    add_json(parser)


def call(given: argparse.Namespace) -> int:
    """Run the experiments. Returns the exit code."""
    from analysis.theory.experiments import chosen
    from sim.core.errors import SpreadgameError
    from sim.runs.folder import check_writable

    experiments = chosen(given.only)
    if given.page and given.page.suffix != ".md":
        raise SpreadgameError(
            f"{given.page}: the page is Markdown, with a picture beside it — give it a name like board.md"
        )
    for folder in [given.out, *([given.page.parent] if given.page else [])]:
        check_writable(folder)  # rather than after minutes
    announce_compiling("kernel.advance", [])
    from analysis.theory.board import run_board
    from sim.runs.interrupt import stop_on_signals

    kept = given.out / ("quick" if given.quick else "full")
    try:
        with stop_on_signals(), _progress(given.json) as watch:
            rows = run_board(experiments, given.quick, kept, watch)
    except KeyboardInterrupt:
        say(f"what was finished is kept in {kept}; the same command goes on from there")
        raise
    _show(given, rows, kept)
    return FAILED if any(row.verdict == "fail" for row in rows) else OK


def _show(given: argparse.Namespace, rows: list[Row], kept: Path) -> None:
    """Draw and print what came out."""
    from analysis.theory.page import board_table, save_page
    from analysis.theory.picture import save_picture

    drawn = save_picture(rows, kept / "theory.png", given.quick)
    if given.page:
        save_page(rows, given.page, given.quick)
    if given.json:
        print_json({"rows": [row.as_json() for row in rows]})
        return
    out = results()
    out.print(board_table(rows))
    out.print(f"picture     {drawn}", soft_wrap=True)
    if given.page:
        out.print(f"page        {given.page}", soft_wrap=True)


@contextmanager
def _progress(hidden: bool) -> Iterator[Watch]:
    """A bar for the experiments on the screen, and a line for each that ends."""
    import time

    from analysis.theory.board import Watch
    from analysis.theory.picture import tally

    begun, at = [time.perf_counter()], [0, 0]  # the experiment's place, of how many

    def ended(experiment: Experiment, rows: list[Row], known: bool) -> None:
        spent = "kept" if known else f"{time.perf_counter() - begun[0]:.1f} s"
        begun[0] = time.perf_counter()
        if not hidden:
            say(f"{experiment.name:<28} {tally(rows):<20} {spent}")

    with bar("", hidden) as move:
        if move is None:
            yield Watch(ends=ended)
            return

        def begins(experiment: Experiment, place: int, count: int) -> None:
            at[:] = place, count
            move(place, count, f"{place} of {count}", what=experiment.title)

        def moves(market: str, progress: Any) -> None:
            spent = f"{time.perf_counter() - begun[0]:,.0f} s"
            move(at[0], at[1], f"{market}: {progress.steps:,} of {progress.total:,} steps", spent)

        yield Watch(begins, moves, ended)
