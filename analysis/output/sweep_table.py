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


def job_table(results: Results) -> Table:
    """:func:`job_rows` to be printed by rich, the first jobs where there are many."""
    jobs = results.jobs[:_MOST_ROWS]
    left = len(results.jobs) - len(jobs)
    caption = f"and {left:,} jobs more" if left else None
    table = new_table(caption, padding=APART)
    labels = list(jobs[0].labels)
    for label in labels:
        text_column(table, label.replace(".", "\n"))
    number_columns(table, "runs", no_wrap=False)
    columns = shown_columns(results)
    estimates = [job_estimates(results, column)[: len(jobs)] for column in columns]
    number_columns(table, *(column.replace(".", "\n").replace("_", " ") for column in columns), no_wrap=False)
    for place, job in enumerate(jobs):
        cells = [_shown(found[place]) for found in estimates]
        table.add_row(*(_plain(job.labels[label]) for label in labels), f"{job.runs:,}", *cells)
    return table


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
