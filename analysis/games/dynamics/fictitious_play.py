"""Fictitious play: everyone replies best to how all others have played so far (Brown 1951).

The frequencies of play come to equilibrium in games of two against each other and in games of common interest (Robinson
1951; Monderer and Shapley 1996); elsewhere they may cycle for ever (Shapley 1964), which the regret that stays shows.
Players of a role are alike and share what they believe.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.games.tables.arguments import mixture_of
from analysis.games.tables.roles import RoleSymmetricGame
from analysis.games.tables.symmetric import SymmetricGame
from sim.core.arguments import whole

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_TIED = 1e-12  # of the range of payoffs, unless smaller differences matter: what is best together; its first is played


class FictitiousPlay(NamedTuple):
    """How play went, at some of its steps."""

    steps: Integers  # (looks,): after so many
    frequencies: tuple[Floats, ...]  # of each role, (looks, strategies)
    regrets: Floats  # (looks, roles): of the frequencies as mixtures, in the game's unit


def fictitious_play(
    game: SymmetricGame | RoleSymmetricGame,
    steps: int = 10_000,
    first: Sequence[ArrayLike] | None = None,
    looks: int = 50,
) -> FictitiousPlay:
    """Let a game be played so often, and look at it at steps that are spread evenly by their logarithm.

    Parameters
    ----------
    first : one mixture a role, which counts as a first step; None for equal probabilities.
    looks : how many times, at most.

    Raises
    ------
    TypeError
        If steps or looks are no whole numbers.
    ValueError
        If they are below 1, or the mixtures are not of the game's shapes.
    """
    steps, looks = whole("steps", steps, low=1), whole("looks", looks, low=1)
    played_game = RoleSymmetricGame.from_symmetric(game) if isinstance(game, SymmetricGame) else game
    sizes = [len(role.strategies) for role in played_game.roles]
    if first is not None and len(first) != len(sizes):
        raise ValueError(f"first needs a mixture for each of {len(sizes)} roles, not {len(first)}")
    played = [np.full(size, 1.0 / size) for size in sizes]
    if first is not None:
        played = [mixture_of(x, size, "first") for x, size in zip(first, sizes, strict=True)]
    slacks = [min(_TIED * played_game.range, 1e-3 * reading.smallest) for reading in played_game.readings]
    at = sorted(set(np.geomspace(1, steps, looks).round().astype(int).tolist()))
    kept: list[list[Floats]] = [[] for _ in sizes]
    regrets = []
    for step in range(1, steps + 1):
        for role, payoffs in enumerate(played_game.expected(played)):
            best = int(np.argmax(payoffs >= payoffs.max() - slacks[role]))
            played[role] = played[role] * (step / (step + 1.0))
            played[role][best] += 1.0 / (step + 1.0)
        if step in at:
            regrets.append(played_game.regrets(played))
            for history, mixture in zip(kept, played, strict=True):
                history.append(mixture.copy())
    return FictitiousPlay(np.array(at, np.int64), tuple(np.array(each) for each in kept), np.array(regrets))
