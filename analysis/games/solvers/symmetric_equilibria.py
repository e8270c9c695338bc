"""All symmetric equilibria of a symmetric game: mixtures that nobody leaves while all draw from them.

Every support is looked at (Dickhaut and Kaplan 1991): where its strategies pay the same is isolated by bounds
(:mod:`analysis.games.solvers.isolation`), which also prove that it happens nowhere else. When the effort for that is
spent, Newton's method goes on from what was left, and the indices decide: those of all symmetric equilibria of a
regular game sum to +1. With two players all is linear, and corners in whole numbers say all, also of degenerate games
(:mod:`analysis.games.solvers.two_alike`), unless there are too many of them.

Bounds in floating-point numbers prove nothing where the largest difference of payoffs is more than a million times the
smallest that matters (:mod:`analysis.games.tables.differences`); of two strategies the roots are found in fractions
then (:mod:`analysis.games.solvers.two_strategies`). They prove nothing either where a point lies so near to another, or
to one at which something else breaks even, that their digits do not tell.

The index is that of the variational inequality (y - x)·u(x) ≤ 0 on the simplex, as the payoffs u(x) are those of a
population (Hofbauer and Sigmund 1998, ch. 13; Facchinei and Pang 2003, ch. 2): the sign of the determinant of minus the
derivative of u, on directions within the support that sum to zero. Strict ones have +1. It is defined where all unused
strategies pay less and that determinant is not zero, up to rounding (:mod:`analysis.games.solvers.mixtures`); an
equilibrium at which one of the two fails makes the game degenerate. In a regular game the number of equilibria is odd,
so an even number says that one is missing; an odd one proves nothing, and parity says nothing in degenerate games.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations, islice
from math import comb
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.stats import qmc

from analysis.games.solvers.components import Component, components_of_two, components_seen
from analysis.games.solvers.dominance import undominated
from analysis.games.solvers.exact import TooMany
from analysis.games.solvers.indifference import newton
from analysis.games.solvers.isolation import Isolated, isolate
from analysis.games.solvers.mixtures import Equilibrium, described, refined
from analysis.games.solvers.simplex import from_cube
from analysis.games.solvers.two_alike import equilibria_of_two_alike
from analysis.games.solvers.two_strategies import equilibria_of_two_strategies
from analysis.games.tables.arguments import number_from_zero
from analysis.games.tables.counts import number_of_profiles
from analysis.games.tables.differences import doubt
from analysis.games.tables.regrets import below_what_matters
from analysis.games.tables.roles import RoleSymmetricGame
from analysis.games.tables.symmetric import SymmetricGame

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Complete = Literal["proved", "index", "open"]
MOST_STRATEGIES = 16  # undominated ones; the supports of more are too many
EFFORT = 2e7  # payoffs: some seconds
_BLOCK = 20_000_000  # payoffs of supports that are looked at together
_STARTS = 1_000  # of Newton's method, for supports of one size
_ROUNDS = 4  # of starts, each of more than the last
_CORNERS = 20_000  # of two players: seconds
_MOST_PLAYERS = 30  # of two strategies, whose polynomials are solved in fractions
_HARDLY = 1e-6  # probabilities, and distances of candidates, of which bounds do not tell whether they are none
_LEVEL, _CLOSE = 1e-12, 1e-8  # differences of scaled payoffs between which they may be none or not


@dataclass(frozen=True)
class Equilibria:
    """Symmetric equilibria, and whether they are all.

    Attributes
    ----------
    equilibria : isolated ones and, with two players, the corners of continua; in the order of their supports.
    components : continua of equilibria; with two players all of them, else those that were come upon.
    complete : "proved" if they come from corners in whole numbers, or every support was exhausted by bounds; "index" if
        all found are regular and their indices sum to +1, so that of regular ones only pairs of opposite ones can be
        missing; "open" otherwise, also where differences of payoffs may be rounding.
    degenerate : whether an equilibrium is weak, singular, or of a continuum.
    note : one sentence on what this says.
    """

    equilibria: tuple[Equilibrium, ...]
    components: tuple[Component, ...]
    complete: Complete
    degenerate: bool
    note: str


class _Found(NamedTuple):
    candidates: list[Floats]  # mixtures
    undecided: list[tuple[tuple[int, ...], Floats]]
    flat: list[tuple[int, ...]]
    unseen: list[tuple[tuple[int, ...], Floats]]


def symmetric_equilibria(game: SymmetricGame, effort: float = EFFORT) -> Equilibria:
    """Find all symmetric equilibria of a game.

    Parameters
    ----------
    game : of any number of players. What :mod:`analysis.games.tables.differences` reads as rounding is none, and the
        regret of what is returned is below the smallest difference that matters.
    effort : how many payoffs the bounds may look at; 2e7 take some seconds. Supports of up to four strategies need
        little of it, those of seven or eight mostly more.

    Raises
    ------
    ValueError
        If more than 16 strategies are left when dominated ones are gone, or effort is negative.
    """
    effort = number_from_zero(effort, "effort", infinite=True)
    kept = undominated(game)
    if len(kept) > MOST_STRATEGIES:
        raise ValueError(
            f"{len(kept)} strategies are undominated, and the supports of more than {MOST_STRATEGIES} are too many: "
            "leave some out"
        )
    inner = game.without_rounding.restricted(kept)
    answer = _by_corners(inner) or _by_roots(inner) or _by_bounds(inner, effort)
    equilibria = [described(game, kept, each) for each in answer.known]
    one_role = cache(lambda: RoleSymmetricGame.from_symmetric(game))

    def matters_not(mixture: Floats) -> bool:
        return below_what_matters([game.regret(mixture)], [game.reading], one_role, [mixture])

    sharp = tuple(each for each in equilibria if matters_not(each.mixture))
    whole = [piece.among(kept, game.size) for piece in answer.pieces]
    pieces = tuple(piece for piece in whole if all(map(matters_not, piece.mixtures)))
    complete, regular = answer.complete, answer.regular
    said = ""
    if not game.reading.certain or len(sharp) < len(equilibria) or len(pieces) < len(whole):
        complete, said = "open", doubt(game.reading.certain)
    total = sum(each.index or 0 for each in sharp)
    note = _note(len(sharp), pieces, complete, regular, total, inner.reading.narrow)
    return Equilibria(sharp, pieces, complete, not regular, note + said)


class _Answer(NamedTuple):
    known: list[Equilibrium]
    pieces: list[Component]
    complete: Complete
    regular: bool


def _by_corners(game: SymmetricGame) -> _Answer | None:
    """All of a game of two; None if it has more players or too many corners."""
    if game.players != 2:
        return None
    try:
        known, pieces = equilibria_of_two_alike(game, _CORNERS)
    except TooMany:
        return None
    return _Answer(known, pieces, "proved", all(each.regular for each in known) and not pieces)


def _by_roots(game: SymmetricGame) -> _Answer | None:
    """All of a game of two strategies whose payoffs are too far apart for bounds; None of any other."""
    if game.size != 2 or game.reading.narrow or game.players > _MOST_PLAYERS:
        return None
    known = equilibria_of_two_strategies(game)
    return _Answer(known, [], "proved", all(each.regular for each in known))


def _by_bounds(game: SymmetricGame, effort: float) -> _Answer:
    inner, narrow = game.scaled, game.reading.narrow
    found = _search(inner, effort)
    pieces: list[Component] = []
    settled = True
    known = refined(inner, found.candidates)
    if inner.players == 2 and (found.undecided or found.flat or not all(each.strict for each in known)):
        known, pieces = components_of_two(inner, known, [support for support, _ in found.undecided] + found.flat)
        settled = not (found.undecided or found.flat)  # their corners are of floating-point half-spaces
    elif found.undecided or found.flat:
        known, pieces, settled = components_seen(inner, known, found.undecided, found.flat)
    regular = all(each.regular for each in known) and not pieces
    if found.unseen:
        known = _more(inner, known, found.unseen)
        regular &= all(each.regular for each in known)
    total = sum(each.index or 0 for each in known)
    complete: Complete = "open"
    if narrow and settled and not found.unseen and (total == 1 or not regular) and _told_apart(inner, found.candidates):
        complete = "proved"
    elif narrow and regular and total == 1:
        complete = "index"
    return _Answer(known, pieces, complete, regular)


def _told_apart(game: SymmetricGame, candidates: list[Floats]) -> bool:
    """Whether digits say of each candidate what it plays, what breaks even, and from which others it differs."""
    mixtures = np.array(candidates)
    if np.any((mixtures > 0.0) & (mixtures < _HARDLY)):
        return False
    payoffs = game.expected(mixtures)
    ahead = np.where(mixtures > 0.0, -np.inf, payoffs - np.where(mixtures > 0.0, payoffs, -np.inf).max(axis=1)[:, None])
    pure = mixtures.max(axis=1) == 1.0  # of which payoffs are numbers of the table
    gap = np.abs(ahead[~pure])
    if np.any((gap > _LEVEL) & (gap < _CLOSE)):
        return False
    near = cKDTree(mixtures).query_pairs(_HARDLY, p=np.inf)
    return not near


def _search(game: SymmetricGame, effort: float) -> _Found:
    """Look at the supports of every size, each with its part of the effort that is left."""
    found = _Found([*np.eye(game.size)], [], [], [])
    if game.players == 1:
        best = np.flatnonzero(game.payoffs[0] >= -game.rounding)
        return found._replace(flat=[tuple(best.tolist())] if len(best) > 1 else [])
    blocks = [block for size in range(2, game.size + 1) for block in _blocks(game, size)]
    for place, (size, members) in enumerate(blocks):
        supports = np.array(members, np.int64).reshape(-1, size)
        isolated = isolate(game, supports, effort / (len(blocks) - place))
        effort -= min(isolated.looked_at, effort)
        _note_found(game, supports, isolated, found)
    return found


def _blocks(game: SymmetricGame, size: int) -> Iterator[tuple[int, list[tuple[int, ...]]]]:
    """Supports of one size, in blocks that fit into memory."""
    together = max(1, _BLOCK // (number_of_profiles(game.players - 1, size) * game.size))
    supports = combinations(range(game.size), size)
    for _ in range(0, comb(game.size, size), together):
        yield size, list(islice(supports, together))


def _note_found(game: SymmetricGame, supports: Integers, isolated: Isolated, found: _Found) -> None:
    def whole(number: int, shares: Floats) -> Floats:
        mixture = np.zeros(game.size)
        mixture[supports[number]] = shares
        return mixture

    found.candidates.extend(whole(*each) for each in isolated.roots)
    for where, parts in ((found.undecided, isolated.undecided), (found.unseen, isolated.unseen)):
        where.extend((tuple(supports[number].tolist()), whole(number, shares)) for number, shares in parts)
    found.flat.extend(tuple(supports[number].tolist()) for number in isolated.flat)


def _more(
    game: SymmetricGame, known: list[Equilibrium], unseen: list[tuple[tuple[int, ...], Floats]]
) -> list[Equilibrium]:
    """What Newton's method adds from the parts that were left, and from Sobol points until that is nothing."""
    by_size: dict[int, list[tuple[tuple[int, ...], Floats]]] = {}
    for support, middle in unseen:
        by_size.setdefault(len(support), []).append((support, middle))
    for turn in range(_ROUNDS + 1):
        candidates: list[Floats] = [each.mixture for each in known]
        for size, parts in by_size.items():
            supports = np.array(sorted({support for support, _ in parts}))
            if turn == 0:
                chosen = parts[:: -(-len(parts) // _STARTS)]
                where = np.array([support for support, _ in chosen])
                starts = np.take_along_axis(np.array([middle for _, middle in chosen]), where, axis=1)
            else:
                each = max(1, (_STARTS << turn - 1) // len(supports))
                cube = qmc.Sobol(size - 1, seed=np.random.default_rng(turn)).random(1 << (each - 1).bit_length())
                where = np.repeat(supports, len(cube), axis=0)
                starts = np.tile(from_cube(cube), (len(supports), 1))
            points, good = newton(game, where, starts)
            good &= points.min(axis=1) > 0.0
            mixtures = np.zeros((int(good.sum()), game.size))
            np.put_along_axis(mixtures, where[good], points[good], axis=1)
            candidates.extend(mixtures[game.expected(mixtures).max(axis=1) - _paid(game, mixtures) < game.tolerance])
        before, known = len(known), refined(game, candidates)
        if turn and len(known) == before and sum(each.index or 0 for each in known) == 1:
            break
    return known


def _paid(game: SymmetricGame, mixtures: Floats) -> Floats:
    found: Floats = np.einsum("bs,bs->b", mixtures, game.expected(mixtures))
    return found


def _note(
    count: int, pieces: tuple[Component, ...], complete: Complete, regular: bool, total: int, narrow: bool
) -> str:
    number = f"{count} {'equilibrium' if count == 1 else 'equilibria'}"
    if pieces:
        number += f" and {len(pieces)} {'continuum' if len(pieces) == 1 else 'continua'}"
    parity = "even in number, so at least one is missing" if count % 2 == 0 else f"with indices that sum to {total:+d}"
    return completeness(number, complete, regular, f"{parity}: raise the effort", narrow)


def completeness(number: str, complete: Complete, regular: bool, otherwise: str, narrow: bool) -> str:
    """What it says of so many equilibria whether they are all and regular.

    Parameters
    ----------
    otherwise : why one is missing.
    narrow : whether payoffs are near enough to one another for bounds and indices.
    """
    if complete == "proved":
        ending = "all regular" if regular else "the game is degenerate, so that parity says nothing"
        return f"{number}, proved to be all; {ending}."
    if not narrow:
        return f"{number}, and perhaps more: payoffs lie too far apart for bounds, whatever the effort."
    if not regular:
        return f"{number}; the game is degenerate, so that parity says nothing, and more may exist."
    if complete == "index":
        return f"{number}, all regular, and their indices sum to +1: more would come in pairs, or be degenerate."
    return f"{number}, all regular but {otherwise}."
