"""Whether a strategy draws random numbers that are not its agent's: then one seed would not give one run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

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
        for code in _codes(function.__code__):
            for name in code.co_names:
                value = function.__globals__.get(name)
                if value is np and "random" in code.co_names:
                    return f"{name}.random", code.co_firstlineno
                if _draws(value):
                    return name, code.co_firstlineno
    return None


def _draws(value: Any) -> bool:
    if isinstance(value, ModuleType):
        return value.__name__ in ("random", "secrets", "numpy.random")
    return isinstance(value, _GENERATORS) or isinstance(getattr(value, "__self__", None), _GENERATORS)


def _reached(act: FunctionType) -> Iterator[FunctionType]:
    """The function and those of the user's that it calls, each once."""
    waiting, seen = [act], set()
    while waiting:
        function = waiting.pop()
        if id(function) in seen:
            continue
        seen.add(id(function))
        yield function
        names = {name for code in _codes(function.__code__) for name in code.co_names}
        around = [function.__globals__.get(name) for name in names]
        around += [cell.cell_contents for cell in function.__closure__ or ()]
        for value in around:
            plain = getattr(value, "py_func", value)
            if isinstance(plain, FunctionType) and not plain.__module__.startswith(("sim.", "numpy.", "numba.")):
                waiting.append(plain)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _codes(const)
