"""The one file that knows how Numba is used: decorators, the cache, addresses, and what stands in when it is off.

Compiled code sees the state of a run as one address (see :mod:`sim.world`), and strategies are C callbacks called by
address. With ``NUMBA_DISABLE_JIT=1`` everything runs as plain Python, for the debugger and for coverage: addresses are
then keys of a table, and the two intrinsics have Python twins.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import types
from numba.core.caching import NullCache
from numba.extending import intrinsic

from sim.cache import CarefulCache

config: Any = numba.config  # its settings are made at run time, where a type checker cannot see them
COMPILED: bool = not config.DISABLE_JIT
# What is said of a float where a message has none. The words are looked for where errors are explained.
WHOLE_NUMBERS = "sides, prices (ticks) and quantities (lots) are whole numbers"
_KEPT_CACHES = 6  # of other versions of our sources; older ones are removed


def _sources_hash() -> str:
    """Numba's cache does not see an edit in another file, so the folder's name is made from every compiled source."""
    digest = hashlib.blake2b(digest_size=8)
    digest.update(f"{numba.__version__} {np.__version__} {sys.version_info[:2]} {config.BOUNDSCHECK}".encode())
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


def _opened(base: Path | None) -> Path | None:
    """The folder of our cache, ready to be written; None if there can be none."""
    if base is None:
        return None
    folder = base / SOURCES
    try:
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # else Numba would cache beside the sources, and miss edits
            os.utime(folder)
    except OSError:
        return None
    with contextlib.suppress(OSError):
        others = sorted((f for f in base.iterdir() if f.is_dir()), key=lambda f: f.stat().st_mtime)
        for old in others[:-_KEPT_CACHES]:
            shutil.rmtree(old, ignore_errors=True)
    return folder


SOURCES = _sources_hash()
CACHE: Path | None = _opened(_cache_base()) if COMPILED else None
if CACHE is not None:
    config.CACHE_DIR = str(CACHE)


def is_compiled(strategies: Iterable[str], entry: str = "kernel.advance") -> bool:
    """Whether the engine, its ``entry`` that is, and these strategies lie in the cache: a run then starts at once."""
    if not COMPILED or CACHE is None:
        return not COMPILED
    stored = {path.name.partition("-")[0] for path in CACHE.rglob("*.nbi")}
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


def _carefully(made: Any, function: Callable[..., Any]) -> None:
    """Let what caches its code survive a cache that is damaged or full."""
    if not isinstance(made._cache, NullCache):
        made._cache = CarefulCache(function)


def njit(function: Callable[..., Any], cached: bool = True) -> Callable[..., Any]:
    """Compile in nopython mode, without the GIL, cached on disk where a cache can be written."""
    if not COMPILED:
        return function
    made = numba.njit(cache=cached and CACHE is not None, nogil=True)(function)
    _carefully(made, function)
    return made


def guarded(function: Callable[..., Any], cached: bool = True) -> Callable[..., Any]:
    """As ``njit``, with every index into an array checked: for code that others write.

    An index beyond an array of an agent's memory would else reach the memory of another.
    """
    if not COMPILED:
        return function
    made = numba.njit(cache=cached and CACHE is not None, nogil=True, boundscheck=True)(function)
    _carefully(made, function)
    return made


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """As ``njit``, but put into its callers: for what the matching engine calls with every message."""
    if not COMPILED:
        return function
    return numba.njit(forceinline=True, nogil=True)(function)


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
        if cached and CACHE is not None:
            made.enable_caching()
            _carefully(made, function)
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
