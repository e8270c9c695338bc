"""A market's game as a table for solvers: mean payoffs of some of its strategies, over all their profiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.games.empirical.market import Column, MarketGame, Profile
from analysis.games.empirical.payoff_samples import Samples
from analysis.games.tables.roles import Role, RoleSymmetricGame, profiles

Subset = tuple[tuple[str, ...], ...]  # by role, some of its strategies


def all_of(game: MarketGame) -> Subset:
    """All strategies of all roles."""
    return tuple(role.strategies for role in game.roles)


def profiles_of(game: MarketGame, subset: Subset) -> list[Profile]:
    """The profiles of the market that the table of a subset of strategies is made of."""
    return list(dict.fromkeys(profile for _, _, (profile, _) in _terms(game, subset)))


def table_of(game: MarketGame, samples: Samples, subset: Subset, runs: int | None = None) -> RoleSymmetricGame:
    """Mean payoffs of the first so many runs; whatever :func:`profiles_of` names must have been run."""
    roles = _roles(game, subset)
    payoffs = np.full(profiles(roles).shape, np.nan)
    for row, place, (profile, column) in _terms(game, subset):
        payoffs[row, place] = samples.paid(profile, column, runs).mean()
    return RoleSymmetricGame(roles, payoffs)


def shares_of(table: RoleSymmetricGame, mixtures: Sequence[NDArray[np.float64]]) -> list[dict[str, float]]:
    """Mixtures by role as shares by the names of strategies."""
    return [dict(zip(role.strategies, map(float, mixture), strict=True))
            for role, mixture in zip(table.roles, mixtures, strict=True)]  # fmt: skip


def counts_of(table: RoleSymmetricGame, row: int) -> list[dict[str, int]]:
    """A row of the table as counts by the names of strategies, by role."""
    return [dict(zip(role.strategies, map(int, table.counts[row, columns]), strict=True))
            for role, columns in zip(table.roles, table.columns, strict=True)]  # fmt: skip


def _roles(game: MarketGame, subset: Subset) -> tuple[Role, ...]:
    return tuple(role._replace(strategies=chosen) for role, chosen in zip(game.roles, subset, strict=True))


def _terms(game: MarketGame, subset: Subset) -> Iterator[tuple[int, int, tuple[Profile, Column]]]:
    """For each payoff of the table its row and place, and the profile and column of the market that it comes from."""
    roles = _roles(game, subset)
    for row, counts in enumerate(profiles(roles).tolist()):
        plays, first = [], 0
        for role in roles:
            plays.append(dict(zip(role.strategies, counts[first : first + len(role.strategies)], strict=True)))
            first += len(role.strategies)
        place = 0
        for role_number, role in enumerate(roles):
            for name in role.strategies:
                if plays[role_number][name]:
                    column = role_number, name
                    yield row, place, (game.stands_for(plays, column), column)
                place += 1
