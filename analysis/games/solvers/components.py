"""Continua of symmetric equilibria, which degenerate games have.

With two players, the equilibria of a support form a polytope: all mixtures of the support whose strategies pay the
same, while no other strategy pays more. Two equilibria lie in one convex continuum if the strategies of each are best
replies to the other (Winkels 1979, for two roles). So corners and maximal sets of corners describe all continua. With
more players, continua are curved, and only equilibria near to one another are listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from analysis.games.solvers.indifference import newton_step
from analysis.games.solvers.mixtures import SAME, Equilibrium, classified, refined
from analysis.games.solvers.polytope import corners, distinct
from analysis.games.solvers.simplex import spread_starts
from analysis.games.tables.symmetric import SymmetricGame

Floats = NDArray[np.float64]
_TIGHT = 1e-8  # payoffs of a scaled game that are best
_LONG = 3e-4  # groups of singular equilibria that are no wider are one of them
_NEAR = 0.1  # mixtures that are taken for one continuum
_LOOKED_AT = 200  # undecided mixtures of one support
_BETWEEN = 128  # mixtures at which a support that all pays the same is looked at
_HALVINGS = 80  # Newton's steps to a double point, each of which halves the distance


@dataclass(frozen=True, eq=False)
class Component:
    """A continuum of equilibria.

    Attributes
    ----------
    mixtures : float64 (mixtures, strategies): the corners of a polytope of equilibria, or some equilibria.
    exact : whether they are its corners and the continuum is all between them.
    """

    mixtures: Floats
    exact: bool

    @property
    def support(self) -> tuple[int, ...]:
        """Numbers of the strategies that are played in some of it."""
        return tuple(np.flatnonzero(self.mixtures.max(axis=0) > 0.0).tolist())

    def among(self, kept: Sequence[int], strategies: int) -> Component:
        """The same among more strategies, of which it knows those kept."""
        mixtures = np.zeros((len(self.mixtures), strategies))
        mixtures[:, list(kept)] = self.mixtures
        return Component(mixtures, self.exact)


def components_of_two(
    game: SymmetricGame, known: list[Equilibrium], singular: Sequence[tuple[int, ...]]
) -> tuple[list[Equilibrium], list[Component]]:
    """All extreme equilibria of a scaled game of two, and the maximal continua between them.

    Parameters
    ----------
    known : isolated equilibria.
    singular : supports whose payoffs do not settle one mixture.
    """
    matrix = game.payoffs.T
    found = [each.mixture for each in known]
    for support in sorted(set(singular)):
        found.extend(_extreme(matrix, support))
    extreme = refined(game, found)
    mixtures = np.array([each.mixture for each in extreme]).reshape(-1, game.size)
    payoffs = mixtures @ matrix.T
    tight = payoffs > payoffs.max(axis=1, keepdims=True) - _TIGHT
    played = mixtures > 0.0
    fits = ~np.any(played[:, None] & ~tight[None], axis=2)  # all that one plays is best against the other
    graph = nx.from_numpy_array((fits & fits.T).astype(np.int64))
    cliques = sorted(sorted(clique) for clique in nx.find_cliques(graph) if len(clique) > 1)
    return extreme, [Component(mixtures[clique], True) for clique in cliques]


def _extreme(matrix: Floats, support: tuple[int, ...]) -> list[Floats]:
    """Corners of the equilibria whose strategies are all in a support and all best."""
    chosen = list(support)
    others = [each for each in range(len(matrix)) if each not in support]
    size = len(chosen)
    level = matrix[np.ix_(chosen, chosen)]
    equal = np.vstack([np.ones(size), level[1:] - level[0]])
    sides = np.vstack([-np.eye(size), matrix[np.ix_(others, chosen)] - level[0]])
    points = corners(sides, np.zeros(len(sides)), equal, np.eye(size)[0])
    mixtures = np.zeros((len(points), len(matrix)))
    mixtures[:, chosen] = np.where(points > _TIGHT, points, 0.0)
    return list(mixtures)


def components_seen(
    game: SymmetricGame,
    known: list[Equilibrium],
    undecided: Sequence[tuple[tuple[int, ...], Floats]],
    flat: Sequence[tuple[int, ...]],
) -> tuple[list[Equilibrium], list[Component], bool]:
    """Singular equilibria of a scaled game near undecided mixtures, continua they seem to be of, and if that is all.

    It is where only continua are left that reach over whole supports.

    Parameters
    ----------
    known : isolated equilibria.
    undecided : supports and mixtures.
    flat : supports all of whose mixtures pay all of them the same.
    """
    near = [
        x for support, start in _some_of_each(undecided) if (x := _singular_point(game, support, start)) is not None
    ]
    pieces: list[Component] = []
    single: list[Floats] = []
    for mixtures in _clusters(near):
        if np.ptp(mixtures, axis=0).max() > _LONG:
            pieces.append(Component(mixtures[_ends(mixtures)], False))
        else:
            single.append(mixtures[0])
    whole = [support for support in flat if _never_outdone(game, support)]
    for support in flat:
        if any(set(support) < set(larger) for larger in whole):
            continue
        mixtures = _over(support, game.size)
        stable = mixtures[[game.regret(x) < game.tolerance for x in mixtures]]
        if support in whole:
            pieces.append(Component(mixtures[: len(support)], True))
        elif len(stable) > 1:
            pieces.append(Component(stable[_ends(stable)], False))
    isolated = list(known)
    for x in single:
        if not any(np.abs(x - each.mixture).max() < 1e3 * SAME for each in isolated):
            isolated.append(classified(game, x))
    isolated.sort(key=lambda each: (len(each.support), each.support))
    return isolated, pieces, not undecided and len(whole) == len(flat)


def _over(support: tuple[int, ...], strategies: int) -> Floats:
    """The corners of a support, its middle and points between, (mixtures, strategies)."""
    size = len(support)
    shares = np.concatenate([np.eye(size), np.full((1, size), 1.0 / size), spread_starts(size, _BETWEEN, 1)[0]])
    mixtures = np.zeros((len(shares), strategies))
    mixtures[:, list(support)] = shares
    return mixtures


def _some_of_each(
    undecided: Sequence[tuple[tuple[int, ...], Floats]],
) -> Iterator[tuple[tuple[int, ...], Floats]]:
    """At most so many mixtures of each support, evenly chosen."""
    by_support: dict[tuple[int, ...], list[Floats]] = {}
    for support, mixture in undecided:
        by_support.setdefault(support, []).append(mixture)
    for support, mixtures in by_support.items():
        for mixture in mixtures[:: -(-len(mixtures) // _LOOKED_AT)]:
            yield support, mixture


def _never_outdone(game: SymmetricGame, support: tuple[int, ...]) -> bool:
    inside = game.counts[:, list(support)].sum(axis=1) == game.players - 1
    payoffs = game.payoffs[inside]
    return bool(np.all(payoffs <= payoffs[:, [support[0]]] + game.rounding))


def _singular_point(game: SymmetricGame, support: tuple[int, ...], start: Floats) -> Floats | None:
    """The equilibrium to which least squares lead from a mixture; None if they lead to none."""
    x = start.copy()
    numbers = np.array([support])
    for _ in range(_HALVINGS):
        step = newton_step(game, numbers, x[None], singular=True)[0]
        x = x - step * min(1.0, 0.1 / max(float(np.abs(step).max()), 1e-300))
        if np.abs(step).max() < 1e-13:
            break
    x = np.where(x > 1e-7, x, 0.0)
    if not np.all(np.isfinite(x)) or not x.sum() > 0.0:
        return None
    x = x / x.sum()
    return x if game.regret(x) < game.tolerance and np.abs(x - start).max() < 2.0 * _NEAR else None


def _clusters(mixtures: list[Floats]) -> list[Floats]:
    """Mixtures in groups within which each is near another."""
    if not mixtures:
        return []
    x = distinct(np.array(mixtures), SAME)
    near = cKDTree(x).sparse_distance_matrix(cKDTree(x), _NEAR, p=np.inf)
    groups, labels = connected_components(near > 0.0)
    return [x[labels == group] for group in range(groups)]


def _ends(mixtures: Floats) -> list[int]:
    """The mixtures that have most or least of some strategy."""
    return sorted({*mixtures.argmax(axis=0).tolist(), *mixtures.argmin(axis=0).tolist()})
