"""Payoffs of several roles and their slopes, at many mixtures at once: rows of all roles' strategies.

What a strategy gets is a polynomial of the others' mixtures, of the degree of their number in each role. Its
coefficients are the table of payoffs over how many of them play what (:mod:`analysis.games.tables.counts`), which is
summed up role by role, and so are its derivatives.
"""

from __future__ import annotations

import math
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.games.tables.counts import coefficients, count_profiles, one_more, weights
from analysis.games.tables.roles import RoleSymmetricGame, profiles

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


class _Draws(NamedTuple):
    """What players of one role may do, and one player less."""

    counts: Integers
    orders: Floats
    players: int
    fewer: Integers
    fewer_orders: Floats
    more: Integers

    @classmethod
    def of(cls, players: int, strategies: int) -> _Draws:
        counts, fewer = count_profiles(players, strategies), count_profiles(max(players - 1, 0), strategies)
        more = one_more(max(players, 1), strategies)
        return cls(counts, coefficients(counts), players, fewer, coefficients(fewer), more)

    def weights(self, x: Floats) -> Floats:
        return weights(x, self.counts, self.orders)

    def slopes(self, x: Floats) -> Floats:
        """Derivatives of the weights, (mixtures, counts, strategies)."""
        found = np.zeros((len(x), len(self.counts), x.shape[1]))
        if self.players:
            slopes = self.players * weights(x, self.fewer, self.fewer_orders)
            for strategy, reached in enumerate(self.more.T):
                found[:, reached, strategy] = slopes
        return found


class RolePayoffs:
    """Each role's payoffs, less its best ones, in units of the largest difference between its strategies.

    Attributes
    ----------
    columns : of each role's strategies.
    tables : by role, what its strategies get, float64 (what all others do, strategies).
    given : the same in the game's unit.
    played : by role, whether somebody else plays a strategy, (what all others do, columns).
    rounding : by role, differences up to this may be rounding.
    tolerances : by role, the most regret, and gap between best replies, that counts as none.
    size : payoffs of all tables.
    """

    def __init__(self, game: RoleSymmetricGame) -> None:
        self.columns = game.columns
        self.tables: list[Floats] = []
        self.played: list[Booleans] = []
        self.given = game.tables
        self.rounding: list[float] = []
        self.tolerances = np.array([reading.tolerance for reading in game.readings])
        self.size = 0
        self._draws: list[list[_Draws]] = []
        self._turned: list[list[Floats]] = []  # by role and another: with the other's counts last but one
        for place in range(len(game.columns)):
            others = [role._replace(players=role.players - (at == place)) for at, role in enumerate(game.roles)]
            counts = profiles(others)
            table, reading = game.tables[place], game.readings[place]
            largest, unit = float(np.abs(table).max()), reading.largest or np.inf
            table = (table - table.max(axis=1, keepdims=True)) / unit
            draws = [_Draws.of(role.players, len(role.strategies)) for role in others]
            whole = table.reshape(*(len(each.counts) for each in draws), -1)
            self.tables.append(table)
            self.played.append(counts > 0)
            self.rounding.append(min(max(1e-12, 1e-15 * largest / unit), 0.1 * reading.smallest / unit))
            self.size += table.size
            self._draws.append(draws)
            self._turned.append([np.moveaxis(whole, at, -2) for at in range(len(others))])

    def expected(self, x: Floats) -> Floats:
        """What each strategy gets against mixtures (mixtures, columns), of the same shape."""
        found = []
        for place in range(len(self.columns)):
            chances = self._weights(place, x)
            found.append((chances[0][:, None] @ self._left(place, 0, chances))[:, 0])
        return np.concatenate(found, axis=1)

    def slopes(self, x: Floats) -> Floats:
        """Its derivatives, (mixtures, columns, columns)."""
        found = np.zeros((*x.shape, x.shape[1]))
        for place, mine in enumerate(self.columns):
            chances = self._weights(place, x)
            for at, theirs in enumerate(self.columns):
                left, slopes = self._left(place, at, chances), self._draws[place][at].slopes(x[:, theirs])
                found[:, mine, theirs] = left.transpose(0, 2, 1) @ slopes
        return found

    def stable(self, x: Floats) -> Booleans:
        """Which mixtures leave no role more regret than counts as none, (mixtures,)."""
        payoffs = self.expected(x)
        found = np.ones(len(x), bool)
        for mine, tolerance in zip(self.columns, self.tolerances, strict=True):
            found &= payoffs[:, mine].max(axis=1) - np.sum(x[:, mine] * payoffs[:, mine], axis=1) < tolerance
        return found

    def largest_term(self, inside: Booleans, bases: list[Floats]) -> float:
        """A bound on the terms of which slopes over supports are a mean: the Frobenius norm of Bernstein coefficients.

        Each pair of roles gives its largest.

        Parameters
        ----------
        inside : (columns,): the supports.
        bases : by role, directions (strategies, directions) within its support.
        """
        total = 0.0
        for place, at in product(range(len(self.columns)), repeat=2):
            draws = self._draws[place][at]
            if not draws.players:
                continue
            left = self._turned[place][at]
            others = [other for other in range(len(self.columns)) if other != at]
            for axis, other in enumerate(others):
                left = left.compress(_within(self._draws[place][other].counts, inside[self.columns[other]]), axis=axis)
            reached = draws.more[_within(draws.fewer, inside[self.columns[at]])]
            terms = draws.players * bases[at].T @ left[..., reached, :] @ bases[place]
            total += float(np.square(terms).sum(axis=(-2, -1)).max())
        return math.sqrt(total)

    def _weights(self, place: int, x: Floats) -> list[Floats]:
        return [draws.weights(x[:, theirs]) for draws, theirs in zip(self._draws[place], self.columns, strict=True)]

    def _left(self, place: int, at: int, chances: list[Floats]) -> Floats:
        """Payoffs of a role's strategies, by what another role does: (mixtures or 1, counts, strategies)."""
        table = self._turned[place][at]
        shape = table.shape[-2:]
        left = table.reshape(1, -1)
        for other, chance in enumerate(chances):
            if other == at:
                continue
            count = chance.shape[1]
            if len(left) == 1:  # one table for all mixtures
                left = chance @ left.reshape(count, -1)
            else:
                left = (chance[:, None] @ left.reshape(len(left), count, left.shape[1] // count))[:, 0]
        return left.reshape(len(left), *shape)


def _within(counts: Integers, support: Booleans) -> Booleans:
    """Which rows of counts (profiles, strategies) play a support only."""
    found: Booleans = ~np.any(counts[:, ~support], axis=1)
    return found
