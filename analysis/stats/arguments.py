"""What an estimator may be given: rows of numbers, labels and counts, looked at once, before anything is computed."""

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
_SIGN = "a sign is 1 of a buy, -1 of a sell, 0 where it is not known"
_AMOUNT = "it is not negative"
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
    """Make a function refuse, in words, what cannot be the rows that it works on; None passes for what is optional.

    All that is named must have the same number of rows. What overflows becomes infinite or nan without a warning.

    Parameters
    ----------
    numbers : parameters of shape (rows,). They may hold nan, of which the function says what it does.
    labels : parameters of whole numbers, (rows,).
    counts : parameters of whole numbers from 0 on, (rows,).
    signs : parameters that are 1 or -1, or 0 where the sign is not known, (rows,).
    amounts : parameters of numbers that are not negative, (rows,). They may hold nan.
    tables : parameters of shape (rows, columns) that may hold nan.
    infinite : whether numbers and amounts may be infinite, as where a function leaves out all that is not finite.

    Raises
    ------
    ValueError
        From the function that is decorated: it names the parameter, the place, the value and the remedy.
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
        def door(*args: Any, **options: Any) -> Any:
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

        return cast(Function, door)

    return decorated


def whole(name: str, array: NDArray[Any], counted: bool = True) -> None:
    """Refuse what is no whole number, or is below 0 where things are counted."""
    if array.dtype.kind not in "biu":
        with np.errstate(invalid="ignore"):
            wrong = ~((array == np.floor(array)) & (np.abs(array) < _MOST))
        refuse(name, array, wrong, _COUNT if counted else _LABEL)
    if counted:
        refuse(name, array, array < 0, _COUNT)


def refuse(name: str, array: NDArray[Any], wrong: NDArray[np.bool_], remedy: str) -> None:
    """Raise ValueError that names the first place where something is wrong."""
    if wrong.any():
        place = tuple(int(each[0]) for each in np.nonzero(wrong))
        raise ValueError(f"{name}[{', '.join(map(str, place))}] is {array[place]} — {remedy}")


def at_least(name: str, value: float, least: float) -> None:
    """Refuse a number below the least there may be, and nan."""
    if not value >= least:
        raise ValueError(f"{name} must be at least {least:g}, not {value}")


def unknown(**arrays: NDArray[Any]) -> str:
    """The first number that is nan, as a reason for which there is no estimate; an empty string where all are known."""
    for name, array in arrays.items():
        wrong = np.isnan(array)
        if wrong.any():
            return f"{name}[{int(np.argmax(wrong))}] is not known"
    return ""


def array_of(name: str, value: Any, dimensions: int = 1) -> NDArray[Any]:
    """Numbers as an array of so many dimensions; ValueError for what is none."""
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
