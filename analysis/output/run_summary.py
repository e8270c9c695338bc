"""The summary of a run as tables for the command line, readable at 80 columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from io import StringIO

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from sim.runs.result import Run

__all__ = ["population_table", "summary_table", "summary_text", "venue_table"]

_NOTHING = "-"  # plain characters throughout: the output of a command is read by other programs too
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
        _number_column(table, text)
        values = [measured.get((name, measure)) for name in names]
        if measure in ("trades", "volume"):
            cells.append([_count(value) for value in values])
        elif measure == "one_sided":
            cells.append(_amounts([None if value is None else 100 * value for value in values], 2))
        else:
            cells.append(_amounts(values, _places(values, 4)))
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
    _number_column(table, "agents")
    _number_column(table, "payoff\ncurrency" if run.scenario.run.episodes == 1 else "payoff\ncurrency\nan episode")
    places = max(0, 1 - math.floor(math.log10(min(known)))) if known else _places(payoffs, _DIGITS)
    places = min(places, _places(payoffs, 8))
    cells = [[_count(population.count) for population in populations], _amounts(payoffs, places)]
    if known:
        _number_column(table, "standard\nerror")
        cells.append(_amounts([errors.get(name) for name in names], places))
    _number_column(table, "payoff\na lot\ncurrency")
    cells.append(_amounts(per_lot, _places(per_lot, 5)))
    for measure, text in {"trades": "trades", "volume": "volume\nlots", "messages": "messages"}.items():
        _number_column(table, text)
        cells.append([_count(measured.get((name, measure))) for name in names])
    presence = [measured.get((name, "presence")) for name in names]
    if any(share is not None for share in presence):
        _number_column(table, "presence\n% of turns")
        cells.append(_amounts([None if share is None else 100 * share for share in presence], 1))
    _fill(table, names, cells)
    return table


def _table(first: str) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column(first, min_width=6, max_width=24, overflow="fold", vertical="top")
    return table


def _number_column(table: Table, head: str) -> None:
    table.add_column(head, justify="right", no_wrap=True, overflow="fold")


def _fill(table: Table, names: Sequence[str], cells: list[list[str]]) -> None:
    for row, name in enumerate(names):
        table.add_row(name, *(column[row] for column in cells))


def _measured(run: Run, scope: str) -> dict[tuple[str, str], float]:
    return {(row["name"], row["measure"]): float(row["value"]) for row in run.measures if row["scope"] == scope}


def _errors(run: Run) -> dict[str, float]:
    """Standard error of each population's payoff, where there is one."""
    rows = [row for row in run.measures if (row["scope"], row["measure"]) == ("population", "payoff")]
    return {row["name"]: row["standard_error"] for row in rows if row["standard_error"] is not None}


def _count(value: float | None) -> str:
    """A whole number, thousands apart; from ten million on in millions, so that columns stay narrow."""
    if value is None:
        return _NOTHING
    if value < 1e7:
        return f"{value:,.0f}"
    return f"{value / 1e6:,.1f} M" if value < 1e10 else f"{value / 1e9:,.1f} G"


def _places(values: Sequence[float | None], digits: int) -> int:
    """Decimals with which the largest of the values has so many digits; at least 0, at most 9."""
    largest = max((abs(value) for value in values if value), default=1.0)
    return min(max(0, digits - 1 - math.floor(math.log10(largest))), 9)


def _amounts(values: Sequence[float | None], places: int) -> list[str]:
    """Every value with the same decimals, so that they stand one below the other."""
    return [_NOTHING if value is None else _unsigned_zero(f"{value:,.{places}f}") for value in values]


def _unsigned_zero(text: str) -> str:
    return text.removeprefix("-") if not text.strip("-0.,") else text
