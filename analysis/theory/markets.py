"""Running the markets of ``scenarios/theory`` and its sisters, few episodes of them or many."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.reading.columns import arrays
from sim.runs.execute import Progress, execute, whole
from sim.runs.result import Run
from sim.scenario import Scenario, load

_ROOT = Path(__file__).parents[2]


def folder() -> Path:
    """Where the scenario files are: in the repository, or in an installed copy."""
    homes = [home / "scenarios" / "theory" for home in (_ROOT, _ROOT / "spreadgame")]
    return next(home for home in homes if home.is_dir())


class Markets:
    """Runs markets for an experiment.

    Parameters
    ----------
    seed : of all its runs, so that what differs between them does so on common random numbers.
    quick : take a small sample, for a look or a test.
    watch : told between chunks which file is run, and how far it is.
    """

    def __init__(
        self, seed: int = 1, quick: bool = False, watch: Callable[[str, Progress], None] = lambda name, progress: None
    ) -> None:
        self.seed = seed
        self.quick = quick
        self._watch = watch

    def scenario(
        self, name: str, full: int, quick: int, changes: Mapping[str, Any] | None = None, seed: int | None = None
    ) -> Scenario:
        """The scenario that :meth:`run` runs."""
        episodes = quick if self.quick else full
        home = folder().parent if "/" in name else folder()
        given = {"run.episodes": episodes, **(changes or {})}
        return load(home / f"{name}.toml", given, self.seed if seed is None else seed)

    def run(
        self, name: str, full: int, quick: int, changes: Mapping[str, Any] | None = None, seed: int | None = None
    ) -> Run:
        """Run a scenario file.

        Parameters
        ----------
        name : of the file, without its ending; in another folder of scenarios with that, as in reflexivity/cascade.
        full, quick : episodes of a whole sample, and of a small one.
        changes : overrides by path.
        seed : another than the experiment's.

        Raises
        ------
        Interrupted
            After Ctrl-C or SIGTERM.
        """
        scenario = self.scenario(name, full, quick, changes, seed)
        return whole(execute(scenario, watch=lambda progress: self._watch(name, progress)))


def payoffs(run: Run, population: str, column: str = "payoff") -> NDArray[np.float64]:
    """What a population earned in each episode, all its members together: (episodes,), currency."""
    episode, who, amount = arrays(run, "episodes", "episode", "population", column)
    mine = who == population
    return np.bincount(episode[mine], amount[mine], minlength=run.scenario.run.episodes).astype(float)


def by_step(run: Run, column: str) -> NDArray[np.float64]:
    """A column of the last trade in each step, nan where there is none: (episodes, steps)."""
    episode, step, values = arrays(run, "trades", "episode", "step", column)
    found = np.full((run.scenario.run.episodes, run.scenario.run.steps), np.nan)
    found[episode, step] = values
    return found


def prices_of(run: Run) -> NDArray[np.float64]:
    """The price after each step, (episodes, steps): where nothing trades it stays; nan before the first trade."""
    path = by_step(run, "price")
    places = np.maximum.accumulate(np.where(np.isnan(path), 0, np.arange(path.shape[1])), axis=1)
    return np.take_along_axis(path, places, axis=1)
