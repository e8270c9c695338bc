"""A scenario as it is when its players have chosen among the strategies of its game."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.errors import Problem, ScenarioError
from sim.scenario import parse
from sim.scenario.vocabulary import Scenario
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


def _unknown(scenario: Scenario, what: str, name: str, right: Mapping[str, Any]) -> ScenarioError:
    problem = Problem("game", f"there is no {what} {name!r} in it", near_or_all(name, list(right)))
    return ScenarioError(scenario.source, [problem])
