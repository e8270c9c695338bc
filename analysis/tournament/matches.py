"""Matches: who plays whom, and the market of a match, in which each player is one agent of a population."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.tournament.entries import OURS, Entry
from sim.core.errors import Problem, ScenarioError
from sim.core.wording import near_or_all
from sim.scenario import Scenario, parse
from sim.scenario.choices import Players, market_given

ALONE, PAIR, TOGETHER = "alone", "pair", "together"  # the kinds of matches; each counts alike in a payoff


@dataclass(frozen=True)
class Match:
    """Some entries in one market."""

    kind: str
    entries: tuple[Entry, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Of its players, in the order of their places."""
        return tuple(each.key for each in self.entries)


def matches_of(kind: str, entries: Sequence[Entry]) -> list[Match]:
    """All matches of a kind. All together is left out where it would be the same as a pair, or as alone."""
    if kind == ALONE:
        return [Match(kind, (each,)) for each in entries]
    if kind == PAIR:
        return [Match(kind, (one, other)) for i, one in enumerate(entries) for other in entries[i + 1 :]]
    return [Match(kind, tuple(entries))] if len(entries) > 2 else []


def check_players(scenario: Scenario, population: str) -> None:
    """See that a scenario has a population.

    Raises
    ------
    ScenarioError
        If it has none of this name.
    """
    names = [each.name for each in scenario.populations]
    if population not in names:
        problem = Problem("--players", f"there is no population {population!r}", near_or_all(population, names))
        raise ScenarioError(scenario.source, [problem])


def market_of(scenario: Scenario, population: str, played: Mapping[str, str]) -> Scenario:
    """The market of a match: the population has one member per player, which arrive together as often as it did.

    Parameters
    ----------
    played : the strategy of each player, by its name in this process; that of :data:`OURS` does not matter.

    Raises
    ------
    ScenarioError
        If a strategy cannot play in the population, or the population cannot have so many members.
    """
    given = market_given(scenario)
    change = {f"populations.{population}.count": len(played)}
    players = Players(parse(given, scenario.source, scenario.folder, change, changes=scenario.changes))
    settings: dict[str, dict[str, Any]] = {key: {"strategy": name} for key, name in played.items() if key != OURS}
    players.offers = {population: {**settings, OURS: {}}}
    market = players.playing({population: list(played)})
    record = {"trades": True, "messages": False, "levels": 0, "agents": "none", "episodes": "populations"}
    return market.model_copy(update={"record": market.record.model_copy(update=record)})
