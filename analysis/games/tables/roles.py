"""Role-symmetric games: players fall into roles, and those of a role are alike.

A profile says how many players of each role play each of its strategies. Payoffs are a table over profiles; nan where
nobody plays the strategy. Two players who differ are two roles of one player each, and a symmetric game is one role.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.games.tables.counts import MOST_PROFILES, coefficients, count_profiles, number_of_profiles, ranks, weights
from analysis.games.tables.differences import Reading, read
from analysis.games.tables.symmetric import LARGEST, SymmetricGame, check_names, check_payoffs
from sim.core.arguments import whole

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Role(NamedTuple):
    """Players who are alike."""

    name: str
    players: int
    strategies: tuple[str, ...]


class Deviations(NamedTuple):
    """Every way in which one player of a profile may change his strategy: arrays (deviations,)."""

    profiles: Integers
    before: Integers  # columns of the strategies: what is left
    after: Integers  # what is taken up
    reached: Integers  # profiles
    gains: Floats  # payoff after less payoff before, to the one who deviates


@dataclass(frozen=True, eq=False)
class RoleSymmetricGame:
    """A game of roles.

    Parameters
    ----------
    roles : at least one, with different names.
    payoffs : float64 (profiles, columns): what a player gets in each row of :attr:`counts`, the strategies of all roles
        being the columns, role by role. Entries of strategies that nobody plays are not read, and become nan.

    Raises
    ------
    ValueError
        If a role has no player or no strategy, a name comes twice, or payoffs that are played are not finite.
    """

    roles: tuple[Role, ...]
    payoffs: Floats

    def __post_init__(self) -> None:
        roles = tuple(Role(role.name, role.players, tuple(role.strategies)) for role in self.roles)
        if not roles:
            raise ValueError("a game has at least one role")
        if len({role.name for role in roles}) != len(roles):
            raise ValueError(f"roles must have different names, not {[role.name for role in roles]}")
        for role in roles:
            whole(f"the number of players of role {role.name!r}", role.players, low=1)
            check_names(role.strategies)
        object.__setattr__(self, "roles", roles)
        try:
            payoffs = np.array(self.payoffs, np.float64)
        except (TypeError, ValueError):
            raise ValueError("payoffs must be numbers in rows of one length") from None
        if payoffs.shape != self.counts.shape:
            raise ValueError(f"payoffs over profiles must be of shape {self.counts.shape}, not {payoffs.shape}")
        if not np.all(np.abs(payoffs[self.counts > 0]) <= LARGEST):
            raise ValueError(f"payoffs of strategies that are played must be finite, and at most {LARGEST:g}")
        payoffs[self.counts == 0] = np.nan
        payoffs.setflags(write=False)
        object.__setattr__(self, "payoffs", payoffs)

    @classmethod
    def from_function(cls, roles: Sequence[Role], payoff: Callable[[Integers], ArrayLike]) -> RoleSymmetricGame:
        """From what each strategy gets, (columns,), in a profile of counts, int64 (columns,)."""
        return cls(tuple(roles), [payoff(row) for row in profiles(roles)])  # type: ignore[arg-type]

    @classmethod
    def from_matrices(
        cls, row: ArrayLike, column: ArrayLike, names: tuple[Sequence[str], Sequence[str]] | None = None
    ) -> RoleSymmetricGame:
        """Two players: what each of them gets, both (rows, columns)."""
        a, b = check_payoffs(row), check_payoffs(column)
        if a.ndim != 2 or a.shape != b.shape or not a.size:
            raise ValueError(f"payoffs of two players are matrices of one shape, not {a.shape} and {b.shape}")
        mine, others = names or (tuple(map(str, range(a.shape[0]))), tuple(map(str, range(a.shape[1]))))
        if (len(mine), len(others)) != a.shape:
            raise ValueError(f"payoffs of shape {a.shape} need as many names, not {len(mine)} and {len(others)}")
        first = np.repeat(a.reshape(-1, 1), len(mine), axis=1)
        second = np.repeat(b.reshape(-1, 1), len(others), axis=1)
        return cls((Role("row", 1, tuple(mine)), Role("column", 1, tuple(others))), np.hstack([first, second]))

    @classmethod
    def from_symmetric(cls, game: SymmetricGame, name: str = "players") -> RoleSymmetricGame:
        """A symmetric game as one role."""
        counts = count_profiles(game.players, game.size)
        others = np.maximum(counts[:, None] - np.eye(game.size, dtype=np.int64), 0)
        played = counts > 0
        payoffs = np.full(counts.shape, np.nan)
        at, which = np.nonzero(played)
        payoffs[at, which] = game.payoffs[ranks(others[at, which]), which]
        return cls((Role(name, game.players, game.strategies),), payoffs)

    def symmetric(self) -> SymmetricGame:
        """A game of one role as a symmetric game. Raises ValueError if it has more roles."""
        if len(self.roles) != 1:
            raise ValueError(f"a symmetric game has one role, not {len(self.roles)}")
        role = self.roles[0]
        others = count_profiles(role.players - 1, len(role.strategies))
        rows = ranks(others[:, None] + np.eye(len(role.strategies), dtype=np.int64))
        return SymmetricGame(role.players, role.strategies, np.take_along_axis(self.payoffs, rows, axis=0))

    @property
    def players(self) -> int:
        """Players of all roles."""
        return sum(role.players for role in self.roles)

    @cached_property
    def columns(self) -> tuple[slice, ...]:
        """The columns of each role's strategies."""
        ends = np.cumsum([0, *(len(role.strategies) for role in self.roles)]).tolist()
        return tuple(slice(low, high) for low, high in pairwise(ends))

    @cached_property
    def counts(self) -> Integers:
        """How many play what, int64 (profiles, columns); the profiles of the last role change fastest."""
        return profiles(self.roles)

    @cached_property
    def range(self) -> float:
        """The largest payoff less the smallest; tolerances are shares of it. 1 where all are the same."""
        return float(np.nanmax(self.payoffs) - np.nanmin(self.payoffs)) or 1.0

    @cached_property
    def tables(self) -> tuple[Floats, ...]:
        """By role, what its strategies get, float64 (plays of all others, strategies)."""
        return tuple(
            self.payoffs[rows, np.arange(columns.start, columns.stop)]
            for rows, columns in zip(self._joined, self.columns, strict=True)
        )

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """By role, payoffs without rounding, and the smallest difference that matters."""
        return tuple(map(read, self.tables))

    @cached_property
    def without_rounding(self) -> RoleSymmetricGame:
        """The same game with payoffs that are the same where they differ by rounding."""
        payoffs = self.payoffs.copy()
        for rows, columns, reading in zip(self._joined, self.columns, self.readings, strict=True):
            payoffs[rows, np.arange(columns.start, columns.stop)] = reading.payoffs
        return RoleSymmetricGame(self.roles, payoffs)

    def rows(self, counts: ArrayLike) -> Integers:
        """Which rows of :attr:`counts` these are, int64 (...), of counts (..., columns)."""
        c = np.asarray(counts, np.int64)
        found = np.zeros(c.shape[:-1], np.int64)
        for role, columns in zip(self.roles, self.columns, strict=True):
            found = found * number_of_profiles(role.players, len(role.strategies)) + ranks(c[..., columns])
        return found

    def row(self, profile: Mapping[str, Mapping[str, int]]) -> int:
        """Which row a profile is, given as the counts of strategies by role: {"makers": {"tight": 2}}.

        Raises ValueError if a role or strategy is unknown or the counts of a role do not sum to its players.
        """
        counts = np.zeros(self.counts.shape[1], np.int64)
        unknown = set(profile) - {role.name for role in self.roles}
        if unknown:
            raise ValueError(f"there is no role {sorted(unknown)[0]!r}")
        for role, columns in zip(self.roles, self.columns, strict=True):
            played = profile.get(role.name, {})
            if sum(played.values()) != role.players or not set(played) <= set(role.strategies):
                raise ValueError(
                    f"role {role.name!r}: {role.players} players choose among {role.strategies}, not {played}"
                )
            for strategy, count in played.items():
                counts[columns.start + role.strategies.index(strategy)] = count
        return int(self.rows(counts))

    @cached_property
    def deviations(self) -> Deviations:
        """What any one player may do instead, from every profile."""
        pieces = []
        for columns in self.columns:
            for before in range(columns.start, columns.stop):
                able = np.flatnonzero(self.counts[:, before] > 0)
                for after in range(columns.start, columns.stop):
                    if after == before:
                        continue
                    counts = self.counts[able]
                    counts[:, before] -= 1
                    counts[:, after] += 1
                    reached = self.rows(counts)
                    gains = self.payoffs[reached, after] - self.payoffs[able, before]
                    pieces.append((able, np.full(len(able), before), np.full(len(able), after), reached, gains))
        if not pieces:
            nothing = np.zeros(0, np.int64)
            return Deviations(nothing, nothing, nothing, nothing, np.zeros(0))
        return Deviations(*(np.concatenate(each) for each in zip(*pieces, strict=True)))

    def expected(self, mixtures: Sequence[ArrayLike]) -> list[Floats]:
        """What each strategy of each role gets if all others draw from the mixtures, one (strategies,) a role."""
        return [chances @ table for chances, table in zip(self._chances(mixtures), self.tables, strict=True)]

    def regrets(self, mixtures: Sequence[ArrayLike]) -> Floats:
        """What the best deviation of a player of each role would add to what he expects, (roles,); never negative."""
        found = []
        for chances, table, mixture in zip(self._chances(mixtures), self.tables, mixtures, strict=True):
            behind = chances @ (table.max(axis=1, keepdims=True) - table)  # loses fewer digits than payoffs do
            found.append(float(np.asarray(mixture, np.float64) @ behind - behind.min()))
        return np.maximum(found, 0.0)

    def _chances(self, mixtures: Sequence[ArrayLike]) -> list[Floats]:
        """By role, the probabilities of what all others play, in the order of :attr:`tables`."""
        given = [np.asarray(mixture, np.float64) for mixture in mixtures]
        shapes = [(len(role.strategies),) for role in self.roles]
        if [mixture.shape for mixture in given] != shapes:
            raise ValueError(f"mixtures of shapes {shapes} are needed, not {[mixture.shape for mixture in given]}")
        if not all(np.all(np.isfinite(mixture)) for mixture in given):
            raise ValueError("mixtures must be finite")
        found = []
        for place in range(len(self.roles)):
            chances = np.ones(1)
            for mixture, (counts, orders) in zip(given, self.draws(place), strict=True):
                chances = np.multiply.outer(chances, weights(mixture, counts, orders)).ravel()
            found.append(chances)
        return found

    def draws(self, place: int) -> list[tuple[Integers, Floats]]:
        """What the others of a role's player may play, by role: counts, and in how many orders they come.

        Its :attr:`tables` have all combinations of them, those of the last role changing fastest.
        """
        return [tables[at == place] for at, tables in enumerate(self._tables)]

    @cached_property
    def _tables(self) -> list[tuple[tuple[Integers, Floats], tuple[Integers, Floats]]]:
        """Counts of each role and in how many orders they come: of all its players, and of all but one."""
        found = []
        for role in self.roles:
            all_of_it, but_one = (count_profiles(role.players - less, len(role.strategies)) for less in (0, 1))
            found.append(((all_of_it, coefficients(all_of_it)), (but_one, coefficients(but_one))))
        return found

    @cached_property
    def _joined(self) -> list[Integers]:
        """For each role, the rows to which its strategies lead from profiles of the others, (profiles, strategies)."""
        found = []
        for place, columns in enumerate(self.columns):
            others = profiles(
                [role._replace(players=role.players - (at == place)) for at, role in enumerate(self.roles)]
            )
            found.append(self.rows(others[:, None] + np.eye(self.counts.shape[1], dtype=np.int64)[columns]))
        return found


def profiles(roles: Sequence[Role]) -> Integers:
    """Count profiles of several roles, int64 (profiles, columns); those of the last role change fastest.

    Raises ValueError if there are more than two million.
    """
    each = [count_profiles(role.players, len(role.strategies)) for role in roles]
    total = int(np.prod([float(len(counts)) for counts in each]))
    if total > MOST_PROFILES:
        raise ValueError(f"{total} profiles are more than {MOST_PROFILES}: reduce the game to fewer players")
    found = np.zeros((1, 0), np.int64)
    for counts in each:
        found = np.hstack([np.repeat(found, len(counts), axis=0), np.tile(counts, (len(found), 1))])
    return found
