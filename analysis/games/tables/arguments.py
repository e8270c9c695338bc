"""Checks of the arguments of public functions: each argument is checked once, with a clear error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
_OFF = 1e-6  # by how much probabilities may sum to something else than 1


def mixtures_of(given: ArrayLike | Sequence[ArrayLike], strategies: int, name: str) -> Floats:
    """Mixtures as float64 (mixtures, strategies); a single mixture may be one row.

    Raises
    ------
    ValueError
        If the shape is wrong, or a row has a negative number or does not sum to 1.
    """
    try:
        found: Floats = np.array(given, np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be rows of {strategies} probabilities") from None
    found = found[None] if found.ndim == 1 and found.size else found
    if found.size == 0 and found.shape[-1] in (0, strategies):
        return np.zeros((0, strategies))
    if found.ndim != 2 or found.shape[1] != strategies:
        raise ValueError(f"{name} must be mixtures of {strategies} strategies, not of shape {found.shape}")
    right = np.all(found >= 0.0, axis=1) & (np.abs(found.sum(axis=1) - 1.0) <= _OFF)
    if not right.all():
        wrong = found[int(np.argmin(right))].tolist()
        raise ValueError(f"{name} must be probabilities that sum to 1, which {wrong} does not")
    return found


def mixture_of(given: ArrayLike, strategies: int, name: str = "a mixture") -> Floats:
    """One mixture as float64 (strategies,). Raises ValueError as :func:`mixtures_of` does."""
    found = mixtures_of(given, strategies, name)
    if np.ndim(given) != 1 or len(found) != 1:
        raise ValueError(f"{name} must have {strategies} probabilities, not shape {np.shape(given)}")
    only: Floats = found[0]
    return only


def number_from_zero(given: Any, name: str, infinite: bool = False) -> float:
    """A number of at least 0. Raises ValueError if it is no number, negative, or infinite and that is not allowed."""
    if isinstance(given, bool) or not isinstance(given, Real) or math.isnan(given):
        raise ValueError(f"{name} must be a number, not {given!r}")
    if given < 0.0:
        raise ValueError(f"{name} must not be negative, not {given}")
    if math.isinf(given) and not infinite:
        raise ValueError(f"{name} must be finite")
    return float(given)
