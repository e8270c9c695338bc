"""Solving a scenario's game by running it: payoffs, equilibria, and how sure one is of each.

Half of the runs fill the table of payoffs, on common seeds, and the solvers look for equilibria of its means. The
other runs have seeds that chose nothing: on them each equilibrium's regret gets its interval
(:mod:`analysis.games.certificates`), and those that are not settled (low ≤ ε < high) get more, twice as many each
time, while the budget lasts.

Of one role of alike players all symmetric equilibria are sought, mixtures included, and pure profiles in which they
differ; of several roles pure profiles only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.games.candidates import (
    Candidate,
    describe,
    deviation_gains,
    mixed_candidate,
    profiles_needed,
    pure_candidate,
)
from analysis.games.certificates import certify
from analysis.games.market import MarketGame, Profile
from analysis.games.pure import pure_equilibria
from analysis.games.roles import RoleSymmetricGame
from analysis.games.symmetric_equilibria import symmetric_equilibria
from sim.errors import RunError
from sim.experiment import Results, open_workers, run_many
from sim.scenario import Scenario

Floats = NDArray[np.float64]
BUDGET = 2000  # runs
_FEWEST = 8  # runs of a profile
_FRESH = 1_000_000_007  # the first seed that chooses nothing, beyond the first of the others
_SHARE = 0.02  # of the range of payoffs: ε, where none is given


@dataclass(frozen=True)
class Solution:
    """What is known of a scenario's game.

    Attributes
    ----------
    equilibria : what the solvers found, each with its certificate.
    game : of the means of the first half of the runs.
    epsilon : ε, currency an episode.
    runs : that were run, or found where they were kept.
    complete : ``proved``, ``index`` or ``open``: whether these are all symmetric equilibria of the table of means.
    note : what the solver says of that.
    together : the profile in which the players earn most together, as a monopolist would have them play.
    competitive : the pure profile of players who all do the same, in which they earn least without a loss; None if all
        lose.
    """

    equilibria: list[Candidate]
    game: RoleSymmetricGame
    epsilon: float
    runs: int
    complete: str
    note: str
    together: Candidate
    competitive: Candidate | None


class _Runs:
    """Runs of a game, kept in memory and where a folder was given."""

    def __init__(
        self, game: MarketGame, workers: Any, out: Path | None, strategies: Sequence[Path], watch: Any
    ) -> None:
        self._game, self._workers, self._out, self._strategies, self._watch = game, workers, out, strategies, watch
        self.count = 0

    def run(self, wanted: Sequence[Profile], seeds: Sequence[int], name: str) -> tuple[Results, Floats]:
        out = None if self._out is None else self._out / name
        jobs = self._game.jobs(wanted, seeds)
        results = run_many(jobs, self._workers, out=out, watch=self._watch(name), strategies=self._strategies)
        self.count += len(results)
        return results, self._game.samples(results, wanted)


def solve(
    scenario: Scenario,
    budget: int = BUDGET,
    epsilon: float | None = None,
    workers: int | None = 1,
    out: str | Path | None = None,
    strategies: Sequence[str | Path] = (),
    watch: Callable[[str], Any] = lambda name: None,
) -> Solution:
    """Find the equilibria of a scenario's game.

    Parameters
    ----------
    budget : the most runs there may be.
    epsilon : a gain that does not count, currency an episode; None for 2 % of the range of payoffs.
    workers : how many runs at a time, None for one a core.
    out : a folder in which runs are kept, so that the same call goes on where it was stopped; None for memory.
    strategies : files of strategies of your own.
    watch : called with the name of each round of runs, gives what :func:`sim.experiment.run_many` is watched by.

    Raises
    ------
    ScenarioError
        If the scenario has no game that can be played.
    RunError
        If the budget is too small for so many profiles, or a run fails.
    """
    game = MarketGame(scenario)
    profiles = game.profiles
    each = budget // 2 // len(profiles)
    if each < _FEWEST:
        raise RunError(
            f"{budget:,} runs are too few for {len(profiles):,} profiles: at least {2 * _FEWEST * len(profiles):,} are "
            "needed — raise the budget, or offer fewer strategies"
        )
    first = scenario.run.seed
    with open_workers(workers) as pool:
        runs = _Runs(game, pool, None if out is None else Path(out), [Path(file) for file in strategies], watch)
        results, samples = runs.run(profiles, range(first, first + each), "payoffs")
        table = game.game(samples)
        found, complete, note = _candidates(game, table)
        together, competitive = _together(game, table), _competitive(game, table)
        epsilon = _SHARE * table.range if epsilon is None else epsilon
        for candidate in (together, competitive):
            if candidate is not None:
                describe(game, candidate, results, profiles, samples)
        _certify(game, table, found, runs, budget, epsilon, first)
    return Solution(found, table, epsilon, runs.count, complete, note, together, competitive)


# --- what may be an equilibrium -------------------------------------------------------------------------------------


def _candidates(game: MarketGame, table: RoleSymmetricGame) -> tuple[list[Candidate], str, str]:
    pure = [pure_candidate(game, tuple(int(count) for count in row)) for row in pure_equilibria(table).counts]
    if len(game.roles) > 1:
        return pure, "open", "Of several roles pure profiles are sought only."
    found = symmetric_equilibria(table.symmetric())
    mixtures = [mixed_candidate(game, each.mixture) for each in found.equilibria]
    apart = [each for each in pure if not any(each.profiles == other.profiles for other in mixtures)]
    return [*mixtures, *apart], found.complete, found.note


def _earned(game: MarketGame, table: RoleSymmetricGame) -> Floats:
    """What all players earn together in each profile, (profiles,)."""
    earned: Floats = np.nansum(table.counts * table.payoffs, axis=1)
    return earned


def _together(game: MarketGame, table: RoleSymmetricGame) -> Candidate:
    best = int(np.argmax(_earned(game, table)))
    return pure_candidate(game, tuple(int(count) for count in table.counts[best]))


def _competitive(game: MarketGame, table: RoleSymmetricGame) -> Candidate | None:
    alike = np.sum(table.counts > 0, axis=1) == len(game.roles)
    earned = np.where(alike, _earned(game, table), np.nan)
    kept = np.flatnonzero(earned >= 0)
    if not len(kept):
        return None
    return pure_candidate(game, tuple(int(count) for count in table.counts[kept[np.argmin(earned[kept])]]))


# --- how sure one is ------------------------------------------------------------------------------------------------


def _certify(
    game: MarketGame,
    table: RoleSymmetricGame,
    found: list[Candidate],
    runs: _Runs,
    budget: int,
    epsilon: float,
    first: int,
) -> None:
    """Give each candidate its certificate and what the market is like, with more runs where these are needed."""
    seeds, seed, number = 2 * _FEWEST, first + _FRESH, 0
    wanted_by = [profiles_needed(game, table, candidate) for candidate in found]
    seen: list[Floats | None] = [None] * len(found)
    waiting = list(range(len(found)))
    while waiting:
        wanted = sorted({profile for place in waiting for profile in wanted_by[place]})
        many = min(seeds, (budget - runs.count) // len(wanted))
        if many < min(seeds, _FEWEST):
            break
        number += 1
        results, samples = runs.run(wanted, range(seed, seed + many), f"certificates-{number}")
        rows = {profile: row for row, profile in enumerate(wanted)}
        for place in waiting:
            fresh, before = samples[[rows[profile] for profile in wanted_by[place]]], seen[place]
            whole = fresh if before is None else np.concatenate([before, fresh], axis=2)
            seen[place] = whole
            found[place].certificate = certify(deviation_gains(game, table, found[place], wanted_by[place], whole))
            describe(game, found[place], results, wanted, samples)
        waiting = [place for place in waiting if found[place].verdict(epsilon) == "open"]
        seed, seeds = seed + many, 2 * seeds
