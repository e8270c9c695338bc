"""Wah, Wright and Wellman 2017: welfare where traders with private values play the equilibria that were published."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from analysis.stats.estimates import mean
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets, folder, payoffs
from analysis.theory.published import published
from analysis.theory.rows import Row, also_unsure, compare
from sim.scenario import load as load_scenario

_TRADERS, _RUNS = 66, 60


def _populations(environment: dict[str, Any], counts: Any) -> list[dict[str, Any]]:
    """As many traders of each strategy of the mix as were drawn."""
    template = load_scenario(folder() / "wah_wellman.toml").given["populations"][0]
    found = []
    for number, ((_, low, high, threshold), count) in enumerate(zip(environment["mix"], counts, strict=True)):
        shading = {"shading_low": float(low), "shading_high": float(high), "threshold": float(threshold)}
        found.append(
            template
            | {
                "name": f"strategy_{number}",
                "count": int(count),
                "params": template["params"] | shading,
                "arrivals": {"law": "bernoulli", "probability": environment["arrival"]},
            }
        )
    return [each for each in found if each["count"]]


@experiment("Wah–Wellman: welfare with private values")
def wah_wellman(markets: Markets) -> list[Row]:
    """Each trader's strategy is drawn from the mix: run by run here, so the runs are the samples."""
    quoted = published("wah_wellman")
    rows = []
    for name in ("A60", "B4", "B12", "C12"):
        environment = quoted[name]
        weights = np.array([weight for weight, *_ in environment["mix"]])
        random = np.random.default_rng(markets.seed)
        welfare = []
        for run_number in range(_RUNS):
            counts = random.multinomial(_TRADERS, weights / weights.sum())
            populations = _populations(environment, counts)
            run = markets.run(
                "wah_wellman",
                50,
                2,
                {
                    "run.steps": environment["steps"],
                    "populations": populations,
                    "ACME.value.volatility": math.sqrt(environment["shock_variance"]),
                },
                markets.seed + run_number,
            )
            names = [each["name"] for each in populations]
            gained = sum(payoffs(run, each, column) for each in names for column in ("payoff", "private_value"))
            welfare.append(float(np.mean(gained)))
        low, high = environment["welfare"]
        found = mean(welfare)
        estimate = also_unsure(found, (high - low) / 2 / 1.96)  # the paper's interval of 95 %
        claim = f"environment {name}: welfare per episode in the published equilibrium"
        rows.append(compare(claim, quoted["source"], 0.5 * (low + high), estimate, unit="currency"))
    return rows
