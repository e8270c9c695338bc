"""How a population moves when its members imitate what pays or reply best: replicator and best-response dynamics.

Replicator (Taylor and Jonker 1978): x' = x (u(x) - x·u(x)), strategies grow by what they earn beyond the mean. Best
response (Gilboa and Matsui 1991): x' = B(x) - x, some always change to what is best now, ties shared equally. Time is
in the unit in which payoffs are scaled to differ by 1 at most, so that the replicator needs some tens of it.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

from analysis.games.symmetric import SymmetricGame

Floats = NDArray[np.float64]
Law = Literal["replicator", "best_response"]
_TIED = 1e-12  # payoffs of a scaled game that are best together
_COARSE, _FINE = 0.02, 0.002  # steps of best-response dynamics, whose paths are straight between kinks


def speeds(game: SymmetricGame, mixtures: ArrayLike, law: Law = "replicator") -> Floats:
    """The time derivative of mixtures, of the same shape (..., strategies), payoffs taken as they are.

    Raises ValueError if the law is unknown.
    """
    x = np.asarray(mixtures, np.float64)
    payoffs = game.expected(x)
    if law == "replicator":
        grown: Floats = x * (payoffs - np.sum(x * payoffs, axis=-1, keepdims=True))
        return grown
    if law == "best_response":
        best = payoffs >= payoffs.max(axis=-1, keepdims=True) - _TIED
        moved: Floats = best / best.sum(axis=-1, keepdims=True) - x
        return moved
    raise ValueError(f"dynamics are 'replicator' or 'best_response', not {law!r}")


def run(game: SymmetricGame, starts: ArrayLike, duration: float, law: Law = "replicator") -> Floats:
    """Where starts (starts, strategies) are after so much time, of the same shape.

    Raises ValueError if the duration is negative, a start is not a mixture, or the law is unknown.
    """
    if not duration >= 0.0:
        raise ValueError(f"duration must not be negative, not {duration}")
    x = np.atleast_2d(np.array(starts, np.float64))
    if x.shape[1] != game.size or np.any(x < 0.0) or np.any(np.abs(x.sum(axis=1) - 1.0) > 1e-9):
        raise ValueError(f"starts must be mixtures of {game.size} strategies, rows that sum to 1")
    scaled = game.scaled
    if law == "best_response":
        for step, share in ((_COARSE, 0.75), (_FINE, 0.25)):
            for _ in range(round(share * duration / step)):
                x = x + step * speeds(scaled, x, law)
        return x

    def move(_: float, flat: Floats) -> Floats:
        return speeds(scaled, flat.reshape(x.shape), law).ravel()

    solved = solve_ivp(move, (0.0, duration), x.ravel(), method="RK45", rtol=1e-6, atol=1e-9, t_eval=[duration])
    end = np.maximum(solved.y[:, -1].reshape(x.shape), 0.0)
    found: Floats = end / end.sum(axis=1, keepdims=True)
    return found
