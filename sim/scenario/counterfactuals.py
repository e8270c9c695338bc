"""``[counterfactuals]``: what would be otherwise, as values by path. Each must give a scenario that can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sim.core.errors import Problem
from sim.core.wording import shown
from sim.scenario.overrides import Pairs, override, place_of
from sim.scenario.tables.market import Scenario

BASE = "base"  # the scenario as it is, among its counterfactuals


def otherwise(tree: dict[str, Any], changes: Pairs) -> list[Problem]:
    """Set a counterfactual's values in a scenario's plain data, and return what could not be set.

    Its other counterfactuals go, and so does a population whose count becomes 0, as if its table were not there.

    Parameters
    ----------
    tree : dictionaries and lists; changed in place.
    """
    tree.pop("counterfactuals", None)
    tree.pop("dashboard", None)  # it may show what a counterfactual leaves out
    problems = override(tree, changes)
    members = tree.get("populations")
    if isinstance(members, list):
        members[:] = [each for each in members if not (isinstance(each, Mapping) and _is_nought(each.get("count")))]
    return problems


def _is_nought(count: object) -> bool:
    return type(count) is int and count == 0


def counterfactual_problems(
    given: dict[str, Any], named: Mapping[str, Mapping[str, Any]], check: Callable[[Pairs], list[Problem]]
) -> list[Problem]:
    """Everything wrong with the counterfactuals of a scenario in which nothing else is.

    Parameters
    ----------
    given : what its file says.
    named : the values by path of each.
    check : says what is wrong with the scenario if values are set in it.
    """
    found = []
    for name, changes in named.items():
        where = f"counterfactuals.{name}"
        if name == BASE:
            found.append(Problem(where, f"{BASE!r} is what the scenario itself is called", "take another name"))
        wrong = [Problem(f"{where}: {path}", *said) for path, said in _wrong_paths(given, changes).items()]
        found += wrong or [
            Problem(f"{where}: {each.place}", each.message, each.remedy) for each in check(list(changes.items()))
        ]
    return found


def _wrong_paths(given: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """What is wrong with single paths, and the remedy."""
    found: dict[str, tuple[str, str]] = {}
    places: dict[tuple[str | int, ...], str] = {}
    for path, value in changes.items():
        place = place_of(given, path)
        first = path.partition(".")[0].partition("[")[0]
        if isinstance(value, Mapping) and first == path and path in Scenario.model_fields:
            example = ".".join([path, *_first_of(value)])
            found[path] = (
                "this is a table, not the path of a value",
                f"write the whole path in quotes: {shown(example)}",
            )
        elif first == "counterfactuals":
            found[path] = "a counterfactual changes the market, not the questions about it", "leave it out"
        elif place == ("run", "seed"):
            found[path] = (
                "the scenario and its counterfactuals run on the same seeds",
                "give the first of them by --seed",
            )
        elif place in places:
            found[path] = f"this is the same value as {shown(places[place])}", "leave one of them out"
        places.setdefault(place, path)
    return found


def _first_of(value: object) -> list[str]:
    """The keys that lead to the first value of tables in one another."""
    if not isinstance(value, Mapping) or not value:
        return []
    key, held = next(iter(value.items()))
    return [str(key), *_first_of(held)]
