"""The scoreboard as tables: for the screen, and as a page of the documentation."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from rich.console import Group
from rich.table import Table
from rich.text import Text

from analysis.output.tables import APART, new_table, number_columns
from analysis.theory.experiments import all_experiments
from analysis.theory.picture import headline, save_picture, tally
from analysis.theory.rows import MOST_ERRORS, Row
from sim.kept.sealed import write_whole

_FEW = 90  # rows that a terminal may be asked to hold
_COLOURS = {"pass": "green", "differs": "yellow", "fail": "bold red"}
HEAD = f"""# The scoreboard

This page compares published results with what markets of agents in Spreadgame give. The targets are solved in
[`sim/models`](../sim/models). If a model cannot be solved, it is simulated there without the engine; a few targets are
quoted from the paper that reports them. Every market is an ordinary scenario file in
[`scenarios/theory`](../scenarios/theory) or [`scenarios/reflexivity`](../scenarios/reflexivity). Samples are episodes,
seeds, or steps that are independent. A claim holds if the estimate lies within
{MOST_ERRORS:g} standard errors of the target, plus a tolerance for the market itself, such as the rounding of quotes to
a tick. *Differs* means that the published number disagrees with the paper's own model, and that the market agrees with
the model. In the tables, *error* is the standard error of the market's estimate. After ≤, it is the tolerance, and
nothing was sampled. *Distance* is in standard errors.

Rows of one experiment share their random numbers. So differences between them are precise, and their distances are not
independent. Some targets were simulated (the Santa Fe book, Gode and Sunder's traders, bands of a hedge, pinning) or
published with an interval (Wah and Wellman). There, the error includes the target's own error.

`spreadgame theory --page docs/theory.md` writes this page. `spreadgame theory --quick` runs the same claims on small
samples.
"""


def _number(value: float) -> str:
    return "0" if abs(value) < 1e-14 else f"{value:.5g}"


def _spread(row: Row) -> str:
    """What the row was allowed besides being right: its standard error, or its tolerance."""
    return _number(row.standard_error) if row.standard_error else f"≤ {_number(row.tolerance)}"


def _distance(row: Row) -> str:
    return "" if math.isnan(row.distance) else f"{row.distance:+.1f}"


def _by_experiment(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    titles = {name: each.title for name, each in all_experiments().items()}
    for name, mine in groupby(rows, key=lambda row: row.experiment):
        yield f"{titles.get(name, name)} ({name})", list(mine)


def board_table(rows: Sequence[Row]) -> Group:
    """The board to be printed by rich: every row while they are few, a line for each experiment otherwise."""
    if len(rows) > _FEW:
        return _by_line(rows)
    return Group(_every_row(rows), Text(headline(rows), style="bold"))


def _by_line(rows: Sequence[Row]) -> Group:
    table = new_table(padding=APART)
    table.add_column("experiment", no_wrap=True)
    number_columns(table, "claims that hold", "furthest, in\nstandard errors")
    for name, mine in ((name, list(mine)) for name, mine in groupby(rows, key=lambda row: row.experiment)):
        sampled = [row.distance for row in mine if row.verdict != "differs" and not math.isnan(row.distance)]
        furthest = f"{max(sampled, key=abs):+.1f}" if sampled else ""
        colour = "bold red" if any(row.verdict == "fail" for row in mine) else ""
        table.add_row(Text(name, style=colour), tally(mine), furthest)
    odd = [row for row in rows if row.verdict != "pass"]
    more = Text("every row: --json, --page FILE, or --only NAME")
    told = [_every_row(odd)] if odd else []
    return Group(table, "", *told, Text(headline(rows), style="bold"), more)


def _every_row(rows: Sequence[Row]) -> Group:
    parts: list[Table | Text | str] = []
    for title, mine in _by_experiment(rows):
        table = new_table(title=title, padding=APART)
        table.add_column("claim", ratio=1)
        number_columns(table, "theory", "market", "error", "distance")
        table.add_column("", no_wrap=True)
        for row in mine:
            table.add_row(
                row.claim,
                _number(row.target),
                _number(row.estimate),
                _spread(row),
                _distance(row),
                Text(row.verdict, style=_COLOURS[row.verdict]),
            )
        parts += [table, *_said_below(mine), ""]
    return Group(*parts)


def _said_below(rows: Sequence[Row]) -> list[str]:
    """What stands below the rows of an experiment: why some differ, and what was found behind numbers that are 0."""
    found = "; ".join(row.found for row in rows if row.found)
    reasons = [f"*Differs*: {reason}" for reason in dict.fromkeys(row.reason for row in rows if row.reason)]
    return [*([f"*Found*: {found}."] if found else []), *reasons]


def contents(rows: Sequence[Row]) -> list[str]:
    """The head of the page: the rows that do not hold, and what there is, with links."""
    odd = [row for row in rows if row.verdict != "pass"]
    titles = {mine[0].experiment: title for title, mine in _by_experiment(rows)}
    lines = ["Rows that differ or fail:\n"] if odd else []
    lines += [f"- [{row.experiment}](#{_anchor(titles[row.experiment])}): {row.claim} ({row.verdict})" for row in odd]
    lines += [""] if odd else []
    lines += ["Contents, with the claims that hold:\n"]
    lines += [f"- [{title[0].upper()}{title[1:]}](#{_anchor(title)}): {tally(mine)}"
              for title, mine in _by_experiment(rows)]  # fmt: skip
    return [*lines, ""]


def _anchor(title: str) -> str:
    """The name that a heading has in links to it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def save_page(rows: Sequence[Row], path: Path, quick: bool = False) -> None:
    """Write :func:`markdown` into a file, and the picture beside it."""
    picture = save_picture(rows, path.with_suffix(".png"), quick)
    write_whole(path, markdown(rows, picture.name, quick).encode(), lasting=False)


def markdown(rows: Sequence[Row], picture: str = "", quick: bool = False) -> str:
    """The page of the documentation.

    Parameters
    ----------
    picture : path of the picture, as the page should say it.
    quick : whether the samples were small.
    """
    lines = [HEAD, f"**{headline(rows)}{', on small samples' if quick else ''}.**\n"]
    if {row.experiment for row in rows} != set(all_experiments()):
        lines.append("*Some experiments only.*\n")
    if picture:
        lines.append(f"![the scoreboard as a picture]({picture})\n")
    lines += contents(rows)
    for title, mine in _by_experiment(rows):
        lines += [
            f"## {title[0].upper()}{title[1:]}\n",
            f"Source: {'; '.join(dict.fromkeys(row.source for row in mine))}.\n",
        ]
        lines += ["| claim | theory | market | error | distance | |", "|---|---:|---:|---:|---:|---|"]
        for row in mine:
            unit = f" ({row.unit})" if row.unit else ""
            cells = [
                row.claim + unit,
                _number(row.target),
                _number(row.estimate),
                _spread(row),
                _distance(row),
                row.verdict,
            ]
            lines.append(f"| {' | '.join(cell.replace('|', '∣') for cell in cells)} |")
        lines += ["", *(f"{said}\n" for said in _said_below(mine))]
    return "\n".join(lines)
