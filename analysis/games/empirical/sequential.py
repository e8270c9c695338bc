"""Certificates within a budget: more runs go to the equilibria that are not yet decided.

After each look at a candidate's runs, its regret has an interval. If ε lies inside, the number of runs that would move
it out is predicted from the gains and their errors. The candidate that needs the fewest runs comes first. Looking
several times costs confidence: there are at most five looks, and each one uses a fifth of the allowed error. So the
last interval holds with the confidence that was asked for, for any number of looks. The first look leaves half of the
runs for candidates that need more.

If gains vary too little to have a band, there are two cases. If the scenario names a rare event, or if gains vary in a
few runs, enough runs are made to expect such events. If gains never varied, more runs promise nothing, and none are
made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from analysis.games.certificates.distribution_free import Bound, distribution_free
from analysis.games.certificates.rare_events import Event, runs_to_meet, too_rare
from analysis.games.certificates.resampling import FEWEST, enough
from analysis.games.empirical.candidates import Candidate
from analysis.games.empirical.evidence import Evidence
from sim.core.errors import RunError

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
    events: Sequence[Event] = (),
) -> None:
    """Give each candidate its certificate, and what the market is like at it.

    Parameters
    ----------
    evidence : of each candidate, on seeds that had no part in the choice.
    left : returns how many runs are left.
    payoff_bounds : the least and largest payoff, for a bound that holds for every distribution.
    events : what may happen in a run, with how often it is expected.

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
        width = np.inf
        if payoff_bounds is not None:
            width = payoff_bounds[1] - payoff_bounds[0]
            candidate.bound = _bound(evidence[place], runs, payoff_bounds, epsilon, sure)
        candidate.certify(evidence[place], runs, sure, too_rare(events, runs), width)
        candidate.describe(evidence[place], runs)
        candidate.runs_wanted = None
        if candidate.verdict(epsilon) == "open" and (times := _times(candidate, epsilon)) is not None:
            if 1.0 < times < np.inf:
                candidate.runs_wanted = int(min(times - 1.0, 1e6) * runs * len(candidate.needs))
            if looks[place] < _LOOKS:
                waiting[place] = int(np.ceil(runs * np.clip(times, _LEAST, _MOST)))


def _first(evidence: Sequence[Evidence], left: int) -> int:
    """Runs per profile of the first look: half of the runs left, shared evenly among the profiles that are needed."""
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


def _times(candidate: Candidate, epsilon: float) -> float | None:
    """Factor on the number of runs that would decide a candidate, if gains and errors stay as estimated.

    None if nothing predicts it.
    """
    assert candidate.certificate is not None  # noqa: S101
    meet = runs_to_meet(candidate.unmet) / candidate.runs
    needed, paying = [meet], []
    for gain, (below, above) in zip(candidate.gains, candidate.certificate.bands, strict=True):
        pays = gain.estimate.value > epsilon
        width = below if pays else above
        if width < np.inf:  # bands of what is rare shrink like 1 / runs, all others like their root
            times = width / max(abs(gain.estimate.value - epsilon), 1e-300)
            times = max(meet, times**2 if enough(gain.differing, candidate.runs) else times)
        elif enough(gain.differing, candidate.runs):
            times = meet or np.inf
        elif gain.differing or meet:
            times = max(meet, FEWEST / gain.differing if gain.differing else 0.0)
        else:
            return None
        needed.append(times)
        paying += [times] if pays else []
    return _BEYOND * (min(paying) if paying else max(needed))


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
