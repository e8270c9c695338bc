"""Corners of best-response polytopes and signs of determinants, in whole numbers without rounding.

Floating-point numbers are fractions whose denominators are powers of two. So multiplying payoffs by a power of two
makes them whole numbers. Corners come from the double description method (Motzkin, Raiffa, Thompson and Thrall 1953;
Fukuda and Prodon 1996): inequalities are added one by one, and the rays of the cone above the polytope are cut.
"""

from __future__ import annotations

from math import gcd
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]
Objects = NDArray[np.object_]  # whole numbers of any size
_TOGETHER = 4_000_000  # masks that are compared at once


class Corners(NamedTuple):
    """Mixtures at the corners of a best-response polytope.

    Attributes
    ----------
    mixtures : float64 (corners, own strategies), each number rounded once.
    played : bool (corners, own strategies).
    best : bool (corners, others' strategies): which of the other player's strategies are best replies.
    """

    mixtures: Floats
    played: Booleans
    best: Booleans


class TooMany(Exception):
    """There are more corners than were allowed."""


def best_response_corners(payoffs: Floats, most: int | None = None) -> Corners:
    """Corners of the mixtures x of one player and the most v that another gets: payoffs x ≤ v.

    Parameters
    ----------
    payoffs : float64 (strategies of the other, own strategies): what the other gets.
    most : corners on the way; None for any number.

    Raises
    ------
    TooMany
        If there are more.
    """
    whole = whole_numbers(payoffs)
    least = [min(column) for column in zip(*whole, strict=True)]  # changes no best reply
    room = [[1, *(low - value - 1 for value, low in zip(row, least, strict=True))] for row in whole]
    rays, tight = _rays(room, most)
    own = payoffs.shape[1]
    at_zero = np.array([all(each == 0 for each in ray[1:]) for ray in rays])
    kept = [ray[1:] for ray, nothing in zip(rays, at_zero, strict=True) if not nothing]
    mixtures = np.array([[each / sum(ray) for each in ray] for ray in kept]).reshape(-1, own)
    bits = (tight[~at_zero, None] >> np.arange(1 + own + len(payoffs)) & 1).astype(bool)
    return Corners(mixtures, ~bits[:, 1 : 1 + own], bits[:, 1 + own :])


def whole_numbers(values: Floats) -> list[list[int]]:
    """Whole numbers in the proportions of floats, (rows, columns)."""
    ratios = [[value.as_integer_ratio() for value in row] for row in values.tolist()]
    denominator = max(below for row in ratios for _, below in row)  # powers of two
    whole = [[above * (denominator // below) for above, below in row] for row in ratios]
    common = gcd(*(value for row in whole for value in row)) or 1
    return [[value // common for value in row] for row in whole]


def sign_of_determinant(rows: list[list[int]]) -> int:
    """The sign of a square matrix's determinant, by elimination without fractions (Bareiss 1968)."""
    left = [list(row) for row in rows]
    sign, before = 1, 1
    for place in range(len(left)):
        pivot = next((at for at in range(place, len(left)) if left[at][place]), None)
        if pivot is None:
            return 0
        if pivot != place:
            left[place], left[pivot], sign = left[pivot], left[place], -sign
        for at in range(place + 1, len(left)):
            left[at][place + 1 :] = [
                (left[place][place] * left[at][to] - left[at][place] * left[place][to]) // before
                for to in range(place + 1, len(left))
            ]
        before = left[place][place]
    return sign if before > 0 else -sign


def _rays(sides: list[list[int]], most: int | None) -> tuple[list[list[int]], Integers]:
    """Extreme rays of {z ≥ 0, sides z ≥ 0}, and as bits which inequalities are equalities.

    The coordinates come first among the bits.
    """
    size = len(sides[0])
    rays = np.eye(size, dtype=object)
    tight = (1 << size) - 1 - (1 << np.arange(size, dtype=np.int64))
    for number, side in enumerate(sides):
        values = rays @ np.array(side, object)
        above, below = np.flatnonzero(values > 0), np.flatnonzero(values < 0)
        bit = np.int64(1 << size + number)
        pairs = _adjacent(tight, above, below, size)
        kept = np.flatnonzero(values >= 0)
        if most is not None and len(kept) + len(pairs) > most:
            raise TooMany
        cut = [_between(rays[one], rays[other], values[one], values[other]) for one, other in pairs]
        masks = [tight[kept] | np.where(values[kept] == 0, bit, 0)]
        if cut:
            masks.append((tight[pairs[:, 0]] & tight[pairs[:, 1]]) | bit)
        rays = np.concatenate([rays[kept], np.array(cut, object).reshape(-1, size)])
        tight = np.concatenate(masks).astype(np.int64)
    return [list(ray) for ray in rays], tight


def _adjacent(tight: Integers, above: Integers, below: Integers, size: int) -> Integers:
    """Pairs of rays, one above and one below, between which there is an edge: (pairs, 2)."""
    found = [np.zeros((0, 2), np.int64)]
    for other in below.tolist():
        common = tight[above] & tight[other]
        many = np.flatnonzero(np.bitwise_count(common) >= size - 2)
        together = max(1, _TOGETHER // len(tight))
        for at in range(0, len(many), together):
            some = many[at : at + together]
            holding = np.count_nonzero(tight[None] & common[some, None] == common[some, None], axis=1)
            ends = above[some[holding == 2]]
            found.append(np.column_stack([ends, np.full(len(ends), other)]))
    return np.concatenate(found)


def _between(above: Objects, below: Objects, value: int, other: int) -> list[int]:
    """The ray between two at which an inequality is an equality, in the smallest whole numbers."""
    ray = [value * theirs - other * mine for mine, theirs in zip(above, below, strict=True)]
    common = gcd(*ray)
    return [each // common for each in ray]
