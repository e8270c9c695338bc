"""Equilibria of several roles in which the players of each role draw from the same mixture.

If dominance leaves a choice to one role only, or to two players, :mod:`analysis.games.solvers.symmetric_equilibria`
and :mod:`analysis.games.solvers.two_players` find all equilibria. Otherwise every choice of supports, one per role, is
examined. Choices that no equilibrium can have are dropped (:mod:`analysis.games.solvers.role_supports`); this decides
pure equilibria exactly. On the other choices, Newton's method makes the strategies of each role pay the same
(:mod:`analysis.games.solvers.role_indifference`). This proves nothing, so the indices show whether equilibria may be
missing. If an equilibrium is singular and a role has one player, all mixtures of this player that leave the others
without a better reply form a polytope; its corners are equilibria too (:mod:`analysis.games.solvers.role_segments`).

The index is that of the variational inequality Σ (y - x)·u(x) ≤ 0 on the product of the simplices (Facchinei and Pang
2003, ch. 2): the sign of the determinant of minus the derivative of u, on directions within the supports that sum to
zero in each role. Over a regular game they sum to +1; with two players they are those of Shapley (1974).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.games.solvers.mixtures import SAME, Kind
from analysis.games.solvers.role_dominance import restricted, undominated
from analysis.games.solvers.role_indifference import followed, newton, spread_mixtures
from analysis.games.solvers.role_mixtures import RoleEquilibrium, classified, merged
from analysis.games.solvers.role_segments import segment_ends
from analysis.games.solvers.role_supports import overdetermined, possible_supports
from analysis.games.solvers.symmetric_equilibria import EFFORT, Complete, completeness, symmetric_equilibria
from analysis.games.solvers.two_players import Pair, equilibria_of_two
from analysis.games.tables.arguments import number_from_zero
from analysis.games.tables.differences import doubt
from analysis.games.tables.regrets import below_what_matters
from analysis.games.tables.role_payoffs import RolePayoffs
from analysis.games.tables.roles import RoleSymmetricGame, profiles

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
_MOST_EFFORT = 1e15
_ROUNDS, _STARTS, _FEWEST = 6, 500, 4  # each of twice as many starts; of the first, and for each choice of supports
_SINGULAR = 2_000  # starts of Newton's method over supports that only degenerate games play
_PATHS, _VANISHED = 32, 1e-3  # of replicator dynamics: smaller probabilities are on their way to 0


@dataclass(frozen=True)
class RoleEquilibria:
    """Equilibria, and whether they are all.

    Attributes
    ----------
    equilibria : isolated ones; of continua their corners where two players or one role have a choice, else some points.
    complete : "proved" if these are all; "index" if all found are regular and their indices sum to +1, so that of
        regular ones only pairs of opposite ones can be missing; "open" otherwise, also where differences of payoffs may
        be rounding.
    note : one sentence on what this says.
    """

    equilibria: tuple[RoleEquilibrium, ...]
    complete: Complete
    note: str


def role_equilibria(game: RoleSymmetricGame, effort: float = EFFORT) -> RoleEquilibria:
    """Find the equilibria of a game in which the players of each role draw from the same mixture.

    Parameters
    ----------
    game : of any roles. What :mod:`analysis.games.tables.differences` reads as rounding is none, and no role's regret
        in what is returned is as large as its smallest difference that matters.
    effort : how many payoffs may be looked at, where each start of Newton's method counts the game's table once; where
        one role only has a choice, by the bounds of
        :func:`analysis.games.solvers.symmetric_equilibria.symmetric_equilibria`.

    Raises
    ------
    ValueError
        If effort is negative, or one role (two players) has all the choice and more undominated strategies than its
        solver takes: 16 (14 each).
    """
    effort = min(number_from_zero(effort, "effort", infinite=True), _MOST_EFFORT)
    kept = undominated(game)
    free = [place for place, chosen in enumerate(kept) if len(chosen) > 1]
    inner = restricted(game.without_rounding, kept)
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
    certain = all(reading.certain for reading in game.readings)
    sharp = tuple(
        each
        for each in equilibria
        if below_what_matters(game.regrets(each.mixtures).tolist(), game.readings, lambda: game, each.mixtures)
    )
    if certain and len(sharp) == len(equilibria):
        return RoleEquilibria(sharp, found.complete, found.note)
    said = "" if found.complete == "open" and found.note.endswith(doubt(certain)) else doubt(certain)
    return RoleEquilibria(sharp, "open", found.note + said)


def _of_one_role(game: RoleSymmetricGame, effort: float) -> RoleEquilibria:
    found = symmetric_equilibria(game.symmetric(), effort)
    payoffs = RolePayoffs(game)
    known = [RoleEquilibrium((each.mixture,), each.index, each.kind) for each in found.equilibria]
    for mixture in (mixture for piece in found.components for mixture in piece.mixtures):
        if all(np.abs(mixture - each.mixtures[0]).max() > SAME for each in known):
            known.append(RoleEquilibrium((mixture,), None, classified(payoffs, mixture).kind))
    return RoleEquilibria(tuple(known), found.complete, found.note)


def _of_two_players(game: RoleSymmetricGame) -> RoleEquilibria:
    row, column = game.columns
    shape = row.stop, column.stop - column.start
    rows = game.rows(profiles(game.roles)).reshape(shape)
    own = np.arange(game.counts.shape[1])
    found = equilibria_of_two(game.payoffs[rows, own[row, None]], game.payoffs[rows, own[None, column]])
    known = tuple(RoleEquilibrium((each.row, each.column), each.index, _kind(each)) for each in found.equilibria)
    return RoleEquilibria(known, found.complete, found.note)


def _kind(pair: Pair) -> Kind:
    pure = pair.row.max() == pair.column.max() == 1.0
    return "weak" if pair.weak else "strict" if pure else "quasi-strict"


def _searched(game: RoleSymmetricGame, effort: float) -> RoleEquilibria:
    payoffs = RolePayoffs(game)
    supports, whole = possible_supports(payoffs, effort)
    pure = supports.sum(axis=1) == len(payoffs.columns)
    known = merged(payoffs, [], supports[pure].astype(np.float64))
    mixed = supports[~pure]
    proved = whole and not len(mixed)
    singular = overdetermined(game, mixed)
    mixed, over = mixed[~singular], mixed[singular]
    left, often = int(effort / payoffs.size), max(_FEWEST, _STARTS // max(len(mixed), 1))
    starts = np.tile(over, (_FEWEST, 1))[:_SINGULAR]
    known = merged(payoffs, known, newton(payoffs, starts, spread_mixtures(payoffs, starts, 0), singular=True))
    for turn in range(_ROUNDS):
        if turn:  # a continuum would go on giving points
            seen = [np.concatenate(each.mixtures) > 0.0 for each in known if each.index is None]
            mixed = mixed[[not any(np.array_equal(support, other) for other in seen) for support in mixed]]
        starts = np.tile(mixed, (often << turn, 1))[:left]
        x = spread_mixtures(payoffs, starts, turn)
        if turn and not _settled(known):
            ends = followed(payoffs, spread_mixtures(payoffs, np.ones((_PATHS, mixed.shape[1]), bool), turn))
            singular = overdetermined(game, ends > _VANISHED)
            known = merged(payoffs, known, newton(payoffs, ends[singular] > _VANISHED, ends[singular], singular=True))
            starts, x = np.concatenate([starts, ends[~singular] > _VANISHED]), np.concatenate([x, ends[~singular]])
        left -= len(starts)
        before = len(known)
        known = merged(payoffs, known, newton(payoffs, starts, x))
        if left <= 0 or not len(mixed) or (turn and len(known) == before and _settled(known)):
            break
    known = _with_ends(game, payoffs, known)
    regular, total = all(each.index for each in known), sum(each.index or 0 for each in known)
    narrow = all(reading.narrow for reading in game.readings)
    complete: Complete = "proved" if proved else "index" if narrow and regular and total == 1 else "open"
    return RoleEquilibria(tuple(known), complete, _note(len(known), complete, regular, total, narrow))


def _with_ends(game: RoleSymmetricGame, payoffs: RolePayoffs, known: list[RoleEquilibrium]) -> list[RoleEquilibrium]:
    """The known ones, and in place of those within a segment, or something larger, its corners."""
    kept, corners = [], []
    for each in known:
        ends = [] if each.index else segment_ends(game, payoffs, np.concatenate(each.mixtures))
        corners.extend(ends)
        if not ends:
            kept.append(each)
    return merged(payoffs, kept, np.array(corners).reshape(-1, game.counts.shape[1]), SAME) if corners else known


def _settled(known: Sequence[RoleEquilibrium]) -> bool:
    """Whether indices do not say that something is missing."""
    indices = [each.index for each in known]
    return bool(indices) and (None in indices or sum(each or 0 for each in indices) == 1)


def _note(count: int, complete: Complete, regular: bool, total: int, narrow: bool) -> str:
    number = f"{count} {'equilibrium' if count == 1 else 'equilibria'}"
    if not count and complete != "proved":
        return "No equilibrium was found, though there is one: raise the effort, or it is degenerate."
    parity = "even in number" if count % 2 == 0 else f"with indices that sum to {total:+d}"
    missing = f"{parity}: at least one is missing, or a degenerate one; raise the effort"
    return completeness(number, complete, regular, missing, narrow)
