"""From pydantic's errors to sentences: the place as the user wrote it, the value, what is allowed, the nearest name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import ValidationError

from sim.core.errors import Problem
from sim.core.wording import near, near_or_all, number, shown
from sim.scenario.tables.kinds import field_kind, inside, tables, tag
from sim.scenario.tables.market import Scenario
from sim.scenario.tables.table import NAME, Table


class Places:
    """Writes paths into a scenario as its user reads them: members of arrays by name, where they have one of their own.

    Examples
    --------
    >>> Places({"venues": ({"name": "lit"}, {})})(("venues", 0, "tick_size"))
    'venues.lit.tick_size'
    """

    def __init__(self, tree: Mapping[str, Any], origins: Mapping[tuple[str, int], int] | None = None) -> None:
        self._tree = tree
        self.origins = origins or {}  # of what chains added: by array and place in it, the number of the chain
        self._names: dict[int, list[str]] = {}  # of the members of each array that was asked for

    def __call__(self, path: Sequence[str | int]) -> str:
        """The path as one text."""
        here: object = self._tree
        text = ""
        chain = self.origins.get((str(path[0]), int(path[1]))) if len(path) > 1 and str(path[1]).isdigit() else None
        if chain is not None:
            path = ("chains", chain, *_in_a_chain(path))
        for part in path:
            if isinstance(part, int):
                names = self._names.get(id(here))
                if names is None:
                    names = self._names[id(here)] = own_names(here)
                text += f".{names[part]}" if names and names[part] else f"[{part}]"
                here = here[part] if isinstance(here, (tuple, list)) else None
            else:
                word = part if NAME.fullmatch(part) else shown(part)
                text += f".{word}" if text else word
                here = here.get(part) if isinstance(here, Mapping) else None
        return text


def _in_a_chain(path: Sequence[str | int]) -> tuple[str | int, ...]:
    """Where a chain says what its options or their books are wrong in."""
    if path[0] == "venues":
        return ("venue", *path[2:])
    key = path[3] if len(path) > 3 and path[2] == "derivative" else "of"
    return ({"expiry": "expiries", "strike": "strikes"}.get(str(key), key),)


def own_names(members: object) -> list[str]:
    """For each member of an array the name that tells it from the others, or an empty string."""
    if not isinstance(members, (tuple, list)):
        return []
    names = [member.get("name") if isinstance(member, Mapping) else None for member in members]
    texts = [name if isinstance(name, str) and NAME.fullmatch(name) else "" for name in names]
    held = Counter(texts)
    return [text if held[text] == 1 else "" for text in texts]


def problems_of(error: ValidationError, places: Places) -> list[Problem]:
    """One problem for each thing that pydantic found wrong with what ``places`` writes paths into."""
    found: list[Problem] = []
    for entry in error.errors(include_url=False):
        if entry["type"] == "too_short" and entry["input"]:
            continue  # pydantic counts the right members only; the wrong ones are reported already
        path, around, kind = _trace(entry["loc"])
        context = entry.get("ctx", {})
        value = entry["input"]
        if entry["type"].startswith("union_tag"):  # pydantic blames the table; the user wrote, or forgot, one key of it
            key = context["discriminator"].strip("'")
            path, value = (*path, key), value.get(key)
        message, remedy = _worded(entry["type"], context, value, path, around, kind)
        found.append(Problem(places(path), message or entry["msg"], remedy))
    return found


def _trace(loc: Sequence[str | int]) -> tuple[tuple[str | int, ...], type[Table] | None, Any]:
    """The path in the file behind pydantic's, the table that holds its last key, and the kind of what it leads to.

    Pydantic's path also names the table chosen among several: ``instruments, 0, value, random_walk, drift``.
    """
    kind: Any = Scenario
    path: list[str | int] = []
    around: type[Table] | None = None
    for part in loc:
        if part == "[key]":  # the key itself is wrong, not what it holds
            break
        options = tables(kind)
        chosen = [option for option in options if len(options) > 1 and (tag(option) or ("", ""))[1] == part]
        if chosen:
            kind = chosen[0]
            continue
        path.append(part)
        around = options[0] if len(options) == 1 else None
        info = around.model_fields.get(str(part)) if around else None
        kind = field_kind(info) if info else inside(kind)
    return tuple(path), around, kind


_TYPES = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text in quotes",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "finite_number": "a finite number",
    "string_unicode": "text that can be written to a file",
}
_LIMITS = {
    "greater_than": ("gt", "is not above"),
    "greater_than_equal": ("ge", "is below the least allowed,"),
    "less_than": ("lt", "is not below"),
    "less_than_equal": ("le", "is above the most allowed,"),
}


def _worded(
    error: str,
    context: Mapping[str, Any],
    value: object,
    path: Sequence[str | int],
    around: type[Table] | None,
    kind: Any,
) -> tuple[str, str]:
    """What is wrong, and the remedy."""
    if error == "tuple_type" and isinstance(value, Mapping) and tables(inside(kind)):
        name = ".".join(part for part in path if isinstance(part, str))
        return f"{shown(value)} is not a list of tables", f"write [[{name}]], with two brackets"
    if error in _TYPES:
        return f"{shown(value)} is not {_TYPES[error]}", ""
    if error in _LIMITS:
        key, words = _LIMITS[error]
        return f"{shown(value)} {words} {number(context[key])}", ""
    if error == "multiple_of":
        return f"{shown(value)} is not a multiple of {number(context['multiple_of'])}", ""
    if error == "too_long":
        most = number(context["max_length"])
        return f"has {number(context['actual_length'])} entries; at most {most} are possible", ""
    if error in ("too_short", "string_too_short"):
        return "is empty; at least one is needed" if error == "too_short" else "is empty", ""
    if error in ("literal_error", "union_tag_invalid"):
        allowed = re.findall(r"'([^']*)'", context.get("expected", context.get("expected_tags", "")))
        return f"{shown(value)} is not one of {', '.join(allowed)}", near(value, allowed)
    if error == "union_tag_not_found":
        said = [pair[1] for table in tables(kind) if (pair := tag(table))]
        return "is missing", f"write one of {', '.join(said)}"
    if error == "missing" and around:
        return "is missing", around.model_fields[str(path[-1])].description or ""
    if error == "extra_forbidden" and around:
        key, right = str(path[-1]), list(around.model_fields)
        return "there is no such key", near(key, right) or _home(key) or near_or_all(key, right)
    return "", ""  # "refused" and what pydantic may yet invent: its own message


def _home(key: str) -> str:
    """Where a key belongs that was written in another table, as happens below the wrong [header]."""
    if key in ("title", "question"):
        return f"{key!r} belongs at the top of the file, before the first [table]"
    if key in Scenario.model_fields:
        return f"{key!r} is a table of its own, beside this one"
    return f"{key!r} belongs in {_headers()[key]}" if key in _headers() else ""


@cache
def _headers() -> dict[str, str]:
    """By key, the header of the first table of the vocabulary that has it."""
    found: dict[str, str] = {}
    for name, info in Scenario.model_fields.items():
        kind = field_kind(info)
        for table, header in [(tables(kind), f"[{name}]"), (tables(inside(kind)), f"[[{name}]]")]:
            for key in table[0].model_fields if table else ():
                found.setdefault(key, header)
    return found
