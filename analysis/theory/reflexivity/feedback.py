"""Trading on what prices did: hedges, leverage and insurance amplify moves; a value leans on the price."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from analysis.reflexivity.impulse import amplification
from analysis.stats.estimates import Estimate, deviation, ratio
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets, by_step, prices_of
from analysis.theory.rows import Row, compare
from sim.models import feedback as model

SOURCE = "Frey and Stremme 1997; Platen and Schweizer 1998"
_HEDGING = "reflexivity/feedback_hedging"
_IMPACT = 1e-4  # in feedback_hedging.toml, currency per lot
_WARM_UP = 30  # steps until the first moves are forgotten: 0.5 to that power is nothing
_HORIZONS = (1, 10, 100)


def squares_of(prices: NDArray[np.float64], horizon: int) -> NDArray[np.float64]:
    """The mean square of moves over a horizon, episode by episode."""
    late = prices[:, _WARM_UP:]
    moves = late[:, horizon:] - late[:, :-horizon]
    return np.asarray(np.nanmean(moves**2, axis=1))


def root_of(found: Estimate) -> Estimate:
    """The square root of an estimate."""
    root = math.sqrt(found.value)
    return Estimate(root, found.standard_error / (2.0 * root))


def _ratios(
    what: str,
    a: float,
    live: NDArray[np.float64],
    without: NDArray[np.float64],
    horizons: tuple[int, ...],
    share: float,
) -> list[Row]:
    """Volatility with somebody who feeds back, over that without, on common random numbers."""
    rows = []
    for horizon in horizons:
        found = root_of(ratio(squares_of(live, horizon), squares_of(without, horizon)))
        target = model.volatility_ratio(a, horizon)
        claim = f"{what}: volatility over {horizon} step{'s' * (horizon > 1)}, over that without"
        rows.append(compare(claim, SOURCE, target, found, tolerance=share * target))
    return rows


@experiment("Feedback hedging: moves that bring moves")
def reflexivity_feedback_hedging(markets: Markets) -> list[Row]:
    """Over one step the sign of the feedback does not show; over many it is all that shows."""
    prices = {
        a: prices_of(markets.run(_HEDGING, 400, 40, {"dealer.params.gamma": a / _IMPACT}))
        for a in (0.0, 0.5, 0.2, -0.2, -0.5)
    }
    return _amplified(markets) + [
        row
        for a, live in prices.items()
        if a
        for row in _ratios(f"a dealer with λΓ = {a:g}", a, live, prices[0.0], _HORIZONS, 0.0)
    ]


def _amplified(markets: Markets) -> list[Row]:
    """What one order moves the price by, live over frozen, on common seeds."""
    horizons = (1, 2, 10)
    rows = []
    for a in (0.5, -0.5):
        scenario = markets.scenario(_HEDGING, 1, 1, {"dealer.params.gamma": a / _IMPACT, "run.steps": 60})
        seeds = range(1, 3 if markets.quick else 9)
        for found in amplification(scenario, "dealer", 20_000, 40, horizons, seeds).horizons:
            claim = f"an order among dealers with λΓ = {a:g}: its impact after {found.steps} steps, live over frozen"
            target = model.amplification(a, found.steps)
            exact = Estimate(found.ratio.value, 0.0)
            rows.append(compare(claim.replace("1 steps", "1 step"), SOURCE, target, exact, tolerance=1e-3))
    return rows


@experiment("Feedback of leverage and of portfolio insurance")
def reflexivity_leverage(markets: Markets) -> list[Row]:
    """A fund that keeps its leverage, and one that insures itself, feed back as λ q (L - 1) / p says."""
    name = "reflexivity/leverage"
    with_fund = {
        "leverage 3": {},
        "insurance with multiplier 3": {
            "fund.strategy": "portfolio_insurer",
            "fund.params": {"multiplier": 3.0, "floor": 1e8 * (1.0 - 1.0 / 3.0)},
            "fund.endowment.cash": 0.0,
        },
    }
    nobody = {"fund.params.leverage": 1.0, "fund.endowment.cash": 0.0}  # holds what it has, whatever the price
    without = prices_of(markets.run(name, 200, 30, nobody))
    a = 2.5e-5 * 1e6 * (3.0 - 1.0) / 100.0
    rows = []
    for what, changes in with_fund.items():
        live = prices_of(markets.run(name, 200, 30, changes))
        rows += _ratios(f"{what}, a = {a:g}", a, live, without, _HORIZONS[:2], 0.005)
    return rows


@experiment("A value that follows its price")
def reflexivity_value(markets: Markets) -> list[Row]:
    """What was noise becomes value: the value walks by φ λ σ a step though nothing happens to it."""
    run = markets.run("reflexivity/reflexive_value", 200, 40)
    moves = np.diff(by_step(run, "value"), axis=1).ravel()
    target = 0.2 * 1e-4 * 1_000.0
    found = deviation(moves[~np.isnan(moves)])
    claim = "standard deviation of the value's moves per step is φ λ σ"
    return [compare(claim, "by hand: φ times what noise moves the price by", target, found, unit="currency")]
