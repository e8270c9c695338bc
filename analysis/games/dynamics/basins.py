"""From which share of all mixtures a population comes to each equilibrium.

Starts cover the simplex evenly, by scrambled Sobol points with fixed seeds, so that answers repeat. Each of several
scrambles gives a share of its own; their mean has a standard error that no law of the starts has to be known for.

A path has arrived where it is near an equilibrium and, under the replicator, nobody would gain by changing: one that
rests for long near a mixture which an invader will leave goes on. Replicators lose fast what pays clearly less, and
slowly what pays almost as much, so that few starts need most of the time; those that have arrived are not moved on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.games.dynamics.motion import Law, run
from analysis.games.solvers.simplex import spread_starts
from analysis.games.tables.arguments import mixtures_of, number_from_zero
from analysis.games.tables.symmetric import SymmetricGame
from analysis.stats.estimates import Estimate, mean
from sim.core.arguments import whole

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
NOWHERE = -1
DURATIONS: dict[Law, float] = {"replicator": 3_200.0, "best_response": 40.0}  # best replies come near exponentially
_NEAR = 0.02  # of an equilibrium, in any probability: where a path ends
_GAIN = 1e-5  # of the best deviation, in scaled payoffs: where replicators have arrived; best replies stay at kinks.
# It is less where smaller differences matter
_HALVINGS = 6  # of a replicator's time: looks are at 1/64 of it, 1/32, ... and its end


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
    duration: float | None = None,
) -> Basins:
    """The share of starts that come to each equilibrium.

    Parameters
    ----------
    equilibria : their mixtures, each (strategies,).
    starts : in each scramble; a power of two.
    repeats : scrambles, at least 2.
    duration : how long a path may take, as in :func:`arrivals`.

    Raises
    ------
    ValueError
        If an argument is outside its range, or the law is unknown.
    """
    whole("repeats, whose differences give the error,", repeats, low=2)
    points = spread_starts(game.size, starts, repeats).reshape(-1, game.size)
    reached = arrivals(game, points, equilibria, law, duration)
    by_repeat = reached.reshape(repeats, starts)
    shares = tuple(mean((by_repeat == which).mean(axis=1)) for which in range(len(equilibria)))
    return Basins(shares, mean((by_repeat == NOWHERE).mean(axis=1)), points, reached)


def arrivals(
    game: SymmetricGame,
    starts: ArrayLike,
    equilibria: Sequence[ArrayLike],
    law: Law = "replicator",
    duration: float | None = None,
) -> Integers:
    """To which equilibrium each start comes, int64 (starts,); -1 to none.

    Parameters
    ----------
    starts : mixtures, (starts, strategies).
    equilibria : their mixtures, each (strategies,).
    duration : how long a path may take, in the time of :mod:`analysis.games.dynamics.motion`; that of DURATIONS if
        None.

    Raises
    ------
    ValueError
        If an argument is outside its range, or the law is unknown.
    """
    if law not in DURATIONS:
        raise ValueError(f"dynamics are {' or '.join(map(repr, DURATIONS))}, not {law!r}")
    known = mixtures_of(list(equilibria), game.size, "equilibria")
    where = mixtures_of(starts, game.size, "starts")
    longest = DURATIONS[law] if duration is None else number_from_zero(duration, "duration")
    gain = min(_GAIN, 0.1 * game.reading.smallest / game.scale)
    reached, moving = np.full(len(where), NOWHERE), np.arange(len(where))
    replicator = law == "replicator"
    looks = longest * 0.5 ** np.arange(_HALVINGS * replicator, -1.0, -1.0)
    for window in np.diff(looks, prepend=0.0).tolist():
        now = where[moving] = run(game, where[moving], window, law)
        away = np.abs(now[:, None] - known[None]).max(axis=2)
        arrived = away.min(axis=1, initial=np.inf) < _NEAR
        if replicator:
            payoffs = game.scaled.expected(now)
            arrived &= payoffs.max(axis=1) - np.sum(now * payoffs, axis=1) <= gain
        reached[moving[arrived]] = away[arrived].argmin(axis=1) if len(known) else NOWHERE
        moving = moving[~arrived]
        if not len(moving):
            break
    return reached
