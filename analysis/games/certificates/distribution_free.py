"""An interval of a regret that holds for every distribution of bounded payoffs, at every number of runs.

A bootstrap knows only its runs: a rare loss that no run has met is not in its band. If payoffs have bounds, two
inequalities hold for every distribution. Take n independent gains in a range of width R, with sample variance V. With a
probability of at most d, the error of the mean in one direction exceeds the half-width

    Hoeffding (1963, theorem 2)                R √(ln(1/d) / 2n)
    Maurer and Pontil (2009, theorem 4)        √(2 V ln(2/d) / n) + 7 R ln(2/d) / 3(n - 1)

The second one, an empirical Bernstein bound, is shorter if gains vary little compared with their range. Each gain takes
the shorter one. This choice is made after seeing the data, and all gains must hold at once. So d is the total error
probability, divided by two bounds, two directions and the number of gains.

Such an interval is wide, because it allows for all distributions. The usual interval is
:func:`analysis.games.certificates.resampling.certify`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
_ROUNDING = 1e-9  # relative: a gain beyond its span by no more is at its end
_PARTS = 4  # of the probability, for each gain: two bounds, two directions


class Bound(NamedTuple):
    """An interval of a regret for every distribution; the first three fields are in the unit of payoffs."""

    low: float  # it is no less than this, with the confidence asked for at least
    high: float  # nor more than this
    width: float  # the widest half-width of all gains
    runs_wanted: int  # as many runs make no half-width wider than the precision asked for


def distribution_free(gains: ArrayLike, spans: ArrayLike, precision: float, confidence: float = 0.95) -> Bound:
    """The regret of a profile or mixture, from bounds on payoffs alone.

    Parameters
    ----------
    gains : of each deviation in each run, float64 (deviations, runs). Runs are independent; gains of one run need not
        be. A mean over the episodes of a run counts as one gain.
    spans : for each deviation, (deviations,), or one for all: the highest possible gain less the lowest. Payoffs from
        a to b, whoever gets them, differ by b - a either way: their span is 2 (b - a). No gain at all must be possible,
        so that none is larger than its span.
    precision : the half-width wanted, in the unit of payoffs; `runs_wanted` is for this.
    confidence : of the interval, for the regret as a whole and for all gains at once.

    Raises
    ------
    ValueError
        If there are no runs, a gain is not finite or outside its span, or another argument is outside its range.
    """
    g = np.atleast_2d(np.asarray(gains, float))
    if g.ndim != 2:
        raise ValueError(f"gains must be of shape (deviations, runs), not {g.shape}")
    deviations, runs = g.shape
    if runs < 1:
        raise ValueError("an interval needs one run at least")
    _check(precision, confidence)
    if not deviations:
        return Bound(0.0, 0.0, 0.0, 0)
    ranges = _spans(spans, deviations)
    _inside(g, ranges)
    wrong = _wrong(deviations, confidence)
    width = np.minimum(_hoeffding(ranges, runs, wrong), _bernstein(g, ranges, wrong))
    value = g.mean(axis=1)
    return Bound(
        max(0.0, float((value - width).max())),
        max(0.0, float((value + width).max())),
        float(width.max()),
        runs_for(precision, float(ranges.max()), deviations, confidence),
    )


def runs_for(precision: float, span: float, deviations: int, confidence: float = 0.95) -> int:
    """Runs after which no half-width of :func:`distribution_free` exceeds the precision, for any payoffs.

    The least n at which Hoeffding's bound, with its part of the probability, is that narrow:
    span² ln(4 deviations / (1 - confidence)) / (2 precision²), rounded up. Gains that vary little need fewer.

    Parameters
    ----------
    precision : the half-width wanted, in the unit of payoffs.
    span : the widest of all spans, in the unit of payoffs.
    deviations : how many gains are held at once, at least 1.
    confidence : for all of them.

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """
    _check(precision, confidence)
    _spans(span, 1)
    if deviations < 1:
        raise ValueError(f"there must be one deviation at least, not {deviations}")
    return math.ceil((span / precision) ** 2 * math.log(1.0 / _wrong(deviations, confidence)) / 2.0)


def _wrong(deviations: int, confidence: float) -> float:
    """The probability with which one bound of one gain may fail in one direction."""
    return (1.0 - confidence) / (_PARTS * deviations)


def _hoeffding(spans: Floats, runs: int, wrong: float) -> Floats:
    width: Floats = spans * math.sqrt(math.log(1.0 / wrong) / (2.0 * runs))
    return width


def _bernstein(gains: Floats, spans: Floats, wrong: float) -> Floats:
    runs = gains.shape[1]
    if runs < 2:
        return np.full_like(spans, np.inf)
    log = math.log(2.0 / wrong)
    width: Floats = np.sqrt(2.0 * gains.var(axis=1, ddof=1) * log / runs) + 7.0 * spans * log / (3.0 * (runs - 1))
    return width


def _spans(spans: ArrayLike, deviations: int) -> Floats:
    given = np.asarray(spans, float)
    if given.shape not in ((), (deviations,)):
        raise ValueError(f"spans must be one number or {deviations}, one a deviation, not of shape {given.shape}")
    if not np.all((given > 0.0) & (given < np.inf)):
        raise ValueError(f"spans must be above 0 and finite, not {given}")
    return np.broadcast_to(given, (deviations,))


def _inside(gains: Floats, spans: Floats) -> None:
    """Refuse gains outside their spans."""
    if not np.all(np.isfinite(gains)):
        raise ValueError("gains must be finite")
    # No gain is possible, so those seen and 0 lie within one range as wide as the span.
    seen = np.maximum(gains.max(axis=1), 0.0) - np.minimum(gains.min(axis=1), 0.0)
    beyond = np.flatnonzero(seen > spans * (1.0 + _ROUNDING))
    if len(beyond):
        row = int(beyond[0])
        least, most = gains[row].min(), gains[row].max()
        raise ValueError(
            f"deviation {row} gained from {least:g} to {most:g}, which no range of width {spans[row]:g} with 0 in it "
            "holds: widen its span"
        )


def _check(precision: float, confidence: float) -> None:
    if not 0.0 < precision < math.inf:
        raise ValueError(f"the precision must be above 0 and finite, not {precision}")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must be between 0 and 1, not {confidence}")
