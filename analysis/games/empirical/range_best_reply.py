"""The best reply within ranges: a deviation that was not among the strategies offered."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import direct

from analysis.games.empirical.candidates import Candidate, Deviation, Shares, mixture_payoff, summed
from analysis.games.empirical.market import MarketGame
from sim.core.errors import ScenarioError
from sim.scenario.choices import Settings, point, ranged

if TYPE_CHECKING:
    from analysis.games.empirical.search import RunBudget

Floats = NDArray[np.float64]
_EVALUATIONS = {1: 30, 2: 80}  # by the number of ranges; more of them:
_MANY = 150
_NOTHING = 1e300  # where there were no runs to try
_FINEST = 1e-3  # of a range: nothing is sought closer together


@dataclass(frozen=True)
class Reply:
    """The best reply found for a role against an equilibrium; if possible, one that was not offered before.

    Attributes
    ----------
    strategy : what it sets, by its name.
    gain : over the equilibrium's payoff, on the runs that chose it, so too large on average. Currency per episode.
    deviation : the same gain, which the certificate estimates on runs that did not choose it.
    new : whether it was not offered before.
    searched : whether there were enough runs for the whole search.
    """

    strategy: dict[str, Settings]
    gain: float
    deviation: Deviation
    new: bool
    searched: bool


def best_reply(
    game: MarketGame, shares: Shares, candidate: Candidate, role: int, run_budget: RunBudget
) -> Reply | None:
    """Search the ranges of a role for its best reply if all others draw from a mixture.

    The gain is a function of the parameters without noise, because every profile is run on the same seeds. It has jumps
    and several maxima, so the search divides the ranges (DIRECT; Jones, Perttunen and Stuckman 1993). If a range has
    few numbers, all are tried.

    Returns
    -------
    Reply
        None if the role has no ranges. Of nothing, and not searched, if there are no runs for a single trial.
    """
    population = game.population(role)
    names = ranged(game.scenario, population)
    if not names or game.scenario.game is None:
        return None
    ranges = [game.scenario.game.ranges[name] for name in names]
    name_of_role = game.roles[role].name
    tried: dict[str, tuple[float, dict[str, Settings], Deviation]] = {}
    short = False

    def loss(numbers: Floats) -> float:
        nonlocal short
        strategy = point(game.scenario, population, dict(zip(names, map(float, numbers), strict=True)))
        name = next(iter(strategy))
        if name not in tried:
            wider = game.extended(role, strategy)
            gain = summed([(mixture_payoff(wider, shares, (role, name)), 1.0), (candidate.paid[name_of_role], -1.0)])
            try:
                short = short or not run_budget.buy(wider, [profile for profile, _ in gain])
            except ScenarioError:  # a strategy may refuse what ranges allow one by one
                return _NOTHING
            if short:
                return _NOTHING
            paid = float(run_budget.samples.sum(gain, run_budget.runs).mean())
            tried[name] = paid, strategy, Deviation(name_of_role, None, name, gain)
        return -tried[name][0]

    most = _EVALUATIONS.get(len(names), _MANY)
    if math.prod(each.last + 1 for each in ranges) <= most:
        for places in np.ndindex(*(int(each.last) + 1 for each in ranges)):
            loss(np.array([each.low + (each.step or 0.0) * at for each, at in zip(ranges, places, strict=True)]))
    else:
        direct(loss, [(each.low, each.high) for each in ranges], maxfun=most, len_tol=_FINEST)
    if not tried:
        return Reply({}, 0.0, Deviation(name_of_role, None, "", {}), False, False)
    offered = game.roles[role].strategies
    best = max(tried, key=lambda name: (name not in offered, tried[name][0]))
    gain, strategy, deviation = tried[best]
    return Reply(strategy, gain, deviation, best not in offered, not short)
