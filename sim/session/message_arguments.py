"""Arguments of a message that Python sends: a look at each, and what is wrong with one in words.

Compiled code takes what it is given first; only where that has no 64 bits, or is told to mean nothing
(:data:`sim.venues.gateway.WRONG`), each argument is looked at here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.core.errors import TypingError

from sim.core.arguments import finite, side, whole
from sim.venues.gateway import LONGEST

UNFIT = (TypingError, TypeError, OverflowError)  # what an argument raises that is no 64 bits
_TICKS, _LOTS = "prices are whole ticks", "quantities are whole lots"


def order_arguments(way: Any, price: Any, quantity: Any, lifetime: Any) -> tuple[int, int, int, int]:
    """Side, price, quantity and lifetime of an order.

    Raises
    ------
    TypeError
        If one is no whole number.
    ValueError
        If the side is none, the lifetime is negative, or a number does not fit 64 bits.
    """
    return (
        side(way), whole("price", price, _TICKS), whole("quantity", quantity, _LOTS),
        whole("lifetime", lifetime, "steps, 0 for no end", low=0, high=int(LONGEST)),
    )  # fmt: skip


def handle_argument(handle: Any, whence: str = "what sending the order returned") -> int:
    """The handle of an order.

    Raises
    ------
    TypeError, ValueError
        If it is no whole number of 64 bits.
    """
    return whole("handle", handle, whence)


def price_and_quantity(price: Any, quantity: Any) -> tuple[int, int]:
    """What an order is changed to.

    Raises
    ------
    TypeError, ValueError
        If one is no whole number of 64 bits.
    """
    return whole("price", price, _TICKS), whole("quantity", quantity, _LOTS)


def schedule_arguments(price: Any, slope: Any, most: Any) -> tuple[float, float, int]:
    """Price, slope and limit of a demand schedule; the venue may still reject a number that is not finite.

    Raises
    ------
    TypeError, ValueError
        If one is no number, or the limit is not whole.
    """
    return _number("price", price), _number("slope", slope), whole("most", most, _LOTS)


def _number(name: str, value: Any) -> float:
    return float(value) if isinstance(value, float | np.floating) else finite(name, value)
