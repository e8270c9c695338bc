"""Pure equilibria of a role-symmetric game: profiles, in which players may differ, from which nobody gains alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.games.tables.roles import RoleSymmetricGame

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class PureEquilibria(NamedTuple):
    """Profiles from which no single player gains by deviating."""

    rows: Integers  # (equilibria,), of the game's counts
    counts: Integers  # (equilibria, columns)
    regrets: Floats  # (equilibria,): the largest gain of a deviation, 0 where it would lose or gain nothing
    strict: NDArray[np.bool_]  # (equilibria,): every deviation loses


def largest_gains(game: RoleSymmetricGame) -> Floats:
    """Gain of the best deviation of one player from each profile, (profiles,); negative if every deviation loses.

    -inf if nobody has a choice.
    """
    found = np.full(len(game.counts), -np.inf)
    np.maximum.at(found, game.deviations.profiles, game.deviations.gains)
    return found


def pure_equilibria(game: RoleSymmetricGame) -> PureEquilibria:
    """All pure equilibria, of the game's profiles; a symmetric game is one role.

    Payoffs that differ by rounding are the same (:mod:`analysis.games.tables.differences`).
    """
    gains = largest_gains(game.without_rounding)
    rows = np.flatnonzero(gains <= 0.0)
    return PureEquilibria(rows, game.counts[rows], np.maximum(gains[rows], 0.0), gains[rows] < 0.0)
