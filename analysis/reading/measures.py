"""What a module of analysis says of a run: named numbers with their errors, units and meanings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from analysis.stats.estimates import Estimate


@dataclass(frozen=True)
class Measure:
    """One number. nan where the run does not determine it; then ``meaning`` says why."""

    name: str
    value: float
    standard_error: float | None  # None where none is known
    unit: str
    meaning: str

    def row(self) -> dict[str, Any]:
        """As JSON has it: what is no finite number is null."""
        error = self.standard_error
        return {
            "name": self.name,
            "value": self.value if math.isfinite(self.value) else None,
            "standard_error": error if error is not None and math.isfinite(error) else None,
            "unit": self.unit,
            "meaning": self.meaning,
        }


def measure_of(name: str, estimate: Estimate, unit: str, meaning: str, reason: str = "") -> Measure:
    """An estimate as a measure; ``reason`` says why it is none, and is left out where it is one."""
    error = estimate.standard_error
    if reason and not math.isfinite(estimate.value):
        meaning = f"{meaning}; none: {reason}"
    return Measure(name, estimate.value, error if math.isfinite(error) else None, unit, meaning)
