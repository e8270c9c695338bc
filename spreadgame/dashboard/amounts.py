"""Amounts of money as the panels of the page write them (``page/numbers.js``), for the caption below them."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

from analysis.output.numbers import NOTHING

_KNOWN = 9  # digits: what comes after them is noise of float64, and must not decide how a half is rounded


def amount(value: float) -> str:
    """About three digits of an amount; a half is rounded away from zero. The sign is left out."""
    if not math.isfinite(value):
        return NOTHING
    size = Decimal(f"{abs(value):.{_KNOWN}g}")
    for unit, word in ((Decimal(10**9), " bn"), (Decimal(10**6), " m")):
        if size >= unit:
            return _decimals(size / unit, 2) + word
    return _decimals(size, 0 if size >= 100 or not size else 1 if size >= 10 else 2)


def _decimals(size: Decimal, decimals: int) -> str:
    return f"{size.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):,f}"
