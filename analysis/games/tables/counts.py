"""Count profiles: how many players play each strategy, their order, and their probabilities under a mixture.

Players of one kind are alike, so a profile is given by its counts: how many of `players` chose each of
`strategies`. Profiles are rows of int64, and their order is that of the sorted choices: (2, 0), (1, 1), (0, 2).
"""

from __future__ import annotations

from itertools import chain, combinations_with_replacement
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import comb as binomials

from sim.core.arguments import whole

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
MOST_PROFILES = 2_000_000  # more would not fit into memory with their payoffs


def number_of_profiles(players: int, strategies: int) -> int:
    """Number of ways in which the counts of `strategies` can sum to `players`.

    Raises TypeError for what is no whole number, ValueError if players is below 0 or strategies below 1.
    """
    whole("players", players, low=0)
    whole("strategies", strategies, low=1)
    return comb(players + strategies - 1, strategies - 1)


def count_profiles(players: int, strategies: int) -> Integers:
    """All count profiles, int64 (profiles, strategies), in the order of their :func:`ranks`.

    Raises ValueError as :func:`number_of_profiles` does, and if there are more than two million.
    """
    profiles = number_of_profiles(players, strategies)
    if profiles > MOST_PROFILES:
        raise ValueError(
            f"{players} players and {strategies} strategies have {profiles} profiles, more than {MOST_PROFILES}: "
            "reduce the game to fewer players"
        )
    choices = chain.from_iterable(combinations_with_replacement(range(strategies), players))
    chosen = np.fromiter(choices, np.int64, profiles * players).reshape(profiles, players)
    rows = np.repeat(np.arange(profiles), players)
    places = rows * strategies + chosen.ravel()
    return np.bincount(places, minlength=profiles * strategies).reshape(profiles, strategies).astype(np.int64)


def ranks(counts: ArrayLike) -> Integers:
    """The rows at which :func:`count_profiles` has these counts, int64 (...), of counts (..., strategies).

    Before a profile come those that have more of the first strategy in which they differ: with r players left behind
    strategy i there are C(r - 1 + m - i, m - i) of them, m being the last strategy.
    """
    c = np.asarray(counts, np.int64)
    last = c.shape[-1] - 1
    if last == 0:
        return np.zeros(c.shape[:-1], np.int64)
    left = np.cumsum(c[..., :0:-1], axis=-1)[..., ::-1]  # players of all later strategies
    behind = last - np.arange(last)
    most = int(left.max(initial=0))
    table = np.array([[comb(r - 1 + b, b) if r else 0 for r in range(most + 1)] for b in behind], np.int64)
    found: Integers = table[np.arange(last), left].sum(axis=-1)
    return found


def coefficients(counts: Integers) -> Floats:
    """In how many orders each row of counts (profiles, strategies) can be played: multinomial, float64 (profiles,)."""
    found = np.ones(len(counts))
    below = np.zeros(len(counts), np.int64)
    for column in counts.T:
        below = below + column
        found *= binomials(below, column)
    return found


def one_more(players: int, strategies: int) -> Integers:
    """Ranks of the profiles with one more player: ranks among `players`, (profiles of players - 1, strategies).

    Raises ValueError if players is below 1, and as :func:`count_profiles` does.
    """
    if players < 1:
        raise ValueError(f"players must be at least 1, not {players}")
    fewer = count_profiles(players - 1, strategies)
    return ranks(fewer[:, None, :] + np.eye(strategies, dtype=np.int64))


def weights(mixtures: Floats, counts: Integers, orders: Floats) -> Floats:
    """Probability of each row of counts if all players draw from a mixture, float64 (..., profiles).

    Parameters
    ----------
    mixtures : (..., strategies). Need not be a probability: the polynomial is defined everywhere.
    counts, orders : (profiles, strategies), and their :func:`coefficients`.
    """
    most = int(counts.max(initial=0))
    powers = np.ones((*mixtures.shape, most + 1))
    for power in range(most):
        powers[..., power + 1] = powers[..., power] * mixtures
    found = np.broadcast_to(orders, (*mixtures.shape[:-1], len(orders))).copy()
    for strategy in range(counts.shape[1]):
        found *= powers[..., strategy, :][..., counts[:, strategy]]
    return found
