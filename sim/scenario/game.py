"""A scenario as it is when its players have chosen among the strategies of its game."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sim.errors import Problem, ScenarioError
from sim.scenario import parse
from sim.scenario.vocabulary import Population, Scenario
from sim.scenario.wording import near_or_all


def with_choices(scenario: Scenario, choices: Mapping[str, str]) -> Scenario:
    """The scenario in which each named population plays what it chose, checked anew; the game is played and gone.

    Parameters
    ----------
    choices : for the name of a population, the name of one of ``[game.strategies]``.

    Raises
    ------
    ScenarioError
        If there is no such population or strategy, or the scenario has no game.
    """
    changes: dict[str, Any] = {}
    offered = scenario.game.strategies if scenario.game else {}
    playing = {population.name: population for population in scenario.populations}
    for name, choice in choices.items():
        if name not in playing:
            raise _unknown(scenario, "population", name, playing)
        if choice not in offered:
            raise _unknown(scenario, "strategy", choice, offered)
        params = dict(offered[choice])
        other = params.pop("strategy", None)
        place = f"populations.{name}"
        given: dict[str, Any] = next((each for each in scenario.given["populations"] if each.get("name") == name), {})
        changes[f"{place}.strategy"] = other or playing[name].strategy
        changes[f"{place}.params"] = params if other else {**given.get("params", {}), **params}
    settled = {key: value for key, value in scenario.given.items() if key != "game"}
    return parse(settled, scenario.source, scenario.folder, changes)


def with_profile(scenario: Scenario, profile: Mapping[str, Sequence[str]]) -> Scenario:
    """The scenario in which each member of some populations plays what it chose, checked anew.

    A population of several members becomes as many populations of one, called ``makers:0``, ``makers:1``, …, that
    arrive as often together as it did; one of one keeps its name. So a member keeps its stream whatever the others
    choose, and profiles are compared on common random numbers.

    Parameters
    ----------
    profile : for the name of a population, the strategy of ``[game.strategies]`` that each member plays.

    Raises
    ------
    ScenarioError
        If there is no such population or strategy, or the scenario has no game, or a population cannot be parted.
    ValueError
        If a population has another number of members.
    """
    parted: list[dict[str, Any]] = []
    choices: dict[str, str] = {}
    playing = {population.name: population for population in scenario.populations}
    for name, chosen in profile.items():
        if name not in playing:
            raise _unknown(scenario, "population", name, playing)
        if len(chosen) != playing[name].count:
            raise ValueError(f"population {name!r} has {playing[name].count} members, and {len(chosen)} choose")
    for given in scenario.given["populations"]:
        population = playing[given["name"]]
        chosen = profile.get(population.name, ())
        if len(chosen) < 2:
            choices |= dict.fromkeys([population.name] if chosen else [], *chosen)
            parted.append(given)
            continue
        for member, choice in enumerate(chosen):
            name = member_name(population.name, member, len(chosen))
            choices[name] = choice
            arrivals = _part_of(population, len(chosen), member)
            parted.append({**given, "name": name, "count": 1, **({"arrivals": arrivals} if arrivals else {})})
    whole = {**scenario.given, "populations": parted}
    return with_choices(
        parse({**whole, "game": _players(scenario, choices)}, scenario.source, scenario.folder), choices
    )


def _players(scenario: Scenario, choices: Mapping[str, str]) -> dict[str, Any]:
    """The game of the members that choose."""
    return {**scenario.given.get("game", {}), "players": list(choices)}


def member_name(population: str, member: int, members: int) -> str:
    """What a member's population is called once :func:`with_profile` has parted it from the others."""
    return population if members == 1 else f"{population}:{member}"


def _part_of(population: Population, members: int, member: int) -> dict[str, Any]:
    """How one member arrives, so that all together arrive as the population did."""
    law = population.arrivals
    if law is None:
        return {}
    given = law.model_dump(exclude_defaults=True)
    if law.law == "poisson":
        given["rate"] = law.rate / members
    elif law.law == "one_of" and law.share is not None:
        given["share"] = law.share / members
    return given


def _unknown(scenario: Scenario, what: str, name: str, right: Mapping[str, Any]) -> ScenarioError:
    problem = Problem("game", f"there is no {what} {name!r} in it", near_or_all(name, list(right)))
    return ScenarioError(scenario.source, [problem])
