"""Brock and Hommes 1998: rules that are chosen by what they earned, in an auction without anybody else."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.stats.estimates import Estimate
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets, prices_of
from analysis.theory.rows import Row, compare
from sim.models import brock_hommes as model

SOURCE = "Brock and Hommes 1998, section 4.1"
_BOTH = ("fundamentalists", "chartists")
_VALUE = 10.0  # in brock_hommes.toml, currency
_PRICED = 2e-4  # what whole lots and whole units of money leave of a distance, where the price rests


def path_of(markets: Markets, intensity: float, steps: int, **changes: Any) -> NDArray[np.float64]:
    """How far the price lay from the value after each auction, with this intensity of choice."""
    params = {f"{name}.params.intensity": intensity for name in _BOTH}
    run = markets.run("reflexivity/brock_hommes", 1, 1, {"run.steps": steps, **params, **changes})
    return np.asarray(prices_of(run)[0] - _VALUE)


def _exactly(value: float) -> Estimate:
    return Estimate(float(value), 0.0)


@experiment("Brock–Hommes: rules chosen by what they earned")
def reflexivity_brock_hommes(markets: Markets) -> list[Row]:
    """The price goes to the value, rests away from it, or swings, as the map of three lags does."""
    rows = []
    for intensity, steps in ((2.3, 2_000), (2.5, 2_000), (3.0, 1_000)):
        target = model.steady_state(model.Rules(intensity))
        found = _exactly(abs(path_of(markets, intensity, steps)[-1]))
        claim = f"intensity {intensity:g}: distance at which the price rests"
        rows.append(compare(claim, SOURCE, target, found, tolerance=_PRICED, unit="currency"))
    swings = abs(path_of(markets, 3.5, 3_000)[-1_000:])
    known = abs(model.orbit(model.Rules(3.5), 0.1, 3_000)[-1_000:])
    for what, end in (("least", np.min), ("greatest", np.max)):
        claim = f"intensity 3.5: {what} distance of a swing"
        rows.append(compare(claim, SOURCE, end(known), _exactly(end(swings)), tolerance=5e-4, unit="currency"))
    return rows + _bifurcations(markets)


def _bifurcations(markets: Markets) -> list[Row]:
    """On either side of an intensity at which an eigenvalue leaves the unit circle the market does something else."""
    leaves, swings = model.bifurcations(model.Rules(1.0))
    rows = []
    for intensity, claim in (
        (leaves - 0.1, "below β* the price goes to the value: its distance"),
        (leaves + 0.1, "above β* it rests away from it: its distance"),
    ):
        found = _exactly(abs(path_of(markets, intensity, 3_000)[-1]))
        target = model.steady_state(model.Rules(intensity))
        claim = f"β* = {leaves:.6g} by eigenvalues; 0.1 {claim}"
        rows.append(compare(claim, SOURCE, target, found, tolerance=_PRICED, unit="currency"))
    for intensity, claim in ((swings - 0.1, "below β** the price rests"), (swings + 0.1, "above β** it swings")):
        found = _exactly(np.ptp(abs(path_of(markets, intensity, 4_000)[-1_000:])))
        target = np.ptp(abs(model.orbit(model.Rules(intensity), 0.1, 4_000)[-1_000:]))
        claim = f"β** = {swings:.6g} by eigenvalues; 0.1 {claim}: range of the distance"
        rows.append(compare(claim, SOURCE, float(target), found, tolerance=2e-3, unit="currency"))
    return rows


@experiment("Brock–Hommes: members choose at random")
def reflexivity_random_choice(markets: Markets) -> list[Row]:
    """Many members that choose at random come near the exact shares; a hundred end on the value, by chance alone."""
    members, steps = (1_000, 600) if markets.quick else (10_000, 1_000)
    many = {f"{name}.params.switching": "random" for name in _BOTH}
    rest = {"chartists.count": 1, "chartists.params.lots": 1}
    path = path_of(markets, 3.0, steps, **many, **rest, **{"fundamentalists.count": members})
    target = model.steady_state(model.Rules(3.0))
    claim = "intensity 3, many members: mean distance is that of exact shares, within 1 %"
    late = _exactly(abs(path[steps // 4 :]).mean())
    rows = [compare(claim, SOURCE, target, late, tolerance=0.01 * target, unit="currency")]
    few = path_of(markets, 3.5, 3_000, **many, **rest, **{"fundamentalists.count": 100})
    claim = "intensity 3.5, 100 members: the price is absorbed at the value: its distance at the end"
    rows.append(compare(claim, SOURCE, 0.0, _exactly(abs(few[-1])), tolerance=_PRICED, unit="currency"))
    return rows
