"""Mixtures of several roles at which the strategies of each support pay the same: Newton's method, and its starts.

It uses many starts at once: mixtures spread over the supports, more of them where some strategies have small
probabilities, and the ends of replicator dynamics.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.games.solvers.mixtures import PLAYED
from analysis.games.tables.role_payoffs import RolePayoffs

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
_ITERATIONS, _LONGEST, _EXACT = 40, 0.5, 1e-10  # of Newton's method: its longest step, and one after which it is done
_AWAY = 1.5  # probabilities from which Newton does not come back
_LEAST_DAMPING = 1e-13  # so that systems can be solved
_MOVES = 300  # of replicator dynamics
_TOGETHER = 4_000_000  # of float64 that are looked at together


def newton(payoffs: RolePayoffs, supports: Booleans, starts: Floats, singular: bool = False) -> Floats:
    """Equilibria over just their supports to which Newton's method leads, (found, columns).

    With `singular` its steps are damped (Levenberg 1944; Marquardt 1963) by the square of the equations' error. So it
    converges quickly to solutions with singular slopes (Yamashita and Fukushima 2001).
    """
    found = [np.zeros((0, starts.shape[1]))]
    together = max(1, _TOGETHER // payoffs.size)
    for at in range(0, len(starts), together):
        inside, x = supports[at : at + together], np.where(supports, starts, 0.0)[at : at + together]
        active = np.arange(len(x))
        for _ in range(_ITERATIONS):
            system, side = _equations(payoffs, inside[active], x[active])
            step = _damped(system, side) if singular else _solved(system, side)
            length = np.abs(step).max(axis=1)
            x[active] -= step * np.minimum(1.0, _LONGEST / np.maximum(length, _LONGEST))[:, None]
            active = active[(length > _EXACT) & (np.abs(x[active]).max(axis=1) < _AWAY)]
            if not len(active):
                break
        x = np.where(inside, x, 0.0)[np.all((x > PLAYED) == inside, axis=1)]
        for mine in payoffs.columns:
            x[:, mine] /= x[:, mine].sum(axis=1, keepdims=True)
        found.append(x[payoffs.stable(x)])
    return np.concatenate(found)


def _equations(payoffs: RolePayoffs, supports: Booleans, x: Floats) -> tuple[Floats, Floats]:
    """The system of a step and its right side: probabilities of a role sum to 1, its support pays the same."""
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
    return system, side


def _solved(system: Floats, side: Floats) -> Floats:
    try:
        return np.asarray(np.linalg.solve(system, side[:, :, None])[:, :, 0], np.float64)
    except np.linalg.LinAlgError:  # some are exactly singular: the shortest step of least squares
        return np.asarray((np.linalg.pinv(system, rcond=1e-9) @ side[:, :, None])[:, :, 0], np.float64)


def _damped(system: Floats, side: Floats) -> Floats:
    turned = system.transpose(0, 2, 1)
    off = np.maximum(np.square(side).sum(axis=1), _LEAST_DAMPING)
    square = turned @ system + off[:, None, None] * np.eye(system.shape[1])
    return np.asarray(np.linalg.solve(square, turned @ side[:, :, None])[:, :, 0], np.float64)


def spread_mixtures(payoffs: RolePayoffs, supports: Booleans, turn: int) -> Floats:
    """Mixtures over supports, the same each time: half of them uniform, half nearer to where some are hardly played."""
    draw = np.random.default_rng(turn)
    power = np.where(draw.random(len(supports)) < 0.5, 1.0, 3.0)[:, None]
    x = draw.exponential(size=supports.shape) ** power * supports
    return np.concatenate([x[:, mine] / x[:, mine].sum(axis=1, keepdims=True) for mine in payoffs.columns], axis=1)


def followed(payoffs: RolePayoffs, x: Floats) -> Floats:
    """Where replicator dynamics are after a while, and where they were on average, (2 mixtures, columns)."""
    mean = np.zeros_like(x)
    for _ in range(_MOVES):
        x = x * np.exp(payoffs.expected(x))
        x = np.concatenate([x[:, mine] / x[:, mine].sum(axis=1, keepdims=True) for mine in payoffs.columns], axis=1)
        mean += x / _MOVES
    return np.concatenate([x, mean])
