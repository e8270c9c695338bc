"""What markets do without intelligence: the Santa Fe book's spread, and Gode and Sunder's gains from trade."""

from __future__ import annotations

import math

import numpy as np

from analysis.reading.columns import arrays
from analysis.stats.estimates import Estimate, mean
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets, payoffs
from analysis.theory.published import published
from analysis.theory.rows import Row, also_unsure, compare
from sim.models import double_auction
from sim.models import santa_fe as model
from sim.runs.result import Run

_SPREAD, _WINDOW = 60, 8  # ticks, and spreads, about
_LIFETIMES = 20  # of an order, before the spread is measured


def _spread(markets: Markets, cancel_rate: float, limit_rate: float, window: int) -> Estimate:
    """Mean spread in units of market_rate / limit_rate, after the empty book is forgotten; episodes are the samples."""
    warm_up = round(_LIFETIMES / cancel_rate)
    run = markets.run(
        "santa_fe",
        100,
        8,
        {
            "run.steps": warm_up + (6_000 if not markets.quick else 1_000),
            "flow.params.cancel_rate": cancel_rate,
            "flow.params.limit_rate": limit_rate,
            "flow.params.window": window,
        },
    )
    episode, step, bid, ask = arrays(run, "book", "episode", "step", "bid", "ask")
    whole = (step >= warm_up) & ~np.isnan(bid) & ~np.isnan(ask)
    total = np.bincount(episode[whole], (ask - bid)[whole])
    return mean(limit_rate * total / np.bincount(episode[whole]))


@experiment("Santa Fe: the spread of a random book")
def santa_fe(markets: Markets) -> list[Row]:
    """Against a simulation that shares nothing with the engine; and the spread goes with market over limit orders."""
    quoted = published("santa_fe")
    source = quoted["source"]
    rows = []
    for epsilon in (0.02, 0.05, 0.1, 0.2):
        law = quoted["constant"] + quoted["factor"] * epsilon ** quoted["power"]
        limit_rate = round(law / _SPREAD, 6)
        window = _SPREAD * _WINDOW
        reference = model.mean_spread(1.0, limit_rate, epsilon, window, 4e4 if markets.quick else 4e6, markets.seed)
        found = _spread(markets, epsilon, limit_rate, window)
        estimate = also_unsure(found, reference.scaled_error)
        rows.append(compare(f"ε = {epsilon:g}: spread · α / μ", source, reference.scaled, estimate))
        reason = (
            f"the quoted fit, {quoted['constant']:g} + {quoted['factor']:g} ε^{quoted['power']:g}, is not what the "
            "model gives: two independent simulations of it agree with each other and not with the fit"
        )
        rows.append(
            compare(
                f"ε = {epsilon:g}: spread · α / μ, as the quoted fit says",
                source,
                reference.scaled,
                estimate,
                published=law,
                reason=reason,
            )
        )
        if epsilon == 0.1:
            finer = _spread(markets, epsilon, limit_rate / 1.5, round(1.5 * window))
            ratio = finer.value / found.value  # both are in units of μ / α, in which nothing changes
            error = ratio * math.hypot(finer.standard_error / finer.value, found.standard_error / found.value)
            rows.append(
                compare(
                    "ε = 0.1: spread · α / μ at two thirds of the limit orders, over that at all of them",
                    source,
                    1.0,
                    Estimate(ratio, error),
                    tolerance=0.01,
                )
            )
    return rows


def _efficiency(run: Run, maximum: float) -> np.ndarray:
    gained = sum(payoffs(run, who, what) for who in ("buyers", "sellers") for what in ("payoff", "private_value"))
    return np.asarray(gained) / maximum


@experiment("Gode–Sunder: gains from trade at random")
def gode_sunder(markets: Markets) -> list[Row]:
    """A budget constraint is enough for most of the gains from trade; without it everybody trades."""
    source = "Gode and Sunder 1993"
    curves = {
        "12 buyers from 180 to 70, 12 sellers from 20 to 130": ((180.0, 70.0), (20.0, 130.0), 12),
        "6 buyers from 150 to 50, 6 sellers from 50 to 150": ((150.0, 50.0), (50.0, 150.0), 6),
    }
    rows = []
    for name, (demand, supply, traders) in curves.items():
        values, costs = np.linspace(*demand, traders), np.linspace(*supply, traders)
        maximum = double_auction.maximum_surplus(values, costs)
        market = {
            "buyers.count": traders,
            "buyers.private_values.first": demand[0],
            "buyers.private_values.last": demand[1],
            "sellers.count": traders,
            "sellers.private_values.first": supply[0],
            "sellers.private_values.last": supply[1],
        }
        for steps in (5000, 1000, 300) if traders == 12 else (5000,):
            run = markets.run("gode_sunder", 4_000, 300, market | {"run.steps": steps})
            reference = double_auction.simulate(values, costs, steps, 4_000 if markets.quick else 40_000, markets.seed)
            target, found = mean(reference.efficiency), mean(_efficiency(run, maximum))
            estimate = also_unsure(found, target.standard_error)
            claim = f"{name}: efficiency of constrained traders in {steps:,} steps"
            rows.append(compare(claim, source, target.value, estimate, unit="share of the maximum"))
            if steps == 5000:
                traded, should = mean(payoffs(run, "buyers", "trades")), mean(reference.trades)
                estimate = also_unsure(traded, should.standard_error)
                rows.append(compare(f"{name}: trades of constrained traders", source, should.value, estimate))
        free = {"buyers.params.constrained": False, "sellers.params.constrained": False}
        run = markets.run("gode_sunder", 4_000, 300, market | free)
        claim = f"{name}: efficiency of unconstrained traders"
        target_free = double_auction.unconstrained_efficiency(values, costs)
        found = mean(_efficiency(run, maximum))
        rows.append(compare(claim, source, target_free, found, tolerance=1e-9, unit="share of the maximum"))
    return rows
