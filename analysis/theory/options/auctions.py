"""Hedges that move the price: moves that bring moves, and a price that stays at the strike or leaves it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.reading.columns import arrays
from analysis.stats.estimates import Estimate, mean, ratio
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets
from analysis.theory.rows import Row, also_unsure, compare
from sim.models import feedback, options, pinning
from sim.runs.result import Run

_MARKET = "hedging_auctions"
_NOISE = 0.2  # in hedging_auctions.toml, what noise moves the price by in an auction, currency
_CALLS = 1_000
_NEAR = 0.5  # currency from the strike
_FREY = "Frey and Stremme 1997; from rest"
_AVELLANEDA = "Avellaneda and Lipkin 2003; by simulating the map of prices"


def _strength(impact: float) -> dict[str, Any]:
    """Changes to a market in which each lot moves the price by so much, and noise as before."""
    return {"maker.params.impact": impact, "noise.params.quantity": _NOISE / impact}


def _ends(run: Run) -> NDArray[np.float64]:
    """The price that each episode ended with, (episodes,)."""
    instrument, price = arrays(run, "settlements", "instrument", "price")
    return np.asarray(price[instrument == "ACME"], float)


@experiment("Hedges that bring hedges, from rest")
def hedging_feedback(markets: Markets) -> list[Row]:
    """Who is short of gamma amplifies what the price does over many steps; who is long of it damps that."""
    rows = []
    impact = 1e-4
    for horizon in (10, 50, 100):
        moves = {}
        for a in (0.0, 0.5, 0.2, -0.5):
            changes = _strength(impact) | {
                "run.steps": horizon,
                "call.derivative.expiry": horizon,
                "maker.params.auctions": horizon,
                "dealer.endowment.positions": {},
                "dealer.hedge": {"venues": ["auction"], "exposure": {"gamma": -a / impact}},
                "record.trades": False,
            }
            moves[a] = _ends(markets.run(_MARKET, 8_000, 800, changes)) - 100.0
        for a, live in moves.items():
            if a == 0.0:
                continue
            square = ratio(live**2, moves[0.0] ** 2)
            root = math.sqrt(square.value)
            found = Estimate(root, square.standard_error / (2.0 * root))
            claim = f"a dealer with λG = {a:g}: deviation of the first {horizon} moves, over that without"
            rows.append(compare(claim, _FREY, feedback.ratio_from_rest(a, horizon), found))
    return rows


@experiment("Pinning: a price that stays at the strike, or leaves it")
def hedging_pinning(markets: Markets) -> list[Row]:
    """Dealers who hold calls pin the price, unless their hedges are too large; those who sold them drive it away."""
    rows = []
    paths = 10_000 if markets.quick else 200_000
    for start in (100.0, 101.0):
        first = options.greeks(options.CALL, start, 100.0, 100.0, 0.0, 0.0, _NOISE / 100.0).delta
        for strength in (-1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 4.0):
            calls = int(math.copysign(_CALLS, strength)) if strength else 0
            changes = _strength(strength / calls if calls else 1e-3) | {
                "ACME.value.initial": start,
                "dealer.endowment.positions": {"call": calls, "ACME": round(-calls * first)},
                "record.trades": False,
            }
            ends = _ends(markets.run(_MARKET, 8_000, 700, changes))
            target = mean(
                abs(pinning.final_prices(strength, start, paths, markets.seed, _NOISE) - pinning.STRIKE) < _NEAR
            )
            found = also_unsure(mean(abs(ends - 100.0) < _NEAR), target.standard_error)
            claim = f"from {start:g}, λn = {strength:g}: probability that the price ends within {_NEAR:g} of the strike"
            rows.append(compare(claim, _AVELLANEDA, target.value, found))
    return rows
