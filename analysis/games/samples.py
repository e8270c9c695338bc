"""What profiles of a market's game earned, run by run: each on as many of the same seeds as were asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.games.market import Column, MarketGame, Profile
from sim.experiment import Results, run_many

Floats = NDArray[np.float64]
Combination = Mapping[tuple[Profile, Column], float]  # a sum of payoffs, each with its weight

_MEASURES = ("quoted_spread", "effective_spread", "depth")
WELFARE = "welfare"


class Samples:
    """Payoffs and measures of the market in profiles, all on one sequence of seeds.

    Parameters
    ----------
    first : the first seed; the others follow it.
    workers : of :func:`sim.experiment.open_workers`.
    out : a folder for the runs, each round in one of its own; None for memory.
    watch : called with the name of a round, gives what :func:`sim.experiment.run_many` is watched by.
    """

    def __init__(
        self,
        first: int,
        workers: Any,
        out: Path | None = None,
        strategies: Sequence[Path] = (),
        watch: Callable[[str], Any] = lambda name: None,
        name: str = "payoffs",
    ) -> None:
        self._first, self._workers, self._out, self._name = first, workers, out, name
        self._strategies, self._watch = list(strategies), watch
        self._paid: dict[Profile, dict[Column, Floats]] = {}
        self._measured: dict[Profile, dict[str, Floats]] = {}
        self._rounds = 0
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
            self._run(game, sorted(wanted), range(self._first + have, self._first + runs))

    def _run(self, game: MarketGame, wanted: Sequence[Profile], seeds: range) -> None:
        self._rounds += 1
        name = f"{self._name}-{self._rounds}"
        results = run_many(
            game.jobs(wanted, seeds),
            self._workers,
            out=None if self._out is None else self._out / name,
            watch=self._watch(self._name),
            strategies=self._strategies,
            payoffs=game.needs_episodes,
        )
        self.count += len(results)
        measured = _measured(game, results, len(wanted))
        for row, (profile, paid) in enumerate(zip(wanted, game.samples(results, wanted), strict=True)):
            before = self._paid.get(profile, {})
            self._paid[profile] = {
                column: np.concatenate([before.get(column, values[:0]), values]) for column, values in paid.items()
            }
            known = self._measured.get(profile, {})
            self._measured[profile] = {
                measure: np.concatenate([known.get(measure, values[row, :0]), values[row]])
                for measure, values in measured.items()
            }

    def paid(self, profile: Profile, column: Column, runs: int | None = None) -> Floats:
        """What a player of a column earned in each run of a profile, currency an episode, (runs,)."""
        return self._paid[profile][column][:runs]

    def sum(self, terms: Combination, runs: int | None = None) -> Floats:
        """A combination of payoffs in each run, (runs,)."""
        found: Floats = np.sum([weight * self.paid(*term, runs) for term, weight in terms.items()], axis=0)
        return found

    def apart(self, terms: Combination, runs: int | None = None) -> float:
        """The variance that a combination would have if each profile were run on seeds of its own."""
        by_profile: dict[Profile, list[Floats]] = {}
        for (profile, column), weight in terms.items():
            by_profile.setdefault(profile, []).append(weight * self.paid(profile, column, runs))
        return float(sum(np.var(np.sum(each, axis=0), ddof=1) for each in by_profile.values()))

    def measures(self, weights: Mapping[Profile, float], runs: int | None = None) -> dict[str, Floats]:
        """What the market is like over profiles of such weights, run by run; runs without a number are left out."""
        found = {}
        for measure in self._measured[next(iter(weights))]:
            seen = np.sum([weight * self._measured[each][measure][:runs] for each, weight in weights.items()], axis=0)
            if np.isfinite(seen).any():
                found[measure] = seen[np.isfinite(seen)]
        return found


def _measured(game: MarketGame, results: Results, profiles: int) -> dict[str, Floats]:
    """Spreads and depth of each venue, payoffs of those who do not choose, and welfare: (profiles, runs).

    Welfare is what is privately gained: the private values of all who have some. Everything else is money, and changes
    hands only.
    """
    players = set(game.scenario.game.players) if game.scenario.game else set()
    others = [each.name for each in game.scenario.populations if each.name not in players]
    names = [f"{venue.name}.{measure}" for venue in game.scenario.venues for measure in _MEASURES]
    names += [f"{name}.payoff" for name in others]
    there = results.table.column_names
    found = {name: np.asarray(results.column(name), float).reshape(profiles, -1) for name in names if name in there}
    private = [name for name in there if name.endswith(".private_value")]
    if private:
        gained = np.sum([np.asarray(results.column(name), float) for name in private], axis=0)
        found[WELFARE] = np.asarray(gained).reshape(profiles, -1)
    return found
