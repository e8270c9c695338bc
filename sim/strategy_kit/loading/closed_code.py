"""What a strategy's code must not contain: its own random draws, calls of itself, and unchecked indices.

Draws that are not its agent's would make two runs of one seed differ. A function that calls itself can end the process,
and so can an index that goes past the checks of compiled code.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from sim.strategy_kit.loading.named import codes, named, plain

_NOT_THE_USERS = ("sim", "numpy", "numba")
_UNCHECKED = frozenset({"flat", "as_strided", "carray", "farray", "ctypes"})  # ways to memory that no bounds guard
_GENERATORS = (random.Random, np.random.Generator, np.random.RandomState)


def own_draws(act: Any) -> tuple[str, int] | None:
    """The first place where ``act``, or a function that it calls, draws from Python's or NumPy's generators.

    Returns
    -------
    (what, line) or None
        A name such as ``np.random``, and the line of the function that uses it. What a file draws while it is read,
        such as a table made with a seed of its own, is no matter: it is the same in every run.
    """
    for function in _reached(act):
        for code in codes(function.__code__):
            for name in code.co_names:
                value = function.__globals__.get(name)
                if value is np and "random" in code.co_names:
                    return f"{name}.random", code.co_firstlineno
                if _draws(value):
                    return name, code.co_firstlineno
    return None


def unchecked_index(act: Any) -> tuple[str, int] | None:
    """The first place where ``act``, or a function that it calls, reaches memory past the checks of indices."""
    for function in _reached(act):
        for code in codes(function.__code__):
            for name in code.co_names:
                if name in _UNCHECKED:
                    return name, code.co_firstlineno
    return None


def calls_itself(act: Any) -> tuple[str, int] | None:
    """The first function that can come to call itself, and its line."""
    for function in _reached(act):
        if any(other is function for callee in _called_by(function) for other in _reached(callee)):
            return function.__name__, function.__code__.co_firstlineno
    return None


def _draws(value: Any) -> bool:
    if isinstance(value, ModuleType):
        return value.__name__ in ("random", "secrets", "numpy.random")
    return isinstance(value, _GENERATORS) or isinstance(getattr(value, "__self__", None), _GENERATORS)


def _reached(act: Any) -> Iterator[FunctionType]:
    """The function and those of the user's that it calls, each once."""
    waiting, seen = [act], set()
    while waiting:
        function = waiting.pop()
        if id(function) in seen:
            continue
        seen.add(id(function))
        yield function
        waiting += _called_by(function)


def _called_by(function: FunctionType) -> list[FunctionType]:
    """The user's functions that one names."""
    found = [each for each in map(plain, named(function)) if each]
    return [each for each in found if (each.__module__ or "").partition(".")[0] not in _NOT_THE_USERS]
