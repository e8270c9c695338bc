"""The scoreboard as tables: for the screen, and as a page of the documentation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from analysis.theory.experiments import all_experiments
from analysis.theory.picture import headline
from analysis.theory.rows import MOST_ERRORS, Row

_COLOURS = {"pass": "green", "differs": "yellow", "fail": "bold red"}
_HEAD = f"""# The scoreboard

What the field knows, and what Spreadgame's markets of agents give back of it. Every target is solved in
[`sim/models`](../sim/models); every market is an ordinary scenario file in [`scenarios/theory`](../scenarios/theory);
samples are independent episodes. A claim holds when the estimate lies within {MOST_ERRORS:g} standard errors of the
target, or within the tolerance where a tick or a stated share is all there is. *Differs* says that literature and its
own mathematics disagree, and that the market is with the mathematics. In the tables, *error* is the standard error of
the market's estimate or, after ≤, the tolerance where nothing was sampled; *distance* is in standard errors.

This page is written by `spreadgame theory --page docs/theory.md`; `spreadgame theory --quick` runs the same claims
on small samples in less than a minute.
"""


def _number(value: float) -> str:
    return f"{value:.5g}"


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
    """The rows to be printed by rich, a table for each experiment."""
    parts: list[Table | Text | str] = []
    for title, mine in _by_experiment(rows):
        table = Table(
            box=SIMPLE_HEAD,
            show_edge=False,
            pad_edge=False,
            header_style="bold",
            title=title,
            title_justify="left",
            title_style="bold",
        )
        table.add_column("claim", ratio=1)
        for name in ("theory", "market", "error", "distance"):
            table.add_column(name, justify="right", no_wrap=True)
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
        parts += [table, *dict.fromkeys(row.reason for row in mine if row.reason), ""]
    return Group(*parts, Text(headline(rows), style="bold"))


def markdown(rows: Sequence[Row], picture: str = "") -> str:
    """The page of the documentation.

    Parameters
    ----------
    picture : path of the picture, as the page should say it.
    """
    lines = [_HEAD, f"**{headline(rows)}.**\n"]
    if picture:
        lines.append(f"![the scoreboard as a picture]({picture})\n")
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
        lines += ["", *(f"*Differs*: {reason}\n" for reason in dict.fromkeys(row.reason for row in mine if row.reason))]
    return "\n".join(lines)
