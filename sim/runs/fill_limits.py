"""What a scenario says of limits, capital and plans, written into a World."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.core.world import NOTHING
from sim.instruments.capital import SHARES, SIZINGS
from sim.instruments.limit_measures import MEASURES, POSITION
from sim.rules.risk import ACTIONS
from sim.runs.layout import Layout
from sim.scenario import Scenario
from sim.scenario.tables.limits import Capital, Limits
from sim.scenario.tables.market import Population


def limits_of(scenario: Scenario, population: Population) -> int:
    """The limits of each member of a population: those that are stated, and one of each book for its capital."""
    risk = population.risk
    if risk is None:
        return 0
    return len(risk.limits) + (len(traded(scenario, population)) if risk.capital else 0)


def traded(scenario: Scenario, population: Population) -> list[str]:
    """The instruments of a population's venues, each once."""
    instruments = {each.name: each.instrument for each in scenario.venues}
    return list(dict.fromkeys(instruments[name] for name in population.venues))


def fill_limits(world: Any, scenario: Scenario, layout: Layout) -> None:
    """Write the limits of each population that has some."""
    names = [each.name for each in scenario.instruments]
    number = first_limit = first_use = 0
    for population, laid in zip(world.populations, layout.populations, strict=True):
        risk = laid.population.risk
        if risk is None or laid.strategy.repeats(laid.population.params):
            continue
        population["limited"], population["guarded"] = number, 1
        row = world.limited[number]
        count = limits_of(scenario, laid.population)
        row["first_limit"], row["limits"], row["first_use"] = first_limit, count, first_use
        row["first_guard"], row["hedges"] = laid.guards.first, laid.population.hedge is not None
        _fill_plan(row, risk)
        _fill_stated(world, first_limit, risk, names)
        if risk.capital is not None:
            own = [names.index(each) for each in traded(scenario, laid.population)]
            _fill_capital(world, row, first_limit + len(risk.limits), risk.capital, own, names)
        number, first_limit, first_use = number + 1, first_limit + count, first_use + count * laid.guards.count


def _fill_plan(row: Any, risk: Limits) -> None:
    plan = risk.plan
    if plan is not None:
        row["enter"], row["leave"] = plan.enter, plan.leave or 0
        row["stop_loss"], row["take_profit"] = plan.stop_loss or 0.0, plan.take_profit or 0.0


def _fill_stated(world: Any, first: int, risk: Limits, names: list[str]) -> None:
    for place, limit in enumerate(risk.limits, first):
        row = world.limits[place]
        row["of"], row["action"] = MEASURES[limit.of], ACTIONS[limit.action]
        row["instrument"] = names.index(limit.on) if limit.on else NOTHING
        row["most"], row["at"], row["by"] = limit.most, limit.acts_at, limit.by or 0.0


def _fill_capital(world: Any, row: Any, first: int, capital: Capital, own: list[int], names: list[str]) -> None:
    row["capital"], row["fraction"] = capital.amount, capital.fraction
    row["shares"], row["sizing"] = SHARES[capital.shares], SIZINGS[capital.sizing]
    row["edge"], row["deviation"] = capital.edge or 0.0, capital.deviation or np.nan
    row["sized"] = len(own)
    for place, instrument in enumerate(own, first):
        limit = world.limits[place]
        limit["of"], limit["action"], limit["instrument"] = POSITION, ACTIONS["none"], instrument
        limit["share"] = capital.stated.get(names[instrument], 0.0) if capital.stated else 1.0 / len(own)
