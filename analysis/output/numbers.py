"""Numbers as text: in tables, in sentences, in pictures. Imports nothing that is slow."""

from __future__ import annotations

import math
from collections.abc import Sequence

NOTHING = "-"  # plain characters in tables: the output of a command is read by other programs too
DIGITS = 5


# --- numbers and their errors ---------------------------------------------------------------------------------------


def number(value: float, digits: int = DIGITS) -> str:
    """A number as a cell of a table, of so many digits; ``-`` for what is none."""
    if not math.isfinite(value):
        return NOTHING
    value += 0.0  # no -0
    return f"{value:,.0f}" if abs(value) >= 10**digits else f"{value:,.{digits}g}"


def error(value: float | None) -> str:
    """A standard error as a cell of a table: two digits, ``-`` for what is unknown."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return f"{float(f'{value:.2g}'):,.0f}" if value >= 10 else f"{value:.2g}"


def plus_minus(value: float, standard_error: float | None = None, digits: int = 4) -> str:
    """A number and its error, to the error's second digit; of so many digits where there is none."""
    if standard_error is None or not math.isfinite(standard_error) or not standard_error or not math.isfinite(value):
        return number(value, digits)
    places = _decimals(standard_error)
    if places >= 8:
        return f"{value:.{digits}g} ± {error(standard_error)}"
    return f"{round(value, places):,.{places}f} ± {error(standard_error)}"


def _decimals(standard_error: float) -> int:
    """So many that the second digit of an error stands last."""
    return max(0, 1 - math.floor(math.log10(standard_error)))


def estimated(value: float, standard_error: float, digits: int = 4) -> str:
    """A number and its error, where that it is not known is said."""
    told = plus_minus(value, standard_error, digits)
    return told if math.isfinite(standard_error) or not math.isfinite(value) else f"{told} ± ?"


def interval(low: float, high: float, digits: int = DIGITS) -> str:
    """``0.1 to 0.3``; ``0.1 or more`` without an upper end; ``not known`` where that says nothing of a gain."""
    if math.isfinite(low) and math.isfinite(high):
        return f"{number(low, digits)} to {number(high, digits)}"
    return f"{number(low, digits)} or more" if math.isfinite(low) and low > 0 else "not known"


# --- columns whose numbers stand one below the other ----------------------------------------------------------------


def count(value: float | None) -> str:
    """A whole number, thousands apart; from ten million on in millions, so that columns stay narrow."""
    if value is None:
        return NOTHING
    if value < 1e7:
        return f"{value:,.0f}"
    return f"{value / 1e6:,.1f} M" if value < 1e10 else f"{value / 1e9:,.1f} G"


def places_of(values: Sequence[float | None], digits: int) -> int:
    """Decimals with which the largest of the values has so many digits; at least 0, at most 9."""
    largest = max((abs(value) for value in values if value), default=1.0)
    return min(max(0, digits - 1 - math.floor(math.log10(largest))), 9)


def amounts(values: Sequence[float | None], places: int) -> list[str]:
    """Every value with the same decimals, so that they stand one below the other."""
    return [NOTHING if value is None else _unsigned_zero(f"{value:,.{places}f}") for value in values]


def _unsigned_zero(text: str) -> str:
    return text.removeprefix("-") if not text.strip("-0.,") else text


# --- in pictures ----------------------------------------------------------------------------------------------------


def short(value: float) -> str:
    """Three significant digits, without an exponent where that is readable."""
    if not math.isfinite(value) or value == 0:
        return f"{value:.0f}"
    size = math.floor(math.log10(abs(value)))
    return f"{value:.2e}" if size < -6 or size > 11 else f"{value:,.{max(0, 2 - size)}f}"


def signed(value: float) -> str:
    """Like :func:`short`, with a sign."""
    return _sign(value) + short(abs(value))


def with_error(value: float, standard_error: float) -> str:
    """Like :func:`plus_minus`, with a sign and as many decimals of the error; the value alone if there is no error."""
    if not standard_error:
        return signed(value)
    places = min(_decimals(standard_error), 9)
    return f"{_sign(value)}{abs(value):,.{places}f} ± {standard_error:,.{places}f}"


def _sign(value: float) -> str:
    return "+" if value > 0 else "−" if value < 0 else ""


# --- shares ---------------------------------------------------------------------------------------------------------


def percent(share: float) -> str:
    """A share as a percentage of two digits; never 100 for one that is less."""
    return f"{100 * share:.2g} %" if share < 0.995 else f"{math.floor(10_000 * share) / 100:.4g} %"


def share_of(part: int, whole: int) -> str:
    """A part of a whole in per cent, in brackets; never rounded up to all, nor down to nothing."""
    if not whole:
        return ""
    percent = 100 * part / whole
    if 0 < part < whole:
        percent = min(max(percent, 0.01), 99.99)
    return f" ({percent:.2f} %)" if 0 < part < whole else f" ({percent:.0f} %)"


# --- names ----------------------------------------------------------------------------------------------------------


def clipped(name: str, most: int = 24) -> str:
    """A name, cut if it is very long."""
    return name if len(name) <= most else f"{name[: most - 1]}…"
