"""The columns of the results, one row per run: labels, seed, counts, and the measures of each venue and population."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from sim.core.errors import RunError
from sim.experiment.jobs import Label, Piece
from sim.experiment.measured import MeasuredColumns
from sim.runs.build import Built
from sim.runs.tables import number_column, text_column
from sim.runs.total_measures import PAYOFFS, PAYOFFS_UNIT, UNITS, of_scope
from sim.runs.totals import population_measures, venue_measures
from sim.scenario import Scenario

_UNITS = UNITS | {PAYOFFS: PAYOFFS_UNIT, "seed": "number"}


def run_columns() -> tuple[str, ...]:
    """Counts of a whole run, as the clock keeps them."""
    return of_scope("run")


def measured_names(scenario: Scenario) -> dict[tuple[str, str], str]:
    """What venues and populations are called in columns: by name, with the array in front where both have that name."""
    arrays = {"venues": [each.name for each in scenario.venues], "populations": [p.name for p in scenario.populations]}
    twice = set(arrays["venues"]) & set(arrays["populations"])
    return {(a, name): f"{a}.{name}" if name in twice else name for a, names in arrays.items() for name in names}


def table_of(
    piece: Piece,
    built: Built,
    clocks: Mapping[str, Any],
    venues: Any,
    populations: Any,
    payoffs: Any,
    taken: MeasuredColumns,
) -> pa.Table:
    """The rows of a piece.

    Parameters
    ----------
    clocks : arrays (runs,) by the names of :func:`run_columns`.
    venues, populations : totals of :mod:`sim.runs.totals`, (runs, venues) and (runs, populations).
    payoffs : float64 (runs, episodes, populations), or None.
    taken : what was measured of each run besides.

    Returns
    -------
    pyarrow.Table
        Units stand in the metadata of each column; what could not be had is null.

    Raises
    ------
    RunError
        If a measure has the name of another column.
    """
    names = measured_names(built.scenario)
    columns: dict[str, pa.Array] = {"job": _constant(piece.job, len(piece.seeds))}
    columns |= {name: _constant(value, len(piece.seeds)) for name, value in piece.labels.items()}
    columns |= {"seed": number_column(np.array(piece.seeds, np.int64))}
    columns |= {name: number_column(column) for name, column in clocks.items()}
    measured = {"venues": venue_measures(built, venues), "populations": population_measures(built, populations)}
    for array, things in measured.items():
        for name, measures in things.items():
            columns |= {f"{names[array, name]}.{measure}": _measured(values) for measure, values in measures.items()}
    if payoffs is not None:
        runs, episodes, _ = payoffs.shape
        ends = number_column(np.arange(runs + 1, dtype=np.int32) * episodes)
        for number, population in enumerate(built.scenario.populations):
            flat = number_column(payoffs[:, :, number].ravel())
            columns[f"{names['populations', population.name]}.{PAYOFFS}"] = pa.ListArray.from_arrays(ends, flat)
    if twice := sorted(columns.keys() & taken.values.keys()):
        raise RunError(f"two columns would have the name {twice[0]!r}: a measure's number and one of every run")
    columns |= {name: _measured(values) for name, values in taken.values.items()}
    units = {name: _unit(name, piece.labels) for name in columns} | {n: {"unit": u} for n, u in taken.units.items()}
    fields = [pa.field(name, column.type, metadata=units[name]) for name, column in columns.items()]
    return pa.Table.from_arrays(list(columns.values()), schema=pa.schema(fields))


def _unit(name: str, labels: Mapping[str, Label]) -> dict[str, str]:
    unit = _UNITS.get(name.rpartition(".")[2])
    return {} if unit is None or name == "job" or name in labels else {"unit": unit}


def _constant(value: Label, count: int) -> pa.Array:
    """A column of one value. As pyarrow would; but that imports pandas, which takes longer than many a chunk."""
    if value is None:
        return pa.Array.from_buffers(pa.null(), count, [None])
    if isinstance(value, str):
        return text_column([value] * count)
    if isinstance(value, bool):
        bits = pa.py_buffer(np.packbits(np.full(count, value), bitorder="little"))
        return pa.Array.from_buffers(pa.bool_(), count, [None, bits])
    return number_column(np.full(count, value))


def _measured(values: Any) -> pa.Array:
    """Numbers, null where they are nan."""
    return number_column(values, ~np.isfinite(values)) if values.dtype.kind == "f" else number_column(values)
