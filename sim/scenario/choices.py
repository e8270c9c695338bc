"""A scenario as it is when its players have chosen among the strategies of its game."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from sim.core.errors import Problem, ScenarioError
from sim.core.wording import near_or_all
from sim.scenario import parse
from sim.scenario.tables.game import offered_to
from sim.scenario.tables.market import Population, Scenario

Settings = Mapping[str, Any]


def offered(scenario: Scenario, population: str) -> dict[str, Settings]:
    """What a player may choose to begin with: strategies that have a name, then the points of its ranges.

    A point that is the same as a strategy that has a name is not offered again.

    Returns
    -------
    dict
        By name (``half_spread 2.5`` for a point) the params that are set, and ``strategy`` if it is another one.
    """
    game = scenario.game
    if game is None or population not in game.players:
        return {}
    found = _named(scenario, population)
    ranges = {name: game.ranges[name].begin() for name in ranged(scenario, population)}
    if ranges:
        for numbers in product(*ranges.values()):
            found |= point(scenario, population, dict(zip(ranges, numbers, strict=True)))
    return found


def ranged(scenario: Scenario, population: str) -> list[str]:
    """The parameters that a player may choose from a range."""
    from sim.strategy_kit import registry as strategies

    playing = next(each.strategy for each in scenario.populations if each.name == population)
    ranges = scenario.game.ranges if scenario.game else {}
    return [name for name in ranges if name in strategies.get(playing).parameters]


def _named(scenario: Scenario, population: str) -> dict[str, Settings]:
    """The strategies of the game that have a name and are offered to a player, with what they set."""
    found: dict[str, Settings] = {}
    for name, settings in scenario.game.strategies.items() if scenario.game else ():
        only = offered_to(settings)
        if only is None or population in only:
            found[name] = {key: value for key, value in settings.items() if key != "players"}
    return found


def point(scenario: Scenario, population: str, numbers: Mapping[str, float]) -> dict[str, Settings]:
    """The strategy that sets some ranged parameters to the nearest numbers they may have, by its name.

    Where a strategy that has a name comes to the same parameters, it is that one.
    """
    from sim.strategy_kit import registry as strategies

    game = scenario.game
    playing = next(each for each in scenario.populations if each.name == population)
    strategy = strategies.get(playing.strategy)
    settings: dict[str, Any] = {}
    for name, number in numbers.items():
        parameter = strategy.parameters[name]
        nearest = game.ranges[name].nearest(number) if game else number
        settings[name] = round(nearest) if parameter.type is int else nearest

    def whole(chosen: Settings) -> dict[str, Any]:
        return strategy.resolve(chosen if "strategy" in chosen else {**playing.params, **chosen})

    for name, chosen in _named(scenario, population).items():
        if chosen.get("strategy", playing.strategy) == playing.strategy and whole(chosen) == whole(settings):
            return {name: chosen}
    return {", ".join(f"{name} {value:.12g}" for name, value in settings.items()): settings}


def with_choices(scenario: Scenario, choices: Mapping[str, str]) -> Scenario:
    """The scenario in which each named population plays what it chose, checked anew; the game is played and gone.

    Parameters
    ----------
    choices : for the name of a population, the name of one of the strategies that it is offered.

    Raises
    ------
    ScenarioError
        If there is no such population or strategy, or the scenario has no game.
    """
    changes: dict[str, Any] = {}
    playing = {population.name: population for population in scenario.populations}
    for name, choice in choices.items():
        if name not in playing:
            raise _unknown(scenario, "population", name, playing)
        right = offered(scenario, name)
        if choice not in right:
            raise _unknown(scenario, "strategy", choice, right)
        made = _chosen(_given(scenario, name), playing[name], right[choice])
        changes |= {f"populations.{name}.{key}": value for key, value in made.items()}
    return parse(market_given(scenario), scenario.source, scenario.folder, changes, changes=scenario.changes)


class Players:
    """A scenario whose players are parted, so that each of them can play what it chooses.

    A population of several members becomes as many populations of one, called ``makers:0``, ``makers:1``, …, that
    arrive as often together as it did; one of one keeps its name. So a member keeps its stream whatever the others
    choose, and profiles are compared on common random numbers. Each choice of each population is checked once, and a
    profile takes time in proportion to its members.

    Attributes
    ----------
    offers : by population, what its members may choose, by name.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.offers = {name: offered(scenario, name) for name in (scenario.game.players if scenario.game else ())}
        self._populations = {each.name: each for each in scenario.populations}
        self._members: dict[tuple[str, str], list[tuple[Population, dict[str, Any]]]] = {}

    def copy(self) -> Players:
        """The same players, who may come to be offered other strategies."""
        other = copy.copy(self)
        other.offers = dict(self.offers)
        return other

    def offer(self, population: str, strategies: Mapping[str, Settings]) -> None:
        """Let the members of a population choose more strategies."""
        self.offers[population] = {**self.offers[population], **strategies}

    def playing(self, profile: Mapping[str, Sequence[str]]) -> Scenario:
        """The scenario in which each member plays what it chose.

        Parameters
        ----------
        profile : for the name of a population, the strategy that each member plays.

        Raises
        ------
        ScenarioError
            If there is no such player or strategy, or what was chosen cannot be played.
        ValueError
            If a population has another number of members.
        """
        for name, chosen in profile.items():
            if name not in self.offers:
                raise _unknown(self.scenario, "player", name, self.offers)
            if len(chosen) != self._populations[name].count:
                raise ValueError(
                    f"population {name!r} has {self._populations[name].count} members, and {len(chosen)} choose"
                )
        placed: list[tuple[Population, dict[str, Any]]] = []
        for given, population in zip(self.scenario.given["populations"], self.scenario.traders(), strict=True):
            chosen = profile.get(population.name, ())
            if chosen:
                members = {choice: self._playing(given, population, choice) for choice in dict.fromkeys(chosen)}
                placed += [members[choice][member] for member, choice in enumerate(chosen)]
            else:
                placed.append((population, given))
        populations, written = zip(*placed, strict=True)
        held = tuple(each for each in self.scenario.populations if each.name in self.scenario.pools)
        played = self.scenario.model_copy(update={"populations": (*populations, *held), "game": None})
        given = {**market_given(self.scenario), "populations": list(written)}
        played.came_from(self.scenario.source, self.scenario.folder, given, self.scenario.changes)
        return played

    def _playing(
        self, given: Mapping[str, Any], population: Population, choice: str
    ) -> list[tuple[Population, dict[str, Any]]]:
        """The members of a population as they are, and as they would be written, if all make the same choice."""
        settings = self.offers[population.name].get(choice)
        if settings is None:
            raise _unknown(self.scenario, "strategy", choice, self.offers[population.name])
        key = population.name, repr(settings)
        if key not in self._members:
            chosen = {**given, **_chosen(given, population, settings)}
            others = [each if each is not given else chosen for each in self.scenario.given["populations"]]
            whole = {**market_given(self.scenario), "populations": others}
            made = parse(whole, self.scenario.source, self.scenario.folder)
            playing = next(each for each in made.populations if each.name == population.name)
            self._members[key] = _parted(_given(made, population.name), playing)
        return self._members[key]


def member_name(population: str, member: int, members: int) -> str:
    """What a member's population is called once it is parted from the others."""
    return population if members == 1 else f"{population}:{member}"


def market_given(scenario: Scenario) -> dict[str, Any]:
    """What a scenario's file says, without its game, its counterfactuals and its page."""
    return {key: value for key, value in scenario.given.items() if key not in ("game", "counterfactuals", "dashboard")}


def _given(scenario: Scenario, population: str) -> dict[str, Any]:
    """What the scenario's file says of a population."""
    return next(each for each in scenario.given["populations"] if each["name"] == population)


def _chosen(given: Mapping[str, Any], population: Population, settings: Settings) -> dict[str, Any]:
    """What is to be written of a population that plays a strategy of the game."""
    params = dict(settings)
    other = params.pop("strategy", None)
    return {
        "strategy": other or population.strategy,
        "params": params if other else {**given.get("params", {}), **params},
    }


def _parted(given: dict[str, Any], population: Population) -> list[tuple[Population, dict[str, Any]]]:
    """Its members as populations of one, and as they would be written."""
    if population.count == 1:
        return [(population, given)]
    changes: dict[str, Any] = {"count": 1}
    written: dict[str, Any] = {**given, "count": 1}
    if population.arrivals is not None:
        written["arrivals"] = member_arrivals(population)
        changes["arrivals"] = type(population.arrivals).model_validate(written["arrivals"])
    names = [member_name(population.name, member, population.count) for member in range(population.count)]
    return [(population.model_copy(update={**changes, "name": name}), {**written, "name": name}) for name in names]


def member_arrivals(population: Population) -> dict[str, Any]:
    """How one member arrives, so that all together arrive as the population did."""
    law = population.arrivals
    if law is None:
        return {}
    given = law.model_dump(exclude_defaults=True)
    if law.law == "poisson":
        given["rate"] = law.rate / population.count
    elif law.law == "one_of" and law.share is not None:
        given["share"] = law.share / population.count
    return given


def _unknown(scenario: Scenario, what: str, name: str, right: Mapping[str, Any]) -> ScenarioError:
    problem = Problem("game", f"there is no {what} {name!r} in it", near_or_all(name, list(right)))
    return ScenarioError(scenario.source, [problem])
