"""What is said of a symmetric equilibrium: its kind, its index, and whether it is regular."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.games.indifference import newton
from analysis.games.polytope import distinct
from analysis.games.symmetric import SymmetricGame

Floats = NDArray[np.float64]
Kind = Literal["strict", "quasi-strict", "weak"]
REGRET = 1e-9  # of a scaled game: less is an equilibrium
TIED = 1e-9  # an unused strategy of a scaled game that pays less by less breaks even
PLAYED = 1e-9  # smaller probabilities are none
_SINGULAR = 1e-7  # of the largest singular value of the slopes
SAME = 1e-7  # mixtures that differ by less


@dataclass(frozen=True, eq=False)
class Equilibrium:
    """A mixture that nobody leaves while all draw from it.

    Attributes
    ----------
    mixture : probability of each strategy, float64 (strategies,).
    payoff : what everyone expects, in the game's unit.
    regret : what the best deviation would add, in that unit; what is left by rounding.
    kind : "strict" if pure and all else pays less; "quasi-strict" if mixed and all that is not played pays less;
        "weak" if something not played pays as much: it breaks even.
    regular : whether it is not weak and its payoffs' slopes within the support are not singular.
    index : +1 or -1; None if it is not regular.
    condition : least over largest singular value of those slopes; 1 for a pure one.
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
    tied = bool(np.any(unused > expected[support].max() - TIED))
    kind: Kind = "weak" if tied else "strict" if len(support) == 1 else "quasi-strict"
    slopes = tangent_slopes(scaled, mixture, support)
    sizes = np.linalg.svd(slopes, compute_uv=False)
    condition = 1.0 if not len(sizes) else float(sizes[-1] / sizes[0]) if sizes[0] > _SINGULAR else 0.0
    regular = not tied and condition > _SINGULAR
    index = round(float(np.linalg.slogdet(-slopes)[0])) if regular else None
    return Equilibrium(mixture, game.payoff(mixture), game.regret(mixture), kind, regular, index, condition)


def tangent_slopes(game: SymmetricGame, mixture: Floats, support: NDArray[np.int64]) -> Floats:
    """Slopes of the payoffs of a support in orthonormal directions that sum to zero, (size - 1, size - 1)."""
    size = len(support)
    if size == 1:
        return np.zeros((0, 0))
    basis = np.linalg.qr(np.column_stack([np.ones(size), np.eye(size)[:, : size - 1]]))[0][:, 1:]
    found: Floats = basis.T @ game.jacobian(mixture)[np.ix_(support, support)] @ basis
    return found


def refined(game: SymmetricGame, candidates: Sequence[Floats]) -> list[Equilibrium]:
    """Those of the mixtures that are equilibria of a scaled game, each once, sharpened, in the order of supports."""
    found: list[Equilibrium] = []
    for candidate in distinct(np.array(candidates).reshape(-1, game.size), SAME):
        x = sharpened(game, candidate)
        if x is None or any(np.abs(x - each.mixture).max() < SAME for each in found):
            continue
        found.append(classified(game, x))
    return sorted(found, key=lambda each: (len(each.support), each.support, -each.mixture[each.support[0]]))


def sharpened(game: SymmetricGame, candidate: Floats) -> Floats | None:
    """The equilibrium of a scaled game at a mixture, with tiny probabilities dropped; None if it is none."""
    support = np.flatnonzero(candidate > PLAYED)
    x = np.zeros(game.size)
    x[support] = candidate[support] / candidate[support].sum()
    if len(support) > 1:
        point, good = newton(game, support[None], x[support][None])
        if good[0] and np.abs(point[0] - x[support]).max() < 1e-5 and point.min() > 0.0:
            x[support] = point[0] / point[0].sum()
    return x if game.regret(x) < REGRET else None


def described(game: SymmetricGame, kept: Sequence[int], inner: Equilibrium) -> Equilibrium:
    """An equilibrium of some of a game's strategies as one of the game."""
    mixture = np.zeros(game.size)
    mixture[list(kept)] = inner.mixture
    return replace(inner, mixture=mixture, payoff=game.payoff(mixture), regret=game.regret(mixture))
