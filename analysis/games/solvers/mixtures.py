"""Properties of a symmetric equilibrium: its kind, its index, and whether it is regular.

It is singular if payoffs with a rounding error could turn it into two equilibria, or none. Slopes within a support are
a mean of terms, their Bernstein coefficients, weighted by the mixture. Let D be the largest Frobenius norm of a term,
and r the rounding of the payoffs. A payoff difference that touches zero is about D t² / 2 at a distance t, so it
exceeds r if its slope exceeds √(2 r D). Slopes up to twice this number count as 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.games.solvers.indifference import newton
from analysis.games.solvers.polytope import distinct
from analysis.games.tables.counts import one_more
from analysis.games.tables.symmetric import SymmetricGame

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Kind = Literal["strict", "quasi-strict", "weak"]
REGRET = 1e-9  # of a scaled game: what counts as none is never more
PLAYED = 1e-9  # smaller probabilities are none
SAME = 1e-7  # mixtures that differ by less


@dataclass(frozen=True, eq=False)
class Equilibrium:
    """A mixture from which nobody gains by deviating while all draw from it.

    Attributes
    ----------
    mixture : probability of each strategy, float64 (strategies,).
    payoff : what everyone expects, in the game's unit.
    regret : what the best deviation would add, in that unit; what is left by rounding.
    kind : "strict" if pure and all else pays less; "quasi-strict" if mixed and all that is not played pays less;
        "weak" if something not played pays as much: it breaks even.
    regular : whether it is not weak and its payoffs' slopes within the support are not singular.
    index : +1 or -1; None if it is not regular.
    condition : least singular value of those slopes over the norm of the largest of their terms, at most 1; 1 for a
        pure one.
    """

    mixture: Floats
    payoff: float
    regret: float
    kind: Kind
    regular: bool
    index: int | None
    condition: float

    @property
    def support(self) -> tuple[int, ...]:
        """Numbers of the strategies that are played."""
        return tuple(np.flatnonzero(self.mixture > 0.0).tolist())

    @property
    def strict(self) -> bool:
        """Whether every deviation loses."""
        return self.kind == "strict"


def classified(game: SymmetricGame, mixture: Floats) -> Equilibrium:
    """What is to be said of a mixture, (strategies,), that is an equilibrium of a game."""
    scaled = game.scaled
    support = np.flatnonzero(mixture > 0.0)
    expected = scaled.expected(mixture)
    unused = np.delete(expected, support)
    tied = bool(np.any(unused > expected[support].max() - game.tolerance))
    kind: Kind = "weak" if tied else "strict" if len(support) == 1 else "quasi-strict"
    slopes, largest = _slopes(scaled, support, mixture)
    regular = not tied and not vanishes(least_slope(slopes), largest, scaled.rounding)
    index = round(float(np.linalg.slogdet(-slopes)[0])) if regular else None
    return Equilibrium(
        mixture, game.payoff(mixture), game.regret(mixture), kind, regular, index, condition(game, support, mixture)
    )


def condition(game: SymmetricGame, support: Integers, mixture: Floats) -> float:
    """The least singular value of slopes at a mixture over its support, over the norm of the largest of their terms."""
    if len(support) == 1:
        return 1.0
    slopes, largest = _slopes(game.scaled, support, mixture)
    return least_slope(slopes) / largest if largest else 0.0


def _slopes(scaled: SymmetricGame, support: Integers, mixture: Floats) -> tuple[Floats, float]:
    """Slopes within a support in directions that sum to zero, and the norm of the largest of their terms."""
    basis = tangent_basis(len(support))
    slopes: Floats = basis.T @ scaled.jacobian(mixture)[np.ix_(support, support)] @ basis
    return slopes, _largest_term(scaled.restricted(support.tolist()), basis)


def tangent_basis(size: int) -> Floats:
    """Orthonormal directions in which probabilities sum to zero, float64 (size, size - 1)."""
    found: Floats = np.linalg.qr(np.column_stack([np.ones(size), np.eye(size)[:, : size - 1]]))[0][:, 1:]
    return found


def least_slope(slopes: Floats) -> float:
    """The least singular value of square slopes; inf where there is no direction."""
    return float(np.linalg.svd(slopes, compute_uv=False).min(initial=np.inf))


def vanishes(least: float, largest: float, rounding: float) -> bool:
    """Whether slopes count as singular.

    Parameters
    ----------
    least : their least singular value, in payoffs per probability.
    largest : the norm of the largest of the terms of which they are a mean, in the same unit.
    rounding : payoff differences up to this are none.
    """
    return not least > 2.0 * math.sqrt(2.0 * rounding * largest)


def _largest_term(game: SymmetricGame, basis: Floats) -> float:
    """The largest Frobenius norm of a Bernstein coefficient of a game's slopes in directions that sum to zero."""
    if game.players == 1 or game.size == 1:
        return 0.0
    payoffs = game.payoffs[one_more(game.players - 1, game.size)]  # (profiles, probabilities, strategies)
    terms = (game.players - 1) * basis.T @ payoffs.transpose(0, 2, 1) @ basis
    return float(np.sqrt(np.square(terms).sum(axis=(1, 2)).max()))


def refined(game: SymmetricGame, candidates: Sequence[Floats]) -> list[Equilibrium]:
    """Those of the mixtures that are equilibria of a scaled game, each once, sharpened, in the order of supports."""
    found: list[Equilibrium] = []
    for candidate in distinct(np.array(candidates).reshape(-1, game.size), SAME):
        x = sharpened(game, candidate)
        if x is None or any(np.abs(x - each.mixture).max() < SAME for each in found):
            continue
        found.append(classified(game, x))
    return in_order(found)


def in_order(equilibria: Sequence[Equilibrium]) -> list[Equilibrium]:
    """Equilibria in the order of their supports, smaller ones first."""
    return sorted(equilibria, key=lambda each: (len(each.support), each.support, -each.mixture[each.support[0]]))


def sharpened(game: SymmetricGame, candidate: Floats) -> Floats | None:
    """The equilibrium of a scaled game at a mixture, with tiny probabilities dropped; None if it is none."""
    support = np.flatnonzero(candidate > PLAYED)
    x = np.zeros(game.size)
    x[support] = candidate[support] / candidate[support].sum()
    if len(support) > 1:
        point, good = newton(game, support[None], x[support][None])
        if good[0] and np.abs(point[0] - x[support]).max() < 1e-5 and point.min() > 0.0:
            x[support] = point[0] / point[0].sum()
    return x if game.regret(x) < game.tolerance else None


def described(game: SymmetricGame, kept: Sequence[int], inner: Equilibrium) -> Equilibrium:
    """An equilibrium of some of a game's strategies as one of the game."""
    mixture = np.zeros(game.size)
    mixture[list(kept)] = inner.mixture
    return replace(inner, mixture=mixture, payoff=game.payoff(mixture), regret=game.regret(mixture))
