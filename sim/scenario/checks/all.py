"""Everything wrong between the tables of a scenario: names, strategies, shares, files."""

from __future__ import annotations

from pathlib import Path

from sim.core.errors import Problem
from sim.scenario.checks.arrivals import ArrivalChecks
from sim.scenario.checks.derivatives import DerivativeChecks
from sim.scenario.checks.game import GameChecks
from sim.scenario.checks.hedging import HedgeChecks
from sim.scenario.checks.limits import LimitChecks
from sim.scenario.checks.market import MarketChecks
from sim.scenario.checks.networks import NetworkChecks
from sim.scenario.checks.pools import PoolChecks
from sim.scenario.checks.populations import PopulationChecks
from sim.scenario.checks.prices import PriceChecks
from sim.scenario.checks.risk import RiskChecks
from sim.scenario.messages import Places
from sim.scenario.tables.market import Scenario
from sim.scenario.tables.table import Unreadable

_FAMILIES = (
    MarketChecks,
    PoolChecks,
    DerivativeChecks,
    HedgeChecks,
    LimitChecks,
    RiskChecks,
    PriceChecks,
    PopulationChecks,
    NetworkChecks,
    GameChecks,
    ArrivalChecks,
)


def reference_problems(draft: Scenario, places: Places, folder: Path) -> list[Problem]:
    """Run every check; the parameters are those of :class:`~sim.scenario.checks.base.Checks`."""
    found: list[Problem] = []
    for family in _FAMILIES:
        for check in family(draft, places, folder).all():
            try:
                found.extend(check)  # keeps what was found before it breaks off
            except Unreadable:
                continue
    return list({_key_of(problem, places): problem for problem in reversed(found)}.values())[::-1]


def _key_of(problem: Problem, places: Places) -> Problem | str:
    """What is told once: every problem, but of a chain's many options only the first at a place of the chain."""
    return problem.place if places.origins and problem.place.startswith("chains") else problem
