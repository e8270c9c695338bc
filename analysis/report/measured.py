"""The measures of a chapter as tables: runs side by side, and where only seeds differ their mean."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from analysis.reading import registry
from analysis.reading.measures import ERROR, is_list
from analysis.reading.registry import Measure
from analysis.report.parts import NONE, Grid, Part, ReportedRun, only_seeds_differ, title_of, with_error
from analysis.stats.estimates import mean
from sim.core.errors import RunError
from sim.scenario.tables.market import Record


def measured(part: Part, reported_runs: Sequence[ReportedRun], laid_out: Sequence[str] = ()) -> None:
    """Add the measures of a chapter to it, but for those that it lays out itself.

    What is missing because the run did not keep it is said where a run keeps it unless told otherwise; what a market
    does not have, such as private values, is not.
    """
    lists: dict[str, dict[str, pd.Series]] = {}  # rows by the measurement's name, then the run's
    lacking: dict[str, list[str]] = {}  # measures by why they have nothing to say
    for each in reported_runs:
        for measure in registry.of_chapter(part.chapter.title):
            if measure.name in laid_out or not measure.takes_runs:
                continue
            try:
                frame = measure.of(each.run)
            except RunError as why:
                if _is_said(measure, each):
                    lacking.setdefault(str(why), []).append(measure.name.replace("_", " "))
                continue
            if is_list(frame):
                for name, row in frame.iterrows():
                    lists.setdefault(str(name), {})[each.name] = row
            else:
                part.grids.append((title_of(each, reported_runs, measure.summary), _wide(frame, measure)))
    part.missing += [f"{', '.join(names)}: {why}" for why, names in lacking.items()]
    if lists:
        part.grids.append(("", _side_by_side(lists, reported_runs)))


def _is_said(measure: Measure, each: ReportedRun) -> bool:
    """Whether a run lacks what one keeps if its scenario does not speak of it."""
    return bool(measure.lack(each.run)) and not any(registry.NEEDS[need](Record()) for need in measure.needs)


def _side_by_side(lists: dict[str, dict[str, pd.Series]], reported_runs: Sequence[ReportedRun]) -> Grid:
    names = [each.name for each in reported_runs]
    seeds = only_seeds_differ([each.run for each in reported_runs])
    rows = []
    for name, by_run in lists.items():
        cells = [
            with_error(by_run[run]["value"], by_run[run]["standard_error"]) if run in by_run else NONE for run in names
        ]
        if seeds:
            values = [float(row["value"]) for row in by_run.values() if math.isfinite(row["value"])]
            cells.append(with_error(*mean(values)) if len(values) > 1 else NONE)
        first = next(iter(by_run.values()))
        rows.append([name.replace("_", " ").replace(".", ": "), *cells, str(first["unit"]), str(first["meaning"])])
    values_of = names if len(names) > 1 else ["value"]
    head = ["measure", *values_of, *(["mean of the seeds"] if seeds else []), "unit", "meaning"]
    return Grid(head, _without_repeats(rows), "± one standard error.", words_last=True)


def _wide(frame: pd.DataFrame, measure: Measure) -> Grid:
    """A table whose columns are numbers, with their errors in the cells."""
    columns = [name for name in frame.columns if not str(name).endswith(ERROR)]
    errors = {name: f"{name}{ERROR}" for name in columns if f"{name}{ERROR}" in frame}
    rows = []
    for key, row in frame.iterrows():
        label = " ".join(map(str, key)) if isinstance(key, tuple) else str(key)
        rows.append(
            [label, *(with_error(row[name], row[errors[name]] if name in errors else None) for name in columns)]
        )
    note = ". ".join(text for text in (measure.common_unit, str(frame.attrs.get("note", ""))) if text)
    return Grid(["", *(str(name).replace("_", " ") for name in columns)], rows, note)


def _without_repeats(rows: list[list[str]]) -> list[list[str]]:
    """Rows in which there is no number, and that follow one another for the same reason, as one."""
    made: list[list[str]] = []
    before = ""
    for row in rows:
        reason = row[-1].rpartition("; none: ")[2] if all(cell == NONE for cell in row[1:-2]) else ""
        if reason and reason == before:
            made[-1] = [f"{made[-1][0].partition(' … ')[0]} … {row[0]}", *made[-1][1:-2], "", f"none: {reason}"]
        else:
            made.append(row)
        before = reason
    return made
