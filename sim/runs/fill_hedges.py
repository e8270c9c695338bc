"""What a scenario says of hedges, written into a World."""

from __future__ import annotations

from typing import Any

from sim.rules.hedging import RULES_OF_HEDGING
from sim.runs.layout import Layout
from sim.scenario import Scenario
from sim.scenario.tables.hedging import Hedge


def fill_hedges(world: Any, scenario: Scenario, layout: Layout) -> None:
    """Write the hedge of each population that has one, and its venues."""
    instruments = [each.name for each in scenario.instruments]
    venues = [each.name for each in scenario.venues]
    number = first_venue = 0
    for population, laid in zip(world.populations, layout.populations, strict=True):
        hedge = laid.population.hedge
        if hedge is None:
            continue
        population["hedge"] = number
        row = world.hedges[number]
        _fill_hedge(row, hedge)
        row["of"] = instruments.index(hedge.of)
        row["first_hedger"] = laid.hedgers.first
        row["first_venue"], row["venues"] = first_venue, len(hedge.venues)
        if hedge.cost is None:
            row["cost"] = scenario.venues[venues.index(hedge.venues[0])].taker_fee
        for name in hedge.venues:
            world.hedge_venues[first_venue]["venue"] = venues.index(name)
            first_venue += 1
        number += 1


def _fill_hedge(row: Any, hedge: Hedge) -> None:
    row["rule"], row["every"], row["horizon"] = RULES_OF_HEDGING[hedge.rule], hedge.every, hedge.horizon
    row["estimates"] = hedge.ratio == "minimum_variance"
    row["ratio"] = hedge.ratio if isinstance(hedge.ratio, float) else 1.0
    row["stated"] = hedge.volatility if isinstance(hedge.volatility, float) else -1.0
    row["slope"] = hedge.slope if hedge.sticky == "delta" else 0.0
    row["delta"], row["gamma"] = hedge.exposure.delta, hedge.exposure.gamma
    row["band"], row["risk_aversion"], row["cost"] = hedge.band, hedge.risk_aversion, hedge.cost or 0.0
