"""Survival analysis with competing risks: durations that end in one of several ways, some of which are censored.

At a time, n durations are at risk, d of them end, and d_k end in way k. Then

    survival  S(t) = Π_{s ≤ t} (1 - d / n)                (Kaplan and Meier 1958)
    incidence of way k  I_k(t) = Σ_{s ≤ t} S(s-) d_k / n  (Aalen and Johansen 1978)

I_k(t) is the probability of having ended in way k by time t, while the other ways compete; Σ_k I_k = 1 - S. A duration
that is censored at a time was at risk at this time. Standard errors are Greenwood's (1926). For any Σ w S(s-) d_k / n
they follow by the delta method, with the ways multinomial at each time. Without censoring, the variance is that of a
share, p (1 - p) / n.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.stats.arguments import checked
from analysis.stats.estimates import NOTHING, Estimate

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
LOST = 0  # censored: the end was not seen
_SLACK = 1e-12  # tolerance for rounding errors of a curve


@dataclass(frozen=True)
class Survival:
    """Curves over the times at which a duration ended or was censored, each float64 (times,) or (ways, times)."""

    times: Integers
    at_risk: Floats
    ended: Floats  # (ways, times)
    survival: Floats
    incidence: Floats  # (ways, times)

    @property
    def survival_standard_error(self) -> Floats:
        """Greenwood's standard error of the survival: S √Σ d / (n (n - d)), (times,)."""
        return np.asarray(self.survival * np.sqrt(np.cumsum(self._greenwood)), float)

    def incidence_standard_error(self, way: int) -> Floats:
        """Standard error of the incidence of a way, (times,); ways are counted from 1."""
        own = self.incidence[way - 1]
        hazard, before, each = self.ended[way - 1] / self.at_risk, self._before, self._greenwood
        mixed = before * hazard / self.at_risk
        variance = (
            np.cumsum(before**2 * hazard * (1 - hazard) / self.at_risk)
            + own**2 * np.cumsum(each) - 2 * own * np.cumsum(each * own) + np.cumsum(each * own**2)
            - 2 * (own * np.cumsum(mixed) - np.cumsum(mixed * own))
        )  # fmt: skip
        return np.asarray(np.sqrt(np.maximum(variance, 0.0)), float)

    def median(self) -> Estimate:
        """The first time by which half of the durations have ended; nan if there is none.

        Its error is half the distance between the times at which the curve is one error below and one above a half.
        """
        if not len(self.times):
            return NOTHING
        place = int(np.argmax(self.survival <= 0.5 + _SLACK))
        return self._time(1 - self.survival, 0.5, float(self.survival_standard_error[place]))

    def share(self, way: int) -> Estimate:
        """The probability of having ended in a way by the longest time seen; nan if there are no durations.

        Ways are counted from 1.
        """
        if not len(self.times):
            return NOTHING
        return Estimate(float(self.incidence[way - 1, -1]), float(self.incidence_standard_error(way)[-1]))

    def median_of(self, way: int) -> Estimate:
        """The median duration of those that end in a way: the first time at which I(t) reaches I(∞) / 2.

        Ways are counted from 1. The result is nan if no duration ends in this way. Its error is found as for the
        median, from the error of I(t) - I(∞) / 2.
        """
        if not len(self.times) or not self.incidence[way - 1, -1] > 0:
            return NOTHING
        own = self.incidence[way - 1]
        place = int(np.argmax(own >= own[-1] / 2 - _SLACK))
        weights = np.where(np.arange(len(own)) <= place, 0.5, -0.5)
        return self._time(own, float(own[-1]) / 2, self._error(way, weights))

    @property
    def _before(self) -> Floats:
        return np.concatenate([[1.0], self.survival[:-1]])

    @property
    def _greenwood(self) -> Floats:
        """The terms d / (n (n - d)), (times,); 0 if nothing is left at risk, because no later time depends on it."""
        died = self.ended.sum(axis=0)
        left = self.at_risk - died
        terms: Floats = np.divide(died, self.at_risk * left, out=np.zeros(len(died)), where=left > 0)
        return terms

    def _error(self, way: int, weights: Floats) -> float:
        """Standard error of Σ w S(s-) d_k / n."""
        hazard, before = self.ended[way - 1] / self.at_risk, self._before
        sums = np.cumsum(weights * before * hazard)
        later = sums[-1] - sums
        terms = (
            (weights * before) ** 2 * hazard * (1 - hazard) / self.at_risk
            + later**2 * self._greenwood
            - 2 * weights * before * later * hazard / self.at_risk
        )
        return math.sqrt(max(float(terms.sum()), 0.0))

    def _time(self, curve: Floats, height: float, error: float) -> Estimate:
        """The time at which a rising curve reaches a height. Its error is infinite if height + error is not reached."""

        def first(target: float) -> float:
            place = int(np.searchsorted(curve, target - _SLACK))
            return float(self.times[place]) if place < len(curve) else math.inf

        value = first(height)
        if not math.isfinite(value):
            return NOTHING
        return Estimate(value, (first(height + error) - first(height - error)) / 2)


@checked(labels=["durations", "ways"])
def survival_of(durations: ArrayLike, ways: ArrayLike, count: int = 1) -> Survival:
    """The survival and incidence curves of durations.

    Parameters
    ----------
    durations : whole numbers, not negative, (durations,).
    ways : the way in which each ended, from 1 to ``count``, or LOST if it is censored, (durations,).
    count : number of ways.

    Raises
    ------
    ValueError
        If a duration is negative, a way is not from LOST to ``count``, or lengths differ.
    """
    lasted, way = np.asarray(durations, np.int64), np.asarray(ways, np.int64)
    if len(way) and (lasted.min() < 0 or way.min() < LOST or way.max() > count):
        raise ValueError(f"durations must not be negative, and ways must be from {LOST} to {count}")
    times, place = np.unique(lasted, return_inverse=True)
    gone = np.bincount(place + len(times) * way, minlength=len(times) * (count + 1)).reshape(count + 1, -1)
    leaving = gone.sum(axis=0)
    at_risk = (len(way) - np.cumsum(leaving) + leaving).astype(float)
    ended = gone[1:].astype(float)
    survival = np.cumprod(1 - ended.sum(axis=0) / at_risk)
    before = np.concatenate([[1.0], survival[:-1]])[: len(times)]
    return Survival(times, at_risk, ended, survival, np.cumsum(before * ended / at_risk, axis=1))
