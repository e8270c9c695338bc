"""Streams of events: when things happened, over one stretch of time or several that begin afresh.

Times are seconds since the stream's beginning. On a step clock they are the beginnings of steps, and events of one step
are a count. Otherwise events at equal times are ties.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.stats.arguments import checked, refuse
from sim.core.errors import RunError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
FEWEST = 50  # events of which a law is fitted
FEWEST_OF_A_WINDOW = 20  # on average
EVEN = 0.5  # variance over mean of counts: what is more even is not as a self-exciting process can be
_UNITS = 1_000_000_000  # of a second, in which a clock's steps are looked for
_OFF = 0.01  # of such a unit, that a time may be off it


@dataclass(frozen=True, eq=False)  # equal to itself alone: fits are kept by it
class Streams:
    """Events of one kind, in one stream or several.

    Attributes
    ----------
    times : at which something happened, each once, (distinct,): seconds since the stream began, rising within a stream.
    counts : events at each, (distinct,).
    starts : place of the first time of each stream, and the number of times, (streams + 1,).
    lengths : seconds for which each stream was watched, (streams,).
    step : of the clock, in seconds; 0 where times are real numbers.
    is_clock : whether nothing can happen between two steps, as in a simulated market; times in a file may be rounded.
    what : the events, in words.
    """

    times: Floats
    counts: Floats
    starts: Integers
    lengths: Floats
    step: float = 0.0
    is_clock: bool = False
    what: str = "events"

    @property
    def heading(self) -> str:
        """What it is, in a line."""
        return self.what

    @property
    def events(self) -> int:
        """How many there are, ties included."""
        return int(self.counts.sum())

    @property
    def distinct(self) -> int:
        """Times at which something happened."""
        return len(self.times)

    @property
    def seconds(self) -> float:
        """Of all streams together."""
        return float(self.lengths.sum())

    def edges(self, windows: int) -> Floats:
        """Bounds of equally long windows of the longest stream, seconds, (windows + 1,); of whole steps on a clock."""
        places = np.linspace(0.0, float(self.lengths.max()), windows + 1)
        return np.ceil(np.round(places / self.step, 9)) * self.step if self.step else places

    def window_of(self, windows: int) -> Integers:
        """Which window each time lies in, (distinct,); streams share their windows."""
        edges = self.edges(windows)[1:-1]
        late = self.step / 2  # times of a clock are products, and may differ from edges in the last digit
        return np.searchsorted(edges, self.times + late, side="right").astype(np.int64)

    def exposures(self, windows: int) -> Floats:
        """Seconds that all streams together spent in each window, (windows,)."""
        edges = self.edges(windows)
        spent = np.clip(self.lengths[:, None] - edges[:-1], 0.0, np.diff(edges))
        return np.asarray(spent.sum(axis=0), float)

    @property
    def dispersion(self) -> float:
        """Variance over mean of the counts per step, steps without events among them; nan where there are no steps.

        It is 1 of Poisson counts, and no less of counts that excite one another.
        """
        if not self.step or not self.distinct:
            return math.nan
        steps = self.seconds / self.step
        mean = self.counts.sum() / steps
        return float((self.counts**2).sum() / steps / mean - mean)

    def check(self, windows: int = 1) -> None:
        """Raise RunError where there is too little of it to fit a law with so many baselines."""
        count = self.events if self.is_clock else self.distinct
        told = f"{count:,} {self.what}" if count == self.events else f"{count:,} distinct times of {self.what}"
        if count < FEWEST:
            raise RunError(f"{told}: too few — a fit needs {FEWEST} or more: take a longer record")
        if count < windows * FEWEST_OF_A_WINDOW:
            most = count // FEWEST_OF_A_WINDOW
            raise RunError(
                f"windows: {windows:,} for {told} — each needs {FEWEST_OF_A_WINDOW} on average: choose {most} or fewer"
            )
        if self.step and windows > (steps := round(float(self.lengths.max()) / self.step)):
            raise RunError(f"windows: {windows:,} for {steps:,} steps of a clock — choose {steps} or fewer")
        if self.is_clock and self.dispersion < EVEN:
            raise RunError(
                f"{self.what}: their counts per step have {self.dispersion:.2g} of the variance of independent ones — "
                "where one per step may come, nothing shows what answers what: let arrivals be of law poisson"
            )


@checked("times")
def one_stream(times: ArrayLike, what: str = "events") -> Streams:
    """What was recorded in one piece, (events,), seconds from anywhere, in any order.

    Nobody says when the record began and ended: it is taken to reach half a mean gap beyond its first and last event.
    Whether the times lie on a clock is looked for: the largest step of which all are multiples, in nanoseconds.
    """
    given = np.asarray(times, float)
    refuse("times", given, np.isnan(given), "leave out what is not known")
    distinct, counts = np.unique(given, return_counts=True)
    starts = np.array([0, len(distinct)])
    if len(distinct) < 2:
        return Streams(distinct * 0.0, counts.astype(float), starts, np.array([0.0]), what=what)
    reach = float(distinct[-1] - distinct[0])
    margin = reach / (len(given) - 1) / 2
    step = clock_step(distinct)
    if step:
        before = math.floor(margin / step)
        places = np.rint((distinct - distinct[0]) / step) + before
        lengths = np.array([(places[-1] + before + 1) * step])
        return Streams(places * step, counts.astype(float), starts, lengths, step, what=what)
    return Streams(
        distinct - distinct[0] + margin, counts.astype(float), starts, np.array([reach + 2 * margin]), what=what
    )


@checked("times")
def clock_step(times: ArrayLike) -> float:
    """The largest step, in seconds, of which the differences of times are whole multiples; 0 where there is none.

    Parameters
    ----------
    times : seconds, (times,), rising.
    """
    units = np.asarray(times, float) * _UNITS
    whole = np.rint(units)
    if len(whole) < 2 or np.abs(whole).max() >= 2.0**53 or np.abs(units - whole).max() > _OFF:
        return 0.0
    return int(np.gcd.reduce(np.diff(whole.astype(np.int64)))) / _UNITS


def steps_as_streams(
    episodes: Integers, steps: Integers, lengths: Integers, seconds: float, what: str = "events"
) -> Streams:
    """Events of a step clock whose episodes are streams.

    Parameters
    ----------
    episodes, steps : of each event, (events,), in the order of time.
    lengths : steps of each episode, (episodes,).
    seconds : of a step.
    """
    durations: Floats = lengths.astype(np.float64) * seconds
    longest = int(lengths.max(initial=1))
    keys, counts = np.unique(episodes * longest + steps, return_counts=True)
    starts = np.searchsorted(keys, np.arange(len(lengths) + 1) * longest)
    return Streams(
        (keys % longest) * seconds,
        counts.astype(float),
        starts.astype(np.int64),
        durations,
        seconds,
        True,
        what,
    )
