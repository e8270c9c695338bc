"""The summary of a run, one row per measure: spreads by venue, payoffs by population, from sums made while it ran.

Rows of a time series are not independent, so their means have no error here.
"""

from __future__ import annotations

import math
from typing import Any

from sim.runs.total_measures import UNITS, of_scope
from sim.runs.totals import Counted, population_measures, venue_measures


def summary_of(run: Counted) -> list[dict[str, Any]]:
    """Rows ``scope, name, measure, value, standard_error, unit`` of what was drained, in the words of many runs.

    The measures are those of :mod:`sim.runs.total_measures`. What could not be had is left out.
    """
    venues = venue_measures(run.built, run.venues[None])
    populations = population_measures(run.built, run.populations[None]) if run.populations["episodes"].any() else {}
    return [*_rows("venue", venues), *_rows("population", populations)]


def _rows(scope: str, found: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for name, measures in found.items():
        numbers = {measure: values[0].item() for measure, values in measures.items()}
        for measure in of_scope(scope, in_summary=True):
            if not math.isfinite(numbers.get(measure, math.nan)):
                continue
            error = numbers.get(f"{measure}_standard_error", math.nan)
            row = {
                "scope": scope,
                "name": name,
                "measure": measure,
                "value": numbers[measure],
                "standard_error": error if math.isfinite(error) else None,
                "unit": UNITS[measure],
            }
            rows.append(row)
    return rows
