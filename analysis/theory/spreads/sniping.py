"""Budish, Cramton and Shim 2015: what makers pay to snipers where news is public, and what batching takes away."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.reading.columns import arrays
from analysis.stats.estimates import Estimate, mean
from analysis.theory.experiments import experiment
from analysis.theory.markets import Markets, payoffs
from analysis.theory.rows import Row, compare
from sim.models import sniping as model
from sim.models.sniping import JumpLaw

SOURCE = "Budish, Cramton and Shim 2015"
_STEPS, _INVESTORS, _JUMPS, _SCALE, _TICK = 1000, 0.01, 0.0025, 1.0, 1e-4  # sniping.toml; rates a step
_NAMES: dict[JumpLaw, str] = {"fixed": "jumps of 1", "exponential": "exponential jumps", "normal": "normal jumps"}
_LAWS = tuple(_NAMES)


@experiment("Budish–Cramton–Shim: the race to stale quotes")
def sniping(markets: Markets) -> list[Row]:
    """At the equilibrium's half-spread nobody would change roles, however many race; batches take the race away."""
    return [row for law in _LAWS for firms in (2, 3, 10) for row in _race(markets, law, firms)] + [
        _batches(markets, law) for law in _LAWS
    ]


def _race(markets: Markets, law: JumpLaw, firms: int) -> list[Row]:
    half = model.equilibrium_half_spread(_INVESTORS, _JUMPS, law, _SCALE)
    rent = model.sniping_rent(half, _JUMPS, law, _SCALE)
    expected = model.expected_profits(half, _INVESTORS, _JUMPS, law, _SCALE, firms)
    run = markets.run("sniping", 6_000, 250, _market(law, half, firms))
    maker, sniper = payoffs(run, "maker") / _STEPS, payoffs(run, "snipers") / _STEPS / (firms - 1)
    # No jump finds a quote that an investor took in the step before, which is one side's in so many steps, nor any in
    # the first step: so much less is sniped. Quotes are rounded outward by a tick at most.
    bare = 0.5 * _INVESTORS + 1 / _STEPS
    slack = bare * rent + _INVESTORS * _TICK
    about = [
        ("maker's profit", expected.maker, maker, slack),
        ("each sniper's profit", expected.sniper, sniper, slack),
        ("maker's profit less a sniper's", 0.0, maker - sniper, 2 * slack),
        ("profit of all firms, the rent", rent, maker + (firms - 1) * sniper, slack),
    ]
    who = f"{_NAMES[law]}, {firms} firms"
    rows = [
        compare(f"{who}: {claim}", SOURCE, target, mean(found), tolerance=slack, unit="currency per step")
        for claim, target, found, slack in about
    ]
    if law == "fixed":  # where every jump makes a quote stale
        episode, taker = arrays(run, "trades", "episode", "taker_population")
        sniped = np.bincount(episode[taker == "snipers"], minlength=run.scenario.run.episodes)
        claim = f"{who}: share of the jumps at which the maker is not first"
        found = mean(sniped / (_STEPS * _JUMPS))
        rows.append(compare(claim, SOURCE, 1 - 1 / firms, found, tolerance=bare))
    return rows


def _batches(markets: Markets, law: JumpLaw) -> Row:
    """Snipers' orders and the maker's new quotes meet in one auction: nothing stale is left to take."""
    half = model.equilibrium_half_spread(_INVESTORS, _JUMPS, law, _SCALE)
    run = markets.run("sniping", 2_000, 100, _market(law, half, 10) | {"lit.mechanism": "call_auction"})
    pairs = np.stack(arrays(run, "trades", "maker_population", "taker_population"))
    between = ((pairs == "maker").any(axis=0) & (pairs == "snipers").any(axis=0)).sum()
    claim = f"{_NAMES[law]}, 10 firms, a batch auction each step: trades of snipers with the maker"
    return compare(claim, SOURCE, 0.0, Estimate(float(between), 0.0))


def _market(law: JumpLaw, half: float, firms: int) -> dict[str, Any]:
    return {
        "run.steps": _STEPS,
        "maker.params.half_spread": half,
        "snipers.count": firms - 1,
        "ACME.value.jump": law,
        "ACME.value.jump_size": _SCALE,
        "ACME.value.jump_probability": _JUMPS,
        "investors.arrivals.probability": _INVESTORS,
        "lit.tick_size": _TICK,
    }
