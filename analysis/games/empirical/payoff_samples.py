"""Payoffs of profiles of a market's game, run by run, each profile on as many common seeds as were asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from analysis.games.empirical.market import Column, MarketGame, Profile
from analysis.games.empirical.payoffs import Played, Runner

Floats = NDArray[np.float64]
Key = TypeVar("Key")
Combination = Mapping[tuple[Profile, Column], float]  # a sum of payoffs, each with its weight


class Samples:
    """Payoffs and measures of the market in profiles, all on one sequence of seeds.

    Parameters
    ----------
    first : the first seed; the others follow it.
    runner : that plays them.
    name : of its rounds.
    """

    def __init__(self, first: int, runner: Runner, name: str = "payoffs") -> None:
        self._first, self._runner, self._name = first, runner, name
        self._paid: dict[Profile, dict[Column, Floats]] = {}
        self._ends: dict[Profile, dict[Column, Floats]] = {}
        self._measured: dict[Profile, dict[str, Floats]] = {}
        self.count = 0

    def runs(self, profile: Profile) -> int:
        """On how many seeds a profile was run."""
        paid = self._paid.get(profile)
        return 0 if paid is None else len(next(iter(paid.values())))

    def missing(self, profiles: Iterable[Profile], runs: int) -> int:
        """How many runs would give each of the profiles so many."""
        return sum(max(0, runs - self.runs(profile)) for profile in set(profiles))

    @property
    def profiles(self) -> list[Profile]:
        """Those that were run."""
        return list(self._paid)

    def need(self, game: MarketGame, profiles: Iterable[Profile], runs: int) -> None:
        """Run what is missing so that each profile has so many runs, those of the first seeds."""
        lacking: dict[int, list[Profile]] = {}
        for profile in dict.fromkeys(profiles):
            if self.runs(profile) < runs:
                lacking.setdefault(self.runs(profile), []).append(profile)
        for have, wanted in sorted(lacking.items()):
            seeds = range(self._first + have, self._first + runs)
            for profile, played in zip(sorted(wanted), self._play(game, sorted(wanted), seeds), strict=True):
                self._keep(profile, played)
                self.count += len(seeds)

    def _play(self, game: MarketGame, wanted: Sequence[Profile], seeds: range) -> list[Played]:
        return self._runner.play(game, dict.fromkeys(wanted, seeds), self._name)

    def _keep(self, profile: Profile, played: Played) -> None:
        self._paid[profile] = _joined(self._paid.get(profile), played.paid)
        self._ends[profile] = _joined(self._ends.get(profile), played.ends)
        self._measured[profile] = _joined(self._measured.get(profile), played.measured)

    def paid(self, profile: Profile, column: Column, runs: int | None = None) -> Floats:
        """What a player of a column earned in each run of a profile, currency per episode, (runs,)."""
        return self._paid[profile][column][:runs]

    def sum(self, terms: Combination, runs: int | None = None) -> Floats:
        """A combination of payoffs in each run, (runs,)."""
        found: Floats = np.sum([weight * self.paid(*term, runs) for term, weight in terms.items()], axis=0)
        return found

    def ends(self, terms: Combination, runs: int | None = None) -> Floats:
        """The same for the first and the last of alike players, less their means: nothing on average, (2, runs)."""
        kept = [weight * self._ends[profile][column][:, :runs] for (profile, column), weight in terms.items()]
        found: Floats = np.sum(kept, axis=0)
        return found

    def apart(self, terms: Combination, runs: int | None = None) -> float:
        """The variance that a combination would have if each profile were run on seeds of its own."""
        by_profile: dict[Profile, list[Floats]] = {}
        for (profile, column), weight in terms.items():
            by_profile.setdefault(profile, []).append(weight * self.paid(profile, column, runs))
        return float(sum(np.var(np.sum(each, axis=0), ddof=1) for each in by_profile.values()))

    def measures(self, weights: Mapping[Profile, float], runs: int | None = None) -> dict[str, Floats]:
        """What the market is like over profiles of such weights, run by run, (runs,); nan where there is no number."""
        return {
            name: np.sum([weight * self._measured[each][name][:runs] for each, weight in weights.items()], axis=0)
            for name in self._measured[next(iter(weights))]
        }


def _joined(before: Mapping[Key, Floats] | None, after: Mapping[Key, Floats]) -> dict[Key, Floats]:
    """Arrays one behind the other, along their runs."""
    if before is None:
        return dict(after)
    return {key: np.concatenate([before[key], values], axis=-1) for key, values in after.items()}
