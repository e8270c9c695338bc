"""Symmetric games: players who are alike choose among the same strategies.

The payoffs of one strategy over what the others do are a table over their counts. Against a mixture x that all others
draw from, its expectation is Σ_c C(c) x^c u(c): a polynomial on the simplex whose Bernstein coefficients are the table
itself, which is what the solvers live on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.games.tables.counts import coefficients, count_profiles, number_of_profiles, one_more, weights
from analysis.games.tables.differences import Reading, read
from sim.core.arguments import whole

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
LARGEST = 1e300  # of payoffs, so that differences are finite


@dataclass(frozen=True, eq=False)
class SymmetricGame:
    """A game of so many players with the same named strategies.

    Parameters
    ----------
    players : at least 1.
    strategies : their names, all different.
    payoffs : float64 (profiles, strategies): what a player gets for each strategy, against each row of :attr:`counts`.

    Raises
    ------
    ValueError
        If a name comes twice, or the payoffs are not finite or not of that shape.
    """

    players: int
    strategies: tuple[str, ...]
    payoffs: Floats

    def __post_init__(self) -> None:
        names = tuple(self.strategies)
        whole("the number of players", self.players, low=1)
        check_names(names)
        payoffs = check_payoffs(self.payoffs)
        shape = (number_of_profiles(self.players - 1, len(names)), len(names))
        if payoffs.shape != shape:
            raise ValueError(f"payoffs over opponents' counts must be of shape {shape}, not {payoffs.shape}")
        payoffs.setflags(write=False)
        object.__setattr__(self, "strategies", names)
        object.__setattr__(self, "payoffs", payoffs)

    @classmethod
    def from_matrix(cls, payoffs: ArrayLike, strategies: Sequence[str] | None = None) -> SymmetricGame:
        """Two players: row i of the square matrix is what i gets against each of the columns."""
        matrix = check_payoffs(payoffs)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
            raise ValueError(f"the payoffs of a symmetric game of two are a square matrix, not of shape {matrix.shape}")
        return cls(2, _names(strategies, len(matrix)), matrix.T)

    @classmethod
    def from_function(
        cls, players: int, strategies: Sequence[str], payoff: Callable[[Integers], ArrayLike]
    ) -> SymmetricGame:
        """From what every strategy gets, (strategies,), against opponents' counts, int64 (strategies,)."""
        counts = count_profiles(players - 1, len(strategies))
        return cls(players, tuple(strategies), check_payoffs([payoff(row) for row in counts]))

    @property
    def size(self) -> int:
        """The number of strategies."""
        return len(self.strategies)

    @cached_property
    def counts(self) -> Integers:
        """What the others may do: how many of them play what, int64 (profiles, strategies)."""
        return count_profiles(self.players - 1, self.size)

    @cached_property
    def range(self) -> float:
        """The largest payoff less the smallest; tolerances are shares of it."""
        return float(np.ptp(self.payoffs))

    @cached_property
    def scale(self) -> float:
        """What the solvers divide by: the largest payoff difference between strategies, or 1 where none differ."""
        return self.reading.largest or 1.0

    @cached_property
    def reading(self) -> Reading:
        """Payoffs without rounding, and the smallest difference that matters."""
        return read(self.payoffs)

    @cached_property
    def without_rounding(self) -> SymmetricGame:
        """The same game with payoffs that are the same where they differ by rounding."""
        return SymmetricGame(self.players, self.strategies, self.reading.payoffs)

    @cached_property
    def rounding(self) -> float:
        """Differences of :attr:`scaled` payoffs up to this may be rounding: 1e-12, or what the payoffs' digits leave.

        It is at most a tenth of the smallest difference that matters.
        """
        largest = float(np.abs(self.payoffs).max())
        return min(max(1e-12, 1e-15 * largest / self.scale), 0.1 * self.reading.smallest / self.scale)

    @property
    def tolerance(self) -> float:
        """The most regret, and gap between best replies, of :attr:`scaled` payoffs that counts as none."""
        return self.reading.tolerance

    @cached_property
    def scaled(self) -> SymmetricGame:
        """The same game in the unit of :attr:`scale`, less what the best strategy gets in each row."""
        best = self.payoffs.max(axis=1, keepdims=True)
        return SymmetricGame(self.players, self.strategies, (self.payoffs - best) / self.scale)

    @cached_property
    def _orders(self) -> Floats:
        return coefficients(self.counts)

    @cached_property
    def _behind(self) -> Floats:
        """By how much each strategy pays less than the best; sums of it lose fewer digits than those of payoffs."""
        found: Floats = self.payoffs.max(axis=1, keepdims=True) - self.payoffs
        return found

    @cached_property
    def _slopes(self) -> tuple[Integers, Floats, Integers]:
        fewer = count_profiles(self.players - 2, self.size)
        return fewer, coefficients(fewer), one_more(self.players - 1, self.size)

    def expected(self, mixtures: ArrayLike) -> Floats:
        """What each strategy gets if the others draw from a mixture; (..., strategies) for the same shape."""
        x = self._checked(mixtures)
        found: Floats = weights(x, self.counts, self._orders) @ self.payoffs
        return found

    def jacobian(self, mixtures: ArrayLike) -> Floats:
        """Derivative of each strategy's expected payoff to each probability, (..., strategies, probabilities)."""
        x = self._checked(mixtures)
        if self.players == 1:
            return np.zeros((*x.shape, self.size))
        fewer, orders, more = self._slopes
        found: Floats = (self.players - 1) * np.einsum(
            "...c,cts->...st", weights(x, fewer, orders), self.payoffs[more], optimize=True
        )
        return found

    def payoff(self, mixture: ArrayLike) -> float:
        """What everyone expects where all draw from a mixture (strategies,)."""
        x = self._checked(mixture)
        return float(x @ self.expected(x))

    def regret(self, mixture: ArrayLike) -> float:
        """What the best deviation from a mixture that all draw from would add; never negative."""
        x = self._checked(mixture)
        behind = weights(x, self.counts, self._orders) @ self._behind
        return max(float(x @ behind - behind.min()), 0.0)

    def restricted(self, strategies: Sequence[int]) -> SymmetricGame:
        """The game with some of the strategies only, by their numbers."""
        chosen = list(strategies)
        inside = self.counts[:, chosen].sum(axis=1) == self.players - 1
        rows = self.counts[inside][:, chosen]
        order = np.lexsort(-rows.T[::-1])
        payoffs = self.payoffs[inside][order][:, chosen]
        return SymmetricGame(self.players, tuple(self.strategies[each] for each in chosen), payoffs)

    def _checked(self, mixtures: ArrayLike) -> Floats:
        x = np.asarray(mixtures, np.float64)
        if x.ndim < 1 or x.shape[-1] != self.size:
            raise ValueError(f"a mixture has {self.size} probabilities, not shape {x.shape}")
        return x


def check_payoffs(payoffs: ArrayLike | Sequence[ArrayLike]) -> Floats:
    """Payoffs as float64. Raises ValueError if they are no numbers, not finite, or beyond 1e300."""
    try:
        found = np.array(payoffs, np.float64)
    except (TypeError, ValueError):
        raise ValueError("payoffs must be numbers in rows of one length") from None
    if not np.all(np.abs(found) <= LARGEST):
        raise ValueError(f"payoffs must be finite, and at most {LARGEST:g}")
    return found


def check_names(names: Sequence[str]) -> None:
    """Raise ValueError if there is no name, or one comes twice."""
    if not names:
        raise ValueError("a game has at least one strategy")
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if list(names).count(name) > 1})
        raise ValueError(f"strategies must have different names, but {', '.join(twice)} comes twice")


def _names(given: Sequence[str] | None, count: int) -> tuple[str, ...]:
    names = tuple(map(str, range(count))) if given is None else tuple(given)
    if len(names) != count:
        raise ValueError(f"{count} strategies need as many names, not {len(names)}")
    return names
