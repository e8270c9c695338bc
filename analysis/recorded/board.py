"""Tables that hold one thing beside another: a measure a row, a market or a method a column."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from textwrap import fill
from typing import Any

from rich.console import Group
from rich.text import Text

from analysis.output.numbers import clipped, number, short, with_error
from analysis.output.tables import new_table, number_columns, text_column
from analysis.reading.measures import Measurement
from analysis.stats.estimates import Estimate

PROBABILITY = "probability"  # the unit of what is shown to three places at most
_DIGITS, _NAME, _LEAST = 4, 12, 0.001
_WIDTH = 120  # of a page's lines


@dataclass(frozen=True)
class Word:
    """A row's entry that is no number."""

    name: str
    text: str
    meaning: str = ""

    def row(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"name": self.name, "value": self.text, "meaning": self.meaning}


@dataclass(frozen=True)
class Board:
    """A table. Columns may lack rows that others have; rows stand in the order in which they first occur."""

    title: str
    note: str  # how the numbers were made
    columns: dict[str, list[Measurement | Word]]
    errors: bool = True  # whether cells show standard errors
    reading: str = field(default="", kw_only=True)  # what the recorded numbers say, for the page

    def rows(self) -> list[tuple[str, list[str]]]:
        """Name, with its unit, and the cells of each row."""
        entries = {name: {each.name: each for each in column} for name, column in self.columns.items()}
        names = _in_order([[each.name for each in column] for column in self.columns.values()])
        found = []
        for name in names:
            mine = [column.get(name) for column in entries.values()]
            unit = next((each.unit for each in mine if isinstance(each, Measurement)), "")
            found.append(
                (f"{name}, {unit}" if unit not in ("", PROBABILITY) else name, [self._cell(each) for each in mine])
            )
        return found

    def _cell(self, entry: Measurement | Word | None) -> str:
        if entry is None:
            return ""
        if isinstance(entry, Word):
            return entry.text
        if self.errors and entry.standard_error is not None and math.isfinite(entry.value):
            return with_error(entry.value, entry.standard_error).removeprefix("+")
        if entry.unit == PROBABILITY and math.isfinite(entry.value):
            return f"{entry.value:.3f}" if entry.value >= _LEAST else f"< {_LEAST:g}"
        if not math.isfinite(entry.value) or self.errors:
            return number(entry.value, _DIGITS)
        if entry.value == round(entry.value):
            return f"{entry.value:,.0f}"
        if abs(entry.value) >= 1:
            return short(entry.value).replace("-", "−")
        return f"{round(entry.value, 3) + 0.0:.3f}".replace("-", "−")  # no sign before a zero

    def to_print(self) -> Group:
        """For the screen."""
        made = new_table()
        text_column(made)
        number_columns(made, *(clipped(name, _NAME) for name in self.columns))
        for name, cells in self.rows():
            made.add_row(name, *cells)
        return Group(Text(self.title, style="bold"), *([Text(self.note)] if self.note else []), "", made, "")

    def markdown(self) -> str:
        """For a page."""
        lines = [f"## {self.title}\n", *(f"{fill(each, _WIDTH)}\n" for each in (self.note, self.reading) if each)]
        lines.append(f"| | {' | '.join(map(clipped, self.columns))} |")
        lines.append(f"|---|{'---:|' * len(self.columns)}")
        for name, cells in self.rows():
            lines.append(f"| {' | '.join(cell.replace('|', '∣') for cell in [name, *cells])} |")
        return "\n".join(lines) + "\n"

    def as_json(self) -> dict[str, Any]:
        """Every entry with its meaning."""
        return {
            "title": self.title,
            "note": self.note,
            "columns": {name: [each.row() for each in column] for name, column in self.columns.items()},
        }


def scaled(name: str, found: Estimate, factor: float, unit: str, meaning: str) -> Measurement:
    """An estimate in a unit ``factor`` times smaller."""
    value, spread = found.value * factor, found.standard_error * factor
    return Measurement(name, value, spread if math.isfinite(spread) else None, unit, meaning)


def _in_order(lists: Sequence[Sequence[str]]) -> list[str]:
    """All names once; each that some list lacks stands where the others have it."""
    whole: list[str] = []
    for names in lists:
        at = 0
        for name in names:
            if name in whole:
                at = whole.index(name) + 1
            else:
                whole.insert(at, name)
                at += 1
    return whole
