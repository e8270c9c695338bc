"""The page: what :mod:`analysis.report.contents` gathers, as one HTML file that needs no network and no script."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analysis.output.options import Parser
from analysis.report.contents import Watch, opening, parts, reported, scenario_texts
from analysis.report.differences import differences
from analysis.report.parts import Grid, ReportedRun
from sim.core.errors import RunError, reason_of
from sim.kept.sealed import write_whole
from sim.runs.result import Run

NAME = "report.html"


def report(runs: Sequence[Run], watch: Watch = lambda part: None) -> str:
    """The page of one run or several, as HTML.

    Parameters
    ----------
    runs : at least one, whose tables can be read.
    watch : called with the name of each part before it is made.

    Raises
    ------
    RunError
        If a table is not as the run wrote it.
    """
    for run in runs:
        run.check()  # here, since a part that lacks its table is left out below
    everything = [reported(run, name, watch) for run, name in zip(runs, names_of(runs), strict=True)]
    loader = FileSystemLoader(Path(__file__).parent)
    page = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return page.get_template("page.html.j2").render(
        title=_title(everything),
        heading=runs[0].heading if len(runs) == 1 else _title(everything),
        changed=[" · ".join(run.changed) for run in runs],
        differences=_differences(everything),
        question=_question(everything),
        told=everything,
        pictures=opening(everything, watch),
        parts=parts(everything, watch),
        scenarios=scenario_texts(everything),
        several=len(everything) > 1,
    )


def save_report(runs: Sequence[Run], path: str | Path | None = None, watch: Watch = lambda part: None) -> Path:
    """Write :func:`report` to a file. Returns its path.

    Parameters
    ----------
    path : ends in ``.html``; None for ``report.html`` in the run folder, or here where there are several runs.

    Raises
    ------
    RunError
        If there is no run, the place cannot be written, or one run is kept in memory and there is no path.
    """
    if not runs:
        raise RunError("a report needs a run — give the folder that a run printed")
    if path is None:
        if len(runs) == 1 and runs[0].folder is None:
            raise RunError("this run is kept in memory and has no folder — say where the report shall go")
        path = Path(NAME) if len(runs) > 1 else Path(str(runs[0].folder)) / NAME
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise RunError(f"{path}: a report is an HTML page — give it a name like {path.with_suffix('.html').name}")
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise RunError(f"{path}: no file can be written there — choose another place with --out")
    page = report(runs, watch)
    try:
        write_whole(path, page.encode(), lasting=False)
    except OSError as error:
        raise RunError(f"{path}: the report cannot be written ({reason_of(error)}) — choose another place") from error
    return path


def names_of(runs: Sequence[Run]) -> list[str]:
    """A short name for each run: its folder's, with the folders above it where names are the same."""
    folders = [run.folder.resolve() if run.folder else Path(f"run {place + 1}") for place, run in enumerate(runs)]
    for depth in range(1, 6):
        names = ["/".join(folder.parts[-depth:]) for folder in folders]
        if len(set(names)) == len(names):
            return names
    return [f"{folder.name} ({place + 1})" for place, folder in enumerate(folders)]


def _title(everything: Sequence[ReportedRun]) -> str:
    titles = list(dict.fromkeys(each.run.scenario.title or each.name for each in everything))
    return titles[0] if len(titles) == 1 else f"{len(everything)} runs side by side"


def _differences(everything: Sequence[ReportedRun]) -> Grid | None:
    """A table of what differs between several runs; with a note alone where nothing does. None of one run."""
    if len(everything) == 1:
        return None
    rows = [[path, *values] for path, values in differences([each.run for each in everything])]
    note = "" if rows else "Nothing: these are runs of one scenario with one seed, the same strategies and versions."
    return Grid(["", *(each.name for each in everything)] if rows else [], rows, note)


def _question(everything: Sequence[ReportedRun]) -> str:
    questions = list(dict.fromkeys(each.run.scenario.question for each in everything))
    return questions[0] if len(questions) == 1 else ""


def main(arguments: list[str] | None = None) -> None:
    """``python -m analysis.report``: the same as ``spreadgame report``."""
    from sim.core.errors import SpreadgameError
    from sim.runs.result import open_run

    parser = Parser(prog="python -m analysis.report", description="A report of runs as one HTML file.")
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="a folder that a run printed")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to (default: report.html in the run folder)")
    given = parser.parse_args(arguments)
    try:
        path = save_report([open_run(folder) for folder in given.runs], given.out)
    except SpreadgameError as error:
        parser.exit(2, f"{error}\n")
    sys.stdout.write(f"{path}\n")
