"""Whether a population that plays an equilibrium drives out the few who play otherwise.

An evolutionarily stable mixture x does better against any mixture y near it than y does against itself (Maynard Smith
and Price 1973): (x - y)·u(y) > 0. In a strict equilibrium it does. Else the slopes of payoffs decide, on the strategies
that are best replies: they must lose by every deviation d that sums to zero and takes nothing from what is not played,
d'Du d < 0. With two players this is all there is to know (Haigh 1975; Abakuks 1980); with more it is enough, and a
positive d'Du d refutes, but 0 decides nothing, which is said (Broom, Cannings and Vickers 1997). Where the test fails,
the slopes of the replicator's motion say whether it comes back nevertheless (Taylor and Jonker 1978).
"""

from __future__ import annotations

from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.games.solvers.mixtures import PLAYED
from analysis.games.tables.arguments import mixture_of
from analysis.games.tables.symmetric import SymmetricGame

Floats = NDArray[np.float64]
Verdict = Literal["stable", "not stable", "undecided"]
Test = Literal["strict", "negative definite", "copositive"]
_NONE = 1e-9  # parts of a vector of length 1 that are 0; curvatures are so up to the game's tolerance
_MOST_TIED = 12  # strategies that break even: faces of more are too many


class Stability(NamedTuple):
    """What was found, and by which test.

    Attributes
    ----------
    verdict : of evolutionary stability.
    test : "strict" if all deviations lose at once, "negative definite" if all best replies are played, or "copositive".
    curvature : the largest d'Du d of deviations of length 1 within the support, of scaled payoffs; -inf without any.
    growth : the largest real part of the replicator's rates near x, of scaled payoffs; negative where it comes back.
    """

    verdict: Verdict
    test: Test
    curvature: float
    growth: float


def evolutionary_stability(game: SymmetricGame, mixture: ArrayLike) -> Stability:
    """Test a symmetric equilibrium, (strategies,).

    Raises
    ------
    ValueError
        If the mixture is not an equilibrium, or more than 12 strategies that are not played break even.
    """
    x = mixture_of(mixture, game.size)
    scaled = game.scaled
    if scaled.regret(x) > game.tolerance:
        raise ValueError(f"only an equilibrium can be stable: a deviation from this mixture gains {game.regret(x)}")
    payoffs = scaled.expected(x)
    played = np.flatnonzero(x > PLAYED)
    tied = np.setdiff1d(np.flatnonzero(payoffs > payoffs.max() - game.tolerance), played)
    if len(tied) > _MOST_TIED:
        raise ValueError(
            f"{len(tied)} strategies that are not played break even, more than {_MOST_TIED}: leave some out"
        )
    growth = _growth(scaled, x, payoffs)
    form = scaled.jacobian(x)
    form = (form + form.T) / 2.0
    inner = _directions(len(x), played)
    curvature = float(np.linalg.eigvalsh(inner.T @ form @ inner)[-1]) if inner.shape[1] else -np.inf
    if len(played) == 1 and not len(tied):
        return Stability("stable", "strict", curvature, growth)
    test: Test = "copositive" if len(tied) else "negative definite"
    borderline: Verdict = "not stable" if game.players == 2 else "undecided"
    if curvature > game.tolerance:
        return Stability("not stable", test, curvature, growth)
    if curvature > -game.tolerance:
        return Stability(borderline, test, curvature, growth)
    sign = _largest_on_cone(form, inner, played[0], tied, game.tolerance)
    verdict: Verdict = "stable" if sign < 0 else "not stable" if sign > 0 else borderline
    return Stability(verdict, test, curvature, growth)


def _directions(size: int, played: NDArray[np.int64]) -> Floats:
    """Orthonormal deviations within a support, (strategies, played - 1)."""
    found = np.zeros((size, len(played) - 1))
    if len(played) > 1:
        edges = np.column_stack([np.ones(len(played)), np.eye(len(played))[:, :-1]])
        found[played] = np.linalg.qr(edges)[0][:, 1:]
    return found


def _largest_on_cone(form: Floats, inner: Floats, base: np.int64, tied: NDArray[np.int64], none: float) -> int:
    """The sign of the largest d'Du d where those tied, not played, come in and the support is at its best.

    Deviations within the support are eliminated (a Schur complement). What is left is negative on numbers that are not
    unless a principal part of it has an eigenvector of such numbers whose eigenvalue is 0 or above (Kaplan 2000).
    """
    if not len(tied):
        return -1
    outer = np.eye(len(form))[:, tied].copy()
    outer[base] -= 1.0
    left = outer.T @ form @ outer
    if inner.shape[1]:
        cross = inner.T @ form @ outer
        left = left - cross.T @ np.linalg.solve(inner.T @ form @ inner, cross)
    sign = -1
    for size in range(1, len(tied) + 1):
        for part in combinations(range(len(tied)), size):
            values, vectors = np.linalg.eigh(left[np.ix_(part, part)])
            for value, vector in zip(values, vectors.T, strict=True):
                one_signed = np.all(vector > -_NONE) or np.all(vector < _NONE)
                if one_signed and value > -none:
                    sign = max(sign, 1 if value > none else 0)
    return sign


def _growth(game: SymmetricGame, x: Floats, payoffs: Floats) -> float:
    """The largest real part of the eigenvalues of the replicator's slopes, on deviations that sum to zero."""
    if len(x) == 1:
        return -np.inf
    slopes = game.jacobian(x)
    mean = float(x @ payoffs)
    motion = np.diag(payoffs - mean) + x[:, None] * (slopes - (payoffs + x @ slopes)[None])
    basis = _directions(len(x), np.arange(len(x)))
    return float(np.linalg.eigvals(basis.T @ motion @ basis).real.max())
