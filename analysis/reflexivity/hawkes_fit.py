"""Fits of Hawkes processes by maximum likelihood, from several starts, and what they are worth.

The likelihood has several maxima: begun with a slow kernel that causes nearly everything, the search may end at a
branching ratio of 1, far below the best. So every fit is begun at several decays over the range that the gaps allow,
alone and beside the kernels of the fit with one exponential less. The best after a few steps are followed further.

Standard errors are those of the observed information. They are none where the likelihood is flat: where there is no
feedback, the decay of it does not exist either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import kstest

from analysis.reflexivity.event_streams import EVEN, Floats, Streams
from analysis.reflexivity.hawkes_likelihood import Law, Likelihood
from analysis.stats.estimates import Estimate

MOST_EXPONENTIALS = 3
COARSE = 0.1  # decay times step, from which on times of a clock are no real numbers
_STEPS_OF_A_GAP = 10.0  # from which on a clock is as good as none
_GRID = 5  # decays at which a search begins
_NEW, _FIRST = 0.1, 0.5  # masses with which it begins: of a kernel beside others, of all without others
_BOUND = 15.0  # logarithms of baselines per mean gap and of odds of masses, either way
_SLOWEST, _FASTEST = 3.0, 30.0  # decays of a kernel, times the longest stream and times the shortest gap or step
_AT_BOUND, _NOTHING = 1e-3, 1e-5  # so near a logarithm is at its bound; a mass of which nothing can be said
# Stages of the search: how often the likelihood is computed from each of the places that are left, and how many of
# them are left then.
_STAGES = ((12, 2), (60, 1), (2000, 1))
_ENDS = {"ftol": 1e-11, "gtol": 1e-7, "xtol": 0.0}
_MOVE = 1e-4  # of a logarithm, for second derivatives
_FLAT = 1e-7  # a second derivative per event


@dataclass(frozen=True)
class Kernel:
    """A part of what an event causes."""

    mass: float  # events that it causes directly
    decay: float  # per second


@dataclass(frozen=True)
class Fit:
    """A fitted law."""

    exponentials: int
    windows: int  # equal parts of the time with a baseline of their own: 1 for a constant baseline
    branching_ratio: Estimate  # the sum of the masses; the error is nan where `reason` says why
    kernels: tuple[Kernel, ...]  # the slowest first
    baselines: Floats  # events per second, (windows,)
    log_likelihood: float  # of times in seconds, or of counts
    aic: float
    residual_p: float  # of a test whether residuals are exponential
    discrete: bool  # whether of counts per step
    reason: str = ""

    @property
    def name(self) -> str:
        """Its kernels and baselines, in words."""
        several = "s" if self.exponentials > 1 else ""
        return f"{self.exponentials} exponential{several}" + (f", {self.windows} windows" if self.windows > 1 else "")

    def residuals(self, streams: Streams) -> Floats:
        """:func:`residuals` of the streams that it was fitted to."""
        likelihood = Likelihood(streams, self.windows, self.discrete)
        masses, decays = np.array([[kernel.mass, kernel.decay] for kernel in self.kernels]).T
        return residuals(likelihood, Law(self.baselines * likelihood.gap, masses, decays * likelihood.gap))


@dataclass(frozen=True)
class Fits:
    """Laws fitted to the same streams: with one exponential to three, a constant baseline and one by window."""

    streams: Streams
    fits: tuple[Fit, ...]

    @property
    def best(self) -> Fit:
        """That with the smallest AIC (Akaike 1974, IEEE Trans. Automatic Control 19, 716)."""
        return min(self.fits, key=lambda fit: fit.aic)


def fit_all(streams: Streams, windows: int | None = None, most: int = MOST_EXPONENTIALS) -> Fits:
    """Fit all laws: 1 to ``most`` exponentials, with a constant baseline and, if asked for, one in each of windows.

    Events of a simulated market are counts per step. So are times of a file that lie on a clock, if its step times the
    fastest decay of the best fit is above 0.1; else they are taken as real numbers, and ties as one.

    Raises
    ------
    RunError
        If there are too few events.
    """
    streams.check(windows or 1)
    if streams.is_clock or _may_be_coarse(streams):
        found = _fit_each(streams, windows, most, True)
        if streams.is_clock or max(kernel.decay for kernel in found.best.kernels) * streams.step > COARSE:
            return found
    return _fit_each(streams, windows, most, False)


def _may_be_coarse(streams: Streams) -> bool:
    """Whether gaps between events are often so short that steps of their clock matter: of a nanosecond they do not."""
    gaps = np.diff(streams.times)
    return bool(streams.dispersion >= EVEN and np.quantile(gaps, 0.05) < _STEPS_OF_A_GAP * streams.step)


def _fit_each(streams: Streams, windows: int | None, most: int, discrete: bool) -> Fits:
    fits: list[Fit] = []
    for count in (1,) if windows is None else (1, windows):
        likelihood = Likelihood(streams, count, discrete, most)
        before: Law | None = None
        for exponentials in range(1, most + 1):
            begins = starts(likelihood, exponentials, before)
            before = maximum(likelihood, begins)
            fits.append(fit_of(likelihood, before))
    return Fits(streams, tuple(fits))


# --- the search -----------------------------------------------------------------------------------------------------


def grid(likelihood: Likelihood) -> Floats:
    """Decays, per mean gap, that a tenth of a stream and the shortest gaps show, and between, (grid,)."""
    gaps = likelihood.gaps[likelihood.gaps < likelihood.total]
    shortest = float(np.quantile(gaps, 0.05)) if len(gaps) else 1.0
    slow = 10.0 * likelihood.gap / float(likelihood.streams.lengths.max())
    fast = min(max(1.0 / shortest, 1.0), 3.0 / likelihood.step if likelihood.step else math.inf)
    return np.geomspace(min(slow, fast / 10.0), fast, _GRID)


def start(likelihood: Likelihood, masses: Sequence[float], decays: Sequence[float]) -> Law:
    """A law with these kernels, per mean gap, whose baselines give as many events as there are in each window."""
    counts = np.bincount(likelihood.where, likelihood.counts, likelihood.windows)
    rates = np.maximum(counts, 0.5) / np.maximum(likelihood.exposures, 1e-9)
    return Law((1.0 - sum(masses)) * rates, np.asarray(masses, float), np.asarray(decays, float))


def starts(likelihood: Likelihood, exponentials: int, before: Law | None = None) -> list[Law]:
    """Where the search begins: decays over the grid, and new ones beside the kernels of a fit with one less."""
    decays = grid(likelihood)
    if before is None:
        return [start(likelihood, [_FIRST], [decay]) for decay in decays]
    spread = decays[np.linspace(0, _GRID - 1, exponentials + 2).round().astype(int)[1:-1]]
    found = [start(likelihood, [_FIRST / exponentials] * exponentials, spread)]
    shrunk = np.append(before.masses * (1.0 - _NEW), _NEW * (1.0 - before.masses.sum()) + 1e-6)
    found += [Law(before.baselines, shrunk, np.append(before.decays, decay)) for decay in decays]
    return found


def maximum(likelihood: Likelihood, begins: Sequence[Law]) -> Law:
    """The law, per mean gap, of the largest likelihood that is reached from these."""
    within = bounds(likelihood, len(begins[0].masses))
    places = [np.clip(likelihood.place_of(each), *within.T) for each in begins]
    for calls, left in _STAGES:
        found = [
            minimize(likelihood.of, place, jac=True, method="TNC", bounds=within, options={"maxfun": calls, **_ENDS})
            for place in places
        ]
        places = [each.x for each in sorted(found, key=lambda each: float(each.fun))[:left]]
    best = likelihood.law_at(places[0])
    order = np.argsort(best.decays)
    return Law(best.baselines, best.masses[order], best.decays[order])


def bounds(likelihood: Likelihood, exponentials: int) -> Floats:
    """The least and the most of each logarithm of the search, (windows + 2 exponentials, 2).

    A kernel is not slower than a stream can show, nor faster than the shortest gap. Masses have a sum below 1.
    """
    slowest = _SLOWEST / (float(likelihood.streams.lengths.max()) / likelihood.gap)
    fastest = _FASTEST / (likelihood.step or max(float(likelihood.gaps.min()), 1e-12))
    decays = (math.log(slowest), math.log(max(fastest, 10.0 * slowest)))
    each = [(-_BOUND, _BOUND)] * (likelihood.windows + exponentials) + [decays] * exponentials
    return np.array(each)


# --- what it is worth -----------------------------------------------------------------------------------------------


def fit_of(likelihood: Likelihood, law: Law) -> Fit:
    """A law at a maximum of the likelihood, in seconds, with error and test."""
    value = -likelihood.of(likelihood.place_of(law))[0] * likelihood.total + likelihood.in_seconds
    error, reason = _error(likelihood, law)
    kernels = tuple(
        Kernel(float(mass), float(decay) / likelihood.gap) for mass, decay in zip(law.masses, law.decays, strict=True)
    )
    exponentials, windows = len(law.masses), likelihood.windows
    return Fit(
        exponentials,
        windows,
        Estimate(float(law.masses.sum()), error),
        kernels,
        law.baselines / likelihood.gap,
        value,
        2.0 * (windows + 2 * exponentials) - 2.0 * value,
        float(kstest(residuals(likelihood, law), "expon").pvalue),
        likelihood.discrete,
        reason,
    )


def _error(likelihood: Likelihood, law: Law) -> tuple[float, str]:
    """The standard error of the branching ratio, and why it is none."""
    place, windows, exponentials = likelihood.place_of(law), likelihood.windows, len(law.masses)
    if at := _at_bound(likelihood, place, law.masses):
        return math.nan, at
    free = len(place) - windows
    curves: NDArray[np.float64] = np.empty((free, len(place)))
    for row in range(free):
        ends = []
        for sign in (1.0, -1.0):
            moved = place.copy()
            moved[windows + row] += sign * _MOVE
            ends.append(likelihood.of(moved)[1])
        curves[row] = (ends[0] - ends[1]) / (2 * _MOVE)
    mixed, own = curves[:, :windows], curves[:, windows:]
    straight = likelihood.baseline_curvature(law)
    known = straight > _FLAT / likelihood.total
    information = (own + own.T) / 2 - (mixed[:, known] / straight[known]) @ mixed[:, known].T
    if not np.linalg.eigvalsh(information)[0] > _FLAT:
        return math.nan, "the likelihood is flat: the data do not tell the kernels apart"
    moves = np.append(law.masses * (1.0 - law.masses.sum()), np.zeros(exponentials))
    return math.sqrt(float(moves @ np.linalg.solve(information, moves)) / likelihood.total), ""


def _at_bound(likelihood: Likelihood, place: Floats, masses: Floats) -> str:
    """Which bound of masses and decays the maximum is at, in words; empty inside all of them."""
    exponentials = len(masses)
    within = bounds(likelihood, exponentials)[likelihood.windows :]
    low, high = (np.abs(place[likelihood.windows :, None] - within) < _AT_BOUND).T
    none = masses < _NOTHING
    if none.all():
        return "no feedback is found"
    if (low[exponentials:] & ~none).any():
        return "a kernel is slower than the record can show"
    if (high[exponentials:] & ~none).any():
        return f"a kernel is faster than {'a step' if likelihood.step else 'the shortest gap'}"
    return "the masses come to 1" if high[:exponentials].any() else ""


def residuals(likelihood: Likelihood, law: Law, seed: int = 0) -> Floats:
    """Gaps between events on the clock of the law, (events,): exponential with mean 1 if the law is true.

    The clock is the integral of the rate (Ogata 1988, J. American Statistical Association 83, 9). Of a step it shows
    the length only, in which the events of the step lie anywhere: their places are drawn.
    """
    risen, over_step, _ = likelihood.compensator(law)
    if likelihood.discrete:
        counts = likelihood.counts.astype(np.int64)
        drawn = np.random.default_rng(seed).random(int(counts.sum()))
        risen = np.sort(np.repeat(risen, counts) + drawn * np.repeat(over_step, counts))
    return np.diff(risen, prepend=0.0)
