"""What a measure found, as tables of the screen that fit its width; no name of a row is broken within a word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table

from analysis.output.console import WIDTH
from analysis.output.numbers import error, number, plus_minus
from analysis.reading.measures import ERROR, is_list

NARROWEST = 70  # characters of a line: where a screen has fewer, lines go on in the next one of the screen
_NAME, _UNIT, _MEANING = 28, 12, 12  # characters of columns
_OTHERS = 52  # characters of a line that a name leaves to the other columns, where it can
_PIECE = re.compile(r"[^ .]*[ .]?")  # of a name, which goes on in the next line after a blank or a dot
_MOST_ROWS = 24  # of a table whose columns can be added, those with the largest numbers
_DIGITS, _LABEL = 4, 10


def tables_of(frame: pd.DataFrame, unit: str = "", sparse: bool = False, width: int = WIDTH) -> Iterator[Table]:
    """The tables in which a screen shows what was found; those of the first of several names stand one below another.

    Parameters
    ----------
    frame : as :meth:`analysis.reading.registry.Measure.of` gives it.
    unit : of all its numbers, for the line below.
    sparse : whether columns of zeros are left out, and of many rows those in which there is least.
    width : of a line, characters.
    """
    if is_list(frame):
        yield list_of(frame.itertuples(), frame.index, width)
        return
    parts = [("", frame)]
    if isinstance(frame.index, pd.MultiIndex):
        first, level = frame.index.names[0], frame.index.get_level_values(0)
        parts = [(f"{first} {name}", frame[level == name].droplevel(0)) for name in level.unique()]
    for place, (title, part) in enumerate(parts):
        notes = [unit, str(frame.attrs.get("note", ""))] if place == len(parts) - 1 else []
        yield _wide(part, title, notes, sparse, width)


def list_of(rows: Iterable[Any], names: Iterable[Any], width: int = WIDTH) -> Table:
    """Measurements a row each: anything with value, standard_error, unit and meaning."""
    cells = [
        (_broken(str(name), width), number(each.value), error(each.standard_error), each.unit, each.meaning)
        for name, each in zip(names, rows, strict=True)
    ]
    most = (width, width, width, _UNIT)  # characters, of all columns but the last, which has the rest of a line
    heads = ("measure", "value", "standard\nerror", "unit", "meaning")
    taken = [
        min(limit, max(len(line) for text in (head, *(row[place] for row in cells)) for line in text.split("\n")))
        for place, (head, limit) in enumerate(zip(heads, most, strict=False))
    ]
    widths = [*taken, max(_MEANING, width - sum(taken) - 2 * len(taken))]
    made = _table()
    for place, (head, wide) in enumerate(zip(heads, widths, strict=True)):
        made.add_column(head, width=wide, justify="right" if place in (1, 2) else "left", overflow="fold")
    for row in cells:
        made.add_row(*row)
    return made


def _wide(frame: pd.DataFrame, title: str, notes: list[str], sparse: bool, width: int) -> Table:
    """A row a thing: errors in the cells where these fit, else below them; else a row a number."""
    names = [str(name) for name in frame.columns if not str(name).endswith(ERROR)]
    if sparse:
        names = [name for name in names if np.nan_to_num(frame[name].to_numpy(float)).any()] or names
        if len(frame) > _MOST_ROWS:
            most = np.abs(frame[names].to_numpy(float)).sum(axis=1).argsort(kind="stable")[::-1][:_MOST_ROWS]
            notes = [*notes, f"{_MOST_ROWS} of {len(frame):,} rows, those with most at stake, --json has all"]
            frame = frame.iloc[sorted(most)]
    labels = [_broken(" ".join(map(str, key)) if isinstance(key, tuple) else str(key), width) for key in frame.index]
    head = title or str(frame.index.names[0] if frame.index.nlevels == 1 else " ".join(map(str, frame.index.names)))
    cells = [[_cell(frame, place, name) for name in names] for place in range(len(frame))]
    inline = [[plus_minus(value, wrong, _DIGITS) for value, wrong in row] for row in cells]
    plain = [[number(value, _DIGITS) for value, _ in row] for row in cells]
    shown = [name.replace("_", "\n") for name in names]
    if _fits(labels, shown, inline, width):
        return _filled(head, shown, labels, inline, notes)
    shown = [name.replace("_", "\n").replace(" ", "\n") for name in names]
    if _fits(labels, shown, plain, width):
        rows, heads = [], []
        for label, texts, row in zip(labels, plain, cells, strict=True):
            rows.append(texts)
            heads.append(label)
            if any(wrong is not None for _, wrong in row):
                rows.append([error(wrong) if wrong is not None else "" for _, wrong in row])
                heads.append("  ±")
        return _filled(head, shown, heads, rows, notes)
    made = _table(notes)
    made.add_column(head, no_wrap=True, overflow="fold")
    made.add_column("", overflow="fold")
    made.add_column("", justify="right", no_wrap=True)
    for label, row in zip(labels, cells, strict=True):
        for name, (value, wrong) in zip(names, row, strict=True):
            if value and not np.isnan(value):
                made.add_row(label, name.replace("_", " "), plus_minus(value, wrong, _DIGITS))
    return made


def _broken(name: str, width: int) -> str:
    """A name in lines that fit its column in a line of so many characters; none of them ends within a word."""
    lines, most = [""], min(_NAME, width - _OTHERS)
    for piece in _PIECE.findall(name):
        if lines[-1] and len((lines[-1] + piece).rstrip()) > most:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.rstrip(" ") for line in lines)


def _cell(frame: pd.DataFrame, place: int, name: str) -> tuple[float, float | None]:
    wrong = float(frame[name + ERROR].iloc[place]) if name + ERROR in frame else None
    return float(frame[name].iloc[place]), wrong if wrong is not None and np.isfinite(wrong) else None


def _fits(labels: list[str], heads: list[str], rows: list[list[str]], width: int) -> bool:
    widths = [
        max([*(len(line) for line in head.split("\n")), *(len(row[place]) for row in rows)])
        for place, head in enumerate(heads)
    ]
    longest = max((len(line) for label in labels for line in label.split("\n")), default=0)
    return max(_LABEL, longest) + sum(widths) + 2 * len(widths) <= width


def _filled(head: str, shown: list[str], labels: list[str], rows: list[list[str]], notes: list[str]) -> Table:
    made = _table(notes)
    made.add_column(head, no_wrap=True, overflow="fold", min_width=_LABEL)
    for name in shown:
        made.add_column(name, justify="right", no_wrap=True)
    for label, row in zip(labels, rows, strict=True):
        made.add_row(label, *row)
    return made


def _table(notes: Iterable[str] = ()) -> Table:
    made = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    made.caption, made.caption_justify = "; ".join(note for note in notes if note) or None, "left"
    return made
