"""Certificates within a budget: more runs go to the equilibria of which it is not yet clear whether they hold.

After each look at a candidate's runs its regret has an interval. Where ε lies inside, the runs that would move it out
are predicted from the gains and their errors, and the candidate that needs fewest is served first. Looking again is
paid for: of five looks at most each leaves out a fifth of what one look might, so that the interval at which one stops
holds with the confidence asked for, however often one looked. The first look has as many runs as leave half of them for
those that need more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from analysis.games.candidates import Candidate
from analysis.games.distribution_free import Bound, distribution_free
from analysis.games.evidence import Evidence
from analysis.games.samples import FEWEST
from sim.errors import RunError

_FIRST = 32  # runs of the first look at least
_LOOKS = 5
_LEAST, _MOST = 2.0, 8.0  # times as many for the next
_BEYOND = 1.2  # times what was predicted


def certify_all(
    candidates: Sequence[Candidate],
    evidence: Sequence[Evidence],
    left: Callable[[], int],
    epsilon: float,
    payoff_bounds: tuple[float, float] | None = None,
    confidence: float = 0.95,
) -> None:
    """Give each candidate its certificate, and what the market is like at it.

    Parameters
    ----------
    evidence : of each candidate, on seeds that chose nothing.
    left : says how many runs may still be made.
    payoff_bounds : the least and largest payoff, for a bound that holds for every distribution.

    Raises
    ------
    RunError
        If a payoff is beyond its bounds.
    """
    waiting = dict.fromkeys(range(len(candidates)), _first(evidence, left()))
    looks, seen = [0] * len(candidates), [0] * len(candidates)
    while waiting:
        cost = {place: evidence[place].missing(runs) for place, runs in waiting.items()}
        place = min(cost, key=lambda each: (cost[each], each))
        candidate = candidates[place]
        runs = _affordable(evidence[place], waiting.pop(place), left())
        if runs < max(FEWEST, _LEAST * seen[place]):
            continue
        evidence[place].need(runs)
        looks[place], seen[place] = looks[place] + 1, runs
        sure = 1.0 - (1.0 - confidence) / _LOOKS
        candidate.certify(evidence[place], runs, sure)
        candidate.describe(evidence[place], runs)
        if payoff_bounds is not None:
            candidate.bound = _bound(evidence[place], runs, payoff_bounds, epsilon, sure)
        candidate.runs_wanted = None
        if candidate.verdict(epsilon) == "open":
            times = _times(candidate, epsilon)
            candidate.runs_wanted = int(min(times - 1.0, 1e6) * runs * len(candidate.needs)) if times > 1 else None
            if looks[place] < _LOOKS:
                waiting[place] = int(np.ceil(runs * np.clip(times, _LEAST, _MOST)))


def _first(evidence: Sequence[Evidence], left: int) -> int:
    """Runs of the first look: half of what is left, if all that are needed are run as often."""
    one = sum(each.missing(1) for each in evidence)
    return max(_FIRST, left // (2 * one)) if one else _FIRST


def _affordable(evidence: Evidence, wanted: int, left: int) -> int:
    """The largest number of runs, up to what is wanted, that does not take more than are left."""
    low = 0
    while low < wanted:
        middle = (low + wanted + 1) // 2
        if evidence.missing(middle) <= left:
            low = middle
        else:
            wanted = middle - 1
    return low


def _times(candidate: Candidate, epsilon: float) -> float:
    """How many times the runs would settle a candidate, if gains and their errors are what they seem to be."""
    assert candidate.certificate is not None  # noqa: S101
    gains = [(each.estimate.value, each.estimate.standard_error) for each in candidate.gains]
    needed = [
        (gain, (candidate.certificate.quantile * error / max(abs(gain - epsilon), 1e-300)) ** 2)
        for gain, error in gains
    ]
    paying = [times for gain, times in needed if gain > epsilon]
    return _BEYOND * (min(paying) if paying else max((times for _, times in needed), default=_LEAST))


def _bound(
    evidence: Evidence, runs: int, payoff_bounds: tuple[float, float], epsilon: float, confidence: float
) -> Bound:
    low, high = payoff_bounds
    made_of = evidence.payoffs(runs)
    if not made_of:
        return Bound(0.0, 0.0, 0.0, 0)
    for paid, _ in made_of:
        beyond = paid[(paid < low) | (paid > high)]
        if len(beyond):
            raise RunError(f"payoff bounds {low:g} to {high:g}: a payoff of {beyond[0]:g} was seen — widen them")
    spans = [(high - low) * weight for _, weight in made_of]
    return distribution_free(evidence.gains(runs), spans, epsilon, confidence)
