"""The likelihood of a Hawkes process whose kernel is a sum of exponentials, and its gradient.

Events come at the rate

    λ(t) = μ(t) + Σ_j n_j β_j Σ_{t_i < t} exp(-β_j (t - t_i)),

with masses n_j, decays β_j, and a baseline μ that is constant in each of some windows of equal length (Hawkes 1971,
Biometrika 58, 83; the recursion that makes the cost linear in the events is Ogata's, 1981, IEEE Trans. Information
Theory 27, 23). The branching ratio Σ n_j is the mean number of events that one event causes directly.

On a clock of steps of length h, counts are Poisson given the past: events of one step cannot cause one another. In the
place of β_j then stands (exp(β_j h) - 1) / h, so that the mass that falls on the later steps is still n_j (the sum over
k ≥ 1 of (exp(βh) - 1) exp(-βhk) is 1). With h = 0 this is the law above, so one likelihood serves both.

It is computed in mean gaps instead of seconds, over logarithms: of each baseline; of n_j / (1 - Σ n), so that masses
are positive and their sum below 1; of each decay.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.special import gammaln

from analysis.reflexivity.event_streams import Floats, Streams
from sim.core.compiled import njit

_LARGEST = 1e18  # mean gaps: what is so long ago has no effect; infinity times 0 would be nan


class Law(NamedTuple):
    """Parameters of the process, in one unit of time."""

    baselines: Floats  # μ of each window, (windows,)
    masses: Floats  # n, (exponentials,)
    decays: Floats  # β, (exponentials,)


@njit
def _pass(
    decayed: Any, gaps: Any, counts: Any, where: Any, baselines: Any, heights: Any, ends: Any, rates: Any, shares: Any,
    sums: Any, last: Any,
) -> None:  # fmt: skip
    """Go through the events once, with x_j the sum of exp(-β_j (t - t_i)) over earlier events, and its slope by β_j.

    Parameters
    ----------
    decayed : exp(-β gap), (exponentials, times); 0 where a stream begins.
    gaps : to the time before, (times,).
    counts, where : events at each time, and its window, (times,).
    baselines, heights : μ of each window, and n times what a kernel of mass 1 begins with.
    ends : places of the last time of each stream, rising.
    rates : is written: the rate at each time, (times,).
    shares : is added to: counts over rates, (windows,).
    sums : is added to: x and its slope times counts over rates, (2, exponentials).
    last : is written: what x comes to just after a stream's last event, and its slope, (2, streams, exponentials).
    """
    state = np.zeros((2, len(heights)))
    before, stream = 0.0, 0
    for i in range(len(gaps)):
        rate = baselines[where[i]]
        for j in range(len(heights)):
            x = decayed[j, i] * (before + state[0, j])
            state[1, j] = decayed[j, i] * state[1, j] - gaps[i] * x
            state[0, j] = x
            rate += heights[j] * x
        before = counts[i]
        rates[i] = rate
        share = before / rate
        shares[where[i]] += share
        for j in range(len(heights)):
            sums[0, j] += share * state[0, j]
            sums[1, j] += share * state[1, j]
        if i == ends[stream]:
            stream += 1
            for j in range(len(heights)):
                last[0, stream - 1, j] = before + state[0, j]
                last[1, stream - 1, j] = state[1, j]


class _Passed(NamedTuple):
    """What :func:`_pass` finds."""

    rates: Floats
    shares: Floats
    sums: Floats
    last: Floats


class Likelihood:
    """Of streams of events, with one baseline or one in each of some windows.

    Parameters
    ----------
    streams : with a time at least.
    windows : of equal length, each with a baseline of its own.
    discrete : whether events are counts per step of the streams' clock; else every distinct time is one event.
    most : exponentials.
    """

    def __init__(self, streams: Streams, windows: int = 1, discrete: bool = False, most: int = 3) -> None:
        self.streams, self.windows, self.discrete = streams, windows, discrete
        self.counts = streams.counts if discrete else np.ones(streams.distinct)
        self.total = float(self.counts.sum())
        self.gap = streams.seconds / self.total  # the mean, in seconds: the unit of time below
        self.step = streams.step / self.gap if discrete else 0.0
        self.where = streams.window_of(windows)
        self.exposures = streams.exposures(windows) / self.gap
        self.times = streams.times / self.gap
        self._firsts = streams.starts[:-1][np.diff(streams.starts) > 0]
        self._lasts = np.append(self._firsts[1:], streams.distinct) - 1
        lengths = streams.lengths[np.diff(streams.starts) > 0] / self.gap
        # Of each stream after its last event, or after the step of that.
        self._left = np.maximum(lengths - self.step - self.times[self._lasts], 0.0)
        self.gaps = np.diff(self.times, prepend=0.0)
        self.gaps[self._firsts] = _LARGEST
        # Room that is used again and again: to ask the system for it would take longer than to fill it.
        self._rates, self._logs, self._room = (np.empty(size * streams.distinct) for size in (1, 1, most))

    @property
    def in_seconds(self) -> float:
        """What is added to the likelihood in mean gaps to have that in seconds, or that of the counts."""
        if self.discrete:
            return float(self.total * math.log(self.step) - gammaln(self.counts + 1.0).sum())
        return -self.total * math.log(self.gap)

    def _passed(self, law: Law, heights: Floats) -> _Passed:
        """Its rates are written over by the next call."""
        kernels = len(heights)
        decayed = self._room[: kernels * len(self.gaps)].reshape(kernels, len(self.gaps))
        np.multiply(self.gaps, -law.decays[:, None], out=decayed)
        np.exp(decayed, out=decayed)
        found = _Passed(
            self._rates, np.zeros(self.windows), np.zeros((2, kernels)), np.empty((2, len(self._lasts), kernels))
        )
        _pass(decayed, self.gaps, self.counts, self.where, law.baselines, heights, self._lasts, *found)
        return found

    def _weights(self, decays: Floats) -> tuple[Floats, Floats]:
        """What a kernel of mass 1 begins with, and its derivative by the decay, (exponentials,) each."""
        if not self.step:
            return decays, np.ones(len(decays))
        return np.expm1(decays * self.step) / self.step, np.exp(decays * self.step)

    def _late(self, law: Law, last: Floats) -> tuple[Floats, Floats]:
        """What of kernels falls behind the ends of streams, and its slope by decay: (streams, exponentials) each."""
        fallen = np.exp(-law.decays * self._left[:, None])
        late = fallen * last[0]
        return late, fallen * last[1] - self._left[:, None] * late

    def of(self, place: Floats) -> tuple[float, Floats]:
        """Minus the logarithm of the likelihood and its gradient, both per event, at a place of :meth:`law_at`."""
        law = self.law_at(place)
        weights, steeper = self._weights(law.decays)
        found = self._passed(law, law.masses * weights)
        late, later = (each.sum(axis=0) for each in self._late(law, found.last))
        caused = self.total - late
        logs = np.multiply(self.counts, np.log(found.rates, out=self._logs), out=self._logs)
        value = logs.sum() - law.baselines @ self.exposures - law.masses @ caused
        by_mass = law.masses * (weights * found.sums[0] - caused)
        by_decay = law.masses * (steeper * found.sums[0] + weights * found.sums[1] + later)
        gradient = np.concatenate(
            [
                law.baselines * (found.shares - self.exposures),
                by_mass - law.masses * by_mass.sum(),
                law.decays * by_decay,
            ]
        )
        return -float(value) / self.total, -gradient / self.total

    def law_at(self, place: Floats) -> Law:
        """The law, in mean gaps, whose logarithms are given: (windows + 2 exponentials,)."""
        baselines, odds, decays = np.split(place, [self.windows, (self.windows + len(place)) // 2])
        shares = np.exp(odds)
        return Law(np.exp(baselines), shares / (1.0 + shares.sum()), np.exp(decays))

    def place_of(self, law: Law) -> Floats:
        """The opposite of :meth:`law_at`."""
        left = 1.0 - law.masses.sum()
        place: Floats = np.log(np.concatenate([law.baselines, law.masses / left, law.decays]))
        return place

    def baseline_curvature(self, law: Law) -> Floats:
        """Second derivatives of :meth:`of` by the logarithms of baselines, (windows,); between two of them it is 0."""
        found = self._passed(law, law.masses * self._weights(law.decays)[0])
        second = np.bincount(self.where, self.counts / found.rates**2, self.windows)
        curves: Floats = law.baselines * (law.baselines * second - found.shares + self.exposures) / self.total
        return curves

    def compensator(self, law: Law) -> tuple[Floats, Floats, float]:
        """Integrals of the rate: up to each time, and over the step that begins there, (times,) each; over all streams.

        Streams follow one another. Over a step it is 0 where there are no steps.
        """
        found = self._passed(law, law.masses * self._weights(law.decays)[0])
        rates = found.rates.copy()
        edges = self.streams.edges(self.windows) / self.gap
        rises = np.concatenate([[0.0], np.cumsum(law.baselines * np.diff(edges))])
        before = np.cumsum(self.counts) - self.counts
        sizes = self._lasts - self._firsts + 1
        own = before - np.repeat(before[self._firsts], sizes)  # events of the stream so far
        nothing = Law(np.ones(self.windows), law.masses, law.decays)  # 1: the pass divides by rates
        heights = law.masses * np.exp(law.decays * self.step)
        to_come = self._passed(nothing, heights).rates - 1.0
        risen = np.interp(self.times, edges, rises) + law.masses.sum() * own - to_come
        whole = np.interp(self.streams.lengths / self.gap, edges, rises)
        held = np.diff(self.streams.starts) > 0
        whole[held] += law.masses.sum() * np.add.reduceat(self.counts, self._firsts)
        whole[held] -= self._late(law, found.last)[0] @ law.masses
        done = np.cumsum(whole) - whole
        return risen + np.repeat(done[held], sizes), rates * self.step, float(whole.sum())
