"""Equilibria at the edge of the choices: all players of a role choose the least, or the largest, number offered.

Numbers beyond the edge were not tried. So such an equilibrium may exist only because nothing further was offered.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from analysis.games.empirical.candidates import Candidate
from analysis.games.empirical.market import MarketGame
from sim.strategy_kit import registry
from sim.strategy_kit.declare import Parameter


class Edge(NamedTuple):
    """A number at the end of those that a role was offered, and that all of it play who play this strategy.

    Attributes
    ----------
    end : which of the numbers it is.
    """

    role: str
    parameter: str
    value: float
    end: Literal["least", "largest"]

    def __str__(self) -> str:
        beyond = "below" if self.end == "least" else "above"
        return f"{self.parameter} {self.value:.6g} is the {self.end} of your choices: what lies {beyond} was not tried"


def edges(game: MarketGame, candidate: Candidate) -> list[Edge]:
    """The edges at which a candidate is, except those at which the parameter reaches its own bound."""
    return [
        edge
        for place, role in enumerate(game.roles)
        for edge in _of_role(game, place, role.name, list(candidate.plays[role.name]))
    ]


def _of_role(game: MarketGame, place: int, role: str, played: list[str]) -> Iterator[Edge]:
    offered = {name: _whole(game, place, name) for name in game.roles[place].strategies}
    kinds = {offered[name][0] for name in played}
    if len(kinds) != 1:
        return
    kind = kinds.pop()
    alike = {name: params for name, (strategy, params) in offered.items() if strategy == kind}
    for name, parameter in registry.get(kind).parameters.items():
        if parameter.type not in (int, float):
            continue
        numbers = [float(params[name]) for params in alike.values()]
        chosen = {float(alike[each][name]) for each in played}
        if len(chosen) == 1 and min(numbers) < max(numbers):
            value = chosen.pop()
            if value == min(numbers) and not _ends(parameter, value, "least"):
                yield Edge(role, name, value, "least")
            elif value == max(numbers) and not _ends(parameter, value, "largest"):
                yield Edge(role, name, value, "largest")


def _whole(game: MarketGame, place: int, name: str) -> tuple[str, dict[str, Any]]:
    """Which strategy a choice plays, with all of its parameters."""
    playing = next(each for each in game.scenario.populations if each.name == game.population(place))
    settings = dict(game.settings((place, name)))
    kind = settings.pop("strategy", None)
    own = {} if kind else playing.params
    return kind or playing.strategy, dict(registry.get(kind or playing.strategy).resolve({**own, **settings}))


def _ends(parameter: Parameter, value: float, end: Literal["least", "largest"]) -> bool:
    """Whether nothing further may be written at all."""
    if end == "least":
        return parameter.low is not None and value <= parameter.low
    return parameter.high is not None and value >= parameter.high
