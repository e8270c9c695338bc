"""Other mixtures of one player in a singular equilibrium, such that nobody else gains by deviating.

If a role has one player, the payoffs of the others are linear in that player's mixture, and the player's own payoffs do
not depend on it. Keep the mixtures of all others. The player's mixtures that keep an equilibrium form a polytope: the
player plays best replies, and the others' strategies stay best replies. The corners of the polytope are the ends of a
segment, or of a larger set, of equilibria.
"""

from __future__ import annotations

from itertools import chain

import numpy as np
from numpy.typing import NDArray

from analysis.games.solvers.mixtures import PLAYED
from analysis.games.solvers.polytope import corners
from analysis.games.tables.role_payoffs import RolePayoffs
from analysis.games.tables.roles import RoleSymmetricGame

Floats = NDArray[np.float64]


def segment_ends(game: RoleSymmetricGame, payoffs: RolePayoffs, x: Floats) -> list[Floats]:
    """Equilibria, (columns,), at the corners of these polytopes, for each role of one player at an equilibrium."""
    return list(
        chain.from_iterable(_ends(payoffs, place, x) for place, role in enumerate(game.roles) if role.players == 1)
    )


def _ends(payoffs: RolePayoffs, place: int, x: Floats) -> list[Floats]:
    expected, slopes = payoffs.expected(x[None])[0], payoffs.slopes(x[None])[0]
    mine = payoffs.columns[place]
    best = np.flatnonzero(expected[mine] > expected[mine].max() - payoffs.tolerances[place]) + mine.start
    equal, sides = [np.ones(len(best))], [*-np.eye(len(best))]
    for at, theirs in enumerate(payoffs.columns):
        if at == place:
            continue
        first = theirs.start + int(x[theirs].argmax())
        for other in range(theirs.start, theirs.stop):
            gain = slopes[other, best] - slopes[first, best]
            (equal if x[other] > 0.0 else sides).append(gain)
    try:
        points = corners(sides, np.zeros(len(sides)), equal, np.eye(len(equal))[0])
    except ValueError:  # so thin that rounding decides
        return []
    found = np.tile(x, (len(points), 1))
    found[:, mine] = 0.0
    found[:, best] = np.where(points > PLAYED, points, 0.0)
    found[:, mine] /= found[:, mine].sum(axis=1, keepdims=True)
    return list(found[payoffs.stable(found)]) if len(points) > 1 else []
