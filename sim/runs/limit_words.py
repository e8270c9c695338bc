"""The limits of a population in words, in the order of the World's: those stated, then those of its capital."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sim.runs.fill_limits import traded
from sim.scenario import Scenario
from sim.scenario.tables.market import Population


@dataclass(frozen=True)
class LimitInWords:
    """A limit: what it is of, on which instrument, what is done about it, and the most, nan where it moves."""

    of: str
    on: str
    action: str
    most: float


def limits_in_words(scenario: Scenario, population: Population) -> list[LimitInWords]:
    """The limits of each member of a population."""
    risk = population.risk
    if risk is None:
        return []
    stated = [LimitInWords(each.of, each.on, each.action, each.most) for each in risk.limits]
    capital = traded(scenario, population) if risk.capital else []
    return stated + [LimitInWords("capital", name, "none", math.nan) for name in capital]
