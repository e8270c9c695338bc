"""Everything wrong between the tables of a scenario: names, strategies, shares, files."""

from __future__ import annotations

from pathlib import Path

from sim.errors import Problem
from sim.scenario.arrival_checks import ArrivalChecks
from sim.scenario.diagnosis import Places
from sim.scenario.game_checks import GameChecks
from sim.scenario.market_checks import MarketChecks
from sim.scenario.population_checks import PopulationChecks
from sim.scenario.price_checks import PriceChecks
from sim.scenario.table import Unreadable
from sim.scenario.vocabulary import Scenario


def reference_problems(draft: Scenario, places: Places, folder: Path) -> list[Problem]:
    """Run every check; the parameters are those of :class:`~sim.scenario.checks.Checks`."""
    found: list[Problem] = []
    for family in (MarketChecks, PriceChecks, PopulationChecks, GameChecks, ArrivalChecks):
        for check in family(draft, places, folder).all():
            try:
                found.extend(check)  # keeps what was found before it breaks off
            except Unreadable:
                continue
    return list(dict.fromkeys(found))
