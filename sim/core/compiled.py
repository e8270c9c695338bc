"""The one file that knows how Numba is used: decorators, the cache, addresses, and what stands in when it is off.

Compiled code sees the state of a run as one address (see :mod:`sim.core.world`), and strategies are C callbacks called
by address. With ``NUMBA_DISABLE_JIT=1`` everything runs as plain Python, for the debugger and for coverage: addresses
are then keys of a table, and the two intrinsics have Python twins.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Container, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic

from sim.core.cache import CarefulCache
from sim.core.cache_folder import SOURCES as SOURCES
from sim.core.cache_folder import opened

Function = TypeVar("Function", bound=Callable[..., Any])  # decorated, it keeps its signature for a type checker
config: Any = numba.config  # its settings are made at run time, where a type checker cannot see them
COMPILED: bool = not config.DISABLE_JIT
# What is said of a float where a message has none; compiled, Numba's error is told in the author's words instead.
WHOLE_NUMBERS = "sides, prices (ticks) and quantities (lots) are whole numbers"
CACHE: Path | None = opened() if COMPILED else None
if CACHE is not None:
    config.CACHE_DIR = str(CACHE)


def is_compiled(strategies: Iterable[str], entry: str = "kernel.advance") -> bool:
    """Whether the engine, its ``entry`` that is, and these strategies lie in the cache: a run then starts at once."""
    if not COMPILED or CACHE is None:
        return not COMPILED
    files = (name for _, _, names in os.walk(CACHE) for name in names)  # of a folder that is gone: none
    stored = {name.partition("-")[0] for name in files if name.endswith(".nbi")}
    turns = {name.rpartition(".")[2] for name in stored}
    return entry in stored and all(f"turn_of_{name}" in turns for name in strategies)


@contextlib.contextmanager
def cache_folder(key: str) -> Iterator[None]:
    """Functions decorated inside are cached in a folder named by ``key``, in our own if it is empty."""
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


_not_kept: list[Container[Path]] = []  # files whose functions are not cached by themselves


@contextlib.contextmanager
def not_kept(files: Container[Path]) -> Iterator[None]:
    """Inside, functions of these files are not cached by themselves: Numba would not see what changes around them."""
    _not_kept.append(files)
    try:
        yield
    finally:
        _not_kept.pop()


def _keep_on_disk(made: Any, function: Callable[..., Any]) -> None:
    """Cache what was compiled, where that can be: a cache that is damaged, full or gone stops nothing."""
    if any(Path(function.__code__.co_filename) in files for files in _not_kept):
        return
    if CACHE is not None:
        with contextlib.suppress(OSError, RuntimeError):
            made._cache = CarefulCache(function, CACHE)


def njit(function: Function, cached: bool = True) -> Function:
    """Compile in nopython mode, without the GIL, cached on disk where a cache can be written."""
    if not COMPILED:
        return function
    made: Any = numba.njit(nogil=True)(function)
    if cached:
        _keep_on_disk(made, function)
    return made


def guarded(function: Function, cached: bool = True) -> Function:
    """As ``njit``, with every index into an array checked: for code that others write.

    An index beyond an array of an agent's memory would else reach the memory of another.
    """
    if not COMPILED:
        return function
    made: Any = numba.njit(nogil=True, boundscheck=True)(function)
    if cached:
        _keep_on_disk(made, function)
    return made


def inlined(function: Function) -> Function:
    """As ``njit``, but put into its callers: for what the matching engine calls with every message."""
    if not COMPILED:
        return function
    made: Any = numba.njit(forceinline=True, nogil=True)(function)
    return made


if COMPILED:
    from llvmlite import ir
    from numba.core.ccallback import CFunc
    from numba.core.errors import TypingError
    from numba.core.sigutils import normalize_signature

    def caller(count: int) -> Callable[..., int]:
        """``call(address, *arguments)``: call the callback at an address with ``count`` int64 arguments."""
        words = ", ".join(f"a{i}" for i in range(count))
        scope: dict[str, Any] = {}
        exec(f"def call(typing_context, address, {words}):\n    return typed({words})", scope)

        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            i64 = ir.IntType(64)
            function = builder.inttoptr(arguments[0], ir.FunctionType(i64, [i64] * count).as_pointer())
            return builder.call(function, arguments[1:])

        def typed(*arguments: Any) -> Any:
            if any(isinstance(argument, types.Float) for argument in arguments):
                raise TypingError(WHOLE_NUMBERS)  # Numba would cut the fraction off without a word
            return types.int64(*[types.int64] * (count + 1)), code

        scope["typed"] = typed
        return intrinsic(scope["call"])

    @intrinsic
    def trailing_zeros(typing_context, word):
        """Number of zero bits below the lowest one bit of an int64 that is not 0."""

        def code(context, builder, signature, arguments):
            return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

        return types.int64(types.int64), code

    def callback(function: Callable[..., int], count: int, cached: bool = True) -> Any:
        """A C callback of ``count`` int64 arguments that returns an int64, compiled at once; it has an ``address``."""
        made = CFunc(function, normalize_signature(types.int64(*[types.int64] * count)), {}, {})  # as numba.cfunc does
        if cached:
            _keep_on_disk(made, function)
        made.compile()
        return made

else:
    _called: dict[int, Callable[..., int]] = {}

    def caller(count: int) -> Callable[..., int]:
        """``call(address, *arguments)``."""

        def call(address: int, *arguments: Any) -> int:
            if any(isinstance(argument, float | np.floating) for argument in arguments):
                raise TypeError(WHOLE_NUMBERS)
            return _called[int(address)](*arguments)

        return call

    def trailing_zeros(word: int) -> int:  # type: ignore[misc]
        """Number of zero bits below the lowest one bit."""
        bits = int(word) & (2**64 - 1)
        return (bits & -bits).bit_length() - 1

    class _Callback:
        def __init__(self, function: Callable[..., int]) -> None:
            self.address = len(_called) + 1
            _called[self.address] = function

    def callback(function: Callable[..., int], count: int, cached: bool = True) -> Any:
        """Give a function an address of the table."""
        return _Callback(function)
