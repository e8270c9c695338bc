"""Which choices of supports, one for each role, an equilibrium may have.

A choice is dropped if one of its strategies never pays more than another of its role while all of them are played, and
pays less in some profile (Porter, Nudelman and Shoham 2008). This decides pure equilibria exactly. If a role has one
player, its payoffs do not depend on its own mixture. Its equations are for the probabilities of the others, and a
regular game has no more of these equations than unknowns (McKelvey and McLennan 1996). Degenerate games may have
equilibria on supports with more equations: these supports are marked, and not dropped.
"""

from __future__ import annotations

from itertools import combinations, product
from math import comb, prod

import numpy as np
from numpy.typing import NDArray

from analysis.games.tables.role_payoffs import RolePayoffs
from analysis.games.tables.roles import RoleSymmetricGame

Booleans = NDArray[np.bool_]
_MOST = 200_000  # choices of supports
_TOGETHER = 4_000_000  # of float32 that are looked at together


def possible_supports(payoffs: RolePayoffs, effort: float) -> tuple[Booleans, bool]:
    """Choices of supports that an equilibrium may have, (choices, columns), and whether all sizes were examined."""
    sizes = [mine.stop - mine.start for mine in payoffs.columns]
    most, largest = min(_MOST, 100.0 * effort / payoffs.size), max(sizes)
    while largest > 1 and prod(sum(comb(size, each + 1) for each in range(largest)) for size in sizes) > most:
        largest -= 1
    each_role = [
        [
            np.isin(np.arange(size), chosen)
            for count in range(largest)
            for chosen in combinations(range(size), count + 1)
        ]
        for size in sizes
    ]
    supports = np.array([np.concatenate(chosen) for chosen in product(*each_role)])
    supports = supports[np.argsort(supports.sum(axis=1), kind="stable")]
    possible = np.ones(len(supports), bool)
    for mine, table, played in zip(payoffs.columns, payoffs.given, payoffs.played, strict=True):
        size = table.shape[1]
        more = (table[:, None, :] > table[:, :, None]).reshape(len(table), -1)  # the second than the first
        less = (table[:, None, :] < table[:, :, None]).reshape(len(table), -1)
        gaining, losing = more.astype(np.float32), less.astype(np.float32)
        together = max(1, _TOGETHER // max(len(table), size**2))
        for at in range(0, len(supports), together):
            block = supports[at : at + together]
            inside = (played.astype(np.float32) @ ~block.T == 0.0).T.astype(np.float32)
            outdone = (inside @ gaining > 0.0) & (inside @ losing == 0.0)
            outdone = outdone.reshape(len(block), size, size).any(axis=2)
            possible[at : at + together] &= ~np.any(outdone & block[:, mine], axis=1)
    return supports[possible], largest >= max(sizes)


def overdetermined(game: RoleSymmetricGame, supports: Booleans) -> Booleans:
    """Whether a role of one player has more equations than the others have unknowns; no regular equilibrium does."""
    unknown = np.array([supports[:, columns].sum(axis=1) - 1 for columns in game.columns])
    alone = np.array([role.players == 1 for role in game.roles])
    found: Booleans = np.any(2 * unknown[alone] > unknown.sum(axis=0), axis=0)
    return found
