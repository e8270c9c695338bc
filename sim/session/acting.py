"""Who acts otherwise than by the strategy of its population, in Python or driven from outside; agents by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sim.core.errors import Problem, ScenarioError
from sim.scenario import Scenario


def turns_of(agents: object) -> dict[str, Any]:
    """The functions that populations act by, looked at.

    Raises
    ------
    TypeError
        If it is no table of functions.
    """
    if not isinstance(agents, Mapping | None):
        raise TypeError(f"agents must be functions by population, {{'makers': act}}, not {agents!r:.60}")
    for name, act in (agents or {}).items():
        if not callable(act):
            raise TypeError(f"agents[{name!r}] must be a function of an agent, not {act!r:.60}")
    return dict(agents or {})


def check_populations(scenario: Scenario, outside: Sequence[str], agents: Mapping[str, Any]) -> None:
    """See that those who act otherwise than by a strategy are there, once, and those from outside at one turn.

    Raises
    ------
    ScenarioError
        With every problem.
    """
    known = {each.name: each for each in scenario.traders()}
    problems = [
        Problem(place, f"there is no population {name!r}; there are {', '.join(known)}")
        for place, names in (("outside", outside), ("agents", agents))
        for name in names
        if name not in known
    ]
    problems += [
        Problem(
            "outside", f"{name!r} is driven from outside and acts in Python", "name it in one of outside and agents"
        )
        for name in outside
        if name in agents
    ]
    turns = {name: known[name].turn for name in outside if name in known}
    if len(set(turns.values())) > 1:
        said = ", ".join(f"{name} has turn {turn}" for name, turn in turns.items())
        problems.append(
            Problem("outside", f"those driven from outside act at one turn, but {said}", "give them one turn")
        )
    if problems:
        raise ScenarioError(scenario.source, problems)


def row_of(scenario: Scenario, who: str) -> int:
    """The row of an agent by its name, as ``"makers 1"`` or ``"desk"`` where it is alone.

    Raises
    ------
    KeyError
        If there is none.
    """
    first = 0
    for population in scenario.populations:
        if who == population.name and population.count == 1:
            return first
        name, _, number = who.rpartition(" ")
        if name == population.name and number.isdecimal() and int(number) < population.count:
            return first + int(number)
        first += population.count
    known = ", ".join(f"{each.name} (0 to {each.count - 1})" for each in scenario.populations)
    raise KeyError(f"no agent {who!r:.60}; there are {known}")
