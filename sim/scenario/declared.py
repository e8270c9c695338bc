"""What may stand at a path of a scenario: the kind of value, its bounds, its meaning, and what stands there.

Keys of tables are declared by the vocabulary, what stands in ``params`` by the strategy of the population.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.core.errors import Problem
from sim.core.wording import near_or_all, shown
from sim.scenario.messages import own_names
from sim.scenario.overrides import NotThere, in_full, index_of, kind_of, parts_of, place_of
from sim.scenario.tables.kinds import TAGS, inside, meant, schema_of, tables
from sim.scenario.tables.market import Scenario
from sim.scenario.tables.table import Table

if TYPE_CHECKING:
    from sim.strategy_kit.declare import Strategy

_CHANGED = ("populations", "instruments", "venues")  # arrays whose values a page offers where nobody says which
_FIXED = (
    "this cannot be changed on the page",
    "name a number, one of some choices, or what is true or false",
)
_OF_THE_PAGE = {  # what has another place on the page, or none
    "run.seed": ("the page has a box for the seed", "leave it out"),
    "record.agents": ("the page shows nothing of it", "leave it out"),
    "record.episodes": ("the page shows nothing of it", "leave it out"),
    "record.messages": ("the page shows nothing of it", "leave it out"),
}
_LEFT = ("name", "turn", "of", *TAGS)  # keys that say what a table is, or when it has its turn


@dataclass(frozen=True)
class Declared:
    """A value of a scenario: a number, or one of some choices.

    Attributes
    ----------
    path : as it was asked for, or the shortest.
    value : what the file sets, or the default.
    whole : whether only whole numbers may stand there.
    low, high : bounds; None where there is none. ``open_low`` and ``open_high``: the bound itself may not stand there.
    choices : of a value that is no number.
    """

    path: str
    value: bool | int | float | str
    meaning: str
    unit: str = ""
    whole: bool = False
    low: float | None = None
    high: float | None = None
    open_low: bool = False
    open_high: bool = False
    choices: tuple[bool | str, ...] = ()


def declared(given: dict[str, Any], path: str) -> Declared:
    """What may stand at a path.

    Parameters
    ----------
    given : what a scenario's file says, in which nothing is wrong.

    Raises
    ------
    NotThere
        If the path leads nowhere, to no number and no choice, or to a value that is left open.
    """
    parts = in_full(given, parts_of(path))
    here: Any = given
    kind: Any = Scenario
    for depth, part in enumerate(parts):
        last = depth + 1 == len(parts)
        if isinstance(here, list):
            here, kind = here[index_of(here, part)], inside(kind)
            if last:
                raise NotThere("this is a table, not a value", "write the path of one of its values")
        elif last:
            return _leaf(path, given, parts, here, kind)
        else:
            name = str(part)
            around = kind
            kind = kind_of(here, kind, name)
            here = here.get(name, _nothing_said(around, name) if tables(kind) else {})
            if here is None:
                raise NotThere(f"{name!r} is not in the scenario", "write it there first")
    raise NotThere("this leads nowhere", "write for example makers.count")


def _nothing_said(kind: Any, name: str) -> dict[str, Any] | None:
    """What stands for a table that was left out: an empty one where it has a default, else None."""
    options = tables(kind)
    info = options[0].model_fields.get(name) if len(options) == 1 else None
    return {} if info is not None and isinstance(info.get_default(call_default_factory=True), Table) else None


def _leaf(path: str, given: dict[str, Any], parts: list[str | int], here: Any, kind: Any) -> Declared:
    name = str(parts[-1])
    if not isinstance(here, dict):
        raise NotThere(f"{shown(here)} has nothing in it")
    if len(parts) == 4 and parts[0] == "populations" and parts[2] == "params":
        return _parameter(
            path, _strategy_of(given["populations"][index_of(given["populations"], parts[1])]), name, here
        )
    found = kind_of(here, kind, name)
    table = meant(kind, here)
    info = table.model_fields[name] if table else None
    value = here.get(name, info.get_default(call_default_factory=True) if info and not info.is_required() else None)
    if value is None:
        raise NotThere("the scenario leaves this open", f"write a value for {name} there first")
    if tables(found) or tables(inside(found)) or not isinstance(value, bool | int | float | str):
        raise NotThere(*_FIXED)
    meaning = (info.description or "") if info else ""
    return _of_schema(path, value, meaning, schema_of(found))


def _strategy_of(population: Mapping[str, Any]) -> Strategy:
    from sim.strategy_kit import registry  # slower to import than everything else here

    return registry.get(str(population["strategy"]))


def _parameter(path: str, strategy: Strategy, name: str, params: Mapping[str, Any]) -> Declared:
    if name not in strategy.parameters:
        raise NotThere(
            f"strategy {strategy.name!r} has no parameter {shown(name)}", near_or_all(name, strategy.parameters)
        )
    parameter = strategy.parameters[name]
    value: Any = params.get(name, parameter.default)
    if parameter.type is tuple or parameter.form:
        raise NotThere(*_FIXED)
    meaning, unit = parameter.meaning, parameter.unit
    if parameter.type is bool:
        return Declared(path, value, meaning, unit, choices=(False, True))
    if parameter.choices:
        return Declared(path, value, meaning, unit, choices=parameter.choices)
    low = parameter.low if parameter.above is None else parameter.above
    return Declared(
        path, value, meaning, unit, parameter.type is int, low, parameter.high, open_low=parameter.above is not None
    )


def _of_schema(path: str, value: bool | int | float | str, meaning: str, schema: Mapping[str, Any]) -> Declared:
    """What a JSON Schema says may stand there."""
    options = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    for each in options:
        if each.get("type") == "boolean" and isinstance(value, bool):
            return Declared(path, value, meaning, choices=(False, True))
        if len(each.get("enum", ())) > 1 and isinstance(value, str):
            return Declared(path, value, meaning, choices=tuple(each["enum"]))
        if each.get("type") in ("integer", "number") and isinstance(value, int | float) and not isinstance(value, bool):
            low, high = each.get("minimum"), each.get("maximum")
            above, below = each.get("exclusiveMinimum"), each.get("exclusiveMaximum")
            return Declared(
                path, value, meaning, whole=each["type"] == "integer",
                low=low if above is None else above, high=high if below is None else below,
                open_low=above is not None, open_high=below is not None,
            )  # fmt: skip
    raise NotThere(*_FIXED)


def declared_in(given: dict[str, Any]) -> Iterator[Declared]:
    """The values that a file sets for populations, instruments and venues, in this order, and may be changed."""
    for array in _CHANGED:
        members = given.get(array, ())
        names = own_names(list(members))
        for index, member in enumerate(members):
            head = names[index] or f"{array}[{index}]"
            if names[index] and _leads_elsewhere(given, names[index], array):
                head = f"{array}.{names[index]}"
            for tail in _leaves(member, ""):
                try:
                    yield declared(given, f"{head}{tail}")
                except NotThere:
                    continue


def _leads_elsewhere(given: dict[str, Any], name: str, array: str) -> bool:
    try:
        return in_full(given, [name])[0] != array
    except NotThere:
        return True


def _leaves(table: Mapping[str, Any], head: str) -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{head}.{key}")
        elif isinstance(value, bool | int | float | str) and key not in _LEFT:
            yield f"{head}.{key}"


def control_problems(given: dict[str, Any], controls: tuple[str, ...]) -> list[Problem]:
    """What is wrong with the controls of ``[dashboard]``, in a scenario in which nothing else is."""
    found = []
    values = [place_of(given, path) for path in controls]
    for place, path in enumerate(controls):
        where = f"dashboard.controls[{place}]: {path}"
        if values[place] in values[:place]:
            other = controls[values.index(values[place])]
            as_what = "" if other == path else f", also as {other}"
            found.append(Problem(where, f"this value is listed twice{as_what}", "leave one of them out"))
            continue
        try:
            full = ".".join(map(str, in_full(given, parts_of(path))))
            if full in _OF_THE_PAGE:
                raise NotThere(*_OF_THE_PAGE[full])
            declared(given, path)
        except NotThere as wrong:
            found.append(Problem(where, *wrong.args))
    return found
