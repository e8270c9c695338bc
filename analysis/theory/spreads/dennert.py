"""Dennert 1993: makers who mix over half-spreads earn nothing, and more of them quote wider."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.reading.columns import arrays
from analysis.stats.estimates import mean
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets, payoffs
from analysis.theory.rows import Row, compare
from sim.models import dennert as model

SOURCE = "Dennert 1993"
_SHARE, _JUMP, _TICK = 0.3, 1.0, 1e-4  # dennert.toml


@experiment("Dennert: makers who draw their quotes")
def dennert(markets: Markets) -> list[Row]:
    """Every half-spread of the support earns nothing against makers who mix; the best of theirs is as wide as said."""
    rows = []
    for makers in (2, 3, 5):
        mixing: dict[str, Any] = {"makers.count": makers - 1, "makers.params.makers": makers}
        run = markets.run("dennert", 200_000, 10_000, mixing | {"one.params.makers": makers})
        episode, price = arrays(run, "trades", "episode", "price")
        best = price[np.unique(episode, return_index=True)[1]] - 100.0  # whoever comes takes the best quote first
        target = model.expected_best(_SHARE, _JUMP, makers)
        rows.append(
            compare(
                f"{makers} makers: mean best half-spread", SOURCE, target, mean(best), tolerance=_TICK, unit="currency"
            )
        )
        for place in (0.0, 0.25, 0.5, 0.75, 1.0):
            low, high = model.support(_SHARE, _JUMP)
            half = round(low + place * (high - low), 6)
            pure = {"one.strategy": "fixed_spread", "one.params": {"half_spread": half, "sides": "sell"}}
            run = markets.run("dennert", 100_000, 6_000, mixing | pure)
            target = round(float(model.expected_payoff(half, _SHARE, _JUMP, makers)), 12) + 0.0
            claim = f"{makers} makers: payoff of the half-spread {half:g} while the others mix"
            rows.append(
                compare(claim, SOURCE, target, mean(payoffs(run, "one")), tolerance=_TICK, unit="currency per trader")
            )
    return rows
