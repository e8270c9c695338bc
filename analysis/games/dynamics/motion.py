"""Replicator and best-response dynamics: how a population moves if members imitate success or reply best.

Replicator (Taylor and Jonker 1978): x' = x (u(x) - x·u(x)), a strategy grows by its payoff less the mean. Best response
(Gilboa and Matsui 1991): x' = B(x) - x, a part of the players always changes to the current best strategy; ties are
shared equally. In the unit of time, payoffs are scaled to differ by 1 at most. So the replicator needs some tens of
units, and thousands if payoffs are close.

The replicator is followed in the logarithms of shares. They grow by u(x), up to a term that is common to all. So no
share can become negative, and sums stay 1. Near a strict equilibrium the logarithms are nearly linear, so steps are
long.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp
from scipy.special import softmax

from analysis.games.tables.arguments import mixtures_of, number_from_zero
from analysis.games.tables.symmetric import SymmetricGame
from sim.core.errors import RunError

Floats = NDArray[np.float64]
Law = Literal["replicator", "best_response"]
_TIED = 1e-12  # of the scale of payoffs: those that are best together, unless smaller differences matter
_COARSE, _FINE = 0.02, 0.002  # steps of best-response dynamics, whose paths are straight between kinks
_ERROR = 1e-6  # of a step of the replicator, in the logarithm of a share


def speeds(game: SymmetricGame, mixtures: ArrayLike, law: Law = "replicator") -> Floats:
    """The time derivative of mixtures, of the same shape (..., strategies), payoffs taken as they are.

    Raises ValueError if the law is unknown, or the mixtures are not finite or of another number of strategies.
    """
    _check_law(law)
    x = np.asarray(mixtures, np.float64)
    if not np.all(np.isfinite(x)):
        raise ValueError("mixtures must be finite")
    payoffs = game.expected(x)
    if law == "replicator":
        grown: Floats = x * (payoffs - np.sum(x * payoffs, axis=-1, keepdims=True))
        return grown
    tied = min(_TIED * game.scale, 1e-3 * game.reading.smallest)
    best = payoffs >= payoffs.max(axis=-1, keepdims=True) - tied
    moved: Floats = best / best.sum(axis=-1, keepdims=True) - x
    return moved


def run(game: SymmetricGame, starts: ArrayLike, duration: float, law: Law = "replicator") -> Floats:
    """Where starts (starts, strategies) are after so much time, of the same shape.

    Raises
    ------
    ValueError
        If the duration is negative or not finite, a start is not a mixture, or the law is unknown.
    RunError
        If a path of the replicator could not be followed to its end.
    """
    _check_law(law)
    duration = number_from_zero(duration, "duration")
    x = mixtures_of(starts, game.size, "starts")
    if duration == 0.0 or not len(x):
        return x
    if law == "replicator":
        return _replicated(game.scaled, x, duration)
    for longest, share in ((_COARSE, 0.75), (_FINE, 0.25)):
        steps = max(1, round(share * duration / longest))
        for _ in range(steps):
            x = x + share * duration / steps * speeds(game.scaled, x, law)
    return x


def _check_law(law: str) -> None:
    if law not in get_args(Law):
        raise ValueError(f"dynamics are {' or '.join(map(repr, get_args(Law)))}, not {law!r}")


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
