"""The branching ratio from the variance of counts, without a likelihood.

Counts in windows that are much longer than events remember have the variance F times their mean, with F = 1 / (1 - n)²
(Hawkes 1971; as an estimator Hardiman and Bouchaud 2014, Physical Review E 90, 062807), so n = 1 - F^(-1/2). What else
makes counts vary, such as a rate that changes by itself, is taken for feedback.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis.reflexivity.event_streams import Streams
from analysis.reflexivity.hawkes_fit import Fit
from analysis.stats.estimates import NOTHING, Estimate

_LONG = 100.0  # a window, in the times in which feedback is forgotten
_GAPS = 100.0  # a window, in mean gaps, where there is no feedback
_FEWEST, _MOST = 100, 10_000_000  # windows
_SMALL = 0.01  # a mass that does not matter


@dataclass(frozen=True)
class VarianceToMean:
    """The estimate, and the windows that it is from."""

    branching_ratio: Estimate
    ratio: float  # variance over mean of the counts
    window: float  # seconds
    windows: int
    reason: str = ""  # why there is none


def variance_to_mean(streams: Streams, fit: Fit) -> VarianceToMean:
    """The estimate from windows as long as a fit says they must be: 100 / (decay (1 - n)), of the slowest decay.

    On a clock for which counts per step were fitted all events count, else distinct times do. The error is that of
    independent windows. There is none of fewer than 100 windows.
    """
    counts = streams.counts if fit.discrete else np.ones(streams.distinct)
    decays = [kernel.decay for kernel in fit.kernels if kernel.mass > _SMALL]
    if decays:
        window = _LONG / (min(decays) * (1.0 - fit.branching_ratio.value))
    else:
        window = _GAPS * streams.seconds / float(counts.sum())
    if streams.step:
        window = math.ceil(window / streams.step) * streams.step
    each = np.floor(streams.lengths / window).astype(np.int64)  # windows of each stream
    windows = int(each.sum())
    if windows > _MOST:
        reason = f"windows of {window:,.3g} s are {windows:,} in all, more than {_MOST:,}"
        return VarianceToMean(NOTHING, math.nan, window, windows, reason)
    if windows < _FEWEST:
        reason = f"windows must be {window:,.3g} s long, and there are {windows} of {_FEWEST} such"
        return VarianceToMean(NOTHING, math.nan, window, windows, reason)
    stream = np.repeat(np.arange(len(each)), np.diff(streams.starts))
    place = ((streams.times + streams.step / 2) // window).astype(np.int64)
    whole = place < each[stream]
    firsts = np.cumsum(each) - each
    found = np.bincount((firsts[stream] + place)[whole], counts[whole], windows)
    mean, variance = float(found.mean()), float(found.var(ddof=1))
    if not variance > 0.0:
        return VarianceToMean(NOTHING, 0.0, window, windows, "counts do not vary")
    ratio = variance / mean
    moves = ((found - mean) ** 2 - variance) / mean - ratio * (found - mean) / mean
    error = float(moves.std(ddof=1)) / math.sqrt(windows)
    return VarianceToMean(Estimate(1.0 - ratio**-0.5, error / (2 * ratio**1.5)), ratio, window, windows)
