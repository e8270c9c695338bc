"""Reduced games: each of a few players stands for several players of the whole game.

Deviation-preserving reduction (Wiedenbeck and Wellman 2012): one player of the reduced game is one player of the
whole game, and each of the others stands for an equal share of the rest. So a deviation is that of one player.
Hierarchical reduction (Wellman, Reeves, Lochner, Cheng and Suri 2005): every player stands for an equal share of all,
and a deviation moves the whole share. Both need far fewer profiles than the whole game, and are approximations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.games.tables.counts import count_profiles, ranks
from analysis.games.tables.roles import Role, RoleSymmetricGame, profiles
from analysis.games.tables.symmetric import SymmetricGame
from sim.core.arguments import whole

Integers = NDArray[np.int64]
Payoff = Callable[[Integers], ArrayLike]  # opponents' counts (strategies,) to what every strategy gets, (strategies,)


def deviation_preserving_counts(players: int, reduced: int, strategies: int) -> Integers:
    """Opponents' counts in the whole game for each row of the reduced game, (profiles, strategies).

    A reduced game of one player has nobody to stand for the others.

    Raises
    ------
    ValueError
        If reduced - 1 does not divide players - 1; the message says what does.
    """
    return count_profiles(reduced - 1, strategies) * share_among(players, reduced)


def deviation_preserving(
    game: SymmetricGame | Payoff, reduced: int, players: int = 0, strategies: Sequence[str] = ()
) -> SymmetricGame:
    """Reduce a symmetric game to a number of players.

    Parameters
    ----------
    game : the whole game, or a function that gives payoffs against opponents' counts, with its players and strategies.

    Raises
    ------
    ValueError
        If reduced - 1 does not divide players - 1.
    """
    count, names, payoff = _read(game, players, strategies)
    counts = deviation_preserving_counts(count, reduced, len(names))
    return SymmetricGame(reduced, names, np.array([payoff(row) for row in counts], np.float64))


def hierarchical(
    game: SymmetricGame | Payoff, reduced: int, players: int = 0, strategies: Sequence[str] = ()
) -> SymmetricGame:
    """Reduce a symmetric game to a number of players, each of whom stands for players / reduced.

    Parameters and errors are those of :func:`deviation_preserving`, except that reduced must divide players.
    """
    count, names, payoff = _read(game, players, strategies)
    share = share_of_all(count, reduced)
    own = np.eye(len(names), dtype=np.int64)
    others = count_profiles(reduced - 1, len(names))
    rows = [
        [float(np.asarray(payoff(share * (row + mine) - mine))[which]) for which, mine in enumerate(own)]
        for row in others
    ]
    return SymmetricGame(reduced, names, np.array(rows))


def deviation_preserving_roles(game: RoleSymmetricGame, reduced: Sequence[int]) -> RoleSymmetricGame:
    """Reduce every role of a game to a number of players.

    For a player of a role, the others of its role stand for shares of all players but one; those of another role for
    shares of all.

    Raises
    ------
    ValueError
        If reduced - 1 does not divide players - 1 of a role or, where there are several, reduced does not divide its
        players.
    """
    if len(reduced) != len(game.roles):
        raise ValueError(f"{len(game.roles)} roles need as many numbers of players, not {len(reduced)}")
    among = [share_among(role.players, few) for role, few in zip(game.roles, reduced, strict=True)]
    across = [1] * len(reduced)
    if len(reduced) > 1:
        across = [share_of_all(role.players, few) for role, few in zip(game.roles, reduced, strict=True)]
    roles = tuple(Role(role.name, few, role.strategies) for role, few in zip(game.roles, reduced, strict=True))
    small = profiles(roles)
    payoffs = np.full(small.shape, np.nan)
    for place, columns in enumerate(game.columns):
        for column in range(columns.start, columns.stop):
            played = np.flatnonzero(small[:, column] > 0)
            counts = small[played].copy()
            counts[:, column] -= 1
            for at, each in enumerate(game.columns):
                counts[:, each] *= among[at] if at == place else across[at]
            counts[:, column] += 1
            payoffs[played, column] = game.payoffs[game.rows(counts), column]
    return RoleSymmetricGame(roles, payoffs)


def share_among(players: int, reduced: int) -> int:
    """Number of players for which each of the others stands if one player stands for itself.

    Raises ValueError if reduced - 1 does not divide players - 1.
    """
    return _share(players - 1, reduced - 1, 1)


def share_of_all(players: int, reduced: int) -> int:
    """Number of players for which each player stands. Raises ValueError if reduced does not divide players."""
    return _share(players, reduced, 0)


def _read(game: SymmetricGame | Payoff, players: int, strategies: Sequence[str]) -> tuple[int, tuple[str, ...], Payoff]:
    if isinstance(game, SymmetricGame):
        table = game.payoffs
        return game.players, game.strategies, lambda counts: table[int(ranks(counts))]
    if players < 1 or not strategies:
        raise ValueError("payoffs given by a function need the players and strategies of the whole game")
    return players, tuple(strategies), game


def _share(players: int, parts: int, apart: int) -> int:
    """For how many each of `parts` stands, so that they are `players`; `apart` players stand for themselves."""
    whole("players", players + apart, low=1)
    whole("the reduced number of players", parts + apart, low=1)
    if players == 0 and parts == 0:
        return 1
    if parts < 1 or players % parts or players == 0:
        fitting = [str(each + apart) for each in range(1, players + 1) if players % each == 0]
        said = "players less one" if apart else "players"
        raise ValueError(
            f"{players + apart} players cannot be reduced to {parts + apart}: the reduced number of {said} must divide "
            f"that of the whole game, as {', '.join(fitting) if fitting else 1} would"
            + (', or reduction = "hierarchical", for which the players themselves are divided' if apart else "")
        )
    return players // parts
