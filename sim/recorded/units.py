"""Whole numbers of recorded files as whole numbers that the engine holds, and back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.core.codes import MOST_LOTS
from sim.core.errors import ReplayError
from sim.recorded.readers import Integers, line_of
from sim.venues.levels import HIGHEST_PRICE


@dataclass(frozen=True)
class Units:
    """Whole numbers of a file as whole numbers that the engine holds, and back."""

    step: int  # of the file's units in one of the engine's
    ranks: Integers | None = None  # or: the values themselves, in order

    def into(self, values: Integers) -> Integers:
        """What the engine holds for values of the file."""
        return values // self.step if self.ranks is None else np.searchsorted(self.ranks, values)

    def back(self, value: int) -> int:
        """What stands in the file for a value of the engine."""
        return value * self.step if self.ranks is None else int(self.ranks[value])


def _greatest_step(*arrays: Integers) -> int:
    """The greatest common divisor of whole numbers; zeros do not matter."""
    return int(np.gcd.reduce([int(np.gcd.reduce(array, axis=None)) for array in arrays])) or 1


def price_units(*prices: Integers) -> Units:
    """Ticks if the prices fit the engine so, else their ranks: it only ever asks which price is better."""
    step = _greatest_step(*prices)
    if max(int(abs(array).max(initial=0)) for array in prices) // step <= HIGHEST_PRICE:
        return Units(step)
    return Units(1, np.unique(np.concatenate([np.unique(array) for array in prices])))


def lot_units(path: Path, lines: Integers | None, quantities: Integers, *others: Integers) -> Units:
    """Lots of the file if an order holds as many, else the largest lots of which all are whole multiples.

    Raises
    ------
    ReplayError
        If one order is too large even so.
    """
    most = int(quantities.max(initial=0))
    if most <= MOST_LOTS:
        return Units(1)
    step = _greatest_step(quantities, *others)
    if most // step > MOST_LOTS:
        line = line_of(lines, int(quantities.argmax()))
        raise ReplayError(f"{path}, line {line}: size {most} — an order holds at most {MOST_LOTS} lots of {step}")
    return Units(step)


def dense(orders: Integers) -> Integers:
    """Order numbers as 0, 1, 2, … in order of appearance: they then index an array, however large they are."""
    import pyarrow as pa

    return np.asarray(pa.array(orders).dictionary_encode().indices, np.int64)
