"""The names in a function's code, from which strategies are checked before they are compiled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from types import CodeType, FunctionType, ModuleType
from typing import Any


def codes(code: CodeType) -> Iterator[CodeType]:
    """A function's code, and that of the functions written inside it."""
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from codes(const)


def named(function: FunctionType) -> Iterator[Any]:
    """Everything that a function's code names: globals, what it closes over, attributes of modules."""
    scope = function.__globals__
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # empty still
            yield cell.cell_contents
    for code in codes(function.__code__):
        modules = [scope[name] for name in code.co_names if isinstance(scope.get(name), ModuleType)]
        for name in code.co_names:
            if name in scope:
                yield scope[name]
            for module in modules:
                yield getattr(module, name, None)


def plain(value: Any) -> FunctionType | None:
    """The Python function behind a compiled one; None for what is no function."""
    value = getattr(value, "py_func", value)
    return value if isinstance(value, FunctionType) else None
