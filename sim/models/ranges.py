"""Ranges of the models' arguments: checks that raise a ValueError with the name and the value."""

from __future__ import annotations

import math


def positive(**numbers: float) -> None:
    """Raise ValueError for the first number that is not positive and finite."""
    for name, number in numbers.items():
        if not 0.0 < number < math.inf:
            raise ValueError(f"{name} must be positive and finite, not {number}")


def not_negative(**numbers: float) -> None:
    """Raise ValueError for the first number that is negative or not finite."""
    for name, number in numbers.items():
        if not 0.0 <= number < math.inf:
            raise ValueError(f"{name} must be finite and not negative, not {number}")


def probability_below_one(**numbers: float) -> None:
    """Raise ValueError for the first number that is not from 0 to below 1."""
    for name, number in numbers.items():
        if not 0.0 <= number < 1.0:
            raise ValueError(f"{name} must be from 0 to below 1, not {number}")
