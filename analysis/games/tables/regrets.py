"""Whether regrets are below the smallest difference that matters; in fractions if floats have too few digits.

The probabilities of a mixture are rounded once. For a payoff of 1e20, this rounding exceeds a difference of 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from analysis.games.tables.differences import Reading
from analysis.games.tables.roles import RoleSymmetricGame

Floats = NDArray[np.float64]
_MOST = 20_000  # payoffs of games whose regrets are computed in fractions


def below_what_matters(
    regrets: Sequence[float],
    readings: Sequence[Reading],
    game: Callable[[], RoleSymmetricGame],
    mixtures: Sequence[Floats],
) -> bool:
    """Whether no role's regret is as large as the smallest difference between payoffs of its strategies.

    Parameters
    ----------
    regrets : by role, as floats: enough where payoffs are not far apart, or have more than 20,000 entries.
    readings : by role.
    game, mixtures : from which regrets are computed in fractions else; one mixture a role, (strategies,).
    """
    found: Sequence[Fraction | float] = regrets
    far = not all(reading.narrow for reading in readings)
    if far and sum(reading.payoffs.size for reading in readings) <= _MOST:
        found = regrets_in_fractions(game(), mixtures)
    return all(regret < reading.smallest for regret, reading in zip(found, readings, strict=True))


def regrets_in_fractions(game: RoleSymmetricGame, mixtures: Sequence[Floats]) -> list[Fraction]:
    """What the best deviation of a player of each role adds, exactly; mixtures are divided by their sums."""
    given = [[Fraction(share) for share in mixture.tolist()] for mixture in mixtures]
    exact = [[share / sum(mixture) for share in mixture] for mixture in given]
    found = []
    for place, (table, mine) in enumerate(zip(game.tables, exact, strict=True)):
        by_role = [
            [_chance(counts, int(ways), mixture) for counts, ways in zip(rows.tolist(), orders.tolist(), strict=True)]
            for mixture, (rows, orders) in zip(exact, game.draws(place), strict=True)
        ]
        expected = [Fraction(0)] * len(mine)
        for chances, paid in zip(product(*by_role), table.tolist(), strict=True):
            if all(chances):
                chance = prod(chances)
                expected = [value + chance * Fraction(each) for value, each in zip(expected, paid, strict=True)]
        found.append(max(expected) - sum(share * value for share, value in zip(mine, expected, strict=True)))
    return found


def _chance(counts: list[int], ways: int, mixture: list[Fraction]) -> Fraction:
    return ways * prod((share**count for share, count in zip(mixture, counts, strict=True)), start=Fraction(1))
