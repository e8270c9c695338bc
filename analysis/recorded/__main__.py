"""``python -m analysis.recorded [FOLDER] [--json] [--figure FILE] [--page FILE] [--run RUN]``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from analysis.output.console import WIDTH, print_json, results
from analysis.output.exit_codes import OK, exit_code_of
from analysis.output.figure_files import check_figure
from analysis.output.options import Parser
from analysis.recorded import backtests, facts, impact, spreads
from analysis.recorded.board import Board
from analysis.recorded.files import VARIABLE, data_folder
from analysis.recorded.markets import recorded
from analysis.recorded.page import page
from analysis.risk.stylised_facts import Facts
from sim.core.errors import RunError
from sim.kept.sealed import write_whole
from sim.runs.result import open_run


def measured(folder: Path, run: Path | None = None) -> tuple[list[Board], dict[str, Facts], str]:
    """All tables, the returns of all markets, and the name of the run among them, "" without one.

    Parameters
    ----------
    folder : of the recorded data.
    run : the folder of a simulated run, whose stylised facts stand beside the recorded ones.

    Raises
    ------
    RunError
        If a file or the run is missing or cannot be read or measured.
    """
    simulated = {run.resolve().name: facts.of_run(open_run(run))} if run else {}
    found = recorded(folder)
    markets = facts.markets(found.days, found.daily) | simulated
    name = next(iter(simulated), "")
    tables = [
        spreads.board(found.days),
        *impact.boards(found.days),
        facts.board(markets, name),
        *backtests.boards(found.daily),
    ]
    return tables, markets, name


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Returns the exit code."""
    given = _parser().parse_args(arguments)
    return exit_code_of(lambda: _call(given))


def _call(given: argparse.Namespace) -> int:
    if given.page is not None:
        _check_page(given.page)
    if given.figure is not None:
        check_figure(given.figure)
    tables, markets, name = measured(data_folder(given.folder), given.run)
    if given.figure:
        from analysis.output.style import save_figure
        from analysis.recorded.picture import picture

        save_figure(picture(markets, name), given.figure)
    if given.page:
        beside = os.path.relpath(given.figure, given.page.parent) if given.figure else ""
        text = page(tables, Path(beside).as_posix() if beside else "")
        write_whole(given.page, text.encode(), lasting=False)
    if given.json:
        print_json({"tables": [each.as_json() for each in tables]})
    else:
        for each in tables:
            results(WIDTH).print(each.to_print())
    return OK


def _check_page(page: Path) -> None:
    """Before anything is measured: whether a page may be written there."""
    if page.suffix != ".md":
        raise RunError(f"{page}: ends in {page.suffix or 'nothing'!r} — give it a name that ends in .md")
    if not page.resolve().parent.is_dir():
        raise RunError(f"{page}: its folder does not exist — make it first")


def _parser() -> argparse.ArgumentParser:
    what = "Recorded markets beside the measures of simulated ones."
    parser = Parser(prog="python -m analysis.recorded", description=what)
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER",
                        help=f"of the recorded data (default: {VARIABLE}, else ../shared/data)")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object on standard output, nothing else")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="draw the stylised facts, as .png, .svg or .pdf")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the tables as a Markdown page")
    parser.add_argument("--run", type=Path, metavar="RUN", help="a run folder: its stylised facts beside the others")
    return parser


if __name__ == "__main__":
    sys.exit(main())
