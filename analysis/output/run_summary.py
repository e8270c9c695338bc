"""The summary of a run as tables for the command line, readable at 80 columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from io import StringIO

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from analysis.output.numbers import amounts, count, places_of
from analysis.output.tables import new_table, number_columns, text_column
from sim.runs.result import Run

__all__ = ["population_table", "summary_table", "summary_text", "venue_table"]

_DIGITS = 6


def summary_table(run: Run) -> Group:
    """What the run is, then venues, then populations, to be printed by rich."""
    return Group(Text(f"{run.title}\n{' | '.join(run.changed)}"), "", venue_table(run), "", population_table(run))


def summary_text(run: Run, width: int = 80) -> str:
    """:func:`summary_table` as plain text, in lines of at most so many characters."""
    file = StringIO()
    Console(file=file, width=width, color_system=None, highlight=False).print(summary_table(run))
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def venue_table(run: Run) -> Table:
    """Trades, volume, spreads and pricing error of each venue."""
    measured = _measured(run, "venue")
    names = [venue.name for venue in run.scenario.venues]
    table = _table("venue")
    head = {
        "trades": "trades",
        "volume": "volume\nlots",
        "quoted_spread": "quoted\nspread\ncurrency",
        "effective_spread": "effective\nspread\ncurrency",
        "pricing_error": "pricing\nerror\ncurrency",
        "one_sided": "one side\nempty\n% of samples",
    }
    cells = []
    for measure, text in head.items():
        number_columns(table, text)
        values = [measured.get((name, measure)) for name in names]
        if measure in ("trades", "volume"):
            cells.append([count(value) for value in values])
        elif measure == "one_sided":
            cells.append(amounts([None if value is None else 100 * value for value in values], 2))
        else:
            cells.append(amounts(values, places_of(values, 4)))
    _fill(table, names, cells)
    return table


def population_table(run: Run) -> Table:
    """Agents, payoff with its standard error, trades, volume and messages of each population, its members together."""
    measured, errors = _measured(run, "population"), _errors(run)
    populations = run.scenario.populations
    names = [population.name for population in populations]
    payoffs = [measured.get((name, "payoff")) for name in names]
    per_lot = [measured.get((name, "payoff_per_lot")) for name in names]
    known = [errors[name] for name in names if errors.get(name)]
    table = _table("population")
    number_columns(table, "agents")
    number_columns(table, "payoff\ncurrency" if run.scenario.run.episodes == 1 else "payoff\ncurrency\nper episode")
    places = max(0, 1 - math.floor(math.log10(min(known)))) if known else places_of(payoffs, _DIGITS)
    places = min(places, places_of(payoffs, 8))
    cells = [[count(population.count) for population in populations], amounts(payoffs, places)]
    if known:
        number_columns(table, "standard\nerror")
        cells.append(amounts([errors.get(name) for name in names], places))
    number_columns(table, "payoff\nper lot\ncurrency")
    cells.append(amounts(per_lot, places_of(per_lot, 5)))
    for measure, text in {"trades": "trades", "volume": "volume\nlots", "messages": "messages"}.items():
        number_columns(table, text)
        cells.append([count(measured.get((name, measure))) for name in names])
    presence = [measured.get((name, "presence")) for name in names]
    if any(share is not None for share in presence):
        number_columns(table, "presence\n% of turns")
        cells.append(amounts([None if share is None else 100 * share for share in presence], 1))
    _fill(table, names, cells)
    return table


def _table(first: str) -> Table:
    table = new_table()
    text_column(table, first, min_width=6, max_width=24)
    return table


def _fill(table: Table, names: Sequence[str], cells: list[list[str]]) -> None:
    for row, name in enumerate(names):
        table.add_row(name, *(column[row] for column in cells))


def _measured(run: Run, scope: str) -> dict[tuple[str, str], float]:
    return {(row["name"], row["measure"]): float(row["value"]) for row in run.measures if row["scope"] == scope}


def _errors(run: Run) -> dict[str, float]:
    """Standard error of each population's payoff, where there is one."""
    rows = [row for row in run.measures if (row["scope"], row["measure"]) == ("population", "payoff")]
    return {row["name"]: row["standard_error"] for row in rows if row["standard_error"] is not None}
