"""A scenario as a game: its players, what they may choose, and what they earn, found by running the market.

The players are the members of the populations that ``[game]`` names. Populations that differ only in name and size are
one role, so a game of players who are alike is symmetric. A profile is given by counts: how many members of each role
play each strategy. Players are sorted by strategy, and a player keeps its random stream whatever the others choose. So
differences of payoffs on the same seeds are precise (common random numbers).

If a game is reduced (:mod:`analysis.games.tables.reduction`), the solvers see fewer players than the market has. Each
of their profiles stands for a profile of the market, and takes its payoffs.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.games.tables.reduction import share_among, share_of_all
from analysis.games.tables.roles import Role
from sim.core.errors import Problem, ScenarioError
from sim.experiment import Job
from sim.scenario import Scenario
from sim.scenario.choices import Players, Settings, member_arrivals, member_name, ranged

Profile = tuple[tuple[tuple[str, int], ...], ...]  # by role: what is played, and by how many members
Column = tuple[int, str]  # a role, by its place, and one of its strategies


@dataclass(frozen=True)
class Member:
    """An agent that is a player: its population, and its number there."""

    population: str
    number: int


class MarketGame:
    """The game of a scenario.

    Parameters
    ----------
    scenario : with a ``[game]``.

    Attributes
    ----------
    roles : as solvers see them: with fewer players than there are, where the game is reduced.
    whole : as the market has them.

    Raises
    ------
    ScenarioError
        If it has no game, or nobody has a choice, it keeps no payoffs, or cannot be reduced as it says.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        if scenario.game is None:
            raise self._refused("game", "there is none", "say in [game] who may choose what")
        self._players = Players(scenario)
        self._members: list[list[Member]] = []
        whole: list[Role] = []
        self._shares: list[_Share] = []
        for alike in self._alike():
            name = alike[0] if len(alike) == 1 else " and ".join(alike)
            counts = {each.name: each.count for each in scenario.populations}
            self._members.append([Member(each, member) for each in alike for member in range(counts[each])])
            whole.append(Role(name, len(self._members[-1]), tuple(self._players.offers[alike[0]])))
        self.whole = tuple(whole)
        self.roles = tuple(
            self._reduced(role, members) for role, members in zip(self.whole, self._members, strict=True)
        )
        self._check()

    # --- strategies and profiles ------------------------------------------------------------------------------------

    def settings(self, column: Column) -> Settings:
        """What a strategy sets."""
        return self._players.offers[self._members[column[0]][0].population][column[1]]

    def population(self, role: int) -> str:
        """The population that the first member of a role is from."""
        return self._members[role][0].population

    def extended(self, role: int, strategies: Mapping[str, Settings]) -> MarketGame:
        """The same game in which a role may choose more strategies; it comes behind those there were."""
        more = copy.copy(self)
        more._players = self._players.copy()
        for name in {member.population for member in self._members[role]}:
            more._players.offer(name, strategies)
        added = tuple(name for name in strategies if name not in self.whole[role].strategies)
        for which in ("whole", "roles"):
            roles = list(getattr(self, which))
            roles[role] = roles[role]._replace(strategies=roles[role].strategies + added)
            setattr(more, which, tuple(roles))
        return more

    def stands_for(self, counts: Sequence[Mapping[str, int]], column: Column) -> Profile:
        """The profile of the market for a player of a column, its own strategy included.

        Parameters
        ----------
        counts : by role, how many of the players that solvers see play what.
        """
        profile = []
        for role, (plays, share) in enumerate(zip(counts, self._shares, strict=True)):
            own = column[1] if role == column[0] else None
            among = share.among if role == column[0] else share.across
            placed = []
            for name in self.whole[role].strategies:
                count = plays.get(name, 0)
                many = among * (count - 1) + share.own if name == own else among * count
                if many:
                    placed.append((name, many))
            profile.append(tuple(placed))
        return tuple(profile)

    def profile(self, plays: Sequence[Sequence[str]]) -> Profile:
        """The profile of the market in which the players of each role play these strategies."""
        return tuple(
            tuple((name, count) for name in role.strategies if (count := list(chosen).count(name)))
            for role, chosen in zip(self.whole, plays, strict=True)
        )

    @property
    def is_reduced(self) -> bool:
        """Whether solvers see fewer players than there are."""
        return any(seen.players < whole.players for seen, whole in zip(self.roles, self.whole, strict=True))

    def choices(self, profile: Profile) -> dict[str, list[str]]:
        """What each member of each population plays: in the order of the players, the first strategies first.

        Raises
        ------
        ValueError
            If the counts of a role do not sum to its players.
        """
        chosen: dict[str, list[str]] = {}
        for role, plays, members in zip(self.whole, profile, self._members, strict=True):
            names = [name for name, count in plays for _ in range(count)]
            if len(names) != role.players:
                raise ValueError(f"role {role.name!r} has {role.players} players, and {len(names)} play {plays}")
            for member, choice in zip(members, names, strict=True):
                chosen.setdefault(member.population, []).append(choice)
        return chosen

    def played_strategies(self) -> list[str]:
        """The names of all strategies that may come to be played, those of others than the players included."""
        chosen = {self.settings((place, name)).get("strategy") for place, role in enumerate(self.roles)
                  for name in role.strategies}  # fmt: skip
        return sorted({each.strategy for each in self.scenario.populations} | {name for name in chosen if name})

    # --- playing ----------------------------------------------------------------------------------------------------

    def scenario_of(self, profile: Profile) -> Scenario:
        """The scenario in which a profile is played."""
        return self._players.playing(self.choices(profile))

    def jobs(self, wanted: Mapping[Profile, Sequence[int]]) -> list[Job]:
        """A job for each profile on its seeds, labelled by how many of each role play what."""
        return [Job(self.scenario_of(profile), seeds, self.labels(profile)) for profile, seeds in wanted.items()]

    def labels(self, profile: Profile) -> dict[str, int]:
        """How many play what: ``{"makers tight": 2, "makers wide": 0}``."""
        return {
            f"{role.name} {strategy}": dict(plays).get(strategy, 0)
            for role, plays in zip(self.whole, profile, strict=True)
            for strategy in role.strategies
        }

    def played_by(self, profile: Profile) -> list[tuple[str, Column]]:
        """What each player is called when a profile is played, and its column; those of a column in their order."""
        roles = {member.population: place for place, members in enumerate(self._members) for member in members}
        return [
            (member_name(population, at, len(plays)), (roles[population], choice))
            for population, plays in self.choices(profile).items()
            for at, choice in enumerate(plays)
        ]

    # --- making -----------------------------------------------------------------------------------------------------

    @property
    def _game(self) -> Any:
        return self.scenario.game

    def _refused(self, place: str, message: str, remedy: str) -> ScenarioError:
        return ScenarioError(self.scenario.source, [Problem(place, message, remedy)])

    def _alike(self) -> list[list[str]]:
        """The players' populations, those together that differ in nothing but their names."""
        groups: dict[str, list[str]] = {}
        for population in self.scenario.populations:
            if population.name in self._game.players:
                told: dict[str, Any] = population.model_dump(exclude={"name", "count", "arrivals"})
                told["arrivals"] = member_arrivals(population)
                offers = list(self._players.offers[population.name].items())
                key = repr((sorted(told.items(), key=lambda item: item[0]), offers))
                groups.setdefault(key, []).append(population.name)
        return list(groups.values())

    def _reduced(self, role: Role, members: Sequence[Member]) -> Role:
        asked = self._game.reduced_players
        named = {asked[member.population]: member.population for member in members if member.population in asked}
        if len(named) > 1:
            place, numbers = next(iter(named.values())), " and ".join(map(str, named))
            message = f"{role.name!r} are one role, which cannot have {numbers} players"
            raise self._refused(f"game.reduced_players.{place}", message, "name one of them")
        few = next(iter(named), role.players)
        several = len(self.whole) > 1
        try:
            if self._game.reduction == "hierarchical":
                every = share_of_all(role.players, few)
                self._shares.append(_Share(every, every, every))
            else:
                across = share_of_all(role.players, few) if several else 1
                self._shares.append(_Share(1, share_among(role.players, few), across))
        except ValueError as error:
            place = next((member.population for member in members if member.population in asked), role.name)
            message, _, remedy = str(error).partition(": ")
            raise self._refused(f"game.reduced_players.{place}", message, remedy) from error
        return role._replace(players=few)

    def _check(self) -> None:
        if all(
            len(role.strategies) < 2 and not ranged(self.scenario, self.population(place))
            for place, role in enumerate(self.roles)
        ):
            only = self.roles[0].strategies[0]
            raise self._refused(
                "game.strategies", f"there is nothing to choose but {only!r}", "offer two strategies at least"
            )
        valued = any(each.values_privately for each in self.scenario.populations)
        if self._game.payoff == "surplus" and not valued:
            message = "nobody has private values, so a surplus is a profit"
            raise self._refused("game.payoff", message, 'write payoff = "profit"')
        if self.scenario.record.episodes == "none":
            raise self._refused(
                "record.episodes", "without payoffs there is no game", 'leave out record.episodes = "none"'
            )
        if self._game.payoff == "mean_variance" and self.scenario.run.episodes < 2:
            raise self._refused("run.episodes", "one episode has no variance", "write 2 or more, or seek utility")


@dataclass(frozen=True)
class _Share:
    """For how many a player stands: itself, another of its role, and one of another role."""

    own: int
    among: int
    across: int
