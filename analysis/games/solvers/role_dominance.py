"""A game of several roles without its dominated strategies.

In each role, a strategy is removed if another pays more, by more than rounding, for every play of the others. This
repeats with the remaining strategies until no strategy is removed. No equilibrium plays a removed strategy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.games.tables.roles import RoleSymmetricGame, profiles

Integers = NDArray[np.int64]


def undominated(game: RoleSymmetricGame) -> list[Integers]:
    """By role, the strategies that survive the repeated removal of dominated ones."""
    kept = [np.arange(len(role.strategies)) for role in game.roles]
    while True:
        low = [
            np.array([np.any(np.all(table > table[:, [mine]], axis=0)) for mine in range(table.shape[1])])
            for table in restricted(game.without_rounding, kept, every_role=True).tables
        ]
        if not np.concatenate(low).any():
            return kept
        kept = [chosen[~gone] for chosen, gone in zip(kept, low, strict=True)]


def restricted(game: RoleSymmetricGame, kept: Sequence[Integers], every_role: bool = False) -> RoleSymmetricGame:
    """The game with some strategies only; roles without a choice are left out unless it is every role's lot."""
    roles = [
        role._replace(strategies=tuple(role.strategies[each] for each in chosen.tolist()))
        for role, chosen in zip(game.roles, kept, strict=True)
    ]
    places = [columns.start + chosen for columns, chosen in zip(game.columns, kept, strict=True)]
    inner = profiles(roles)
    counts = np.zeros((len(inner), game.counts.shape[1]), np.int64)
    counts[:, np.concatenate(places)] = inner
    free = [place for place, role in enumerate(roles) if every_role or len(role.strategies) > 1] or [0]
    columns = np.concatenate([places[place] for place in free])
    return RoleSymmetricGame(tuple(roles[place] for place in free), game.payoffs[game.rows(counts)][:, columns])
