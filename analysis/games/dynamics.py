"""How a population moves when its members imitate what pays or reply best: replicator and best-response dynamics.

Replicator (Taylor and Jonker 1978): x' = x (u(x) - x·u(x)), strategies grow by what they earn beyond the mean. Best
response (Gilboa and Matsui 1991): x' = B(x) - x, some always change to what is best now, ties shared equally. Time is
in the unit in which payoffs are scaled to differ by 1 at most, so that the replicator needs some tens of it, and
thousands where payoffs are close.

The replicator is followed in the logarithms of shares, which grow by u(x) but for what all have in common: no share can
become negative, sums stay 1, and near a strict equilibrium the logarithms run straight, so that steps are long.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp
from scipy.special import softmax

from analysis.games.symmetric import SymmetricGame
from sim.errors import RunError

Floats = NDArray[np.float64]
Law = Literal["replicator", "best_response"]
_TIED = 1e-12  # payoffs of a scaled game that are best together
_COARSE, _FINE = 0.02, 0.002  # steps of best-response dynamics, whose paths are straight between kinks
_ERROR = 1e-6  # of a step of the replicator, in the logarithm of a share


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

    Raises
    ------
    ValueError
        If the duration is negative, a start is not a mixture, or the law is unknown.
    RunError
        If a path of the replicator could not be followed to its end.
    """
    if not duration >= 0.0:
        raise ValueError(f"duration must not be negative, not {duration}")
    x = np.atleast_2d(np.array(starts, np.float64))
    if x.shape[1] != game.size or np.any(x < 0.0) or np.any(np.abs(x.sum(axis=1) - 1.0) > 1e-9):
        raise ValueError(f"starts must be mixtures of {game.size} strategies, rows that sum to 1")
    if law == "replicator":
        return _replicated(game.scaled, x, duration)
    for step, share in ((_COARSE, 0.75), (_FINE, 0.25)):
        for _ in range(round(share * duration / step)):
            x = x + step * speeds(game.scaled, x, law)
    return x


def _replicated(scaled: SymmetricGame, x: Floats, duration: float) -> Floats:
    played = x > 0.0

    def shares(logarithms: Floats) -> Floats:
        found: Floats = softmax(np.where(played, logarithms.reshape(x.shape), -np.inf), axis=1)
        return found

    def grow(_: float, logarithms: Floats) -> Floats:
        now = shares(logarithms)
        payoffs = scaled.expected(now)
        beyond = payoffs - np.sum(now * payoffs, axis=1, keepdims=True)
        return np.where(played, beyond, 0.0).ravel()

    first = np.log(x, where=played, out=np.zeros_like(x)).ravel()
    solved = solve_ivp(grow, (0.0, duration), first, method="RK45", rtol=_ERROR, atol=_ERROR, t_eval=[duration])
    if not solved.success:
        raise RunError(f"replicator dynamics could not be followed for {duration} units of time: {solved.message}")
    return shares(solved.y[:, -1])
