"""Playing profiles of a market's game: runs in, what was earned and what the market was like out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.games.market import Column, MarketGame, Profile
from sim.experiment import Job, Results, run_many

Floats = NDArray[np.float64]

_MEASURES = ("quoted_spread", "effective_spread", "depth")
WELFARE = "welfare"


class Played(NamedTuple):
    """What came of a profile, run by run: arrays (runs,)."""

    paid: dict[Column, Floats]  # what a player of each column earned, currency an episode
    measured: dict[str, Floats]  # what the market was like; nan where a run has no number


class Runner:
    """Where profiles are played, and how many runs that took.

    Parameters
    ----------
    workers : of :func:`sim.experiment.open_workers`, or how many.
    out : a folder for the runs, each round in one of its own; None for memory.
    strategies : files of strategies of your own.
    watch : called with the name of a round, gives what :func:`sim.experiment.run_many` is watched by.
    """

    def __init__(
        self,
        workers: Any = 1,
        out: Path | None = None,
        strategies: Sequence[Path] = (),
        watch: Callable[[str], Any] = lambda name: None,
    ) -> None:
        self._workers, self._out, self._strategies, self._watch = workers, out, list(strategies), watch
        self._rounds: dict[str, int] = {}
        self.count = 0

    def play(self, game: MarketGame, wanted: Mapping[Profile, Sequence[int]], name: str) -> list[Played]:
        """Run each profile on its seeds, in a round of this name."""
        self._rounds[name] = self._rounds.get(name, 0) + 1
        jobs = [Job(game.scenario_of(profile), seeds, game.labels(profile)) for profile, seeds in wanted.items()]
        results = run_many(
            jobs,
            self._workers,
            out=None if self._out is None else self._out / f"{name}-{self._rounds[name]}",
            watch=self._watch(name),
            strategies=self._strategies,
            payoffs=game.needs_episodes,
        )
        self.count += len(results)
        ends = np.cumsum([job.runs for job in jobs])[:-1]
        measured = {measure: np.split(values, ends) for measure, values in _measured(game, results).items()}
        return [
            Played(paid, {measure: parts[row] for measure, parts in measured.items()})
            for row, paid in enumerate(game.samples(results, list(wanted)))
        ]


def _measured(game: MarketGame, results: Results) -> dict[str, Floats]:
    """Spreads and depth of each venue, payoffs of those who do not choose, and welfare: (runs,).

    Welfare is what is privately gained: the private values of all who have some. Everything else is money, and changes
    hands only.
    """
    players = set(game.scenario.game.players) if game.scenario.game else set()
    others = [each.name for each in game.scenario.populations if each.name not in players]
    names = [f"{venue.name}.{measure}" for venue in game.scenario.venues for measure in _MEASURES]
    names += [f"{name}.payoff" for name in others]
    there = results.table.column_names
    found = {name: np.asarray(results.column(name), float) for name in names if name in there}
    private = [name for name in there if name.endswith(".private_value")]
    if private:
        found[WELFARE] = np.sum([np.asarray(results.column(name), float) for name in private], axis=0)
    return found
