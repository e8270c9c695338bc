"""Hawkes arrivals: how many orders come, and how they cluster."""

from __future__ import annotations

import numpy as np

from analysis.reading.columns import arrays
from analysis.reflexivity.hawkes_fit import fit_all
from analysis.reflexivity.run_events import run_events
from analysis.stats.estimates import mean
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets
from analysis.theory.rows import Row, compare

_WINDOW = 1_000  # steps: far longer than the memory of any of these


@experiment("Hawkes arrivals: orders that bring orders")
def reflexivity_self_exciting(markets: Markets) -> list[Row]:
    """Orders per step, and their variance over their mean in long windows."""
    rows = []
    for rate, mass, decay in ((0.5, 0.7, 1.0), (0.2, 0.9, 2.0), (1.0, 0.3, 1.0)):
        law = {"rate": rate, "mass": mass, "decay": decay}
        changes = {f"flow.arrivals.{name}": value for name, value in law.items()}
        run = markets.run("reflexivity/self_exciting", 60, 6, {"run.steps": 20_000, **changes})
        episode, step = arrays(run, "trades", "episode", "step")
        bins = 20_000 // _WINDOW
        counts = np.bincount(episode * bins + step // _WINDOW, minlength=run.scenario.run.episodes * bins)
        counts = counts.reshape(-1, bins)[:, 1:].astype(float)  # the first windows begin without a past
        what = f"rate {rate:g}, mass {mass:g}, decay {decay:g}"
        per_step = mean(counts.mean(axis=1) / _WINDOW)
        source = "Hawkes 1971"
        rows.append(compare(f"{what}: orders per step", source, rate / (1.0 - mass), per_step, unit="per step"))
        found = fit_all(run_events(run), most=1).fits[0]
        fitted = found.branching_ratio
        rows.append(compare(f"{what}: fitted mass", "Hawkes 1971; Ogata 1978", mass, fitted))
        level = rate / (1.0 - mass) * _WINDOW
        spread = mean(((counts - level) ** 2).mean(axis=1) / level)
        # What a window's ends cut off of the memory: its length in steps over that of the window.
        cut = 2.0 * mass / (1.0 - mass) / (decay * _WINDOW) / (1.0 - mass) ** 2
        target = 1.0 / (1.0 - mass) ** 2
        claim = f"{what}: variance over mean of orders in {_WINDOW:,} steps"
        rows.append(compare(claim, source, target, spread, tolerance=cut))
    return rows
