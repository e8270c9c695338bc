"""How fast a book recovers after large orders, by an event study."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares as fitted

from analysis.stats.arguments import checked, refuse, whole
from analysis.stats.estimates import NOTHING, Estimate
from analysis.stats.regression import Fit, Floats, estimate, estimates, joined

Integers = NDArray[np.int64]
AFTER = (0, 1, 2, 5, 10, 20, 50)  # steps
SHARE = 0.1  # of orders that are large
_SEEN = 2.0  # standard errors that a gap must have before its half-life is asked for
_FEWEST, _ROUNDING = 3, 1e-9  # times after, and what differs by less is equal
_SHORTEST, _LONGEST = 0.25, 2.0  # half-lives that can be told, in steps, and in the longest time after


@dataclass(frozen=True)
class Recovery:
    """Means after events divided by the mean just before, and how fast the gap closes."""

    relative: list[Estimate]  # one for each time after; 1 is as before
    half_life: Estimate  # steps
    reason: str = ""


@checked(amounts=["quantities"])
def large(quantities: ArrayLike, share: float = SHARE) -> NDArray[np.bool_]:
    """Which orders belong to the largest ``share`` of all, (orders,).

    Orders of one size are all in or all out. Orders of the smallest size are out; others are in, even if the share is
    exceeded.

    Raises
    ------
    ValueError
        If the share does not lie between 0 and 1.
    """
    if not 0 < share < 1:
        raise ValueError(f"a share of orders lies between 0 and 1, not at {share}")
    lots = np.asarray(quantities, float)
    refuse("quantities", lots, np.isnan(lots), "leave out what is not known")
    if not len(lots):
        return np.zeros(0, bool)
    least = np.quantile(lots, 1 - share, method="higher")
    found: NDArray[np.bool_] = (lots >= least) & (lots > lots.min())
    return found


@checked("before", counts=["clusters"], tables=["after", "inside"])
def recovery(
    before: ArrayLike,
    after: ArrayLike,
    clusters: ArrayLike,
    times: Sequence[int] = AFTER,
    inside: ArrayLike | None = None,
) -> Recovery:
    """The recovery of a quantity after events: an event study, and the half-life of the gap.

    Means after events are divided by the mean before, over the same events; events without a sample at that time are
    left out (Degryse, de Jong, van Ravenswaaij and Wuyts 2005, Rev. Finance 9, 201; Large 2007, J. Financial Markets
    10, 1). The gap to 1 is assumed to close as g exp(-ρ t) (Obizhaeva and Wang 2013, J. Financial Markets 16, 1). It is
    fitted by least squares, weighted by the errors of the means. Half of the gap is gone after ln 2 / ρ.

    Parameters
    ----------
    before, after : just before events, (events,), and at the given times after them, (events, times); nan if unknown.
    clusters : labels of groups of events that are nearly independent of one another, (events,).
    times : steps after, increasing.
    inside : whether the time after an event lies in its episode, (events, times); None for always. Both means are
        over events for which it does.
    """
    first, later, own = np.asarray(before, float), np.asarray(after, float), np.asarray(clusters, np.int64)
    if later.shape != (len(first), len(times)):
        raise ValueError(f"after: shape {later.shape} — (events, times) is {(len(first), len(times))}")
    held = np.ones(later.shape, bool)
    if inside is not None:
        whole("inside", np.asarray(inside))
        held = np.asarray(inside, bool)
        if held.shape != later.shape:
            raise ValueError(f"inside: shape {held.shape} — (events, times) is {later.shape}")
    parts = []
    for place in range(len(times)):
        use = held[:, place]
        parts.append((*_totals(later[use, place], own, use), *_totals(first[use], own, use)))
    known = [place for place, part in enumerate(parts) if part[1].any() and part[2].any()]
    if not known:
        return Recovery([NOTHING] * len(times), NOTHING, "no large order with samples just before and after it")
    used = np.bincount(own) > 0
    fit = joined(*(ratio_of_totals(*(each[used] for each in parts[place])) for place in known))
    found = [NOTHING] * len(times)
    for place, each in zip(known, estimates(fit, lags=0), strict=True):
        found[place] = each
    return Recovery(found, *_half_life(fit, [found[place] for place in known], [times[place] for place in known]))


def _totals(values: Floats, clusters: Integers, use: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Sum and number of the known values of each cluster."""
    known, most = np.isfinite(values), int(clusters.max(initial=0)) + 1
    place = clusters[use][known]
    return np.bincount(place, values[known], most).astype(float), np.bincount(place, minlength=most).astype(float)


def ratio_of_totals(above: Floats, many: Floats, below: Floats, few: Floats) -> Fit:
    """The ratio of two means, each a sum divided by a number, (clusters,)."""
    base = below.sum() / few.sum()
    value = above.sum() / many.sum() / base
    moved = above / (many.mean() * base) - value * (many / many.mean() + below / below.mean() - few / few.mean())
    return Fit(np.array([value]), moved[:, None])


def _half_life(fit: Fit, relative: list[Estimate], times: list[int]) -> tuple[Estimate, str]:
    """Half-life of the gap between relative means and 1, or the reason why there is none."""
    value, error = np.array(relative).T
    if len(times) < _FEWEST or times[0] != 0 or not np.all(np.isfinite(error)):
        return NOTHING, "too few large orders, or samples after them"
    if abs(value[0] - 1) <= max(_SEEN * error[0], _ROUNDING):
        return NOTHING, "no gap is seen at the end of the step"
    error = np.maximum(error, error.max() / 10) if error.max() > 0 else np.ones(len(times))
    t = np.array(times, float)
    lives = np.geomspace(_SHORTEST, _LONGEST * t[-1], 60)
    curves = np.exp2(-t / lives[:, None]) / error
    gap = (value - 1) / error
    best = int(np.argmax((curves @ gap) ** 2 / (curves**2).sum(axis=1)))  # of each rate, at its best g
    if best == 0:
        return NOTHING, "half of the gap is gone in less than a quarter of a step"
    if best == len(lives) - 1:
        return NOTHING, f"the gap is not seen to close within {times[-1]} steps"
    start = np.array([float(curves[best] @ gap / (curves[best] @ curves[best])), math.log(lives[best])])

    def life(v: Floats) -> float:
        target = v - 1

        def left(x: Floats) -> Floats:
            return np.asarray((x[0] * np.exp2(-t / math.exp(x[1])) - target) / error)

        return math.exp(float(fitted(left, start, xtol=1e-12, ftol=1e-12, gtol=1e-12).x[1]))

    return estimate(fit, life, lags=0), ""
