"""Numbers and their errors as the screen shows them, and the look at a figure's name."""

from __future__ import annotations

import math
from pathlib import Path

from sim.core.errors import RunError

_NOTHING, _DIGITS = "-", 5
_FIGURES = (".png", ".svg", ".pdf")


def number(value: float, digits: int = _DIGITS) -> str:
    """A number as a cell of a table, of so many digits; ``-`` for what is none."""
    if not math.isfinite(value):
        return _NOTHING
    value += 0.0  # no -0
    return f"{value:,.0f}" if abs(value) >= 10**digits else f"{value:,.{digits}g}"


def error(value: float | None) -> str:
    """A standard error as a cell of a table: two digits, ``-`` for what is unknown."""
    if value is None or not math.isfinite(value):
        return _NOTHING
    return f"{float(f'{value:.2g}'):,.0f}" if value >= 10 else f"{value:.2g}"


def plus_minus(value: float, standard_error: float | None = None, digits: int = 4) -> str:
    """A number and its error, to the error's second digit; of so many digits where there is none."""
    if standard_error is None or not math.isfinite(standard_error) or not standard_error or not math.isfinite(value):
        return number(value, digits)
    places = max(0, 1 - math.floor(math.log10(standard_error)))
    return (
        f"{round(value, places):,.{places}f} ± {error(standard_error)}"
        if places < 8
        else (f"{value:.{digits}g} ± {error(standard_error)}")
    )


def estimated(value: float, standard_error: float, digits: int = 4) -> str:
    """A number and its error, where that it is not known is said."""
    told = plus_minus(value, standard_error, digits)
    return told if math.isfinite(standard_error) or not math.isfinite(value) else f"{told} ± ?"


def interval(low: float, high: float, digits: int = _DIGITS) -> str:
    """``0.1 to 0.3``; ``0.1 or more`` without an upper end; ``not known`` where that says nothing of a gain."""
    if math.isfinite(low) and math.isfinite(high):
        return f"{number(low, digits)} to {number(high, digits)}"
    return f"{number(low, digits)} or more" if math.isfinite(low) and low > 0 else "not known"


def check_figure(path: Path) -> None:
    """Say why a figure cannot be written to a file, before it is drawn.

    Raises
    ------
    RunError
        If the file's folder does not exist or its name has another ending.
    """
    if not path.parent.is_dir():
        raise RunError(f"{path}: there is no folder {path.parent} — make it, or choose another place")
    if path.suffix.lower() not in _FIGURES:
        raise RunError(f"{path}: a figure is a picture — end its name in {', '.join(_FIGURES)}")
