"""Which table stands where in a scenario: the vocabulary's types, read by what explains and overrides files."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from sim.scenario.tables.table import Table, Unreadable

# By the address of what is kept with it: kinds have no hash, and live as long as the vocabulary.
_field_kinds: dict[int, tuple[FieldInfo, Any]] = {}
_adapters: dict[int, tuple[Any, TypeAdapter[Any]]] = {}
_schemas: dict[int, tuple[Any, dict[str, Any]]] = {}
TAGS = ("process", "law", "distribution", "kind")  # keys that say which table of several is meant


def bare(kind: Any) -> Any:
    """``kind`` without its ``Annotated`` wrapping."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return kind


def tables(kind: Any) -> list[type[Table]]:
    """The tables that may stand where ``kind`` is asked for: none, one, or several told apart by a tag."""
    kind = bare(kind)
    if get_origin(kind) in (Union, UnionType):
        return [table for option in get_args(kind) for table in tables(option)]
    return [kind] if isinstance(kind, type) and issubclass(kind, Table) else []


def tag(table: type[Table]) -> tuple[str, str] | None:
    """The key that tells this table from its sisters, and what it then says."""
    for key in TAGS:
        if key in table.model_fields:
            return key, get_args(table.model_fields[key].annotation)[0]
    return None


def meant(kind: Any, raw: object) -> type[Table] | None:
    """The table that ``raw`` is meant to be, or None where that cannot be told."""
    options = tables(kind)
    if len(options) > 1 and isinstance(raw, Mapping):
        options = [option for option in options if (said := tag(option)) and raw.get(said[0]) == said[1]]
    return options[0] if len(options) == 1 else None


def inside(kind: Any) -> Any:
    """What the members of an array or the values of a free table are; None if ``kind`` is neither."""
    origin = get_origin(bare(kind))
    return get_args(bare(kind))[0 if origin is tuple else 1] if origin in (tuple, dict) else None


def field_kind(info: FieldInfo) -> Any:
    """A field's type with all its limits, as pydantic takes it; the same for the same field."""
    if id(info) not in _field_kinds:
        _field_kinds[id(info)] = info, Annotated[cast(Any, info.annotation), info]
    return _field_kinds[id(info)][1]


def _adapter(kind: Any) -> TypeAdapter[Any]:
    """What reads a kind: made once, as making it takes longer than reading."""
    if id(kind) not in _adapters:
        # A table brings its own configuration, and pydantic accepts no second one.
        config = None if tables(kind) == [bare(kind)] else ConfigDict(strict=True, allow_inf_nan=False)
        _adapters[id(kind)] = kind, TypeAdapter(kind, config=config)
    return _adapters[id(kind)][1]


def schema_of(kind: Any) -> dict[str, Any]:
    """The JSON Schema of a kind: its type, bounds and choices."""
    if id(kind) not in _schemas:
        _schemas[id(kind)] = kind, _adapter(kind).json_schema()
    return _schemas[id(kind)][1]


def readable(kind: Any, raw: object) -> Any:
    """Read ``raw`` as ``kind``, keeping what is right of tables that are partly wrong.

    Raises
    ------
    Unreadable
        If nothing can be kept. Of a table that was kept, a wrong field raises it when it is asked for.
    """
    try:
        return _adapter(kind).validate_python(raw)
    except ValidationError:
        pass
    table = meant(kind, raw)
    if table is not None:
        return _partial(table, raw)
    member = inside(kind)
    if isinstance(raw, tuple) and tables(member):
        return tuple(readable(member, item) for item in raw)
    if isinstance(raw, Mapping) and get_origin(bare(kind)) is dict:
        kept = {}
        for key, held in raw.items():
            with suppress(Unreadable):
                kept[readable(get_args(bare(kind))[0], key)] = readable(member, held)
        return kept
    raise Unreadable


def _partial(table: type[Table], raw: object) -> Table:
    given = raw if isinstance(raw, Mapping) else dict.fromkeys(table.model_fields)
    kept: dict[str, Any] = {}
    for name, info in table.model_fields.items():
        if name not in given and not info.is_required():
            kept[name] = info.get_default(call_default_factory=True)
        elif name in given and isinstance(raw, Mapping):
            with suppress(Unreadable):
                kept[name] = readable(field_kind(info), given[name])
    partial = table.model_construct(**kept)
    for name in table.model_fields.keys() - kept.keys():
        partial.__dict__.pop(name, None)  # model_construct puts a default where a field is left out
    return partial
