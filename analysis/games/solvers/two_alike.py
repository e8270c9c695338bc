"""All symmetric equilibria of two players who are alike, degenerate games included, by the corners of one polytope.

A corner of the best-response polytope is a mixture of one player with the other's best replies. It is a symmetric
equilibrium where all that it plays is a best reply to it, and every symmetric equilibrium is a mean of such corners.
Equilibria lie in one convex continuum if each one's strategies are best replies to the other (Winkels 1979, for two
roles), so that maximal sets of them say all. Corners are found in whole numbers (:mod:`analysis.games.solvers.exact`),
so that the result is proved, however far apart payoffs lie.
"""

from __future__ import annotations

import networkx as nx
import numpy as np

from analysis.games.solvers.components import Component
from analysis.games.solvers.exact import best_response_corners, sign_of_determinant, whole_numbers
from analysis.games.solvers.mixtures import Equilibrium, Kind, condition, in_order
from analysis.games.tables.symmetric import SymmetricGame


def equilibria_of_two_alike(game: SymmetricGame, most: int | None = None) -> tuple[list[Equilibrium], list[Component]]:
    """All extreme equilibria of a game of two, and the maximal continua between them.

    Parameters
    ----------
    most : corners on the way; None for any number.

    Raises
    ------
    TooMany
        If there are more corners.
    """
    matrix = game.payoffs.T
    corners = best_response_corners(matrix, most)
    stable = np.flatnonzero(np.all(~corners.played | corners.best, axis=1))
    whole = whole_numbers(matrix)
    found = []
    for at in stable.tolist():
        support = np.flatnonzero(corners.played[at]).tolist()
        weak = bool(np.any(corners.best[at] & ~corners.played[at]))
        kind: Kind = "weak" if weak else "strict" if len(support) == 1 else "quasi-strict"
        index = None if weak else _index(whole, support)
        mixture = corners.mixtures[at]
        regular = condition(game, np.array(support), mixture)
        found.append(Equilibrium(mixture, game.payoff(mixture), game.regret(mixture), kind, not weak, index, regular))
    played, best = corners.played[stable], corners.best[stable]
    fits = ~np.any(played[:, None] & ~best[None], axis=2)  # all that one plays is best against the other
    graph = nx.from_numpy_array((fits & fits.T).astype(np.int64))
    cliques = sorted(sorted(clique) for clique in nx.find_cliques(graph) if len(clique) > 1)
    pieces = [Component(corners.mixtures[stable[clique]], True) for clique in cliques]
    return in_order(found), pieces


def _index(whole: list[list[int]], support: list[int]) -> int:
    """The sign of the determinant of minus the slopes within a support; not 0 at a corner at which nothing is tied."""
    *others, last = support
    slopes = [[whole[last][j] + whole[i][last] - whole[i][j] - whole[last][last] for j in others] for i in others]
    return sign_of_determinant(slopes)
