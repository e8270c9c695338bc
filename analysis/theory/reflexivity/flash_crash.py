"""A crash like that of 6 May 2010: signs and bounds that it must keep, on common seeds with and without each cause."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.output.numbers import plus_minus
from analysis.reflexivity.crash import NUMBERS, measures
from analysis.stats.estimates import Estimate, mean
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets
from analysis.theory.rows import Row, compare

SOURCE = "Kirilenko, Kyle, Samadi and Tuzun 2017: signs and bounds, not sizes"
_NO_STOPS = {"stops.params.distance": 1e9}  # too far for any price
_DEEPER = {"makers.params.quantity": 15, "makers.params.limit": 60, "makers.params.target": 30}
_MOST_HELD = 40.0  # twice what a maker of flash_crash.toml holds before it dumps, lots
_LEAST_TIMES = 3.0
_SURE = 2.0  # standard errors


def _crashes(markets: Markets, changes: Mapping[str, Any]) -> dict[str, NDArray[np.float64]]:
    """The measures of a crash, seed by seed."""
    rows = []
    for seed in range(1, (8 if markets.quick else 20) + 1):
        run = markets.run("reflexivity/flash_crash", 1, 1, changes, seed)
        found = {each.name: each.value for each in measures(run, "makers")}
        rows.append([found[name] for name in NUMBERS])
    return dict(zip(NUMBERS, np.array(rows).T, strict=True))


def _exceeds(claim: str, bound: float, samples: NDArray[np.float64], unit: str) -> Row:
    """A row that holds where a mean less two of its errors is above a bound: what is missing to that is 0."""
    found = mean(samples[np.isfinite(samples)])
    missing = max(0.0, bound - (found.value - _SURE * found.standard_error))
    words = f"{claim}: {plus_minus(*found)} ({unit})"
    return compare(f"{claim}: what is missing to it", SOURCE, 0.0, Estimate(missing, 0.0), unit=unit, found=words)


@experiment("A flash crash: signs and bounds")
def reflexivity_flash_crash(markets: Markets) -> list[Row]:
    """Prices come back, stops add to the fall and a deeper book takes from it, makers trade many times their net."""
    base, no_stops, deeper = (_crashes(markets, each) for each in ({}, _NO_STOPS, _DEEPER))
    beyond = max(0.0, float(base["largest_inventory"].max()) - _MOST_HELD)
    times = np.log(base["makers_volume_over_net"] / _LEAST_TIMES)
    held = f"lots that a maker held at most: {base['largest_inventory'].max():g}"
    return [
        _exceeds("a part of the fall is back at the end", 0.0, base["rebound"], "share of the fall"),
        _exceeds("stops add to the fall", 0.0, base["drop"] - no_stops["drop"], "share of the mark"),
        _exceeds("a deeper book takes from the fall", 0.0, base["drop"] - deeper["drop"], "share of the mark"),
        _exceeds("makers trade with each other three times their net or more", 0.0, times, "logarithm"),
        compare(f"lots that a maker held beyond {_MOST_HELD:g}", SOURCE, 0.0, Estimate(beyond, 0.0), unit="lots",
                found=held),
    ]  # fmt: skip
