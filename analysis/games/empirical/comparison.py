"""Games side by side: each is solved by running it, and its equilibria and references are compared.

Two references bound the outcome. In the first, the players earn most together, as one monopolist would choose. The
second is the pure profile in which all players do the same and earn the least without a loss.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.special import stdtrit

from analysis.games.certificates.resampling import sampled
from analysis.games.empirical.candidates import Candidate, Floats
from analysis.games.empirical.market import Column
from analysis.games.empirical.payoffs import WELFARE
from analysis.games.empirical.solution import BUDGET, Solution, solve
from analysis.stats.estimates import Estimate
from sim.core.errors import RunError
from sim.scenario import Scenario
from sim.scenario.choices import Settings

_CONFIDENCE = 0.95
_LONGEST = 100  # letters of a folder's name that are those of its label


class Gained(NamedTuple):
    """The welfare at an equilibrium less the welfare at an equilibrium of the first game.

    Attributes
    ----------
    game, equilibrium : places in what was compared, from 0.
    than : the place of the first game's equilibrium of the greatest welfare.
    more : currency per episode; its error is infinite if too few runs differ.
    runs : number of runs in this mean.
    """

    game: int
    equilibrium: int
    than: int
    more: Estimate
    runs: int

    @property
    def interval(self) -> tuple[float, float]:
        """Its interval of 95 % confidence, by Student's t; no numbers if too few runs differ."""
        within = float(stdtrit(self.runs - 1, 0.5 + _CONFIDENCE / 2)) * self.more.standard_error
        return self.more.value - within, self.more.value + within

    def as_json(self) -> dict[str, Any]:
        """As plain data; equilibria are counted from 1, as tables do."""
        low, high = (end if math.isfinite(end) else None for end in self.interval)
        reason = None if low is not None else f"too few of {self.runs:,} runs differ"
        return {
            "than_equilibrium": self.than + 1,
            **self.more.as_json(),
            "low": low,
            "high": high,
            "reason": reason,
            "runs": self.runs,
        }


@dataclass(frozen=True)
class Compared:
    """One of the games that are compared.

    Attributes
    ----------
    label : what it is called: the value that varies, or the file's name.
    scenario, solution : what was solved, and what was found.
    """

    label: str
    scenario: Scenario
    solution: Solution

    @property
    def references(self) -> dict[str, Candidate]:
        """The profiles ``together`` and, unless all lose, ``competitive``."""
        found = {"together": self.solution.together, "competitive": self.solution.competitive}
        return {name: each for name, each in found.items() if each is not None}

    def parameter(self) -> str | None:
        """The only parameter in which the strategies of the game differ; None if there are several or none."""
        offered = list(self._offered.values())
        every = {name for params in offered for name in params}
        names = [name for name in every if any(params.get(name) != offered[0].get(name) for params in offered)]
        only = names[0] if len(names) == 1 else None
        numbers = [params.get(only) for params in offered if only]
        alike = numbers and all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in numbers)
        return only if alike else None

    def chosen(self, candidate: Candidate, parameter: str) -> Estimate:
        """The mean of the parameter over all players; as exact as the mixture."""
        means = [
            sum(
                share * float(self._offered[place, name][parameter])
                for name, share in candidate.plays[role.name].items()
            )
            for place, role in enumerate(self.solution.game.roles)
        ]
        return Estimate(float(np.average(means, weights=self._players)), 0.0)

    def payoff(self, candidate: Candidate) -> Estimate:
        """The mean payoff of all players; with several roles, the error is the largest that their errors allow."""
        values, errors = np.array([candidate.payoffs[role.name] for role in self.solution.game.roles]).T
        return Estimate(*(float(np.average(each, weights=self._players)) for each in (values, errors)))

    def effective_spread(self, candidate: Candidate) -> Estimate | None:
        """On the first venue; None if nothing was traded against a mid."""
        return candidate.market.get(f"{self.scenario.venues[0].name}.effective_spread")

    @property
    def _players(self) -> list[int]:
        return [role.players for role in self.solution.game.whole]

    @property
    def _offered(self) -> dict[Column, Settings]:
        game = self.solution.game
        return {
            (place, name): game.settings((place, name))
            for place, role in enumerate(game.roles)
            for name in role.strategies
        }


def compare(
    scenarios: Mapping[str, Scenario],
    budget: int = BUDGET,
    epsilon: float | None = None,
    workers: int | None = 1,
    out: str | Path | None = None,
    watch: Callable[[str], Callable[[str], Any]] = lambda label: lambda name: None,
    strategies: Sequence[str | Path] = (),
) -> list[Compared]:
    """Solve games one after the other.

    Parameters
    ----------
    scenarios : by label.
    budget : the most runs of each game.
    epsilon : a gain that does not count, currency per episode; None for 2 % of the range of payoffs of each.
    workers : how many runs at a time, None for one per core.
    out : a folder in which runs are kept, in one of its own for each game; None for memory.
    watch : gives for a label what :func:`analysis.games.empirical.solution.solve` is watched by.
    strategies : files of strategies of your own, loaded before the scenarios were.

    Raises
    ------
    ValueError
        If there is nothing to compare.
    ScenarioError, RunError
        As :func:`analysis.games.empirical.solution.solve`; the message of a RunError begins with the label.
    """
    if not scenarios:
        raise ValueError("there are no games to compare")
    found = []
    for label, scenario in scenarios.items():
        folder = None if out is None else Path(out) / folder_name(label)
        try:
            solution = solve(scenario, budget, epsilon, workers, folder, strategies, watch(label))
            found.append(Compared(label, scenario, solution))
        except RunError as error:
            raise RunError(f"{label}: {error}") from error
    return found


def folder_name(label: str) -> str:
    """Name of the folder of a game's runs: its label, or the allowed letters of the label and a hash of it.

    Whether there is a hash depends on the label alone, so that the same game is found again among others.
    """
    plain = re.sub(r"[^\w.=+-]+", "-", label)[:_LONGEST]
    if plain == label and plain.strip("."):
        return plain
    return f"{plain}-{hashlib.blake2b(label.encode(), digest_size=4).hexdigest()}"


def welfare_gained(found: Sequence[Compared]) -> list[Gained]:
    """Welfare of each equilibrium of the later games less that of the first game's best one.

    Differences are taken run by run. Runs of the same number have the same seed in all games, so common effects of the
    seeds cancel. If one equilibrium has more runs than the other, its further runs are left out. The first game counts
    with its best equilibrium, so that the choice among its equilibria does not matter. An equilibrium without a
    certificate is left out, because its runs are those that chose it.

    Returns
    -------
    list
        Empty where nobody gains privately, or the first game has no equilibrium with a certificate.
    """
    first = found[0].solution.equilibria
    known = [place for place, each in enumerate(first) if _sure_welfare(each) is not None]
    if not known:
        return []
    than = max(known, key=lambda place: first[place].market[WELFARE].value)
    before = np.asarray(first[than].welfare)
    gained = []
    for game, each in enumerate(found[1:], 1):
        for place, candidate in enumerate(each.solution.equilibria):
            after = _sure_welfare(candidate)
            if after is not None:
                runs = min(len(before), len(after))
                gained.append(Gained(game, place, than, sampled(after[:runs] - before[:runs]), runs))
    return gained


def _sure_welfare(candidate: Candidate) -> Floats | None:
    """Of each run that chose nothing, (runs,); None where there are none, or nobody gains privately."""
    return None if candidate.certificate is None else candidate.welfare
