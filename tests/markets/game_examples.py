"""Games that several tests play."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.games.tables.counts import number_of_profiles
from analysis.games.tables.symmetric import SymmetricGame

Floats = NDArray[np.float64]


def spread_competition(alone: ArrayLike, makers: int) -> SymmetricGame:
    """Makers on a grid of half-spreads, of whom the lowest share what one alone would get."""
    pi = np.asarray(alone, np.float64)

    def payoff(others: NDArray[np.int64]) -> Floats:
        lowest = int(np.argmax(others > 0)) if others.any() else len(pi)
        place = np.arange(len(pi))
        return np.where(place < lowest, pi, np.where(place == lowest, pi / (1 + others), 0.0))

    return SymmetricGame.from_function(makers, [str(each) for each in range(len(pi))], payoff)


def swept_makers(half_spreads: Floats, informed_share: float, makers: int) -> SymmetricGame:
    """Dennert's makers: the informed hit every quote, all others the best, and the jump is 1."""

    def payoff(others: NDArray[np.int64]) -> Floats:
        lowest = int(np.argmax(others > 0)) if others.any() else len(half_spreads)
        place = np.arange(len(half_spreads))
        share = np.where(place < lowest, 1.0, np.where(place == lowest, 1.0 / (1 + others), 0.0))
        return (1.0 - informed_share) * half_spreads * share - informed_share * (1.0 - half_spreads)

    return SymmetricGame.from_function(makers, [f"{each:.4f}" for each in half_spreads], payoff)


def mean_best(half_spreads: Floats, mixture: Floats, makers: int) -> float:
    """Mean of the lowest of so many half-spreads drawn from a mixture."""
    above = np.append(np.cumsum(mixture[::-1])[::-1], 0.0) ** makers
    return float(half_spreads @ (above[:-1] - above[1:]))


def random_game(players: int, strategies: int, seed: int, whole: int = 0) -> SymmetricGame:
    """A game of normal payoffs, or of whole ones up to a size, which is often degenerate."""
    draw = np.random.default_rng(seed)
    shape = (number_of_profiles(players - 1, strategies), strategies)
    payoffs = draw.integers(-whole, whole + 1, shape).astype(float) if whole else draw.normal(size=shape)
    return SymmetricGame(players, tuple("abcdefghij"[:strategies]), payoffs)


def relabelled(game: SymmetricGame, order: list[int]) -> SymmetricGame:
    """The game with its strategies in another order."""
    return game.restricted(order)


def same_points(one: list[Floats], other: list[Floats], within: float = 1e-6) -> bool:
    """Whether two sets of arrays are the same up to order and a distance."""
    if len(one) != len(other):
        return False
    distance = [[float(np.abs(a - b).max()) for b in other] for a in one]
    return not one or bool(np.min(distance, axis=0).max() < within and np.min(distance, axis=1).max() < within)


HAWK_DOVE = [[-1.0, 4.0], [0.0, 2.0]]
ROCK_PAPER_SCISSORS = [[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]
