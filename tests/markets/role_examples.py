"""Games of several roles that several tests play, and their equilibria as rows."""

from __future__ import annotations

import numpy as np

from analysis.games.tables.roles import Role, RoleSymmetricGame, profiles

THREE_OF_TWO = [(1, 2), (1, 2), (1, 2)]
TWO_AND_TWO = [(2, 2), (2, 2)]


def roles_of(shape):
    return tuple(Role(f"role {n}", players, tuple("abcdefgh"[:size])) for n, (players, size) in enumerate(shape))


def drawn_game(shape, seed):
    """Normal payoffs of roles given as players and strategies."""
    roles = roles_of(shape)
    return RoleSymmetricGame(roles, np.random.default_rng(seed).normal(size=profiles(roles).shape))


def side_by_side(*games):
    """Games played at once by roles that have nothing to do with one another."""
    roles = tuple(
        role._replace(name=f"{number} {role.name}") for number, game in enumerate(games) for role in game.roles
    )
    ends = np.cumsum([0, *(game.counts.shape[1] for game in games)])
    payoffs = [
        game.payoffs[game.rows(profiles(roles)[:, low:high])]
        for game, low, high in zip(games, ends[:-1], ends[1:], strict=True)
    ]
    return RoleSymmetricGame(roles, np.hstack(payoffs))


def joined(found):
    return [np.concatenate(each.mixtures) for each in found.equilibria]


def with_indices(found):
    return [np.append(np.concatenate(each.mixtures), each.index) for each in found.equilibria]


def largest_regret(game, found):
    return max(game.regrets(each.mixtures).max() for each in found.equilibria) / game.range
