"""What to tell who asks for a measure that there is not: the nearest name, and where numbers of that name stand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from analysis.reading.measure_files import found
from sim.core.wording import near, near_or_all
from sim.runs.total_measures import TOTALS

_FEW = 3  # measures that are named in a hint


def remedy(name: Any, home: Path) -> str:
    """The nearest measure, and where numbers of this name stand; all measures if there is neither.

    Parameters
    ----------
    home : the folder ``analysis``.
    """
    homes = found(home).modules
    if not isinstance(name, str):
        return near_or_all("", homes)
    return " ".join(filter(None, (near(name, homes), _elsewhere(name, home)))) or near_or_all(name, homes)


def _elsewhere(name: str, home: Path) -> str:
    """Where numbers of this name stand, in words; empty if it is nowhere, or in too many measures to help."""
    word = re.compile(rf'["._]{re.escape(name)}"')
    own = [each for each, module in found(home).modules.items() if word.search(_source(module, home))]
    places = [f"measure {', '.join(own)}"] if 0 < len(own) <= _FEW else []
    totals = [each for each in TOTALS if each.name == name]
    places += ["the table that run prints"] * any(each.in_summary for each in totals)
    places += ["the columns of a sweep"] * bool(totals)
    return f"its numbers are in {' and in '.join(places)}" if places else ""


def _source(module: str, home: Path) -> str:
    return home.parent.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8")
