"""Franke and Westerhoff 2012: facts of returns that herding makes, and that go away without it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.risk.stylised_facts import autocorrelation
from analysis.risk.tails import excess_kurtosis, hill
from analysis.stats.estimates import mean
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets, by_step
from analysis.theory.rows import Row, also_unsure, compare
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
        market = [_facts(np.diff(each[~np.isnan(each)])) for each in by_step(run, "price")]
        samples = 40 if markets.quick else 200
        simulated = [_facts(each) for each in model.returns(given, _STEPS, samples, markets.seed)]
        for fact in market[0]:
            target = mean([each[fact] for each in simulated])
            found = mean([each[fact] for each in market])
            rows.append(compare(f"{what}: {fact}", SOURCE, target.value, also_unsure(found, target.standard_error)))
    return rows
