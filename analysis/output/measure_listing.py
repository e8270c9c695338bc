"""The measures that there are, as a list and a page each, readable at 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from analysis.reading.measure_options import flag
from analysis.reading.registry import Measure
from sim.runs.total_measures import Total

_WIDEST = 27  # characters of the column of names
_EACH = {"run": "a run", "venue": "each venue", "population": "each population"}


def list_of(measures: Sequence[Measure], totals: Sequence[Total]) -> Group:
    """Measures by the room of ``analysis`` in which they lie, and what a sweep adds up."""
    rooms: dict[str, list[Measure]] = {}
    for each in measures:
        rooms.setdefault(each.room, []).append(each)
    parts: list[RenderableType] = []
    for room, inside in rooms.items():
        parts += [Text(room, style="bold"), _rows((each.name, each.summary) for each in inside), ""]
    scopes = dict.fromkeys(total.scope for total in totals)
    for scope in scopes:
        own = ((total.name, f"{total.summary}; {total.unit}") for total in totals if total.scope == scope)
        parts += [Text(f"columns of a sweep, of {_EACH[scope]}", style="bold"), _rows(own), ""]
    return Group(*parts, "spreadgame measure NAME explains one, spreadgame measure NAME RUN takes it")


def _rows(rows: Iterable[tuple[str, str]]) -> Table:
    table = _table()
    table.columns[0].min_width = _WIDEST
    for name, text in rows:
        table.add_row(f"  {name}", text)
    return table


def page_of(found: Measure) -> Group:
    """What a measure says, needs and may be asked."""
    parts: list[RenderableType] = [
        Text(f"{found.name}: {found.summary}"),
        Text(f"unit: {found.unit}"),
        Text(f"source: {found.source}"),
        Text(f"module: {found.module}"),
    ]
    if found.opens is not None or not found.takes_runs:
        parts.append(Text(f"takes: {found.takes}"))
    if found.needs:
        parts.append(Text(f"the run must have kept: {', '.join(found.needs)}"))
    parts += [Text(f"without a standard error: {names}; {why}") for why, names in found.reasons.items()]
    if not found.options:
        return Group(*parts, "it has no options")
    table = _table("option", "allowed", "meaning")
    for name, option in found.options.items():
        table.add_row(flag(name), option.allowed, option.said)
    return Group(*parts, "", table)


def _table(*heads: str) -> Table:
    table = Table(box=None, show_header=bool(heads), pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for head in heads or ("", ""):
        table.add_column(head, overflow="fold")
    return table
