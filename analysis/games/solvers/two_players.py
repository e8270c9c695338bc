"""All equilibria of two players, degenerate games included, by the corners of two polytopes.

With payoffs above 0, mixtures x of the row player are the rays of the polytope {x ≥ 0, B'x ≤ 1}, those y of the column
player of {y ≥ 0, A y ≤ 1}. A corner carries the strategies that are not played or are best against it; a pair of
corners that between them carry all strategies of both is an equilibrium, and every equilibrium is a mean of such pairs
(Mangasarian 1964; Avis, Rosenberg, Savani and von Stengel 2010). Sets of corners all of whose pairs are equilibria
span the maximal convex continua (Winkels 1979). Corners are found in whole numbers
(:mod:`analysis.games.solvers.exact`), so that the result is proved, however far apart payoffs lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

import networkx as nx
import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.games.solvers.exact import best_response_corners, sign_of_determinant, whole_numbers
from analysis.games.tables.differences import doubt, read
from analysis.games.tables.regrets import below_what_matters
from analysis.games.tables.roles import RoleSymmetricGame
from analysis.games.tables.symmetric import check_payoffs

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
MOST_STRATEGIES = 14  # of each player; the corners of more are too many
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
    weak : whether something not played pays as much as what is.
    """

    row: Floats
    column: Floats
    payoffs: tuple[float, float]
    regrets: tuple[float, float]
    regular: bool
    index: int | None
    weak: bool = False


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
    complete : "proved" if these are all; "open" where differences of payoffs may be rounding, or mixtures have too few
        digits for the smallest difference (:mod:`analysis.games.tables.differences`): those are left out.
    """

    equilibria: tuple[Pair, ...]
    continua: tuple[Continuum, ...]
    degenerate: bool
    note: str
    complete: Literal["proved", "open"] = "proved"


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
    a, b = check_payoffs(row), check_payoffs(column)
    if a.ndim != 2 or a.shape != b.shape or not a.size:
        raise ValueError(f"payoffs of two players are finite matrices of one shape, not {a.shape} and {b.shape}")
    first, second = read(a.T), read(b)
    game = cache(lambda: RoleSymmetricGame.from_matrices(a, b))
    mine, theirs = first.payoffs.T, second.payoffs
    rows, columns = _undominated(mine, theirs)
    if max(len(rows), len(columns)) > MOST_STRATEGIES:
        raise ValueError(
            f"{max(len(rows), len(columns))} strategies of a player are undominated, and the corners of more than "
            f"{MOST_STRATEGIES} are too many: leave some out"
        )
    inner_a, inner_b = mine[np.ix_(rows, columns)], theirs[np.ix_(rows, columns)]
    x, y = _corners(inner_b.T, True), _corners(inner_a, False)
    signs = _Signs(inner_a), _Signs(inner_b)
    pairs, found = [], []
    all_pairs = _complete(x.carried, y.carried)
    for at, to in all_pairs:
        regular = bool(x.carried[at].sum() == len(rows) and y.carried[to].sum() == len(columns))
        carried = x.carried[at].astype(np.int64) + y.carried[to]
        mixtures = x.mixtures[at], y.mixtures[to]
        index = _index(*signs, *mixtures) if regular else None
        pair = _pair(a, b, rows, columns, *mixtures, regular, index, bool(carried.max() > 1))
        if below_what_matters(pair.regrets, (first, second), game, (pair.row, pair.column)):
            pairs.append((at, to))
            found.append(pair)
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
    whole = first.certain and second.certain and len(found) == len(all_pairs)
    return PairEquilibria(
        tuple(found[each] for each in order),
        continua,
        degenerate,
        _note(found, continua, degenerate) + ("" if whole else doubt(first.certain and second.certain)),
        "proved" if whole else "open",
    )


def _undominated(a: Floats, b: Floats) -> tuple[Integers, Integers]:
    """Rows and columns that are left when strictly dominated ones go, again and again."""
    rows, columns = np.arange(a.shape[0]), np.arange(a.shape[1])
    while True:
        mine, others = a[np.ix_(rows, columns)], b[np.ix_(rows, columns)]
        low_rows = np.array([np.any(np.all(mine > each, axis=1)) for each in mine])
        low_columns = np.array([np.any(np.all(each < others.T, axis=1)) for each in others.T])
        if not low_rows.any() and not low_columns.any():
            return rows, columns
        rows, columns = rows[~low_rows], columns[~low_columns]


def _corners(sides: Floats, rows_first: bool) -> _Corners:
    """Corners of {x ≥ 0, sides x ≤ 1} but 0, as mixtures, and the strategies of both that they carry."""
    found = best_response_corners(sides)
    carried = (~found.played, found.best) if rows_first else (found.best, ~found.played)
    return _Corners(found.mixtures, np.hstack(carried))


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


class _Signs:
    """Signs of the determinants of one player's payoffs, above 0, on supports."""

    def __init__(self, payoffs: Floats) -> None:
        whole = whole_numbers(payoffs)
        least = min(value for row in whole for value in row)
        self._rows = [[value - least + 1 for value in row] for row in whole]

    def on(self, x: Floats, y: Floats) -> int:
        chosen = np.flatnonzero(y).tolist()
        return sign_of_determinant([[self._rows[at][to] for to in chosen] for at in np.flatnonzero(x).tolist()])


def _index(first: _Signs, second: _Signs, x: Floats, y: Floats) -> int:
    """(-1)^(k + 1) times the signs of the determinants of both payoffs, above 0, on supports of k strategies."""
    sign = first.on(x, y) * second.on(x, y)
    return sign if np.count_nonzero(x) % 2 else -sign


def _pair(
    a: Floats, b: Floats, rows: Integers, columns: Integers, x: Floats, y: Floats, regular: bool, index: int | None,
    weak: bool,
) -> Pair:  # fmt: skip
    mine, others = np.zeros(a.shape[0]), np.zeros(a.shape[1])
    mine[rows], others[columns] = x, y
    behind = (a.max(axis=0) - a) @ others, mine @ (b.max(axis=1)[:, None] - b)  # fewer digits are lost so
    regrets = float(mine @ behind[0] - behind[0].min()), float(behind[1] @ others - behind[1].min())
    payoffs = float(mine @ (a @ others)), float((mine @ b) @ others)
    return Pair(mine, others, payoffs, (max(regrets[0], 0.0), max(regrets[1], 0.0)), regular, index, weak)


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
