"""Changing a scenario by path: ``makers.params.half_spread=0.05``, as ``--set``, grids and games write it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sim.core.errors import Problem
from sim.core.wording import near_or_all, shown
from sim.scenario.messages import own_names
from sim.scenario.tables.kinds import field_kind, inside, meant, tables
from sim.scenario.tables.market import Scenario

Overrides = Mapping[str, Any] | Iterable[str]
Pairs = Sequence[tuple[str, Any]]

_PATH = re.compile(r"[^.\[\]]+(\.[^.\[\]]+|\[\d{1,9}\])*")
_PART = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_NOTHING = object()
_ARRAYS = [name for name, info in Scenario.model_fields.items() if tables(inside(field_kind(info)))]


class NotThere(Exception):
    """Nothing is, or can be set, where a path leads: what is wrong, and the remedy."""


def pairs_of(overrides: Overrides) -> Pairs:
    """Paths and values of a mapping of paths to values, or of texts ``path=value``.

    The value of a text is written as in TOML, but may go without its quotes.
    """
    if isinstance(overrides, Mapping):
        return [(str(path), value) for path, value in overrides.items()]
    if isinstance(overrides, str) or not isinstance(overrides, Iterable):
        raise TypeError(
            f'overrides must be values by path, {{"run.steps": 100}}, or texts of them, not {overrides!r:.60}'
        )
    return [_split(str(text)) for text in overrides]


def override(tree: dict[str, Any], pairs: Pairs) -> list[Problem]:
    """Set values in a scenario's plain data, in order, and return what could not be set.

    Parameters
    ----------
    tree : dictionaries and lists; changed in place.
    pairs : paths and values, from :func:`pairs_of`. Members of arrays go by name, or by number counted from 0
        (``populations[0]``); the name of the array may be left out where no other array has a member of that name.
    """
    problems = []
    for path, value in pairs:
        try:
            if value is _NOTHING:
                raise _no_path()
            _put(tree, Scenario, in_full(tree, parts_of(path)), value)
        except NotThere as refused:
            problems.append(Problem(path if len(path) <= 100 else shown(path), *refused.args))
    return problems


def _no_path() -> NotThere:
    return NotThere("this does not say path=value", "write for example run.steps=1000")


def parts_of(path: str) -> list[str | int]:
    """A path's names, and the numbers that stand in brackets.

    Raises
    ------
    NotThere
        If it is no path.
    """
    if not _PATH.fullmatch(path):
        raise _no_path()
    return [int(index) if index else name for index, name in _PART.findall(path)]


def _split(text: str) -> tuple[str, Any]:
    path, equals, value = text.partition("=")
    return path.strip(), parsed(value.strip()) if equals else _NOTHING


def parsed(text: str) -> Any:
    """A value written as in TOML; a text may go without its quotes."""
    try:
        read = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    # Nothing here is ever a date, and a line break must not smuggle in a second key.
    return read["value"] if len(read) == 1 and isinstance(read["value"], (bool, int, float, str, list, dict)) else text


def place_of(tree: dict[str, Any], path: str) -> tuple[str | int, ...]:
    """Where a path leads to, told alike however it is written; the path itself where it leads nowhere."""
    try:
        parts = in_full(tree, [int(index) if index else name for index, name in _PART.findall(path)])
        here: Any = tree
        for depth, part in enumerate(parts):
            if isinstance(here, list):
                parts[depth] = place = index_of(here, part)
                here = here[place]
            else:
                here = here.get(part) if isinstance(here, dict) else None
        return tuple(parts)
    except (NotThere, IndexError):
        return (path,)


def in_full(tree: dict[str, Any], parts: Sequence[str | int]) -> list[str | int]:
    """The path with the name of the array put in front where it was left out."""
    first = parts[0]
    if first in Scenario.model_fields:
        return list(parts)
    named = {array: own_names(tree.get(array)) for array in _ARRAYS}
    homes = [array for array in _ARRAYS if first in named[array]]
    if len(homes) > 1:
        raise NotThere(
            f"{first!r} is the name of more than one thing", "write " + " or ".join(f"{h}.{first}" for h in homes)
        )
    if not homes:
        right = [*Scenario.model_fields, *(name for array in _ARRAYS for name in named[array])]
        raise NotThere(f"the scenario has no {first!r}", near_or_all(first, right))
    return [homes[0], *parts]


def _put(here: Any, kind: Any, parts: Sequence[str | int], value: Any) -> None:
    """Set ``here[parts[0]][parts[1]]… = value``, making the tables on the way that the vocabulary has."""
    part, rest = parts[0], parts[1:]
    key: Any
    if isinstance(here, list):
        key, deeper = index_of(here, part), inside(kind)
    elif isinstance(here, dict) and isinstance(part, str):
        key, deeper = part, kind_of(here, kind, part)
    else:
        raise NotThere(f"{shown(here)} has nothing in it that could be set as {part!r}")
    if rest:
        # An array has no members to make up; a table is put in its place only once something in it was set.
        held = here[key] if isinstance(here, list) else here.get(key, [] if tables(inside(deeper)) else {})
        _put(held, deeper, rest, value)
        value = held
    here[key] = value


def index_of(members: list[Any], part: str | int) -> int:
    """The place of a member in an array, by its name or its number.

    Raises
    ------
    NotThere
        If there is none.
    """
    if isinstance(part, int):
        if part >= len(members):
            raise NotThere(f"there is no member [{part}]", f"there are {len(members)}, counted from 0")
        return part
    names = own_names(members)
    if part not in names and members and not any(names):
        raise NotThere(f"there is no {part!r}", f"its members have no names: write [0] to [{len(members) - 1}]")
    if part not in names:
        raise NotThere(f"there is no {part!r}", near_or_all(part, filter(None, names)))
    return names.index(part)


def kind_of(here: dict[str, Any], kind: Any, key: str) -> Any:
    """What the vocabulary has under ``key``; a free table, such as ``params``, takes any."""
    options = tables(kind)
    if not options:
        return inside(kind)
    table = meant(kind, here)
    fields = {name: info for option in ([table] if table else options) for name, info in option.model_fields.items()}
    if key not in fields:
        raise NotThere(f"there is no key {key!r}", near_or_all(key, fields))
    return field_kind(fields[key])
