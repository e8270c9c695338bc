"""Points at which all strategies of a support pay the same: simplices are halved until each holds one or none.

The payoffs of a symmetric game against a mixture over a support are polynomials whose Bernstein coefficients are the
payoffs against profiles (:mod:`analysis.games.tables.symmetric`). A part of the support's simplex is dropped in two
cases: another strategy pays more than one of the support everywhere in it, so it holds no equilibrium; or a linear
combination of the payoff differences keeps its sign. A part is finished if the differences, multiplied by the inverse
of their slopes, are so close to the identity everywhere in it that they vanish at one point at most; Newton's method
finds that point. Any other part is halved along its longest edge (Garloff and Smith 2001; Neumaier 1990, ch. 5). Small
parts that stay undecided lie at degenerate points or on continua.

Rounding of bounds is below 2e-14 of the scale of payoffs: smaller numbers decide nothing, unless they are 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.games.solvers.bernstein import Net, net
from analysis.games.solvers.indifference import newton
from analysis.games.tables.counts import ranks
from analysis.games.tables.symmetric import SymmetricGame

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
_COARSE, _FINE = 2.0**-8, 2.0**-20  # edges of parts at which a continuum shows, and that are not halved any more
_MANY = 300  # undecided small parts after which a support's points are taken for a continuum
_INSIDE = -1e-9  # the least share of a corner at which a point still counts as of a part
_NUMBERS = 500_000  # of float64 that are looked at together
_CONTRACTION = 0.9  # the most that scaled slopes may differ from the identity
_TIE = 2e-14  # of scaled payoffs: what rounding of bounds may be
_MOST_FACES = 10  # corners up to which weak dominance is settled face by face


class Parts(NamedTuple):
    """Parts of supports' simplices."""

    supports: Integers  # (parts,): which support
    corners: Floats  # (parts, corners, strategies of the support): mixtures
    nets: Floats  # (parts, coefficients, strategies): payoffs, the support's strategies first

    def some(self, which: Booleans | Integers | slice) -> Parts:
        """Some of the parts."""
        return Parts(self.supports[which], self.corners[which], self.nets[which])


class Isolated(NamedTuple):
    """What a search leaves: mixtures over supports, each with the number of its support."""

    roots: list[tuple[int, Floats]]  # the only one in its part
    undecided: list[tuple[int, Floats]]  # middles of small parts: degenerate
    flat: list[int]  # supports all of whose mixtures pay all of them the same
    unseen: list[tuple[int, Floats]]  # middles of parts for which there was no effort left
    looked_at: float  # payoffs, as the effort counts them


def isolate(game: SymmetricGame, supports: Integers, effort: float) -> Isolated:
    """Points of the simplices of supports of one size at which all their strategies pay the same.

    Points at which another strategy pays clearly more may or may not be among them.

    Parameters
    ----------
    game : scaled, of at least 2 players.
    supports : (supports, size), size at least 2: numbers of strategies.
    effort : how many payoffs may be looked at, besides those of the whole simplices.
    """
    count, size = supports.shape
    shape = net(size, game.players - 1)
    nets = _nets(game, supports)
    flat = np.ptp(nets[:, :, :size], axis=2).max(axis=1) <= _TIE
    chunk = max(1, _NUMBERS // nets[0].size)
    found = Isolated([], [], [], [], 0.0)
    looked_at = 0

    def note(where: list[tuple[int, Floats]], parts: Parts) -> None:
        where.extend(zip(parts.supports.tolist(), parts.corners.mean(axis=1), strict=True))

    def descend(parts: Parts, edge: float) -> tuple[Parts, Booleans]:
        """Small parts that stay undecided, and which supports have too many of them."""
        nonlocal looked_at
        small = np.zeros(count, np.int64)
        reached = [parts.some(slice(0))]
        pending = [parts.some(slice(at, at + chunk)) for at in range(0, len(parts.supports), chunk)][::-1]
        while pending:
            now = _next(pending, chunk)
            now = now.some(small[now.supports] < _MANY)
            if (looked_at + len(now.supports) - count) * nets[0].size > effort:
                for left in (now, *pending):
                    note(found.unseen, left)
                break
            looked_at += len(now.supports)
            now = now.some(~_dominated(shape, now, size))
            level = flat[now.supports]
            found.flat.extend(now.supports[level].tolist())
            now = _settle(game, supports, shape, now.some(~level), found.roots)
            widths = _edges(now.corners)
            done = widths.max(axis=(1, 2), initial=0.0) < edge
            if shape.degree == 1:
                done[:] = True  # linear: halving does not change what is singular
            small += np.bincount(now.supports[done], minlength=count)
            reached.append(now.some(done))
            pending.extend(_halves(shape, now.some(~done), widths[~done]))
        return _together(reached), small >= _MANY

    coarse, many = descend(Parts(np.arange(count), np.broadcast_to(np.eye(size), (count, size, size)), nets), _COARSE)
    note(found.undecided, coarse.some(many[coarse.supports]))
    few = coarse.some(~many[coarse.supports])
    fine, many = descend(few, _FINE)
    note(found.undecided, few.some(many[few.supports]))  # the coarse ones show how far a continuum reaches
    note(found.undecided, fine.some(~many[fine.supports]))
    return found._replace(looked_at=float(max(looked_at - count, 0) * nets[0].size))


def _nets(game: SymmetricGame, supports: Integers) -> Floats:
    """Payoffs against profiles of each support, (supports, coefficients, strategies), its own strategies first."""
    count, size = supports.shape
    inner = net(size, game.players - 1).counts
    counts = np.zeros((count, len(inner), game.size), np.int64)
    np.put_along_axis(counts, np.broadcast_to(supports[:, None], (count, len(inner), size)), inner[None], axis=2)
    outside = np.ones((count, game.size), bool)
    np.put_along_axis(outside, supports, False, axis=1)
    others = np.nonzero(outside)[1].reshape(count, game.size - size)
    order = np.concatenate([supports, others], axis=1)
    nets: Floats = np.take_along_axis(game.payoffs[ranks(counts)], order[:, None], axis=2)
    return nets


def _next(pending: list[Parts], chunk: int) -> Parts:
    """The last parts that are pending, up to a chunk of them: depth first, so that few are kept."""
    taken = [pending.pop()]
    while pending and sum(len(each.supports) for each in taken) + len(pending[-1].supports) <= chunk:
        taken.append(pending.pop())
    parts = _together(taken)
    if len(parts.supports) > chunk:
        pending.append(parts.some(slice(chunk, None)))
        parts = parts.some(slice(chunk))
    return parts


def _together(parts: list[Parts]) -> Parts:
    return parts[0] if len(parts) == 1 else Parts(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _dominated(shape: Net, parts: Parts, size: int) -> Booleans:
    """Whether a strategy pays more than one of the support wherever all of the support is played."""
    out: Booleans = np.zeros(len(parts.supports), bool)
    weakly: list[tuple[int, int, int]] = []
    for mine in range(size):
        more = parts.nets - parts.nets[:, :, mine : mine + 1]
        least, most = more.min(axis=1), more.max(axis=1)
        out |= np.any(least > _TIE, axis=1)
        sure = np.all((more == 0.0) | (more > _TIE), axis=1)  # what is 0 stays so by halving
        at, other = np.nonzero(sure & (most > _TIE))
        weakly.extend(zip(at.tolist(), other.tolist(), [mine] * len(at), strict=True))
    for part, better, worse in weakly:
        if not out[part]:
            more = parts.nets[part, :, better] - parts.nets[part, :, worse]
            out[part] = _positive(shape, parts.corners[part], more > _TIE)
    return out


def _positive(shape: Net, corners: Floats, positive: Booleans) -> bool:
    """Whether a polynomial with no negative coefficient vanishes only where some of the support is not played.

    It vanishes on the faces none of whose coefficients is positive.
    """
    if np.array_equal(corners, np.eye(shape.corners)):
        return True
    if shape.corners > _MOST_FACES:
        return False
    faces, inside = shape.faces
    vanishes = ~np.any(inside & positive, axis=1)
    played = (faces.astype(np.int64) @ (corners > 0.0)).all(axis=1)
    return not bool(np.any(vanishes & played))


def _settle(
    game: SymmetricGame, supports: Integers, shape: Net, parts: Parts, roots: list[tuple[int, Floats]]
) -> Parts:
    """The parts that neither hold no point nor a single one, which joins the roots."""
    size = shape.corners
    differences = parts.nets[:, :, 1:size] - parts.nets[:, :, :1]
    at_corners = differences[:, shape.at_corners]
    unit = np.abs(at_corners).max(axis=(1, 2), initial=0.0)
    unit[unit == 0.0] = 1.0
    differences = differences / unit[:, None, None]
    system = np.concatenate(
        [at_corners.transpose(0, 2, 1) / unit[:, None, None], np.ones((len(unit), 1, size))], axis=1
    )
    singular = np.linalg.svd(system, compute_uv=False) if len(system) else np.ones((0, size))
    regular = singular[:, -1] > 1e-9 * singular[:, 0]
    system[~regular] = np.eye(size)
    inverse = np.linalg.inv(system)
    straight = differences @ inverse[:, :, :-1].transpose(0, 2, 1)  # at corner i: e_i less where the linear part is 0
    margin = (1e-14 / unit * np.abs(inverse).max(axis=(1, 2), initial=0.0))[:, None]
    empty = regular & np.any((straight.min(axis=1) > margin) | (straight.max(axis=1) < -margin), axis=1)
    empty |= regular & _outdone(shape, parts.nets, differences * unit[:, None, None], inverse / unit[:, None, None])
    slopes = shape.degree * straight[:, shape.more] - np.eye(size)  # (parts, lower, corners, shares)
    slopes -= slopes.mean(axis=2, keepdims=True)  # shares sum to one: what all corners have in common moves nothing
    away = np.abs(slopes).max(axis=1).sum(axis=1).max(axis=1)
    single = regular & ~empty & (away < _CONTRACTION)
    settled = empty.copy()
    which = np.flatnonzero(single)
    if len(which):
        starts = np.einsum("bc,bcs->bs", inverse[which, :, -1], parts.corners[which])
        numbers = parts.supports[which]
        points, good = newton(game, supports[numbers], starts)
        shares = np.linalg.solve(parts.corners[which].transpose(0, 2, 1), points[:, :, None])[:, :, 0]
        inside = good & (shares.min(axis=1) >= _INSIDE)
        settled[which[inside]] = True
        for support, point in zip(numbers[inside].tolist(), points[inside], strict=True):
            if not any(known == support and np.abs(point - root).max() < 1e-8 for known, root in roots):
                roots.append((support, point))
    return parts.some(~settled)


def _outdone(shape: Net, nets: Floats, differences: Floats, inverse: Floats) -> Booleans:
    """Whether some other strategy pays more wherever the support's strategies pay the same.

    From what it pays more than the first, that combination of the support's differences is taken which leaves it level.
    """
    more = nets[:, :, shape.corners :] - nets[:, :, :1]
    combination = inverse[:, :, :-1].transpose(0, 2, 1) @ more[:, shape.at_corners]
    level = more - differences @ combination
    found: Booleans = np.any(level.min(axis=1) > 100.0 * _TIE, axis=1)
    return found


def _edges(corners: Floats) -> Floats:
    """Lengths of the edges of simplices, (parts, corners, corners): the largest difference of a probability."""
    found: Floats = np.abs(corners[:, :, None, :] - corners[:, None, :, :]).max(axis=3)
    return found


def _halves(shape: Net, parts: Parts, widths: Floats) -> list[Parts]:
    """Both halves of every part, cut at the middle of its longest edge."""
    halves = []
    longest = widths.reshape(len(widths), -1).argmax(axis=1) if len(widths) else np.zeros(0, np.int64)
    for edge in np.unique(longest):
        ends = divmod(int(edge), shape.corners)
        cut = parts.some(longest == edge)
        middle = cut.corners[:, ends].mean(axis=1)
        for kept, moved in (ends, ends[::-1]):
            corners = cut.corners.copy()
            corners[:, moved] = middle
            halves.append(Parts(cut.supports, corners, shape.half(cut.nets, kept, moved)))
    return halves
