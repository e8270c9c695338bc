"""The one file that knows how Numba is used: decorators, the cache, addresses, and what stands in when it is off.

Compiled code sees the state of a run as one address (see :mod:`sim.world`), and strategies are C callbacks called by
address. With ``NUMBA_DISABLE_JIT=1`` everything runs as plain Python, for the debugger and for coverage: addresses are
then keys of a table, and the two intrinsics have Python twins.
"""

from __future__ import annotations

import contextlib
import hashlib
import operator
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import config, types
from numba.extending import intrinsic

COMPILED: bool = not config.DISABLE_JIT
_KEPT_CACHES = 6  # of other versions of our sources; older ones are removed


def _sources_hash() -> str:
    """Numba's cache does not see an edit in another file, so the folder's name is made from every compiled source."""
    digest = hashlib.blake2b(digest_size=8)
    digest.update(f"{numba.__version__} {np.__version__} {sys.version_info[:2]}".encode())
    here = Path(__file__).parent
    for path in sorted([*here.glob("*.py"), *here.glob("venues/*.py"), *here.glob("strategies/*.py")]):
        digest.update(path.relative_to(here).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _cache_base() -> Path | None:
    """A folder that can be written, or None: then nothing is cached."""
    given = os.environ.get("NUMBA_CACHE_DIR")
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    for folder in [Path(given) / "spreadgame"] if given else [Path(home) / "spreadgame"]:
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
    return None


SOURCES = _sources_hash()
_base = _cache_base()
CACHE: Path | None = _base / SOURCES if _base else None


def _open_cache() -> None:
    if CACHE is None or _base is None or not COMPILED:
        return
    with contextlib.suppress(OSError):
        CACHE.mkdir(exist_ok=True)
        os.utime(CACHE)
        others = sorted((f for f in _base.iterdir() if f.is_dir()), key=lambda f: f.stat().st_mtime)
        for old in others[:-_KEPT_CACHES]:
            shutil.rmtree(old, ignore_errors=True)
    config.CACHE_DIR = str(CACHE)


_open_cache()


def is_compiled(strategies: Iterable[str]) -> bool:
    """Whether the engine and these strategies lie in the cache already, so that a run starts at once."""
    if not COMPILED or CACHE is None:
        return not COMPILED
    stored = {path.name.partition("-")[0] for path in CACHE.rglob("*.nbi")}
    turns = {name.rpartition(".")[2] for name in stored}
    return "kernel.advance" in stored and all(f"turn_of_{name}" in turns for name in strategies)


@contextlib.contextmanager
def cache_folder(key: str) -> Iterator[None]:
    """Functions decorated inside are cached in a folder of their own, named by ``key``; our own folder if it is empty."""
    before = config.CACHE_DIR
    if CACHE is not None and key:
        folder = CACHE / key
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
        config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        config.CACHE_DIR = before


def forget_cache() -> None:
    """Remove what lies in the cache: it could not be read."""
    if CACHE is not None:
        shutil.rmtree(CACHE, ignore_errors=True)
        _open_cache()


def njit(function: Callable[..., Any], cached: bool = True) -> Callable[..., Any]:
    """Compile in nopython mode, without the GIL, cached on disk where a cache can be written."""
    if not COMPILED:
        return function
    return numba.njit(cache=cached and CACHE is not None, nogil=True)(function)  # type: ignore[no-any-return]


if COMPILED:
    from llvmlite import ir
    from numba.core import cgutils
    from numba.core.cgutils import create_struct_proxy
    from numba.core.imputils import lower_builtin, lower_getattr_generic
    from numba.core.typing import signature
    from numba.core.typing.templates import AbstractTemplate, AttributeTemplate, infer_getattr, infer_global
    from numba.extending import models, register_model
    from numba.np.numpy_support import from_dtype

    def make_struct(context: Any, builder: Any, table_type: Any, value: Any = None) -> Any:
        """A table's two words, to read or to fill."""
        return create_struct_proxy(table_type)(context, builder, value=value)

    class TableType(types.Type):  # type: ignore[misc]
        """An array of a World as compiled code sees it: a pointer and a length, indexed by non-negative numbers only.

        A Numba array would be three times as long and allow negative indices, which costs a comparison at each access.
        """

        def __init__(self, dtype: Any) -> None:
            self.dtype = dtype
            super().__init__(name=f"Table({dtype})")

    @register_model(TableType)
    class _TableModel(models.StructModel):  # type: ignore[misc]
        def __init__(self, data_model_manager: Any, numba_type: Any) -> None:
            members = [("data", types.CPointer(numba_type.dtype)), ("length", types.int64)]
            super().__init__(data_model_manager, numba_type, members)

    @infer_global(operator.getitem)
    class _GetItem(AbstractTemplate):  # type: ignore[misc]
        def generic(self, arguments: Any, keywords: Any) -> Any:
            if len(arguments) == 2 and isinstance(arguments[0], TableType) and isinstance(arguments[1], types.Integer):
                return signature(arguments[0].dtype, arguments[0], types.int64)
            return None

    @infer_global(operator.setitem)
    class _SetItem(AbstractTemplate):  # type: ignore[misc]
        def generic(self, arguments: Any, keywords: Any) -> Any:
            if isinstance(arguments[0], TableType) and isinstance(arguments[1], types.Integer):
                return signature(types.none, arguments[0], types.int64, arguments[0].dtype)
            return None

    @infer_global(len)
    class _Length(AbstractTemplate):  # type: ignore[misc]
        def generic(self, arguments: Any, keywords: Any) -> Any:
            if len(arguments) == 1 and isinstance(arguments[0], TableType):
                return signature(types.int64, *arguments)
            return None

    def _place(context: Any, builder: Any, table_type: Any, table: Any, index: Any) -> Any:
        """Pointer to an element: to a record's bytes, or to a scalar."""
        held = make_struct(context, builder, table_type, table)
        size = context.get_abi_sizeof(context.get_data_type(table_type.dtype))
        if isinstance(table_type.dtype, types.Record):
            size = table_type.dtype.size
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
        return make_struct(context, builder, sig.args[0], arguments[0]).length

    def tables(name: str, dtypes: dict[str, np.dtype[Any]]) -> tuple[Callable[[int], Any], Callable[[Any], int]]:
        """A compiled type whose value is the address of a list of (pointer, length), a pair for each of some arrays.

        Returns ``attach(address)`` and its inverse. An attribute of the result of ``attach`` is that array, as a
        :class:`TableType`. Passing thirty arrays to a function by value costs more than most functions here do; this
        passes one word, and a function loads the arrays it names. The loads are marked invariant: the list changes only
        while no compiled code runs.
        """
        world_type = type(f"{name}Type", (types.Type,), {"__init__": lambda self: types.Type.__init__(self, name=name)})
        arrays = {field: TableType(from_dtype(dtype)) for field, dtype in dtypes.items()}
        places = {field: place for place, field in enumerate(dtypes)}

        @register_model(world_type)
        class _Model(models.PrimitiveModel):  # type: ignore[misc]
            def __init__(self, data_model_manager: Any, numba_type: Any) -> None:
                super().__init__(data_model_manager, numba_type, ir.IntType(64))

        @infer_getattr
        class _Attributes(AttributeTemplate):  # type: ignore[misc]
            key = world_type

            def generic_resolve(self, value: Any, field: str) -> Any:
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
            table = make_struct(context, builder, arrays[field])
            table.data = builder.inttoptr(words[0], table.data.type)
            table.length = words[1]
            return table._getvalue()

        instance = world_type()

        @intrinsic
        def attach(typing_context, address):  # type: ignore[no-untyped-def]
            return instance(types.int64), lambda context, builder, signature, arguments: arguments[0]

        @intrinsic
        def address_of(typing_context, world):  # type: ignore[no-untyped-def]
            return types.int64(instance), lambda context, builder, signature, arguments: arguments[0]

        return attach, address_of

    @intrinsic
    def record_in(typing_context, table, offset, dtype):  # type: ignore[no-untyped-def]
        """The record of type ``dtype`` that begins ``offset`` bytes into a table of bytes."""
        kind = dtype.dtype

        def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
            place = _place(context, builder, signature.args[0], *arguments[:2])
            return builder.bitcast(place, context.get_value_type(kind))

        return kind(table, types.int64, dtype), code

    def caller(count: int) -> Callable[..., int]:
        """``call(address, *arguments)``: call the callback at an address with ``count`` int64 arguments."""
        words = ", ".join(f"a{i}" for i in range(count))
        scope: dict[str, Any] = {}
        exec(f"def call(typing_context, address, {words}):\n    return typed", scope)  # noqa: S102  intrinsics take no *args

        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            i64 = ir.IntType(64)
            function = builder.inttoptr(arguments[0], ir.FunctionType(i64, [i64] * count).as_pointer())
            return builder.call(function, arguments[1:])

        scope["typed"] = types.int64(*[types.int64] * (count + 1)), code
        return intrinsic(scope["call"])  # type: ignore[no-any-return]

    @intrinsic
    def trailing_zeros(typing_context, word):  # type: ignore[no-untyped-def]
        """Number of zero bits below the lowest one bit of an int64 that is not 0."""

        def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
            return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

        return types.int64(types.int64), code

    def callback(function: Callable[..., int], count: int, cached: bool = True) -> Any:
        """A C callback of ``count`` int64 arguments that returns an int64; compiled at once. Call it by its ``address``."""
        return numba.cfunc(types.int64(*[types.int64] * count), cache=cached and CACHE is not None)(function)

else:
    _called: dict[int, Callable[..., int]] = {}

    def record_in(table: Any, offset: int, dtype: np.dtype[Any]) -> Any:
        return table[int(offset) : int(offset) + dtype.itemsize].view(dtype).view(np.recarray)[0]

    def caller(count: int) -> Callable[..., int]:
        return lambda address, *arguments: _called[int(address)](*arguments)

    def trailing_zeros(word: int) -> int:
        bits = int(word) & (2**64 - 1)
        return (bits & -bits).bit_length() - 1

    class _Callback:
        def __init__(self, function: Callable[..., int]) -> None:
            self.address = len(_called) + 1
            _called[self.address] = function

    def callback(function: Callable[..., int], count: int, cached: bool = True) -> Any:
        return _Callback(function)
