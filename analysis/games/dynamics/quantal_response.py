"""The logit branch of quantal response equilibria, followed from even play towards an equilibrium of the game.

In a logit equilibrium of precision λ, every strategy has a probability proportional to exp(λ u(x)) (McKelvey and
Palfrey 1995). At λ = 0 all strategies are equally likely, and one branch starts there. In almost all games it ends in
one equilibrium as λ grows without bound. The branch may turn back in λ, so the algorithm follows its length, not λ: a
step along the tangent, then Newton's method across it. It uses logarithms of the probabilities, which keeps them
positive (Turocy 2005).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.games.tables.symmetric import SymmetricGame
from sim.core.arguments import whole
from sim.core.errors import RunError

Floats = NDArray[np.float64]
_CLOSE = 1e-10  # of a point of the branch: what its equations may be off by
_SHORTEST = 1e-8
_WIDEST = 5.0  # of a step, in logarithms
_CONTRACTION = 0.5  # of successive Newton steps, else the step along the branch was too long
_BELOW = -700.0  # logarithms whose probability is none


class Branch(NamedTuple):
    """Points of the branch."""

    precisions: Floats  # (points,): λ, in 1 / the game's unit
    mixtures: Floats  # (points, strategies)
    regrets: Floats  # (points,): in the game's unit


def logit_branch(game: SymmetricGame, regret: float = 1e-6, points: int = 20_000) -> Branch:
    """Follow the branch until the best deviation gains less than a share of the scale of payoffs.

    It is followed until that is a tenth of the smallest difference that matters, if this is less.

    Parameters
    ----------
    regret : that share.
    points : at most so many.

    Raises
    ------
    ValueError
        If regret is not between 0 and 1, or points is below 1.
    RunError
        If the branch could not be followed so far.
    """
    if not 0.0 < regret < 1.0:
        raise ValueError(f"regret must be between 0 and 1, not {regret}")
    points = whole("points", points, low=1)
    scaled = game.scaled
    regret = min(regret, 0.1 * game.reading.smallest / game.scale)
    at = np.append(np.full(game.size, -np.log(game.size)), 0.0)
    ahead = _tangent(scaled, at, np.append(np.zeros(game.size), 1.0))
    found, step = [at], 0.1
    while scaled.regret(_mixture(at)) > regret:
        if len(found) >= points:
            raise RunError(
                f"quantal response: precision {at[-1] / game.scale:.4g} after {points} points and regret still above "
                f"{regret:g} of the scale of payoffs — allow more regret or more points"
            )
        tried = _corrected(scaled, at + step * ahead, ahead)
        if tried is None:
            step /= 2.0
            if step < _SHORTEST:
                raise RunError(
                    f"quantal response: the branch has a fork at precision {at[-1] / game.scale:.4g}, as games have "
                    "that are degenerate or unchanged by renaming strategies — change a payoff a little"
                )
            continue
        at, ahead = tried, _tangent(scaled, tried, ahead)
        found.append(at)
        step = min(step * 1.3, max(_WIDEST, 0.1 * abs(float(at[-1]))))
    branch = np.array(found)
    mixtures = np.array([_mixture(each) for each in branch])
    return Branch(branch[:, -1] / game.scale, mixtures, np.array([game.regret(x) for x in mixtures]))


def _mixture(at: Floats) -> Floats:
    x = np.exp(np.maximum(at[:-1], _BELOW))
    found: Floats = x / x.sum()
    return found


def _equations(game: SymmetricGame, at: Floats) -> tuple[Floats, Floats]:
    """What should vanish, (strategies,), and its slopes, (strategies, strategies + 1): the sum less 1, then odds.

    The odds are against the strategy most played: against one that dies out they would lose all digits.
    """
    logs, precision = at[:-1], at[-1]
    x = np.exp(np.maximum(logs, _BELOW))
    payoffs, inner = game.expected(x), game.jacobian(x) * x
    first = int(np.argmax(logs))
    others = np.delete(np.arange(game.size), first)
    values = np.append(x.sum() - 1.0, logs[others] - logs[first] - precision * (payoffs[others] - payoffs[first]))
    slopes = np.zeros((game.size, game.size + 1))
    slopes[0, :-1] = x
    slopes[1:, :-1] = np.eye(game.size)[others] - np.eye(game.size)[first] - precision * (inner[others] - inner[first])
    slopes[1:, -1] = payoffs[first] - payoffs[others]
    return values, slopes


def _tangent(game: SymmetricGame, at: Floats, before: Floats) -> Floats:
    """The unit direction of the branch that goes on in the direction from before."""
    slopes = _equations(game, at)[1]
    direction = np.linalg.svd(slopes)[2][-1]
    found: Floats = direction if direction @ before > 0.0 else -direction
    return found


def _corrected(game: SymmetricGame, at: Floats, ahead: Floats) -> Floats | None:
    """The point of the branch across the direction; None if Newton's method does not close in on it quickly."""
    last = np.inf
    for _ in range(12):
        values, slopes = _equations(game, at)
        scale = np.abs(slopes).max(axis=1)
        system = np.vstack([slopes / scale[:, None], ahead])
        try:
            step = np.linalg.solve(system, np.append(values / scale, 0.0))
        except np.linalg.LinAlgError:
            return None
        size = float(np.abs(step).max())
        if not size <= max(_CONTRACTION * last, _CLOSE):
            return None
        at, last = at - step, size
        if size < _CLOSE * max(1.0, float(np.abs(at).max())):
            return at
    return None
