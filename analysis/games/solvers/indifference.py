"""Mixtures at which all strategies of a support pay the same: Newton's method, from many starts at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.games.tables.symmetric import SymmetricGame

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
_EVEN = 1e-12  # payoffs of a scaled game that are the same
_LONGEST = 0.5  # of a step, as a difference of probabilities
_AWAY = 1.5  # probabilities from which Newton does not come back


def newton(game: SymmetricGame, supports: Integers, starts: Floats, iterations: int = 25) -> tuple[Floats, Booleans]:
    """Where Newton's method ends, (starts, size), and whether the strategies pay the same there.

    Probabilities sum to 1 and may be negative.

    Parameters
    ----------
    game : scaled.
    supports : (starts, size): numbers of strategies.
    starts : (starts, size): their probabilities.
    """
    x = np.zeros((len(starts), game.size))
    np.put_along_axis(x, supports, starts, axis=1)
    active = np.arange(len(x))
    good = np.zeros(len(x), bool)
    last = np.full(len(x), np.inf)
    for _ in range(iterations):
        step = newton_step(game, supports[active], x[active])
        length = np.abs(step).max(axis=1, initial=0.0)
        step *= np.minimum(1.0, _LONGEST / np.maximum(length, 1e-300))[:, None]
        usable = np.isfinite(length)
        x[active[usable]] -= step[usable]
        settled = usable & ((length < 1e-14) | ((length < 1e-11) & (length >= last[active])))
        good[active[settled]] = True
        last[active] = length
        active = active[usable & ~settled & (np.abs(x[active]).max(axis=1, initial=0.0) < _AWAY)]
        if not len(active):
            break
    good[active] = last[active] < 1e-11
    payoffs = np.take_along_axis(game.expected(x), supports, axis=1)
    even = np.ptp(payoffs, axis=1) < max(_EVEN, 10.0 * game.rounding)
    return np.take_along_axis(x, supports, axis=1), good & even


def newton_step(game: SymmetricGame, supports: Integers, x: Floats, singular: bool = False) -> Floats:
    """What Newton's method subtracts from mixtures (starts, strategies), nan where the slopes are singular.

    With `singular`, the shortest step of least squares, which then exists too.
    """
    system, side = equations(game, supports, x)
    if singular:
        return np.array([np.linalg.lstsq(each, right, rcond=1e-7)[0] for each, right in zip(system, side, strict=True)])
    return _solved(system, side)


def equations(game: SymmetricGame, supports: Integers, x: Floats) -> tuple[Floats, Floats]:
    """The system of Newton's step, (starts, strategies, strategies), and its right side, (starts, strategies).

    Probabilities sum to 1, the later strategies of the support pay what its first does, and all others are not played.
    """
    count, size = supports.shape
    payoffs, slopes = game.expected(x), game.jacobian(x)
    system = np.broadcast_to(np.eye(game.size), (count, game.size, game.size)).copy()
    side = x.copy()
    rows = np.arange(count)
    first = supports[:, 0]
    system[rows, first] = 1.0
    side[rows, first] = x.sum(axis=1) - 1.0
    for place in range(1, size):
        other = supports[:, place]
        system[rows, other] = slopes[rows, other] - slopes[rows, first]
        side[rows, other] = payoffs[rows, other] - payoffs[rows, first]
    return system, side


def _solved(system: Floats, side: Floats) -> Floats:
    """Solutions of linear systems, (systems, unknowns); nan for one that is exactly singular."""
    if not len(system):
        return np.zeros_like(side)
    try:
        return np.asarray(np.linalg.solve(system, side[:, :, None])[:, :, 0], np.float64)
    except np.linalg.LinAlgError:
        if len(system) == 1:
            return np.full(side.shape, np.nan)
        half = len(system) // 2  # only some of them are
        return np.concatenate([_solved(system[:half], side[:half]), _solved(system[half:], side[half:])])
