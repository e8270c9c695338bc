"""Franke and Westerhoff 2012: facts of returns that herding makes, and that go away without it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.reading.columns import arrays
from analysis.risk.stylised_facts import autocorrelation, excess_kurtosis, hill
from analysis.stats.estimates import Estimate, mean
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets
from analysis.theory.rows import Row, compare
from sim.models import franke_westerhoff as model
from sim.models.franke_westerhoff import Parameters

SOURCE = "Franke and Westerhoff 2012, simulated here from its equations"
_STEPS = 8_000
_BOTH = ("fundamentalists", "chartists")


def _facts(returns: NDArray[np.float64]) -> dict[str, float]:
    """Of one series of returns."""
    return {
        "excess kurtosis": excess_kurtosis(returns).value,
        "Hill's exponent of the largest 5 %": hill(returns, 0.05).value,
        "autocorrelation of |r| at 10 steps": float(autocorrelation(abs(returns), [10])[0]),
    }


def _both(market: Estimate, target: Estimate) -> Estimate:
    """An estimate whose error allows for that of the simulated target too."""
    return Estimate(market.value, float(np.hypot(market.standard_error, target.standard_error)))


@experiment("Structural volatility: facts that herding makes")
def reflexivity_structural_volatility(markets: Markets) -> list[Row]:
    """With herding, without it, and with frozen shares; each seed is a sample."""
    cases: tuple[tuple[str, dict[str, Any], Parameters], ...] = (
        ("herding", {}, Parameters()),
        ("without herding", {"herding": 0.0}, Parameters(alpha_n=0.0)),
        ("shares frozen", {"switching": "frozen"}, Parameters(frozen=True)),
    )
    rows = []
    for what, params, given in cases:
        changes = {f"{name}.params.{key}": value for name in _BOTH for key, value in params.items()}
        run = markets.run("reflexivity/structural_volatility", 20, 8, {"run.steps": _STEPS, **changes})
        episode, step, price = arrays(run, "trades", "episode", "step", "price")
        path = np.full((run.scenario.run.episodes, _STEPS), np.nan)
        path[episode, step] = price
        market = [_facts(np.diff(each[~np.isnan(each)])) for each in path]
        samples = 40 if markets.quick else 200
        simulated = [_facts(each) for each in model.returns(given, _STEPS, samples, markets.seed)]
        for fact in market[0]:
            target = mean([each[fact] for each in simulated])
            found = mean([each[fact] for each in market])
            rows.append(compare(f"{what}: {fact}", SOURCE, target.value, _both(found, target)))
    return rows
