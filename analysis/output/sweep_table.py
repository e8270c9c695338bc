"""Many runs, job by job: means over seeds, each with its standard error."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.table import Table

from analysis.output.tables import APART, new_table, number_columns, text_column
from analysis.stats.estimates import Estimate, mean
from sim.experiment import Results

_MOST_ROWS = 40
_SHOWN = ("payoff", "quoted_spread")


def job_estimates(results: Results, column: str) -> list[Estimate | None]:
    """The mean of a column over the seeds of each job; None for a job that has no such number."""
    values, estimates, first = results.column(column), [], 0
    for job in results.jobs:
        mine = np.asarray(values[first : first + job.runs], float)
        known = mine[np.isfinite(mine)]
        estimates.append(mean(known) if len(known) else None)
        first += job.runs
    return estimates


def job_rows(results: Results) -> list[dict[str, Any]]:
    """One row per job: its labels, its runs, and mean and standard error of each payoff and quoted spread."""
    rows: list[dict[str, Any]] = [{"job": job.digest, **job.labels, "runs": job.runs} for job in results.jobs]
    for column in shown_columns(results):
        for row, estimate in zip(rows, job_estimates(results, column), strict=True):
            if estimate is not None:
                error = estimate.standard_error
                row[column] = {"mean": estimate.value, "standard_error": error if np.isfinite(error) else None}
    return rows


def shown_columns(results: Results) -> list[str]:
    """Payoffs of populations, then quoted spreads of venues."""
    names = results.table.column_names
    return [name for measure in _SHOWN for name in names if name.endswith(f".{measure}")]


def job_table(results: Results, width: int) -> Table:
    """:func:`job_rows` to be printed by rich: the first jobs where there are many, and the columns for which is room.

    Parameters
    ----------
    width : of the screen, letters. The first column of numbers is shown even where it is too wide.
    """
    jobs = results.jobs[:_MOST_ROWS]
    texts: list[list[str]] = [[label.replace(".", "\n")] for label in jobs[0].labels]
    for text, label in zip(texts, jobs[0].labels, strict=True):
        text.extend(_plain(job.labels[label]) for job in jobs)
    numbers = [["runs", *(f"{job.runs:,}" for job in jobs)]]
    for column in shown_columns(results):
        head = column.replace(".", "\n").replace("_", " ")
        numbers.append([head, *(_shown(found) for found in job_estimates(results, column)[: len(jobs)])])
    room, fitting = width - sum(map(_width_of, texts)), 0
    while fitting < len(numbers) and (room := room - _width_of(numbers[fitting])) >= 0:
        fitting += 1
    shown = numbers[: max(2, fitting)]
    left = {"jobs": len(results.jobs) - len(jobs), "columns": len(numbers) - len(shown)}
    more = " and ".join(f"{count:,} {what}" for what, count in left.items() if count)
    table = new_table(f"and {more} more, in runs.parquet" if more else None, padding=APART)
    for head, *_ in texts:
        text_column(table, head)
    number_columns(table, *(head for head, *_ in shown), no_wrap=False)
    for row in zip(*(column[1:] for column in [*texts, *shown]), strict=True):
        table.add_row(*row)
    return table


def _width_of(column: list[str]) -> int:
    """Letters that a column takes with the space around it; a head may be broken at its spaces."""
    words = column[0].split()
    return max(len(text) for text in [*words, *column[1:]]) + APART[1] + APART[3] + 1


def _shown(estimate: Estimate | None) -> str:
    """``12.3 ± 0.4``: the error with two digits, the mean with as many decimals."""
    if estimate is None:
        return "-"
    value, error = estimate
    if not np.isfinite(error) or error == 0:
        return f"{value:,.6g}"
    places = max(0, 1 - int(np.floor(np.log10(error))))
    return f"{value:,.{places}f} ± {error:,.{places}f}"


def _plain(value: object) -> str:
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
