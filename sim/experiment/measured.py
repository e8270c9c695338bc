"""Measures of single runs as columns of many: taken where the run was made, of tables in memory that are then dropped.

Measures stand above runs, so they are asked for by the name of their registry, as :meth:`sim.runs.result.Run.measure`
does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from sim.core.errors import RunError
from sim.kept.version import version_of
from sim.runs.manifest import manifest_of
from sim.runs.result import MemorySink, Run
from sim.runs.totals import Counted

_REGISTRY = "analysis.reading.registry"
_ROWS = {"value", "unit"}  # columns of a table that has a number a row
Measures = Mapping[str, Mapping[str, Any]]  # options by the name of the measure


@dataclass(frozen=True)
class Asked:
    """A measure that is to be taken of every run."""

    name: str
    options: tuple[tuple[str, Any], ...]
    version: str  # of the code that its numbers pass through


def asked_of(measures: Measures) -> tuple[Asked, ...]:
    """The measures of some names, with their options.

    Raises
    ------
    RunError
        If there is no such measure or option.
    """
    if not measures:
        return ()
    registry = import_module(_REGISTRY)
    for name, options in measures.items():
        registry.get(name).check(options)
    homes = registry.modules()
    return tuple(
        Asked(name, tuple(sorted(options.items())), version_of(homes[name], _REGISTRY))
        for name, options in measures.items()
    )


class MeasuredColumns:
    """The numbers of measures, run by run, each with its unit.

    Parameters
    ----------
    asked : what is taken.
    runs : how many there will be.
    """

    def __init__(self, asked: tuple[Asked, ...], runs: int) -> None:
        self._asked = asked
        self._runs = runs
        self.values: dict[str, Any] = {}  # float64 (runs,) by the name of the number, nan where there is none
        self.units: dict[str, str] = {}

    def sink(self, run: Counted) -> MemorySink | None:
        """What a run's tables are to be kept in; None where nothing is taken of it."""
        return MemorySink(run.built.scenario) if self._asked else None

    def take(self, place: int, run: Counted) -> None:
        """Take the measures of a run that has ended.

        Raises
        ------
        RunError
            If the run did not keep what one needs, or one gives a table whose numbers have no name each.
        """
        if not self._asked:
            return
        if not isinstance(run.sink, MemorySink):
            raise RunError("measures are taken of tables in memory — take them of the run folders, or keep none")
        ended = Run(run.built.scenario, manifest_of(run, "complete", 0.0), [], run.sink)
        for each in self._asked:
            found = ended.measure(each.name, **dict(each.options))
            if not set(found.columns) >= _ROWS:
                raise RunError(f"measure {each.name}: it gives a table, not a number a row, so it can be no column")
            for name, row in zip(map(str, found.index), found.itertuples(), strict=True):
                column = self.values.setdefault(name, np.full(self._runs, np.nan))
                column[place] = row.value
                self.units[name] = str(row.unit)
