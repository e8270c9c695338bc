"""Which points of a scenario's parameters to run: grids, Latin hypercubes, Sobol points, profiles of its game."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.core.arguments import several
from sim.core.errors import Problem, ScenarioError
from sim.core.wording import shown
from sim.experiment.jobs import Job, Label
from sim.scenario import Scenario, with_overrides
from sim.scenario.choices import offered, with_choices

Point = dict[str, Any]  # paths of overrides, and values
MOST_JOBS = 1_000_000


@dataclass(frozen=True)
class Range:
    """Where a parameter may lie: from ``low`` to ``high``, both included where they are whole numbers.

    Parameters
    ----------
    low, high : if both are int, points are whole numbers.
    logarithmic : points are spread evenly over the logarithm.

    Raises
    ------
    ValueError
        If ``low`` is not below ``high``, one is not finite, or a logarithm is wanted of what is not positive.
    """

    low: float
    high: float
    logarithmic: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"a range goes from a number to a greater one, not from {self.low} to {self.high}")
        if self.logarithmic and self.low <= 0:
            raise ValueError(f"a logarithmic range begins above 0, not at {self.low}")

    def at(self, share: float) -> int | float:
        """The value so far into the range: 0 at its begin, towards 1 at its end."""
        whole = isinstance(self.low, int) and isinstance(self.high, int)
        low, high = float(self.low), float(self.high) + (1.0 if whole else 0.0)
        value = low * (high / low) ** share if self.logarithmic else low + share * (high - low)
        return min(math.floor(value), int(self.high)) if whole else value


def grid(values: Mapping[str, Sequence[Any]]) -> list[Point]:
    """Every combination of the values, the last path varying fastest.

    Raises
    ------
    ValueError
        If a path has no values, or one twice.
    TypeError
        If these are no lists of values by path.
    """
    values = _lists(values)
    for path, given in values.items():
        if not len(given):
            raise ValueError(f"{path}: there are no values — write {path}=1,2,3")
        if any(given[i] == given[j] and type(given[i]) is type(given[j]) for i in range(len(given)) for j in range(i)):
            raise ValueError(f"{path}: a value is there twice")
    return [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]


def _lists(values: object) -> dict[str, list[Any]]:
    if not isinstance(values, Mapping):
        raise TypeError(f'values must be lists by path, {{"makers.count": [1, 2]}}, not {values!r:.60}')
    return {path: several(path, given, "a list of values") for path, given in values.items()}


def latin_hypercube(ranges: Mapping[str, Range], points: int, seed: int = 1) -> list[Point]:
    """So many points, one in each of as many equal slices of every range (McKay, Beckman and Conover 1979).

    Parameters
    ----------
    seed : of the design, not of the runs.
    """
    from scipy.stats import qmc

    _check(ranges, points)
    return _placed(ranges, qmc.LatinHypercube(len(ranges), rng=np.random.default_rng(seed)).random(points))


def sobol(ranges: Mapping[str, Range], points: int, seed: int = 1) -> list[Point]:
    """The first points of a scrambled Sobol sequence (Sobol 1967, Owen 1998); even with a power of two of them.

    Parameters
    ----------
    seed : of the scrambling, not of the runs.

    Raises
    ------
    ValueError
        If there are no ranges, or the number of points is no power of two.
    """
    from scipy.stats import qmc

    _check(ranges, points)
    if points & (points - 1):
        lower = 1 << (points.bit_length() - 1)
        raise ValueError(f"{points} points: a Sobol design is even with a power of two — take {lower} or {2 * lower}")
    design = qmc.Sobol(len(ranges), scramble=True, rng=np.random.default_rng(seed))
    return _placed(ranges, design.random_base2(points.bit_length() - 1))


def _check(ranges: Mapping[str, Range], points: int) -> None:
    if not ranges:
        raise ValueError("there are no ranges to choose points from")
    if not 1 <= points <= MOST_JOBS:
        raise ValueError(f"{points} points: take 1 to {MOST_JOBS:,}")


def _placed(ranges: Mapping[str, Range], shares: Any) -> list[Point]:
    return [{path: each.at(float(x)) for (path, each), x in zip(ranges.items(), row, strict=True)} for row in shares]


def cross(*designs: Iterable[Point]) -> list[Point]:
    """Every combination of the points of several designs."""
    return [{key: value for point in chosen for key, value in point.items()} for chosen in itertools.product(*designs)]


def profiles(scenario: Scenario) -> list[dict[str, str]]:
    """Every profile of a scenario's game: which of its strategies each of the populations that choose plays.

    Raises
    ------
    ScenarioError
        If it has no game, or too many profiles to run them all.
    """
    if scenario.game is None:
        raise ScenarioError(scenario.source, [Problem("game", "there is none", "say in [game] who may choose what")])
    offers = {player: list(offered(scenario, player)) for player in scenario.game.players}
    if math.prod(map(len, offers.values())) > MOST_JOBS:
        numbers = " and ".join(str(len(each)) for each in offers.values())
        many = f"players of {numbers} strategies have more than {MOST_JOBS:,} profiles"
        raise ScenarioError(scenario.source, [Problem("game", many, "choose some of them in Python")])
    return [dict(zip(offers, chosen, strict=True)) for chosen in itertools.product(*offers.values())]


def jobs_of(
    scenario: Scenario,
    seeds: Iterable[int],
    points: Iterable[Point] = ({},),
    profiles: Iterable[Mapping[str, str]] = ({},),
) -> list[Job]:
    """A job for each profile at each point, all on the same seeds, so that what differs does so on the same draws.

    Parameters
    ----------
    points : overrides by path, from :func:`grid` and the others; labels of the job.
    profiles : for populations, what they choose of the scenario's game; labels of the job too.

    Raises
    ------
    ScenarioError
        With every problem of the first point that cannot be: a path that is not in the scenario, a value not allowed.
    """
    seeds, profiles = several("seeds", seeds, "a list of whole numbers"), several("profiles", profiles, "a list")
    jobs = []
    for point in several("points", points, "a list of overrides, as grid makes it"):
        changed = with_overrides(scenario, point) if point else scenario
        for profile in profiles:
            played = with_choices(changed, profile) if profile else changed
            labels: dict[str, Label] = {path: _label(value) for path, value in point.items()} | dict(profile)
            jobs.append(Job(played, seeds, labels))
    return jobs


def _label(value: Any) -> Label:
    value = value.item() if isinstance(value, np.generic) else value
    return value if isinstance(value, bool | int | float | str) else _text(value)


def _text(value: Any) -> str:
    return str(list(value)) if isinstance(value, list | tuple) else shown(value)
