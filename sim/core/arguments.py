"""Arguments of what Python calls: a look at each where it comes in, and an error in words that names it."""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sim.core.wording import near, shown

_BITS = 1 << 63


def whole(name: str, value: Any, remedy: str = "", low: int = -_BITS, high: int = _BITS - 1) -> int:
    """A whole number, of Python or NumPy.

    Raises
    ------
    TypeError
        If it is no whole number; a float is none, whatever stands behind its point, nor are True and False.
    ValueError
        If it is below ``low`` or above ``high``.
    """
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(_said(name, value, "a whole number", remedy)) from None
    if isinstance(value, bool):
        raise TypeError(_said(name, value, "a whole number", remedy))
    if low <= number <= high:
        return number
    if low > -_BITS and high < _BITS - 1:
        wanted = f"from {low:,} to {high:,}"
    else:
        wanted = f"at least {low:,}" if number < low else f"at most {high:,}"
    raise ValueError(_said(name, value, wanted, remedy))


def finite(name: str, value: Any, remedy: str = "") -> float:
    """A number that is neither nan nor infinite.

    Raises
    ------
    TypeError
        If it is no number.
    ValueError
        If it is not finite.
    """
    if isinstance(value, str | bytes) or (not hasattr(value, "__float__") and not hasattr(value, "__index__")):
        raise TypeError(_said(name, value, "a number", remedy))
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(_said(name, value, "a number", remedy)) from None
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(_said(name, value, "a finite number", remedy))
    return number


def a_path(name: str, value: Any) -> Path:
    """A path, as text or :class:`pathlib.Path`.

    Raises
    ------
    TypeError
        If it is none.
    ValueError
        If no file can be called so.
    """
    if not isinstance(value, str | os.PathLike):
        raise TypeError(_said(name, value, "a path", ""))
    if "\0" in os.fspath(value):
        raise ValueError(_said(name, str(value), "a path", "no name of a file holds the letter \\0"))
    return Path(value)


def paths(name: str, value: Any) -> list[str | Path]:
    """Several paths; one alone may stand for a list of one.

    Raises
    ------
    TypeError
        If it is neither.
    """
    return [a_path(name, each) for each in several(name, value, "a path, or a list of paths", (str, os.PathLike))]


def several(name: str, value: Any, wanted: str, alone: tuple[type, ...] = ()) -> list[Any]:
    """The members of a list; something of the types ``alone`` is a list of one.

    Raises
    ------
    TypeError
        If it cannot be gone through, or is a text or a table.
    """
    if alone and isinstance(value, alone):
        return [value]
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise TypeError(_said(name, value, wanted, ""))
    return list(value)


def one_of(name: str, value: Any, choices: Iterable[str]) -> str:
    """One of some words.

    Raises
    ------
    ValueError
        If it is none of them.
    """
    known = list(choices)
    if isinstance(value, str) and value in known:
        return value
    guess = near(value, known) if isinstance(value, str) else ""
    raise ValueError(_said(name, value, f"one of {', '.join(known)}", guess))


def side(value: Any) -> int:
    """A side: 1 to buy, -1 to sell.

    Raises
    ------
    TypeError, ValueError
        If it is neither.
    """
    number = whole("side", value, "1 buys, -1 sells")
    if number not in (1, -1):
        raise ValueError(_said("side", value, "1 (buy) or -1 (sell)", ""))
    return number


def _said(name: str, value: Any, wanted: str, remedy: str) -> str:
    plain = value.item() if isinstance(value, np.generic) else value
    there = "None" if plain is None else shown(plain)
    return f"{name} must be {wanted}, not {there}" + (f" — {remedy}" if remedy else "")
