"""Equilibria of several roles in which the players of each role draw from the same mixture.

Where dominance leaves a choice to one role only, or to two players, :mod:`analysis.games.symmetric_equilibria` and
:mod:`analysis.games.two_players` find them all. Otherwise every choice of supports is looked at, one for each role. It
is dropped when one of its strategies pays less than another wherever all of them are played (Porter, Nudelman and
Shoham 2008), which settles pure ones exactly. On the rest Newton's method makes the strategies of each role pay the
same, from starts spread over the simplices and from where replicator dynamics go. That proves nothing: what may be
missing is judged by the indices.

The index is that of the variational inequality Σ (y - x)·u(x) ≤ 0 on the product of the simplices (Facchinei and Pang
2003, ch. 2): the sign of the determinant of minus the derivative of u, on directions within the supports that sum to
zero in each role. Over a regular game they sum to +1; with two players they are those of Shapley (1974).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import comb, prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag, null_space

from analysis.games.counts import coefficients, count_profiles, one_more, weights
from analysis.games.mixtures import PLAYED, REGRET, SAME, TIED, Kind
from analysis.games.polytope import distinct
from analysis.games.roles import RoleSymmetricGame, profiles
from analysis.games.symmetric_equilibria import EFFORT, Complete, symmetric_equilibria
from analysis.games.two_players import equilibria_of_two

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
_SINGULAR = 1e-7  # of the largest singular value of the slopes
_NEAR = 0.3  # singular equilibria of the same supports, nearer ones being of one continuum
_MOST_SUPPORTS = 200_000
_ROUNDS, _STARTS, _FEWEST = 6, 500, 4  # each of twice as many starts; of the first, and for each choice of supports
_ITERATIONS, _LONGEST, _EXACT = 40, 0.5, 1e-10  # of Newton's method: its longest step, and one after which it is done
_AWAY = 1.5  # probabilities from which Newton does not come back
_PATHS, _MOVES, _VANISHED = 32, 300, 1e-3  # of replicator dynamics: smaller probabilities are on their way to 0
_NUMBERS = 4_000_000  # of float64 that are looked at together


@dataclass(frozen=True, eq=False)
class RoleEquilibrium:
    """Mixtures that nobody leaves while all others draw from those of their roles.

    Attributes
    ----------
    mixtures : by role, the probability of each strategy, float64 (strategies,).
    index : +1 or -1; None where it is not regular: an unused strategy breaks even, or the slopes are singular.
    kind : "strict" if pure and all else pays less; "quasi-strict" if some role mixes and all that is not played pays
        less; "weak" if something not played breaks even.
    """

    mixtures: tuple[Floats, ...]
    index: int | None
    kind: Kind


@dataclass(frozen=True)
class RoleEquilibria:
    """Equilibria, and whether they are all.

    Attributes
    ----------
    equilibria : isolated ones; of continua their corners where two players or one role have a choice, else some points.
    complete : "proved" if these are all, up to rounding; "index" if all found are regular and their indices sum to +1,
        so that those missing come in pairs of opposite ones; "open" otherwise.
    note : one sentence on what this says.
    """

    equilibria: tuple[RoleEquilibrium, ...]
    complete: Complete
    note: str


def role_equilibria(game: RoleSymmetricGame, effort: float = EFFORT) -> RoleEquilibria:
    """Find the equilibria of a game in which the players of each role draw from the same mixture.

    Parameters
    ----------
    game : of any roles. Its payoffs are read in units of the largest difference between strategies of a role;
        differences below 1e-12 are none, and mixtures are an equilibrium when no role's regret is above 1e-9.
    effort : how many payoffs may be looked at, where each start of Newton's method counts the game's table once; where
        one role only has a choice, by the bounds of :func:`analysis.games.symmetric_equilibria.symmetric_equilibria`.

    Raises
    ------
    ValueError
        If effort is negative, or one role (two players) has all the choice and more undominated strategies than its
        solver takes: 16 (14 each).
    """
    if not effort >= 0.0:
        raise ValueError(f"effort must not be negative, not {effort}")
    kept = _undominated(game)
    free = [place for place, chosen in enumerate(kept) if len(chosen) > 1]
    inner = _restricted(game, kept)
    if len(free) == 1:
        found = _of_one_role(inner, effort)
    elif [role.players for role in inner.roles] == [1, 1]:
        found = _of_two_players(inner)
    else:
        found = _searched(inner, effort)
    equilibria = []
    for each in found.equilibria:
        whole = [np.eye(len(role.strategies))[chosen[0]] for role, chosen in zip(game.roles, kept, strict=True)]
        for place, mixture in zip(free or [0], each.mixtures, strict=True):
            whole[place] = np.zeros(len(game.roles[place].strategies))
            whole[place][kept[place]] = mixture
        equilibria.append(RoleEquilibrium(tuple(whole), each.index, each.kind))
    return RoleEquilibria(tuple(equilibria), found.complete, found.note)


def _of_one_role(game: RoleSymmetricGame, effort: float) -> RoleEquilibria:
    found = symmetric_equilibria(game.symmetric(), effort)
    payoffs = _Payoffs(game)
    known = [RoleEquilibrium((each.mixture,), each.index, each.kind) for each in found.equilibria]
    for mixture in (mixture for piece in found.components for mixture in piece.mixtures):
        if all(np.abs(mixture - each.mixtures[0]).max() > SAME for each in known):
            known.append(RoleEquilibrium((mixture,), None, _classified(payoffs, mixture).kind))
    return RoleEquilibria(tuple(known), found.complete, found.note)


def _of_two_players(game: RoleSymmetricGame) -> RoleEquilibria:
    row, column = game.columns
    shape = row.stop, column.stop - column.start
    rows = game.rows(profiles(game.roles)).reshape(shape)
    own = np.arange(game.counts.shape[1])
    found = equilibria_of_two(game.payoffs[rows, own[row, None]], game.payoffs[rows, own[None, column]])
    payoffs = _Payoffs(game)
    known = tuple(
        RoleEquilibrium(
            (each.row, each.column), each.index, _classified(payoffs, np.concatenate([each.row, each.column])).kind
        )
        for each in found.equilibria
    )
    whole = found.degenerate or sum(each.index or 0 for each in found.equilibria) == 1
    return RoleEquilibria(known, "proved" if whole else "open", found.note)


def _undominated(game: RoleSymmetricGame) -> list[Integers]:
    """By role, the strategies left when those go that another one outdoes whatever the others do, again and again."""
    kept = [np.arange(len(role.strategies)) for role in game.roles]
    while True:
        payoffs = _Payoffs(_restricted(game, kept, every_role=True))
        low = [
            np.array([np.any((table - table[:, [mine]]).min(axis=0) > slack) for mine in range(table.shape[1])])
            for table, slack in zip(payoffs.tables, payoffs.rounding, strict=True)
        ]
        if not np.concatenate(low).any():
            return kept
        kept = [chosen[~gone] for chosen, gone in zip(kept, low, strict=True)]


def _restricted(game: RoleSymmetricGame, kept: Sequence[Integers], every_role: bool = False) -> RoleSymmetricGame:
    """The game with some strategies only; roles without a choice are left out unless it is every role's lot."""
    roles = [
        role._replace(strategies=tuple(role.strategies[each] for each in chosen.tolist()))
        for role, chosen in zip(game.roles, kept, strict=True)
    ]
    places = [columns.start + chosen for columns, chosen in zip(game.columns, kept, strict=True)]
    inner = profiles(roles)
    counts = np.zeros((len(inner), game.counts.shape[1]), np.int64)
    counts[:, np.concatenate(places)] = inner
    free = [place for place, role in enumerate(roles) if every_role or len(role.strategies) > 1] or [0]
    columns = np.concatenate([places[place] for place in free])
    return RoleSymmetricGame(tuple(roles[place] for place in free), game.payoffs[game.rows(counts)][:, columns])


# --- payoffs and their slopes, of many mixtures at once: rows of all roles' strategies --------------------------------


class _Draws(NamedTuple):
    """What players of one role may do, and one player less."""

    counts: Integers
    orders: Floats
    players: int
    fewer: Integers
    fewer_orders: Floats
    more: Integers

    @classmethod
    def of(cls, players: int, strategies: int) -> _Draws:
        counts, fewer = count_profiles(players, strategies), count_profiles(max(players - 1, 0), strategies)
        more = one_more(max(players, 1), strategies)
        return cls(counts, coefficients(counts), players, fewer, coefficients(fewer), more)

    def weights(self, x: Floats) -> Floats:
        return weights(x, self.counts, self.orders)

    def slopes(self, x: Floats) -> Floats:
        """Derivatives of the weights, (mixtures, counts, strategies)."""
        found = np.zeros((len(x), len(self.counts), x.shape[1]))
        if self.players:
            slopes = self.players * weights(x, self.fewer, self.fewer_orders)
            for strategy, reached in enumerate(self.more.T):
                found[:, reached, strategy] = slopes
        return found


class _Payoffs:
    """Each role's payoffs, less its best ones, in units of the largest difference between its strategies."""

    def __init__(self, game: RoleSymmetricGame) -> None:
        self.columns = game.columns
        self.tables: list[Floats] = []  # (what all others do, strategies)
        self.played: list[Booleans] = []  # (what all others do, columns)
        self.rounding: list[float] = []
        self.size = 0  # of all tables
        self._draws: list[list[_Draws]] = []
        self._turned: list[list[Floats]] = []  # by role and another: with the other's counts last but one
        for place, mine in enumerate(game.columns):
            others = [role._replace(players=role.players - (at == place)) for at, role in enumerate(game.roles)]
            counts = profiles(others)
            rows = game.rows(counts[:, None] + np.eye(game.counts.shape[1], dtype=np.int64)[mine])
            table = game.payoffs[rows, np.arange(mine.start, mine.stop)]
            largest, unit = float(np.abs(table).max()), float(np.ptp(table, axis=1).max())
            unit = unit if unit > 1e-13 * largest else np.inf
            table = (table - table.max(axis=1, keepdims=True)) / unit
            draws = [_Draws.of(role.players, len(role.strategies)) for role in others]
            whole = table.reshape(*(len(each.counts) for each in draws), -1)
            self.tables.append(table)
            self.played.append(counts > 0)
            self.rounding.append(max(1e-12, 1e-15 * largest / unit))
            self.size += table.size
            self._draws.append(draws)
            self._turned.append([np.moveaxis(whole, at, -2) for at in range(len(others))])

    def expected(self, x: Floats) -> Floats:
        """What each strategy gets, of the shape of the mixtures, (mixtures, columns)."""
        found = []
        for place in range(len(self.columns)):
            chances = self._weights(place, x)
            found.append((chances[0][:, None] @ self._left(place, 0, chances))[:, 0])
        return np.concatenate(found, axis=1)

    def slopes(self, x: Floats) -> Floats:
        """Its derivatives, (mixtures, columns, columns)."""
        found = np.zeros((*x.shape, x.shape[1]))
        for place, mine in enumerate(self.columns):
            chances = self._weights(place, x)
            for at, theirs in enumerate(self.columns):
                left, slopes = self._left(place, at, chances), self._draws[place][at].slopes(x[:, theirs])
                found[:, mine, theirs] = left.transpose(0, 2, 1) @ slopes
        return found

    def regrets(self, x: Floats) -> Floats:
        """The largest regret of a role, (mixtures,)."""
        payoffs = self.expected(x)
        each = [payoffs[:, mine].max(axis=1) - np.sum(x[:, mine] * payoffs[:, mine], axis=1) for mine in self.columns]
        found: Floats = np.max(each, axis=0)
        return found

    def _weights(self, place: int, x: Floats) -> list[Floats]:
        return [draws.weights(x[:, theirs]) for draws, theirs in zip(self._draws[place], self.columns, strict=True)]

    def _left(self, place: int, at: int, chances: list[Floats]) -> Floats:
        """Payoffs of a role's strategies, by what another role does: (mixtures or 1, counts, strategies)."""
        table = self._turned[place][at]
        shape = table.shape[-2:]
        left = table.reshape(1, -1)
        for other, chance in enumerate(chances):
            if other == at:
                continue
            count = chance.shape[1]
            if len(left) == 1:  # one table for all mixtures
                left = chance @ left.reshape(count, -1)
            else:
                left = (chance[:, None] @ left.reshape(len(left), count, left.shape[1] // count))[:, 0]
        return left.reshape(len(left), *shape)


# --- supports, and Newton's method on them ----------------------------------------------------------------------------


def _searched(game: RoleSymmetricGame, effort: float) -> RoleEquilibria:
    payoffs = _Payoffs(game)
    supports, whole = _supports(payoffs, effort)
    pure = supports.sum(axis=1) == len(payoffs.columns)
    known = _merged(payoffs, [], supports[pure].astype(np.float64))
    mixed = supports[~pure]
    proved = whole and not len(mixed)
    mixed = mixed[_solvable(game, mixed)]
    left, often = int(effort / payoffs.size), max(_FEWEST, _STARTS // max(len(mixed), 1))
    for turn in range(_ROUNDS):
        if turn:  # a continuum would go on giving points
            seen = [np.concatenate(each.mixtures) > 0.0 for each in known if each.index is None]
            mixed = mixed[[not any(np.array_equal(support, other) for other in seen) for support in mixed]]
        starts = np.tile(mixed, (often << turn, 1))[:left]
        x = _spread(payoffs, starts, turn)
        if turn and not _settled(known):
            followed = _followed(payoffs, _spread(payoffs, np.ones((_PATHS, mixed.shape[1]), bool), turn))
            followed = followed[_solvable(game, followed > _VANISHED)]
            starts, x = np.concatenate([starts, followed > _VANISHED]), np.concatenate([x, followed])
        left -= len(starts)
        before = len(known)
        known = _merged(payoffs, known, _newton(payoffs, starts, x))
        if left <= 0 or not len(mixed) or (turn and len(known) == before and _settled(known)):
            break
    regular, total = all(each.index for each in known), sum(each.index or 0 for each in known)
    complete: Complete = "proved" if proved else "index" if regular and total == 1 else "open"
    return RoleEquilibria(tuple(known), complete, _note(len(known), complete, regular, total))


def _settled(known: Sequence[RoleEquilibrium]) -> bool:
    """Whether indices do not say that something is missing."""
    indices = [each.index for each in known]
    return bool(indices) and (None in indices or sum(each or 0 for each in indices) == 1)


def _supports(payoffs: _Payoffs, effort: float) -> tuple[Booleans, bool]:
    """Choices of supports that may be of an equilibrium, (choices, columns), and whether all sizes were looked at."""
    sizes = [mine.stop - mine.start for mine in payoffs.columns]
    most, largest = min(_MOST_SUPPORTS, 100.0 * effort / payoffs.size), max(sizes)
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
    for mine, table, played, slack in zip(
        payoffs.columns, payoffs.tables, payoffs.played, payoffs.rounding, strict=True
    ):
        size = table.shape[1]
        gains = (table[:, None, :] - table[:, :, None]).reshape(len(table), -1)  # from the first to the second
        gaining, losing = (gains > slack).astype(np.float32), (gains < -slack).astype(np.float32)
        together = max(1, _NUMBERS // max(len(table), size**2))
        for at in range(0, len(supports), together):
            block = supports[at : at + together]
            inside = (played.astype(np.float32) @ ~block.T == 0.0).T.astype(np.float32)
            outdone = (inside @ gaining > 0.0) & (inside @ losing == 0.0)
            outdone = outdone.reshape(len(block), size, size).any(axis=2)
            possible[at : at + together] &= ~np.any(outdone & block[:, mine], axis=1)
    return supports[possible], largest >= max(sizes)


def _solvable(game: RoleSymmetricGame, supports: Booleans) -> Booleans:
    """Whether no role of one player has more equations than the others unknowns (McKelvey and McLennan 1996)."""
    unknown = np.array([supports[:, columns].sum(axis=1) - 1 for columns in game.columns])
    alone = np.array([role.players == 1 for role in game.roles])
    found: Booleans = np.all(2 * unknown[alone] <= unknown.sum(axis=0), axis=0)
    return found


def _spread(payoffs: _Payoffs, supports: Booleans, turn: int) -> Floats:
    """Mixtures over supports, the same each time: half of them uniform, half nearer to where some are hardly played."""
    draw = np.random.default_rng(turn)
    power = np.where(draw.random(len(supports)) < 0.5, 1.0, 3.0)[:, None]
    x = draw.exponential(size=supports.shape) ** power * supports
    return np.concatenate([x[:, mine] / x[:, mine].sum(axis=1, keepdims=True) for mine in payoffs.columns], axis=1)


def _followed(payoffs: _Payoffs, x: Floats) -> Floats:
    """Where replicator dynamics are after a while, and where they were on average, (2 mixtures, columns)."""
    mean = np.zeros_like(x)
    for _ in range(_MOVES):
        x = x * np.exp(payoffs.expected(x))
        x = np.concatenate([x[:, mine] / x[:, mine].sum(axis=1, keepdims=True) for mine in payoffs.columns], axis=1)
        mean += x / _MOVES
    return np.concatenate([x, mean])


def _newton(payoffs: _Payoffs, supports: Booleans, starts: Floats) -> Floats:
    """Equilibria over just their supports to which Newton's method leads, (found, columns)."""
    found = [np.zeros((0, starts.shape[1]))]
    together = max(1, _NUMBERS // payoffs.size)
    for at in range(0, len(starts), together):
        inside, x = supports[at : at + together], np.where(supports, starts, 0.0)[at : at + together]
        active = np.arange(len(x))
        for _ in range(_ITERATIONS):
            step = _step(payoffs, inside[active], x[active])
            length = np.abs(step).max(axis=1)
            x[active] -= step * np.minimum(1.0, _LONGEST / np.maximum(length, _LONGEST))[:, None]
            active = active[(length > _EXACT) & (np.abs(x[active]).max(axis=1) < _AWAY)]
            if not len(active):
                break
        x = np.where(inside, x, 0.0)[np.all((x > PLAYED) == inside, axis=1)]
        for mine in payoffs.columns:
            x[:, mine] /= x[:, mine].sum(axis=1, keepdims=True)
        found.append(x[payoffs.regrets(x) < REGRET])
    return np.concatenate(found)


def _step(payoffs: _Payoffs, supports: Booleans, x: Floats) -> Floats:
    """What Newton's method subtracts: probabilities of a role sum to 1, its support pays the same, others are 0."""
    expected, slopes = payoffs.expected(x), payoffs.slopes(x)
    system = np.broadcast_to(np.eye(x.shape[1]), slopes.shape).copy()
    side = x.copy()
    rows = np.arange(len(x))
    for mine in payoffs.columns:
        inside = supports[:, mine]
        first = mine.start + inside.argmax(axis=1)
        system[:, mine] = np.where(inside[:, :, None], slopes[:, mine] - slopes[rows, first][:, None], system[:, mine])
        side[:, mine] = np.where(inside, expected[:, mine] - expected[rows, first][:, None], x[:, mine])
        system[rows, first] = 0.0
        system[rows, first, mine] = 1.0
        side[rows, first] = x[:, mine].sum(axis=1) - 1.0
    try:
        return np.asarray(np.linalg.solve(system, side[:, :, None])[:, :, 0], np.float64)
    except np.linalg.LinAlgError:  # some are exactly singular: the shortest step of least squares
        return np.asarray((np.linalg.pinv(system, rcond=1e-9) @ side[:, :, None])[:, :, 0], np.float64)


# --- what is said of them ---------------------------------------------------------------------------------------------


def _merged(payoffs: _Payoffs, known: list[RoleEquilibrium], candidates: Floats) -> list[RoleEquilibrium]:
    """Known equilibria and new ones, each once, in the order of supports; of what is singular some points."""
    found = [(np.concatenate(each.mixtures), each) for each in known]
    for x in distinct(candidates, SAME):
        each = _classified(payoffs, x)
        away = np.abs(np.array([other for other, _ in found]).reshape(-1, len(x)) - x).max(axis=1)
        singular = each.index is None
        alike = [singular and same.index is None and bool(np.all((other > 0.0) == (x > 0.0))) for other, same in found]
        if not np.any(away < np.where(alike, _NEAR, SAME)):
            found.append((x, each))
    found.sort(key=lambda pair: (np.count_nonzero(pair[0]), np.flatnonzero(pair[0]).tolist(), (-pair[0]).tolist()))
    return [each for _, each in found]


def _classified(payoffs: _Payoffs, x: Floats) -> RoleEquilibrium:
    expected, slopes = payoffs.expected(x[None])[0], payoffs.slopes(x[None])[0]
    bases, tied = [], False
    for mine in payoffs.columns:
        inside = x[mine] > 0.0
        tied |= bool(np.any(expected[mine][~inside] > expected[mine][inside].max() - TIED))
        basis = np.zeros((len(inside), np.count_nonzero(inside) - 1))
        basis[inside] = null_space(np.ones((1, basis.shape[1] + 1)))
        bases.append(basis)
    basis = block_diag(*bases)
    inner = basis.T @ slopes @ basis
    sizes = np.linalg.svd(inner, compute_uv=False)
    singular = bool(len(sizes)) and not sizes[-1] > _SINGULAR * max(sizes[0], _SINGULAR)
    kind: Kind = "weak" if tied else "quasi-strict" if len(sizes) else "strict"
    index = None if tied or singular else round(float(np.linalg.slogdet(-inner)[0]))
    return RoleEquilibrium(tuple(x[mine] for mine in payoffs.columns), index, kind)


def _note(count: int, complete: Complete, regular: bool, total: int) -> str:
    number = f"{count} {'equilibrium' if count == 1 else 'equilibria'}"
    if complete == "proved":
        ending = "all regular" if regular else "the game is degenerate, so that parity says nothing"
        return f"{number}, proved to be all; {ending}."
    if not count:
        return "No equilibrium was found, though there is one: raise the effort."
    if not regular:
        return f"{number}; the game is degenerate, so that parity says nothing, and more may exist."
    if complete == "index":
        return f"{number}, all regular, and their indices sum to +1: more would have to come in pairs."
    parity = "even in number" if count % 2 == 0 else f"with indices that sum to {total:+d}"
    return f"{number}, all regular but {parity}: at least one is missing, or a degenerate one; raise the effort."
