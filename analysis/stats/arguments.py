"""Checks of an estimator's arguments: rows of numbers, labels and counts, checked once before the computation."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])
_MOST = 2.0**62  # of a whole number
_LABEL = "a label is a whole number"
_COUNT = "a count is a whole number from 0 on; leave out what is not known"
_SIGN = "a sign is 1 for a buy, -1 for a sell, 0 where it is not known"
_AMOUNT = "it must not be negative"
_NUMBER = "leave the row out, or write nan where the number is not known"


def checked(  # long: half of it is what its parameters mean
    *numbers: str,
    labels: Sequence[str] = (),
    counts: Sequence[str] = (),
    signs: Sequence[str] = (),
    amounts: Sequence[str] = (),
    tables: Sequence[str] = (),
    infinite: bool = False,
) -> Callable[[Function], Function]:
    """Decorate a function so that it checks the arrays that it is given, and raises an error of one line.

    All parameters that are named must have the same number of rows; None is accepted. In the function, a number that
    overflows becomes infinite or nan without a warning.

    Parameters
    ----------
    numbers : names of parameters of shape (rows,). They may hold nan; the function's docstring says what it does then.
    labels : names of parameters of whole numbers, (rows,).
    counts : names of parameters of whole numbers from 0 on, (rows,).
    signs : names of parameters that are 1 or -1, or 0 where the sign is not known, (rows,).
    amounts : names of parameters of numbers that are not negative, (rows,). They may hold nan.
    tables : names of parameters of shape (rows, columns). They may hold nan.
    infinite : whether numbers and amounts may be infinite. Functions that leave out all that is not finite allow it.

    Raises
    ------
    ValueError
        Raised by the decorated function. The message names the parameter, the place, the value and the remedy.
    """

    def look(name: str, array: NDArray[Any]) -> None:
        if name in labels or name in counts:
            whole(name, array, name in counts)
        elif name in signs:
            refuse(name, array, (array != 0) & (np.abs(array) != 1), _SIGN)
        elif not infinite:
            refuse(name, array, np.isinf(array), _NUMBER)
        if name in amounts:
            refuse(name, array, array < 0, _AMOUNT)

    def decorated(function: Function) -> Function:
        signature = inspect.signature(function)

        @wraps(function)
        def with_checks(*args: Any, **options: Any) -> Any:
            given = signature.bind(*args, **options)
            first: tuple[str, int] | None = None
            for name in (*numbers, *labels, *counts, *signs, *amounts, *tables):
                value = given.arguments.get(name)
                if value is None:
                    continue
                array = array_of(name, value, 2 if name in tables else 1)
                first = first or (name, len(array))
                if len(array) != first[1]:
                    raise ValueError(
                        f"{name} has {len(array):,} rows and {first[0]} {first[1]:,} — give both for the same rows"
                    )
                look(name, array)
                given.arguments[name] = array
            with np.errstate(over="ignore", invalid="ignore"):
                return function(*given.args, **given.kwargs)

        return cast(Function, with_checks)

    return decorated


def whole(name: str, array: NDArray[Any], counted: bool = True) -> None:
    """Raise ValueError for a number that is not whole, or, if ``counted``, that is below 0."""
    if array.dtype.kind not in "biu":
        with np.errstate(invalid="ignore"):
            wrong = ~((array == np.floor(array)) & (np.abs(array) < _MOST))
        refuse(name, array, wrong, _COUNT if counted else _LABEL)
    if counted:
        refuse(name, array, array < 0, _COUNT)


def refuse(name: str, array: NDArray[Any], wrong: NDArray[np.bool_], remedy: str) -> None:
    """Raise ValueError that names the first place of ``array`` at which ``wrong`` is true; nothing if it is nowhere."""
    if wrong.any():
        place = tuple(int(each[0]) for each in np.nonzero(wrong))
        raise ValueError(f"{name}[{', '.join(map(str, place))}] is {array[place]} — {remedy}")


def at_least(name: str, value: float, least: float) -> None:
    """Raise ValueError for a number below ``least``, and for nan."""
    if not value >= least:
        raise ValueError(f"{name} must be at least {least:g}, not {value}")


def unknown(**arrays: NDArray[Any]) -> str:
    """The first nan of these arrays, as the reason why there is no estimate; an empty string if there is no nan."""
    for name, array in arrays.items():
        wrong = np.isnan(array)
        if wrong.any():
            return f"{name}[{int(np.argmax(wrong))}] is not known"
    return ""


def array_of(name: str, value: Any, dimensions: int = 1) -> NDArray[Any]:
    """Numbers as an array of this number of dimensions. Raises ValueError for anything else."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        try:
            array = array.astype(float)
        except (TypeError, ValueError):
            raise ValueError(f"{name} holds {array.dtype}, not numbers — give an array of numbers") from None
    if array.ndim != dimensions:
        shape = "(rows,)" if dimensions == 1 else "(rows, columns)"
        raise ValueError(f"{name} has shape {array.shape} — give an array of shape {shape}")
    return array
