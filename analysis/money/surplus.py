"""Gains from trade: the gains that a run realised, and the largest gains that were possible.

The gain from a lot is its private value to the agent that gets it, less its private value to the agent that gives it
up. The table of episodes holds it as private value. Payoffs, fees and settlement only move money between agents. Gains
are largest if lots go from the agents who value them least to those who value them most. Agents without private values
buy and sell any number of lots at the instrument's value.

A taker with a reservation price comes and leaves, so its gain is that of its trade: side * (reservation price -
reference). If the reference is the expected value, payoff plus private value is, in expectation, what its trades were
worth to the taker less what it paid. The gains of takers who did not trade are unknown. So a run with such takers has
no largest gain, and no share of it.

``spreadgame measure surplus RUN`` prints what there is of both.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.reading.columns import arrays
from analysis.reading.measures import Measurement, measure_of
from analysis.reading.registry import measure
from analysis.stats.estimates import NOTHING, Estimate, mean, ratio
from sim.core.errors import RunError
from sim.runs.private_values import PrivateValues, Valued
from sim.runs.result import Run

__all__ = ["Surplus", "gains_from_trade", "surplus_of"]

_UNKNOWN = "nobody can tell what takers with reservation prices who did not trade would have gained"


@dataclass(frozen=True)
class Surplus:
    """Gains from trade of a run, by episode. Currency."""

    populations: dict[str, NDArray[np.float64]]  # payoff and private value of each population
    realised: NDArray[np.float64]  # private value of all agents
    most: NDArray[np.float64]  # what an efficient allocation would have realised; nan with reservation prices

    @property
    def is_bounded(self) -> bool:
        """Whether the largest gain is known."""
        return bool(np.isfinite(self.most).all())

    @property
    def best(self) -> Estimate:
        """The largest possible gain per episode; nan if it is unknown."""
        return mean(self.most) if self.is_bounded else NOTHING

    @property
    def share(self) -> Estimate:
        """Share of the largest gain that was realised; nan if that gain is 0 or unknown."""
        return self.share_of(self.realised)

    def share_of(self, gained: NDArray[np.float64]) -> Estimate:
        """Share of the largest gain that these gains are: a ratio of means."""
        there = self.is_bounded and self.most.any()
        return ratio(gained, self.most) if there else NOTHING


def surplus_of(run: Run) -> Surplus:
    """The gains from trade of a run.

    Raises
    ------
    RunError
        If no agent has private values or reservation prices, or the run kept no table of episodes.
    """
    scenario = run.scenario
    if not any(each.values_privately for each in scenario.populations):
        raise RunError(
            "nobody in this run has private values or reservation prices, so there are no gains from trade to speak of"
        )
    episode, who, payoff, private_value = arrays(run, "episodes", "episode", "population", "payoff", "private_value")
    names = [population.name for population in scenario.populations]
    episodes = int(run.manifest["episodes"])
    if len(episode) == 0 or episodes == 0:
        raise RunError('this run kept no payoffs: it needs record.episodes = "populations" and a whole episode')

    def by_episode(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(episode, values, episodes), np.float64)

    gained = payoff + private_value
    populations = {name: by_episode(gained * (who == name)) for name in names}
    return Surplus(populations, by_episode(private_value), _most(run, episodes))


def _most(run: Run, episodes: int) -> NDArray[np.float64]:
    scenario = run.scenario
    if any(each.reservation for each in scenario.populations):
        return np.full(episodes, math.nan)
    traded = {venue.name: venue.instrument for venue in scenario.venues}
    instrument = {each.name: traded[each.venues[0]] for each in scenario.populations}
    valued = {each.name for each in scenario.populations if each.private_values}
    drawn = PrivateValues(scenario)
    fixed = all(each.private_values.distribution == "linear" for each in scenario.populations if each.private_values)

    def of(episode: int) -> float:
        values = drawn.of(episode)
        total = 0.0
        for name in set(instrument.values()):
            mine = [values[each] for each in valued if instrument[each] == name]
            others = any(instrument[each] == name for each in set(instrument) - valued)
            total += gains_from_trade(mine, others)
        return total

    return np.full(episodes, of(0)) if fixed else np.array([of(episode) for episode in range(episodes)])


def gains_from_trade(valued: Iterable[Valued], others: bool = False) -> float:
    """The largest gain that agents can reach by trading lots of one instrument with one another. Currency.

    Parameters
    ----------
    valued : private values by population. Lots change hands in the order of each agent's values: falling for lots that
        it gets, rising for lots that it gives up.
    others : whether there are agents without private values, who value every lot the same.
    """
    valued = list(valued)
    up = np.concatenate([np.zeros(0), *(each.up.ravel() for each in valued)])
    down = np.concatenate([np.zeros(0), *(each.down.ravel() for each in valued)])
    if others:
        return float(np.maximum(up, 0.0).sum() + np.maximum(-down, 0.0).sum())
    most = min(len(up), len(down))
    gains = -np.sort(-up)[:most] - np.sort(down)[:most]
    return float(np.maximum(gains, 0.0).sum())


@measure(
    "surplus",
    summary="gains from trade of each population and of all, and the most there could have been",
    source="Gode and Sunder 1993, J. Political Economy 101, 119 (allocative efficiency)",
    chapter="Gains from trade",
    needs=("episodes",),
)
def measures(run: Run) -> list[Measurement]:
    """The gains of each population and of all, and what part they are of the most; errors are over episodes.

    Raises
    ------
    RunError
        As :func:`surplus_of` does.
    """
    surplus = surplus_of(run)
    found = [
        measure_of(f"{name}.gains", mean(gained), "currency", "payoff and private value of traded lots, per episode")
        for name, gained in surplus.populations.items()
    ]
    reason = "there was nothing to gain" if surplus.is_bounded else _UNKNOWN
    best = "what the best allocation would have realised, per episode"
    shares = [
        measure_of(f"{name}.share", surplus.share_of(gained), "share", "what it gained of the most", reason)
        for name, gained in surplus.populations.items()
    ]
    return [
        *found,
        *shares,
        measure_of("realised", mean(surplus.realised), "currency", "private value of what changed hands, per episode"),
        measure_of("most", surplus.best, "currency", best, reason),
        measure_of("share", surplus.share, "share", "realised of the most", reason),
    ]
