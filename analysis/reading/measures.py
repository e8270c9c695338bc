"""What a measure says of a run: named numbers with their errors, units and meanings, and the table they make."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.stats.estimates import Estimate

COLUMNS = ("value", "standard_error", "unit", "meaning")  # of the table that measurements make
ERROR = "_standard_error"  # ends the name of the column that has another's standard errors


@dataclass(frozen=True)
class Measurement:
    """One number. nan where the run does not determine it; then ``meaning`` says why."""

    name: str
    value: float
    standard_error: float | None  # None where none is known
    unit: str
    meaning: str

    def row(self) -> dict[str, Any]:
        """As JSON has it: what is no finite number is null."""
        return {key: _plain(value) for key, value in asdict(self).items()}


def measure_of(
    name: str, estimate: Estimate, unit: str, meaning: str, reason: str = "", unsure: str = ""
) -> Measurement:
    """An estimate as a measurement.

    Parameters
    ----------
    reason : why it is none; left out where it is one.
    unsure : why its standard error is not known; left out where it is.
    """
    error = estimate.standard_error
    if reason and not math.isfinite(estimate.value):
        meaning = f"{meaning}; none: {reason}"
    elif unsure and math.isfinite(estimate.value) and not math.isfinite(error):
        meaning = f"{meaning}; no error: {unsure}"
    return Measurement(name, estimate.value, error if math.isfinite(error) else None, unit, meaning)


def table_of(measurements: Sequence[Measurement]) -> pd.DataFrame:
    """Measurements as a table: a row each, in their order, by ``name``; nan where no standard error is known."""
    rows = [asdict(each) for each in measurements]
    frame = pd.DataFrame(rows, columns=["name", *COLUMNS]).set_index("name")
    return frame.astype({"value": float, "standard_error": float})


def is_list(frame: pd.DataFrame) -> bool:
    """Whether a table is one of measurements, a row each; else its columns are numbers with names of their own."""
    return tuple(frame.columns) == COLUMNS


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as JSON has them, the names of its index among the keys; what is no finite number is null."""
    return [{str(key): _plain(value) for key, value in row.items()} for row in frame.reset_index().to_dict("records")]


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
