"""All symmetric equilibria of alike players with two strategies, in fractions, however far apart payoffs lie.

What the second strategy gains over the first is a polynomial of degree players - 1 in the odds t of the second: its
coefficients are C(n - 1, k) times the gain where k of the others play it. Its positive roots are counted by Sturm's
theorem (1829) and halved apart; each is a mixed equilibrium. It is regular if the root is simple.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import comb

import numpy as np
from numpy.typing import NDArray

from analysis.games.solvers.exact import whole_numbers
from analysis.games.solvers.mixtures import Equilibrium, Kind, condition, in_order
from analysis.games.tables.symmetric import SymmetricGame

Floats = NDArray[np.float64]
Polynomial = list[Fraction]  # the lowest power first, the last not 0
_SHARP = Fraction(1, 2**60)  # of a root: width of the interval that it is in


def equilibria_of_two_strategies(game: SymmetricGame) -> list[Equilibrium]:
    """All symmetric equilibria of at least two players who have two strategies, some of whose payoffs differ."""
    gains = [Fraction(second - first) for first, second in whole_numbers(game.payoffs)]
    found = []
    for place, ahead in ((0, -gains[0]), (1, gains[-1])):
        if ahead >= 0:
            kind: Kind = "strict" if ahead > 0 else "weak"
            found.append(_said(game, np.eye(2)[place], kind, 1 if ahead > 0 else None))
    weighted = [comb(game.players - 1, k) * gain for k, gain in enumerate(gains)]
    lowest = next(k for k, value in enumerate(weighted) if value)
    polynomial = _trimmed(weighted[lowest:])
    chain = _sturm(polynomial)
    double = _sturm(chain[-1])  # the common factor with the derivative
    for low, high in _apart(chain):
        odds = (low + high) / 2
        mixture = np.array([float(1 / (1 + odds)), float(odds / (1 + odds))])
        simple = len(chain[-1]) == 1 or _changes(double, low) == _changes(double, high)
        index = (1 if _value(polynomial, low) > 0 else -1) if simple else None
        found.append(_said(game, mixture, "quasi-strict", index))
    return in_order(found)


def _said(game: SymmetricGame, mixture: Floats, kind: Kind, index: int | None) -> Equilibrium:
    sharp = condition(game, np.flatnonzero(mixture), mixture)
    return Equilibrium(mixture, game.payoff(mixture), game.regret(mixture), kind, index is not None, index, sharp)


def _apart(chain: list[Polynomial]) -> list[tuple[Fraction, Fraction]]:
    """Narrow intervals, each around one positive root; the ends are no roots."""
    first = chain[0]
    if len(first) == 1:
        return []
    largest = max(map(abs, first))
    low, high = abs(first[0]) / (2 * largest), 2 * largest / abs(first[-1])  # all roots are between (Cauchy 1829)
    pending, found = [(low, high)], []
    while pending:
        low, high = pending.pop()
        roots = _changes(chain, low) - _changes(chain, high)
        if roots == 1 and high - low <= _SHARP * low:
            found.append((low, high))
        elif roots:
            middle = _between(first, low, high)
            pending += [(middle, high), (low, middle)]
    return found


def _between(polynomial: Polynomial, low: Fraction, high: Fraction) -> Fraction:
    """A short fraction between two numbers that is no root: near their geometric mean where they are far apart."""
    middle = (low + high) / 2
    if high > 4 * low:
        sizes = [each.numerator.bit_length() - each.denominator.bit_length() for each in (low, high)]
        middle = Fraction(2) ** (sum(sizes) // 2)
        if not low < middle < high:
            middle = 2 * low
    short = middle.limit_denominator(int(8 / (high - low)) + 8) if high - low < middle else middle
    middle = short if low < short < high else middle
    while not _value(polynomial, middle):
        middle = (low + 2 * middle) / 3
    return middle


def _sturm(polynomial: Polynomial) -> list[Polynomial]:
    """Sturm's chain; its last is the common factor with the derivative."""
    chain = [polynomial, _trimmed([k * value for k, value in enumerate(polynomial)][1:])]
    while chain[-1]:
        chain.append([-value for value in _remainder(chain[-2], chain[-1])])
    return chain[:-1]


def _remainder(above: Polynomial, below: Polynomial) -> Polynomial:
    left = list(above)
    while len(left) >= len(below):
        factor = left[-1] / below[-1]
        start = len(left) - len(below)
        left = [*left[:start], *(a - factor * b for a, b in zip(left[start:], below, strict=True))][:-1]
    return _trimmed(left)


def _trimmed(polynomial: Polynomial) -> Polynomial:
    while polynomial and not polynomial[-1]:
        polynomial = polynomial[:-1]
    return polynomial


def _changes(chain: list[Polynomial], at: Fraction) -> int:
    signs = [value > 0 for each in chain if (value := _value(each, at))]
    return sum(one != other for one, other in pairwise(signs))


def _value(polynomial: Polynomial, at: Fraction) -> Fraction:
    found = Fraction(0)
    for coefficient in reversed(polynomial):
        found = found * at + coefficient
    return found
