"""From which share of all mixtures a population comes to each equilibrium.

Starts cover the simplex evenly, by scrambled Sobol points with fixed seeds, so that answers repeat. Each of several
scrambles gives a share of its own; their mean has a standard error that no law of the starts has to be known for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import Estimate, mean
from analysis.games.dynamics import Law, run, speeds
from analysis.games.simplex import spread_starts
from analysis.games.symmetric import SymmetricGame

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
NOWHERE = -1
_NEAR = 0.02  # of an equilibrium, in any probability: where a path ends
_SLOW = {
    "replicator": 1e-7,
    "best_response": np.inf,
}  # speeds below which a path has ended; the other law stays at kinks


class Basins(NamedTuple):
    """Shares of the simplex."""

    shares: tuple[Estimate, ...]  # that come to each equilibrium
    elsewhere: Estimate  # that cycle, go to something else, or are on their way when time is over
    starts: Floats  # (starts, strategies)
    reached: Integers  # (starts,): which equilibrium, -1 for none


def basins(
    game: SymmetricGame,
    equilibria: Sequence[ArrayLike],
    law: Law = "replicator",
    starts: int = 64,
    repeats: int = 8,
    duration: float = 400.0,
) -> Basins:
    """The share of starts that come to each equilibrium.

    Parameters
    ----------
    equilibria : their mixtures, each (strategies,).
    starts : in each scramble; a power of two.
    repeats : scrambles, at least 2.
    duration : how long a path may take, in the time of :mod:`analysis.games.dynamics`; best-response dynamics take a
        tenth of it, as they come near exponentially.

    Raises
    ------
    ValueError
        If an argument is outside its range, or the law is unknown.
    """
    if repeats < 2:
        raise ValueError(f"repeats must be at least 2, for an error, not {repeats}")
    points = spread_starts(game.size, starts, repeats).reshape(-1, game.size)
    known = np.array([np.asarray(each, np.float64) for each in equilibria]).reshape(-1, game.size)
    reached = np.full(len(points), NOWHERE)
    where, moving = points.copy(), np.arange(len(points))
    windows = 8 if law == "replicator" else 1
    for _ in range(windows):
        where[moving] = run(game, where[moving], duration / windows if law == "replicator" else duration / 10.0, law)
        slow = np.abs(speeds(game.scaled, where[moving], law)).max(axis=1) <= _SLOW[law]
        ended = moving[slow]
        if len(known):
            away = np.abs(where[ended, None] - known[None]).max(axis=2)
            near = away.min(axis=1, initial=np.inf) < _NEAR
            reached[ended[near]] = away[near].argmin(axis=1)
        moving = moving[~slow]
        if not len(moving):
            break
    by_repeat = reached.reshape(repeats, starts)
    shares = tuple(mean((by_repeat == which).mean(axis=1)) for which in range(len(known)))
    return Basins(shares, mean((by_repeat == NOWHERE).mean(axis=1)), points, reached)
