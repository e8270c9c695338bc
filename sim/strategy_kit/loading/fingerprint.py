"""The key of a user's compiled code on disk: a hash of everything that it is made from.

Numba freezes the global values and closures that code uses, so the file's content does not say all: a number may come
from the environment, an array from a file.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from sim.strategy_kit.callbacks import memory_type, parameter_type
from sim.strategy_kit.declare import Strategy
from sim.strategy_kit.loading.module_loader import OURS, Contents, digest
from sim.strategy_kit.loading.named import codes


class _CannotTell(Exception):
    """Something that compiled code is made from cannot be told by its content."""


def fingerprint(found: Strategy, contents: Contents) -> str | None:
    """A digest of everything a strategy's compiled code is made from; None where that cannot be told.

    Parameters
    ----------
    contents : what was read to declare it. With a module beside the file there is no telling, and nothing is cached.
    """
    if len(contents) != 1 or Path(found.file) not in contents:
        return None
    parts = [*contents.values(), str(parameter_type(found).descr), str(memory_type(found).descr)]
    try:
        _freeze(found.act, found.file, parts, set())
    except (_CannotTell, ValueError):  # the latter: a closure that is still empty
        return None
    return f"user_{digest(repr(parts).encode())}"


def _freeze(value: Any, file: str, parts: list[str], seen: set[int]) -> None:
    """Add what can be told of a value that compiled code uses."""
    value = getattr(value, "py_func", value)
    if id(value) in seen:
        return
    if isinstance(value, FunctionType) and value.__code__.co_filename == file:
        seen.add(id(value))
        for used in _used(value):
            _freeze(used, file, parts, seen)
    elif value is None or type(value) in (bool, int, float, complex, str, bytes):
        parts.append(repr(value))
    elif isinstance(value, tuple | list):
        parts.append(f"{type(value).__name__} of {len(value)}")
        for each in value:
            _freeze(each, file, parts, seen)
    elif isinstance(value, np.ndarray | np.generic) and not value.dtype.hasobject:
        parts.append(f"{value.dtype.descr} {value.shape} {digest(value.tobytes())}")
    elif isinstance(value, ModuleType) or (callable(value) and getattr(value, "__module__", None)):
        parts.append(_origin(value))
    else:
        raise _CannotTell


def _used(function: FunctionType) -> Iterator[Any]:
    """What a function takes from around it: globals, closure, defaults."""
    for name in sorted({name for code in codes(function.__code__) for name in code.co_names}):
        if name in function.__globals__:
            yield name
            yield function.__globals__[name]
    yield from (cell.cell_contents for cell in function.__closure__ or ())
    yield from (function.__defaults__ or (), *(function.__kwdefaults__ or {}).values())


def _origin(value: Any) -> str:
    """The name and version of what comes from an installed package, from Python or from us."""
    name: str = value.__name__ if isinstance(value, ModuleType) else value.__module__
    top = name.partition(".")[0]
    whole = f"{name} {getattr(value, '__qualname__', '')}"
    if top in OURS or top in sys.stdlib_module_names:
        return whole
    file = getattr(sys.modules.get(top), "__file__", None)
    if file is None or not {"site-packages", "dist-packages"} & set(Path(file).parts):
        raise _CannotTell
    return f"{whole} {getattr(sys.modules[top], '__version__', '')}"
