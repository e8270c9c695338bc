"""The experiments of the scoreboard, by name and in the order in which it shows them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from analysis.theory.markets import Markets
from analysis.theory.rows import Row
from sim.kept.version import CODE, version_of

_MODULES = (
    "spreads.glosten_milgrom",
    "spreads.order_cost",
    "spreads.copeland_galai",
    "spreads.kyle",
    "spreads.inventory",
    "spreads.sniping",
    "spreads.dennert",
    "spreads.spread_game",
    "zero_intelligence.zero_intelligence",
    "zero_intelligence.wah_wellman",
    "reflexivity.brock_hommes",
    "reflexivity.feedback",
    "reflexivity.herds",
    "reflexivity.structural_volatility",
    "reflexivity.self_exciting",
    "reflexivity.flash_crash",
    "options.payments",
    "options.hedging",
    "options.cross_hedge",
    "options.auctions",
    "options.quotes",
    "options.risk",
    "options.kelly",
    "pools.rebalancing",
)


@dataclass(frozen=True)
class Experiment:
    """Markets to run, and the claims to hold them to."""

    name: str
    title: str
    play: Callable[[Markets], list[Row]]
    room: str = ""  # of analysis/theory, in which it is
    code: str = CODE  # the version of what its rows pass through, as it was when that was imported


@cache
def _version(module: str) -> str:
    return version_of("analysis.theory.board", module)


def experiment(title: str) -> Callable[[Callable[[Markets], list[Row]]], Experiment]:
    """Make an experiment of the decorated function, which keeps its name."""

    def make(play: Callable[[Markets], list[Row]]) -> Experiment:
        name = play.__name__

        def named(markets: Markets) -> list[Row]:
            return [replace(row, experiment=name) for row in play(markets)]

        return Experiment(name, title, named, play.__module__.split(".")[-2], _version(play.__module__))

    return make


@cache
def all_experiments() -> dict[str, Experiment]:
    """Every experiment by name."""
    modules = [importlib.import_module(f"analysis.theory.{name}") for name in _MODULES]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Experiment)]
    return {each.name: each for each in found}


def chosen(names: list[str]) -> list[Experiment]:
    """The experiments that are named, or whose names begin so, or which are in that room; all without a name.

    Raises
    ------
    RunError
        If a name is none of them.
    """
    from sim.core.errors import RunError
    from sim.core.wording import near_or_all

    known = all_experiments()
    picked: dict[str, Experiment] = {}
    for name in names:
        of_name = {key: each for key, each in known.items() if name in (key, each.room) or key.startswith(f"{name}_")}
        if not of_name:
            raise RunError(f"there is no experiment {name!r} — {near_or_all(name, list(known))}")
        picked |= of_name
    return list((picked or known).values())
