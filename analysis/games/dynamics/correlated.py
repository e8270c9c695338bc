"""Correlated and coarse correlated equilibria of most and least value, by linear programmes (HiGHS).

A distribution over profiles is a correlated equilibrium if nobody who is told his own part gains by playing another
instead (Aumann 1974); a coarse one if nobody gains by ignoring what he would be told (Moulin and Vial 1978), which is
where learning without external regret leads. Players of a role are alike: averaging an equilibrium over them leaves one
over counts with the same value, so that the programme needs no more unknowns than there are count profiles.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array

from analysis.games.dynamics.welfare import welfare
from analysis.games.tables.roles import RoleSymmetricGame

Floats = NDArray[np.float64]
_SLACK = 0.01  # of the smallest difference that matters: what a deviation from a solution may gain
Kind = Literal["correlated", "coarse"]


class Extremes(NamedTuple):
    """The least and the largest mean of an objective over equilibria, and distributions over profiles that have it."""

    least: float
    most: float
    least_chances: Floats  # (profiles,)
    most_chances: Floats


def correlated(game: RoleSymmetricGame, kind: Kind = "correlated", objective: ArrayLike | None = None) -> Extremes:
    """The range of an objective over the game's correlated or coarse correlated equilibria.

    Parameters
    ----------
    objective : (profiles,), one number for each row of the game's counts; welfare if None.

    Raises
    ------
    ValueError
        If the kind is neither, the objective of another shape or not finite, or the programme was not solved: also
        where payoffs lie so far apart that its tolerances hide the smallest difference that matters.
    """
    value = welfare(game) if objective is None else np.asarray(objective, np.float64)
    if value.shape != (len(game.counts),):
        raise ValueError(f"an objective has a number for each of {len(game.counts)} profiles, not shape {value.shape}")
    if not np.all(np.isfinite(value)):
        raise ValueError("an objective must be finite")
    gains = incentives(game, kind)
    conditions = gains.multiply(1.0 / np.maximum(abs(gains).max(axis=1).toarray(), 1e-300)[:, None]).tocsr()
    smallest = min((reading.smallest for reading in game.readings), default=np.inf) / game.range
    unit = float(np.abs(value).max()) or 1.0
    found = []
    for sign in (1.0, -1.0):
        solved = linprog(
            sign * value / unit,
            A_ub=conditions if conditions.shape[0] else None,
            b_ub=np.zeros(conditions.shape[0]) if conditions.shape[0] else None,
            A_eq=np.ones((1, len(value))),
            b_eq=np.ones(1),
            method="highs",
        )
        if solved.status != 0:
            raise ValueError(f"the linear programme of {kind} equilibria was not solved: {solved.message}")
        chances = np.maximum(solved.x, 0.0)
        if gains.shape[0] and not (gains @ chances).max() < _SLACK * smallest:
            raise ValueError(
                f"the linear programme of {kind} equilibria is not sharp enough: payoffs differ by as little as "
                f"{smallest * game.range:.3g} beside {game.range:.3g}"
            )
        found.append(chances)
    low, high = found
    return Extremes(float(value @ low), float(value @ high), low, high)


def incentives(game: RoleSymmetricGame, kind: Kind = "correlated") -> csr_array:
    """What deviations gain in mean, (deviations, profiles), of scale 1: none is above 0 in an equilibrium.

    For "correlated" a row is a pair of strategies of a role, for "coarse" one strategy that is played whatever one is
    told. Raises ValueError if kind is neither.
    """
    moves = game.deviations
    width = game.counts.shape[1]
    if kind == "correlated":
        rows = moves.before * width + moves.after
    elif kind == "coarse":
        rows = moves.after
    else:
        raise ValueError(f"equilibria are 'correlated' or 'coarse', not {kind!r}")
    kinds, rows = np.unique(rows, return_inverse=True)
    sizes = np.concatenate([np.full(len(role.strategies), role.players) for role in game.roles])
    chances = game.counts[moves.profiles, moves.before] / sizes[moves.before]  # that a given player is told it
    entries = (chances * moves.gains / game.range, (rows, moves.profiles))
    return csr_array(coo_array(entries, shape=(len(kinds), len(game.counts))))
