"""The arrays of a World as compiled code sees them: types of our own, narrower and faster than Numba's arrays.

A Numba array is seven words that every call passes on, and its indices may be negative, which costs a comparison at
each access. A :class:`TableType` is a pointer and a length; a World is one address, from which a function loads the
tables it names. Imported only where code is compiled.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.cgutils import create_struct_proxy, do_boundscheck
from numba.core.imputils import lower_builtin, lower_getattr_generic
from numba.core.typing.templates import AbstractTemplate, AttributeTemplate, infer_getattr, infer_global
from numba.core.typing.templates import signature as typed
from numba.extending import intrinsic, models, register_model
from numba.np.numpy_support import from_dtype

from sim.core.compiled import config


def _struct(context: Any, builder: Any, table_type: Any, value: Any = None) -> Any:
    """A table's two words, to read or to fill."""
    return create_struct_proxy(table_type)(context, builder, value=value)


class TableType(types.Type):
    """An array as a pointer and a length, indexed by non-negative numbers only.

    Indices are checked where ``NUMBA_BOUNDSCHECK=1`` asks for it: IndexError then, and foreign memory otherwise. So
    whatever comes from outside is checked where it comes in.
    """

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        super().__init__(name=f"Table({dtype})")


@register_model(TableType)
class _TableModel(models.StructModel):
    def __init__(self, data_model_manager: Any, numba_type: Any) -> None:
        members = [("data", types.CPointer(numba_type.dtype)), ("length", types.int64)]
        super().__init__(data_model_manager, numba_type, members)


@infer_global(operator.getitem)
class _GetItem(AbstractTemplate):
    def generic(self, arguments: Any, keywords: Any) -> Any:
        if len(arguments) == 2 and isinstance(arguments[0], TableType) and isinstance(arguments[1], types.Integer):
            return typed(arguments[0].dtype, arguments[0], types.int64)
        return None


@infer_global(operator.setitem)
class _SetItem(AbstractTemplate):
    def generic(self, arguments: Any, keywords: Any) -> Any:
        if isinstance(arguments[0], TableType) and isinstance(arguments[1], types.Integer):
            return typed(types.none, arguments[0], types.int64, arguments[0].dtype)
        return None


@infer_global(len)
class _Length(AbstractTemplate):
    def generic(self, arguments: Any, keywords: Any) -> Any:
        if len(arguments) == 1 and isinstance(arguments[0], TableType):
            return typed(types.int64, *arguments)
        return None


def _place(context: Any, builder: Any, table_type: Any, table: Any, index: Any) -> Any:
    """Pointer to an element: to a record's bytes, or to a scalar."""
    held = _struct(context, builder, table_type, table)
    if config.BOUNDSCHECK:
        do_boundscheck(context, builder, index, held.length)
    if isinstance(table_type.dtype, types.Record):
        record = context.get_value_type(table_type.dtype)
        return builder.gep(builder.bitcast(held.data, record), [index])
    return builder.gep(held.data, [index])


@lower_builtin(operator.getitem, TableType, types.int64)
def _get_item(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
    place = _place(context, builder, sig.args[0], *arguments)
    if isinstance(sig.args[0].dtype, types.Record):
        return place
    return context.unpack_value(builder, sig.args[0].dtype, place)


@lower_builtin(operator.setitem, TableType, types.int64, types.Any)
def _set_item(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
    place = _place(context, builder, sig.args[0], *arguments[:2])
    context.pack_value(builder, sig.args[0].dtype, arguments[2], place)
    return context.get_dummy_value()


@lower_builtin(len, TableType)
def _length(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
    return _struct(context, builder, sig.args[0], arguments[0]).length


def tables(name: str, dtypes: dict[str, np.dtype[Any]]) -> tuple[Any, Any, Any, Any]:
    """A compiled type whose value is the address of a list of (pointer, length), a pair for each of some arrays.

    Returns ``attach(address)`` and its inverse, then ``close(world)`` and its inverse. An attribute of the result of
    ``attach`` is that array, as a :class:`TableType`. What ``close`` returns has no attributes: whoever is handed it
    can read and write nothing but through functions that open it. Passing thirty arrays to a function by value costs
    more than most functions here do; this passes one word, and a function loads the arrays it names. The loads are
    marked invariant: the list changes only while no compiled code runs.
    """
    world_type = type(f"{name}Type", (types.Type,), {"__init__": lambda self: types.Type.__init__(self, name=name)})
    arrays = {field: TableType(from_dtype(dtype)) for field, dtype in dtypes.items()}
    places = {field: place for place, field in enumerate(dtypes)}

    @register_model(world_type)
    class _Model(models.PrimitiveModel):
        def __init__(self, data_model_manager: Any, numba_type: Any) -> None:
            super().__init__(data_model_manager, numba_type, ir.IntType(64))

    @infer_getattr
    class _Attributes(AttributeTemplate):
        key = world_type

        def generic_resolve(self, value: Any, field: str) -> Any:  # type: ignore[override]
            return arrays.get(field)

    @lower_getattr_generic(world_type)
    def _load(context: Any, builder: Any, value_type: Any, value: Any, field: str) -> Any:
        i64 = ir.IntType(64)
        pairs = builder.inttoptr(value, i64.as_pointer())
        words = []
        for place in (2 * places[field], 2 * places[field] + 1):
            load = builder.load(builder.gep(pairs, [ir.Constant(i64, place)]))
            load.set_metadata("invariant.load", builder.module.add_metadata([]))
            words.append(load)
        table = _struct(context, builder, arrays[field])
        table.data = builder.inttoptr(words[0], table.data.type)
        table.length = words[1]
        return table._getvalue()

    return _crossings(world_type(), _Model)


def _crossings(instance: Any, model: Any) -> tuple[Any, Any, Any, Any]:
    """``attach``, ``address_of``, ``close`` and ``opened`` of the type made by :func:`tables`."""

    @intrinsic
    def attach(typing_context, address):
        return instance(types.int64), _same_word

    @intrinsic
    def address_of(typing_context, world):
        return types.int64(instance), _same_word

    view = type("ViewType", (types.Type,), {"__init__": lambda self: types.Type.__init__(self, name="Market")})
    register_model(view)(model)
    closed = view()

    @intrinsic
    def close(typing_context, world):
        return closed(instance), _same_word

    @intrinsic
    def opened(typing_context, market):
        return (instance(market), _same_word) if market in (instance, closed) else None

    return attach, address_of, close, opened


def _same_word(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """A World, a view of it and its address are one word: to the compiler alone they differ."""
    return arguments[0]


@intrinsic
def record_in(typing_context, table, offset, dtype):
    """The record of type ``dtype`` that begins ``offset`` bytes into a table of bytes."""
    kind = dtype.dtype

    def code(context, builder, signature, arguments):
        place = _place(context, builder, signature.args[0], *arguments[:2])
        return builder.bitcast(place, context.get_value_type(kind))

    return kind(table, types.int64, dtype), code


class ReadOnlyRecordType(types.Type):
    """A record whose fields can be read and not written."""

    def __init__(self, record: Any) -> None:
        self.record = record
        super().__init__(name=f"ReadOnly({record})")


@register_model(ReadOnlyRecordType)
class _ReadOnlyModel(models.PrimitiveModel):
    def __init__(self, data_model_manager: Any, numba_type: Any) -> None:
        super().__init__(data_model_manager, numba_type, data_model_manager.lookup(numba_type.record).get_value_type())


@infer_getattr
class _ReadOnlyAttributes(AttributeTemplate):
    key = ReadOnlyRecordType

    def generic_resolve(self, value: Any, field: str) -> Any:  # type: ignore[override]
        return value.record.typeof(field) if field in value.record.fields else None


@lower_getattr_generic(ReadOnlyRecordType)
def _read_field(context: Any, builder: Any, value_type: Any, value: Any, field: str) -> Any:
    return context.get_getattr(value_type.record, field)(context, builder, value_type.record, value, field)


@intrinsic
def read_only_in(typing_context, table, offset, dtype):
    """As ``record_in``, but a record that cannot be written."""
    kind = ReadOnlyRecordType(dtype.dtype)

    def code(context, builder, signature, arguments):
        place = _place(context, builder, signature.args[0], *arguments[:2])
        return builder.bitcast(place, context.get_value_type(kind))

    return kind(table, types.int64, dtype), code
