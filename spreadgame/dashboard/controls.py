"""What of a scenario the page lets one change: sliders and choices."""

from __future__ import annotations

from typing import Any

from sim.scenario import Scenario


def controls_of(scenario: Scenario) -> list[dict[str, Any]]:
    """The controls of a scenario."""
    found = []
    for each in scenario.populations:
        found.append({"path": f"{each.name}.count", "label": f"{each.name} count", "low": 1, "high": 4 * each.count,
                      "step": 1, "value": each.count, "integer": True})  # fmt: skip
        if (share := getattr(each.arrivals, "share", None)) is not None:
            found.append({"path": f"{each.name}.arrivals.share", "label": f"{each.name} arrivals share", "low": 0.0,
                          "high": 1.0, "step": 0.01, "value": share})  # fmt: skip
    return found
