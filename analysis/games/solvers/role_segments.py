"""What one player may do instead in a singular equilibrium while nobody else has a reason to move.

If a role has one player, what the others get is linear in his mixture, and his own payoffs do not depend on it. With
all others' mixtures as they are, his mixtures that leave an equilibrium are a polytope: he plays best replies, and what
the others play stays best. Its corners are the ends of a segment, or of something larger, of equilibria.
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
    """Equilibria, (columns,), at the corners of what each role of one player may do in an equilibrium (columns,)."""
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
