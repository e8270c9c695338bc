"""Plain data as TOML, laid out as a person would write it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def to_toml(tree: Mapping[str, Any]) -> str:
    """Write a tree of tables, arrays, texts, numbers and switches as TOML.

    Tables of the top level get a ``[header]``, arrays of tables a ``[[header]]`` for each member; what lies deeper is
    written in braces. None is left out, as TOML has no word for it.

    Parameters
    ----------
    tree : mappings, sequences, str, bool, int, float and None.

    Raises
    ------
    TypeError
        If a value is of another type.

    Examples
    --------
    >>> print(to_toml({"title": "Two makers", "run": {"steps": 100}}))
    title = "Two makers"
    <BLANKLINE>
    [run]
    steps = 100
    <BLANKLINE>
    """
    top = {key: value for key, value in tree.items() if not _is_table(value) and not _is_tables(value)}
    blocks = [_lines(top)] if top else []
    for key, value in tree.items():
        if _is_table(value):
            blocks += _table(_key(key), value)
        elif _is_tables(value):
            blocks += [f"[[{_key(key)}]]\n{_lines(member)}" for member in value]
    return "\n".join(blocks)


def to_text(value: object) -> str:
    """One value as TOML writes it: ``0.5``, ``"adaptive"``, ``[1, 2]``."""
    return _value(value)


def _table(header: str, table: Mapping[str, Any]) -> list[str]:
    """A table's own keys, then under headers of their own the tables in it that hold nothing but tables."""
    deep = [key for key, value in table.items() if _is_table(value) and value and all(map(_is_table, value.values()))]
    flat = {key: value for key, value in table.items() if key not in deep}
    return [
        f"[{header}]\n{_lines(flat)}",
        *(block for key in deep for block in _table(f"{header}.{_key(key)}", table[key])),
    ]


def _lines(table: Mapping[str, Any]) -> str:
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in table.items() if value is not None)


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_tables(value: object) -> bool:
    return isinstance(value, (list, tuple)) and len(value) > 0 and all(map(_is_table, value))


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    # JSON escapes are a subset of TOML's, but for DEL, which JSON lets pass.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(key)} = {_value(held)}" for key, held in value.items() if held is not None)
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, Sequence):
        return f"[{', '.join(map(_value, value))}]"
    raise TypeError(f"TOML has no word for {type(value).__name__}")
