"""A scenario as a game: its players, what they may choose, and what they earn, found by running the market.

The players are the members of the populations that ``[game]`` names. Populations that differ in nothing but their
names are one role, so a game of alike players is symmetric. Of a profile only counts matter: how many members of each
role play what. A payoff sample is the mean payoff of an episode in one run; all profiles are run on the same seeds,
and a player keeps its random stream whatever the others choose, so that differences of payoffs are precise (common
random numbers).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.games.roles import Role, RoleSymmetricGame, profiles
from sim.errors import Problem, ScenarioError
from sim.experiment import Job, Results
from sim.scenario import Scenario
from sim.scenario.game import member_name, with_profile

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Profile = tuple[int, ...]  # counts of the strategies of all roles, role by role


@dataclass(frozen=True)
class Seat:
    """Where a player sits: its population, and its number there."""

    population: str
    member: int


class MarketGame:
    """The game of a scenario.

    Parameters
    ----------
    scenario : with a ``[game]``.

    Raises
    ------
    ScenarioError
        If it has no game, or only one strategy, or keeps no payoffs.
    """

    def __init__(self, scenario: Scenario) -> None:
        wrong = _unplayable(scenario)
        if wrong is not None:
            raise ScenarioError(scenario.source, [wrong])
        assert scenario.game is not None  # noqa: S101
        self.scenario = scenario
        self.strategies = tuple(scenario.game.strategies)
        self._seats: list[list[Seat]] = []
        names = []
        for alike in _alike(scenario):
            names.append(alike[0] if len(alike) == 1 else " and ".join(alike))
            counts = {each.name: each.count for each in scenario.populations}
            self._seats.append([Seat(name, member) for name in alike for member in range(counts[name])])
        self.roles = tuple(
            Role(name, len(seats), self.strategies) for name, seats in zip(names, self._seats, strict=True)
        )

    @cached_property
    def profiles(self) -> list[Profile]:
        """All profiles; the last role's change fastest."""
        return [tuple(int(count) for count in row) for row in profiles(self.roles)]

    def choices(self, profile: Sequence[int]) -> dict[str, list[str]]:
        """What each member of each population plays: in the order of their seats, the first strategies first.

        Raises
        ------
        ValueError
            If the counts of a role do not sum to its players.
        """
        chosen: dict[str, list[str]] = {}
        width = len(self.strategies)
        for place, (role, seats) in enumerate(zip(self.roles, self._seats, strict=True)):
            counts = list(profile[place * width : (place + 1) * width])
            if len(counts) != width or sum(counts) != role.players or min(counts) < 0:
                raise ValueError(f"role {role.name!r} has {role.players} players of {width} strategies, not {counts}")
            plays = [name for name, count in zip(self.strategies, counts, strict=True) for _ in range(count)]
            for seat, choice in zip(seats, plays, strict=True):
                chosen.setdefault(seat.population, []).append(choice)
        return chosen

    def scenario_of(self, profile: Sequence[int]) -> Scenario:
        """The scenario in which a profile is played."""
        return with_profile(self.scenario, self.choices(profile))

    def jobs(self, wanted: Iterable[Sequence[int]], seeds: Sequence[int]) -> list[Job]:
        """A job for each profile, all on the same seeds, labelled by how many of each role play what."""
        return [Job(self.scenario_of(profile), seeds, self.labels(profile)) for profile in wanted]

    def labels(self, profile: Sequence[int]) -> dict[str, int]:
        """How many play what: ``{"makers tight": 2, "makers wide": 0}``."""
        names = [f"{role.name} {strategy}" for role in self.roles for strategy in self.strategies]
        return dict(zip(names, map(int, profile), strict=True))

    def samples(self, results: Results, wanted: Sequence[Sequence[int]]) -> Floats:
        """Payoff samples, float64 (profiles, columns, runs): nan for strategies that nobody plays. Currency an episode.

        Parameters
        ----------
        results : of :meth:`jobs` for the same profiles.
        """
        earned = np.zeros((len(wanted), len(self.roles) * len(self.strategies), len(results) // max(1, len(wanted))))
        counts = np.zeros(earned.shape[:2])
        column = {name: place for place, name in enumerate(self.strategies)}
        for row, profile in enumerate(wanted):
            for name, choice, role in self._played(profile):
                place = role * len(self.strategies) + column[choice]
                runs = slice(row * earned.shape[2], (row + 1) * earned.shape[2])
                earned[row, place] += self._payoff(results, name)[runs]
                counts[row, place] += 1
        with np.errstate(divide="ignore", invalid="ignore"):
            return earned / np.where(counts > 0, counts, np.nan)[:, :, None]

    def _payoff(self, results: Results, name: str) -> Floats:
        found = results.column(f"{name}.payoff")
        if self.scenario.game is not None and self.scenario.game.payoff == "surplus":
            found = found + results.column(f"{name}.private_value")
        return np.asarray(found, float)

    def _played(self, profile: Sequence[int]) -> list[tuple[str, str, int]]:
        """Populations of one as they are called when a profile is played, their choices and roles."""
        found = []
        chosen = self.choices(profile)
        roles = {seat.population: place for place, seats in enumerate(self._seats) for seat in seats}
        for population, plays in chosen.items():
            for member, choice in enumerate(plays):
                found.append((member_name(population, member, len(plays)), choice, roles[population]))
        return found

    def game(self, samples: Floats) -> RoleSymmetricGame:
        """The game of the samples' means; samples as of :meth:`samples` for all :attr:`profiles`."""
        return RoleSymmetricGame(self.roles, samples.mean(axis=2))


def _unplayable(scenario: Scenario) -> Problem | None:
    if scenario.game is None:
        return Problem("game", "there is none", "say in [game] who may choose what")
    if len(scenario.game.strategies) < 2:
        only = next(iter(scenario.game.strategies))
        return Problem("game.strategies", f"there is nothing to choose but {only!r}", "offer two strategies at least")
    if scenario.game.payoff == "surplus" and not any(each.private_values for each in scenario.populations):
        return Problem("game.payoff", "nobody has private values, so a surplus is a profit", 'write payoff = "profit"')
    if scenario.record.episodes == "none":
        return Problem("record.episodes", "without payoffs there is no game", 'leave out record.episodes = "none"')
    return None


def _alike(scenario: Scenario) -> list[list[str]]:
    """The players' populations, those together that differ in nothing but their names."""
    groups: dict[str, list[str]] = {}
    for population in scenario.populations:
        if scenario.game is not None and population.name in scenario.game.players:
            told: Mapping[str, Any] = population.model_dump(exclude={"name", "count"})
            groups.setdefault(repr(sorted(told.items(), key=lambda item: item[0])), []).append(population.name)
    return list(groups.values())
