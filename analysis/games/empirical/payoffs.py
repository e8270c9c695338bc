"""Runs of profiles of a market's game: their payoffs and measures of the market."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.games.empirical.market import Column, MarketGame, Profile
from sim.core.errors import RunError
from sim.experiment import Results, run_many
from sim.experiment.columns import measured_names
from sim.scenario.tables.game import Game

Floats = NDArray[np.float64]

_OF_EPISODES = ("utility", "mean_variance")  # payoffs that are made of those of each episode, so that runs keep them
_LARGEST = 200.0  # exponent of a utility, so that sums of squares are numbers too
_MEASURES = ("quoted_spread", "effective_spread", "depth")
WELFARE = "welfare"


class Played(NamedTuple):
    """Results of a profile, run by run."""

    paid: dict[Column, Floats]  # what players of each column earned, their mean, currency per episode, (runs,)
    ends: dict[Column, Floats]  # of the first and the last of them, less that mean, (2, runs)
    measured: dict[str, Floats]  # what the market was like, (runs,); nan where a run has no number


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
        jobs = game.jobs(wanted)
        results = run_many(
            jobs,
            self._workers,
            out=None if self._out is None else self._out / f"{name}-{self._rounds[name]}",
            watch=self._watch(name),
            strategies=self._strategies,
            payoffs=_seeks(game).payoff in _OF_EPISODES,
            over=True,  # another budget asks for other rows of the same game
        )
        self.count += len(results)
        measured = _measured(game, results)
        earned: dict[str, Floats] = {}
        found, first = [], 0
        for profile, job in zip(wanted, jobs, strict=True):
            rows = slice(first, first := first + job.runs)
            by_column: dict[Column, list[Floats]] = {}
            for name, column in game.played_by(profile):
                if name not in earned:
                    earned[name] = _payoffs(game, results, name)
                by_column.setdefault(column, []).append(earned[name][rows])
            paid = {column: np.asarray(np.mean(each, axis=0)) for column, each in by_column.items()}
            ends = {column: np.array([each[0], each[-1]]) - paid[column] for column, each in by_column.items()}
            found.append(Played(paid, ends, {measure: values[rows] for measure, values in measured.items()}))
        return found


def _seeks(game: MarketGame) -> Game:
    assert game.scenario.game is not None  # noqa: S101 - or it were none
    return game.scenario.game


def _payoffs(game: MarketGame, results: Results, player: str) -> Floats:
    """What a player seeks, in each run, (runs,): an episode's.

    Raises
    ------
    RunError
        If a utility is too large for a float.
    """
    seeks, name = _seeks(game), measured_names(results.jobs[0].scenario)["populations", player]
    if seeks.payoff not in _OF_EPISODES:
        found = results.column(f"{name}.payoff")
        if seeks.payoff == "surplus" and f"{name}.private_value" in results.table.column_names:
            found = found + results.column(f"{name}.private_value")
        return np.asarray(found, float)
    aversion = float(seeks.risk_aversion or 0.0)
    wealth = results.payoffs(name).reshape(len(results), -1)
    if seeks.payoff == "mean_variance":
        return np.asarray(wealth.mean(axis=1) - 0.5 * aversion * wealth.var(axis=1, ddof=1), float)
    if -aversion * wealth.min() > _LARGEST:
        raise RunError(
            f"game.risk_aversion {aversion:g}: the utility of a wealth of {wealth.min():g}, which was seen, is beyond "
            "all numbers — write a smaller one"
        )
    return np.asarray(-np.expm1(-aversion * wealth).mean(axis=1) / aversion, float)


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
