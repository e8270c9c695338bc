"""All equilibria of two players, degenerate games included, by the corners of two polytopes.

With payoffs above 0, mixtures x of the row player are the rays of the polytope {x ≥ 0, B'x ≤ 1}, those y of the column
player of {y ≥ 0, A y ≤ 1}. A corner carries the strategies that are not played or are best against it; a pair of
corners that between them carry all strategies of both is an equilibrium, and every equilibrium is a mean of such pairs
(Mangasarian 1964; Avis, Rosenberg, Savani and von Stengel 2010). Sets of corners all of whose pairs are equilibria
span the maximal convex continua (Winkels 1979). Corners are counted up to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import networkx as nx
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import HalfspaceIntersection

from analysis.games.polytope import distinct

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
MOST_STRATEGIES = 14  # of each player; the corners of more are too many
_TIGHT = 1e-9  # slacks of inequalities, of payoffs from 1 to 2, that are none
_TOGETHER = 20_000_000  # pairs of corners that are compared at once


@dataclass(frozen=True, eq=False)
class Pair:
    """An equilibrium of two players.

    Attributes
    ----------
    row, column : mixtures, float64 (rows,) and (columns,).
    payoffs, regrets : of both, in the game's unit.
    regular : whether just the strategies that are played are best, and they are as many on both sides.
    index : +1 or -1 (Shapley 1974), which sum to +1 over a game without degenerate equilibria; None if not regular.
    """

    row: Floats
    column: Floats
    payoffs: tuple[float, float]
    regrets: tuple[float, float]
    regular: bool
    index: int | None


class Continuum(NamedTuple):
    """Mixtures whose means, of either player, are equilibria with one another's."""

    rows: Floats  # (corners, rows)
    columns: Floats  # (corners, columns)


@dataclass(frozen=True)
class PairEquilibria:
    """Every extreme equilibrium, and the continua between them.

    Attributes
    ----------
    equilibria : the isolated ones and the corners of continua.
    continua : maximal convex ones; they may touch one another.
    degenerate : whether an equilibrium is not regular.
    note : one sentence on what this says.
    """

    equilibria: tuple[Pair, ...]
    continua: tuple[Continuum, ...]
    degenerate: bool
    note: str


class _Corners(NamedTuple):
    mixtures: Floats  # (corners, own strategies)
    carried: Booleans  # (corners, rows and columns)


def equilibria_of_two(row: ArrayLike, column: ArrayLike) -> PairEquilibria:
    """Find all equilibria of a game of two, whose payoffs are both (rows, columns).

    Raises
    ------
    ValueError
        If the payoffs are not finite matrices of one shape, or a player has more than 14 undominated strategies.
    """
    a, b = np.asarray(row, np.float64), np.asarray(column, np.float64)
    if a.ndim != 2 or a.shape != b.shape or not a.size or not np.all(np.isfinite(a)) or not np.all(np.isfinite(b)):
        raise ValueError(f"payoffs of two players are finite matrices of one shape, not {a.shape} and {b.shape}")
    rows, columns = _undominated(a, b)
    if max(len(rows), len(columns)) > MOST_STRATEGIES:
        raise ValueError(
            f"{max(len(rows), len(columns))} strategies of a player are undominated, and the corners of more than "
            f"{MOST_STRATEGIES} are too many: leave some out"
        )
    inner_a, inner_b = _above_zero(a[np.ix_(rows, columns)]), _above_zero(b[np.ix_(rows, columns)])
    x = _corners(inner_b.T, True)
    y = _corners(inner_a, False)
    found = []
    pairs = _complete(x.carried, y.carried)
    for at, to in pairs:
        mixtures = _sharpened(x.carried[at], y.carried[to], inner_a, inner_b, x.mixtures[at], y.mixtures[to])
        regular = bool(x.carried[at].sum() == len(rows) and y.carried[to].sum() == len(columns))
        found.append(
            _pair(a, b, rows, columns, *mixtures, regular, _index(inner_a, inner_b, *mixtures) if regular else None)
        )
    places = {pair: which for which, pair in enumerate(pairs)}
    continua = tuple(
        Continuum(
            np.array([found[places[each, others[0]]].row for each in mine]),
            np.array([found[places[mine[0], each]].column for each in others]),
        )
        for mine, others in _bicliques(pairs)
    )
    order = sorted(
        range(len(found)), key=lambda which: (*-np.round(found[which].row, 9), *-np.round(found[which].column, 9))
    )
    degenerate = not all(each.regular for each in found)
    return PairEquilibria(
        tuple(found[each] for each in order), continua, degenerate, _note(found, continua, degenerate)
    )


def _undominated(a: Floats, b: Floats) -> tuple[Integers, Integers]:
    """Rows and columns that are left when strictly dominated ones go, again and again."""
    rows, columns = np.arange(a.shape[0]), np.arange(a.shape[1])
    while True:
        mine, others = a[np.ix_(rows, columns)], b[np.ix_(rows, columns)]
        slack = 1e-12 * max(np.ptp(a), np.ptp(b))
        low_rows = np.array([np.any((mine - mine[each]).min(axis=1) > slack) for each in range(len(rows))])
        low_columns = np.array(
            [np.any((others.T - others[:, each]).min(axis=1) > slack) for each in range(len(columns))]
        )
        if not low_rows.any() and not low_columns.any():
            return rows, columns
        rows, columns = rows[~low_rows], columns[~low_columns]


def _above_zero(payoffs: Floats) -> Floats:
    """Payoffs of one player from 1 to 2."""
    span = float(np.ptp(payoffs))
    scaled: Floats = (payoffs - payoffs.min()) / (span or 1.0) + 1.0
    return scaled


def _corners(sides: Floats, rows_first: bool) -> _Corners:
    """Corners of {x ≥ 0, sides x ≤ 1} but 0, as mixtures, and the strategies of both that they carry."""
    others, own = sides.shape
    if own == 1:
        points = np.array([[1.0 / sides.max()]])
    else:
        half_spaces = np.vstack(
            [np.column_stack([-np.eye(own), np.zeros(own)]), np.column_stack([sides, -np.ones(others)])]
        )
        inside = np.full(own, 0.5 / (own * sides.max()))
        points = distinct(HalfspaceIntersection(half_spaces, inside).intersections, _TIGHT)
    points = points[points.max(axis=1) > _TIGHT]
    points = np.where(points > _TIGHT, points, 0.0)
    unplayed, best = points == 0.0, points @ sides.T > 1.0 - _TIGHT
    carried = np.hstack([unplayed, best] if rows_first else [best, unplayed])
    return _Corners(points / points.sum(axis=1, keepdims=True), carried)


def _complete(left: Booleans, right: Booleans) -> list[tuple[int, int]]:
    """Pairs of corners that between them carry all strategies."""
    bits = 1 << np.arange(left.shape[1], dtype=np.int64)
    mine, others, everything = left @ bits, right @ bits, int(bits.sum())
    pairs: list[tuple[int, int]] = []
    together = max(1, _TOGETHER // len(others))
    for at in range(0, len(mine), together):
        first, second = np.nonzero((mine[at : at + together, None] | others[None]) == everything)
        pairs.extend(zip((first + at).tolist(), second.tolist(), strict=True))
    return pairs


def _sharpened(left: Booleans, right: Booleans, a: Floats, b: Floats, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Both mixtures solved anew from what their corners carry, without Qhull's rounding."""
    count = len(x)
    return _solved(x, b.T[left[count:]]), _solved(y, a[right[:count]])


def _solved(mixture: Floats, best: Floats) -> Floats:
    """The mixture over the same support that makes all of `best`, (strategies, own), pay the same."""
    support = np.flatnonzero(mixture)
    system = np.vstack([best[1:, support] - best[0, support], np.ones(len(support))])
    solved = np.linalg.lstsq(system, np.eye(len(system))[-1], rcond=None)[0]
    found = mixture.copy()
    if solved.min() > 0.0 and np.abs(solved - mixture[support]).max() < 1e-6:
        found[support] = solved / solved.sum()
    return found


def _index(a: Floats, b: Floats, x: Floats, y: Floats) -> int:
    """(-1)^(k + 1) times the signs of the determinants of both payoffs, above 0, on supports of k strategies."""
    inside = np.ix_(np.flatnonzero(x), np.flatnonzero(y))
    sign = float(np.linalg.slogdet(a[inside])[0] * np.linalg.slogdet(b[inside])[0])
    return round(sign) if np.count_nonzero(x) % 2 else -round(sign)


def _pair(
    a: Floats, b: Floats, rows: Integers, columns: Integers, x: Floats, y: Floats, regular: bool, index: int | None
) -> Pair:
    mine, others = np.zeros(a.shape[0]), np.zeros(a.shape[1])
    mine[rows], others[columns] = x, y
    pay, paid = a @ others, b.T @ mine
    payoffs = float(mine @ pay), float(others @ paid)
    regrets = max(float(pay.max()) - payoffs[0], 0.0), max(float(paid.max()) - payoffs[1], 0.0)
    return Pair(mine, others, payoffs, regrets, regular, index)


def _bicliques(pairs: list[tuple[int, int]]) -> list[tuple[list[int], list[int]]]:
    """Maximal sets of corners of both players all of whose pairs are equilibria, those of one pair left out."""
    graph = nx.Graph()
    for left, right in pairs:
        graph.add_edge((0, left), (1, right))
    found = []
    for part in nx.connected_components(graph):
        if len(part) == 2:
            continue
        whole = graph.subgraph(part).copy()
        for side in (0, 1):
            same = [node for node in part if node[0] == side]
            whole.add_edges_from((one, other) for one in same for other in same if one < other)
        for clique in nx.find_cliques(whole):
            sides = [sorted(node[1] for node in clique if node[0] == side) for side in (0, 1)]
            if sides[0] and sides[1]:
                found.append((sides[0], sides[1]))
    return sorted(found)


def _note(found: list[Pair], continua: tuple[Continuum, ...], degenerate: bool) -> str:
    number = f"{len(found)} {'equilibrium' if len(found) == 1 else 'equilibria'}"
    if continua:
        return (
            f"{number}, {'one continuum' if len(continua) == 1 else f'{len(continua)} continua'} among them; the game "
            "is degenerate, so that parity says nothing."
        )
    if degenerate:
        return f"{number}; the game is degenerate, so that parity says nothing."
    return f"{number}, all regular; their indices sum to {sum(each.index or 0 for each in found):+d}."
