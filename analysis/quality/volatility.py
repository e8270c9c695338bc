"""How prices move: volatility, variance ratios, the signature plot, and how far prices are from the value.

Prices are float64 (rows,) in currency and in the order of time, nan where there is none; no difference reaches over an
episode's end. Errors allow for autocorrelation: rows are gathered in stretches that are long beside their memory, or in
episodes where there are many (:mod:`analysis.stats.clusters`).

``spreadgame measure volatility RUN`` prints all of it. Mids and pricing errors are those of the
samples of the book, trade prices one an arriving order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from analysis.output.style import NUMBERS, nothing, style_axes
from analysis.quality.variance_ratio import HORIZONS, variance_ratios
from analysis.reading.columns import columns
from analysis.reading.marked import NEVER
from analysis.reading.measures import Measurement, measure_of
from analysis.reading.registry import measure
from analysis.reading.trades_and_quotes import by_venue, kept_tape
from analysis.risk.positions import half_life
from analysis.stats.arguments import checked
from analysis.stats.clusters import group_means
from analysis.stats.estimates import NOTHING, Estimate, ratio
from analysis.stats.regression import estimate, least_squares
from analysis.stats.time_averages import clusters_over, steps_since, unbroken
from sim.runs.result import Run

Integers = NDArray[np.int64]
_STARTS = 10  # of changes within an interval
_INTERVALS = 20  # that a signature plot has in a run, at least, of the longest


class Signature(NamedTuple):
    """Realised variance by the interval at which prices are sampled."""

    intervals: list[int]  # rows
    variances: list[Estimate]  # currency², per row


@dataclass(frozen=True)
class PricingError:
    """How far a price is from the value."""

    mean: Estimate  # currency, above 0 where the price is too high
    root_mean_square: Estimate  # currency
    autocorrelation: Estimate  # from row to row
    half_life: Estimate  # rows
    reason: str = field(default="", kw_only=True)  # why there is no half-life


def _root(square: Estimate) -> Estimate:
    """The square root of an estimate."""
    root = math.sqrt(square.value) if square.value >= 0 else math.nan
    return Estimate(root, square.standard_error / (2 * root) if root > 0 else square.standard_error)


# --- numbers --------------------------------------------------------------------------------------------------------


@checked("prices", labels=["steps", "episodes"])
def realised_volatility(prices: ArrayLike, steps: ArrayLike, episodes: ArrayLike) -> Estimate:
    """√(Σ (change of the price)² / Σ steps), from each known price to the next; currency per square root of a step.

    Andersen, Bollerslev, Diebold and Labys 2003, Econometrica 71, 579. Prices that bounce have more of it, the more
    often they are looked at. nan where no time passes between prices.

    Parameters
    ----------
    prices, steps, episodes : (rows,); several prices may be of one step.
    """
    p, when, own = np.asarray(prices, float), np.asarray(steps, np.int64), np.asarray(episodes, np.int64)
    known = np.isfinite(p)
    p, when, own = p[known], when[known], own[known]
    same = own[1:] == own[:-1]
    squares, times, own = np.diff(p)[same] ** 2, np.diff(when)[same], own[1:][same]
    if not times.any():
        return NOTHING
    clusters = clusters_over(squares, own)
    moved, passed = np.bincount(clusters, squares), np.bincount(clusters, times)
    used = np.bincount(clusters) > 0
    return _root(ratio(moved[used], passed[used]))


@checked("prices", labels=["episodes", "stretches"])
def signature(
    prices: ArrayLike, episodes: ArrayLike, intervals: Sequence[int] | None = None, stretches: ArrayLike | None = None
) -> Signature:
    """Mean square of the change of the price over an interval, per row, by interval: the signature plot.

    Flat for a random walk; high at the left where prices bounce, and rising where they run on (Andersen, Bollerslev,
    Diebold and Labys 2000, Risk 13, 105). Changes overlap: over a long interval ten of them begin.

    Parameters
    ----------
    prices, episodes : (rows,).
    intervals : rows; None for 1, 2, 5, 10, … as long as 20 of them fit into the rows.
    stretches : labels of equally spaced rows, (rows,); None for the episodes.

    Returns
    -------
    Those intervals over which any price changes are known.
    """
    p, own = np.asarray(prices, float), np.asarray(episodes, np.int64)
    labels = own if stretches is None else np.asarray(stretches)
    if intervals is None:
        intervals = [
            factor * 10**power
            for power in range(len(str(len(p))))
            for factor in (1, 2, 5)
            if factor * 10**power * _INTERVALS <= len(p)
        ]
    made = Signature([], [])
    for q in intervals:
        if q < 1:
            raise ValueError(f"an interval must be at least 1 row, not {q}")
        if len(p) <= q:
            continue
        stride = max(1, q // _STARTS)
        squares = (p[q::stride] - p[:-q:stride]) ** 2 / q
        known = (labels[q::stride] == labels[:-q:stride]) & np.isfinite(squares)
        if known.any():
            squares, rows = squares[known], own[q::stride][known]
            made.intervals.append(q)
            made.variances.append(group_means(squares, clusters_over(squares, rows, q // stride)).estimate())
    return made


@checked("errors", amounts=["weights"], labels=["episodes", "stretches"])
def pricing_error(
    errors: ArrayLike, episodes: ArrayLike, weights: ArrayLike | None = None, stretches: ArrayLike | None = None
) -> PricingError:
    """Mean and root mean square of the price less the value, and how they last.

    Autocorrelation is the slope of a line through each error and the next, and the half-life is that of an AR(1)
    (:func:`analysis.risk.positions.half_life`): rows in which half of an error is gone.

    Parameters
    ----------
    errors, episodes : price less value, currency, and episodes, (rows,); nan where unknown.
    weights : steps for which each row stands, (rows,); None for 1.
    stretches : labels of equally spaced rows, (rows,); None for the episodes.
    """
    e, own = np.asarray(errors, float), np.asarray(episodes, np.int64)
    known = np.isfinite(e)
    labels = (own if stretches is None else np.asarray(stretches))[known]
    clusters = clusters_over(e, own)
    mean, square = (group_means(each, clusters, weights=weights).estimate() for each in (e, e**2))
    e, place = e[known], np.flatnonzero(known)
    labels = unbroken(place, labels, 1)
    same = labels[1:] == labels[:-1]
    slope = estimate(least_squares(e[1:][same], e[:-1][same]).columns([1]))
    life = half_life(e, labels)
    if math.isfinite(life.value):
        reason = ""
    elif not math.isfinite(slope.value):
        reason = "no samples follow one another, or they do not differ"
    else:
        reason = "errors do not last from sample to sample" if slope.value <= 0 else "errors do not shrink"
    return PricingError(mean, _root(square), slope, life, reason=reason)


# --- of a run -------------------------------------------------------------------------------------------------------


def _book(run: Run, venue: str) -> dict[str, Any]:
    """Samples of a venue's book: episodes, steps, mids, last trade prices, pricing errors; stretches and weights."""
    rows = columns(run, "book", ["episode", "step", "venue", "bid", "ask", "last", "mark", "value"])
    rows = rows[rows["venue"] == venue]
    column = {name: rows[name].to_numpy() for name in rows.columns if name != "venue"}
    steps, episodes = column["step"], column["episode"]
    every = max(1, int(run.manifest["sampling"]["book_every"]))
    return {
        "mid": (column["bid"] + column["ask"]) / 2, "last": column["last"], "value": column["value"], "every": every,
        "error": column["mark"] - column["value"], "steps": steps, "episodes": episodes,
        "stretches": unbroken(steps, episodes, every), "weights": steps_since(steps, episodes),
    }  # fmt: skip


def signatures_of(run: Run, venue: str) -> dict[str, Signature]:
    """Signatures of a venue's mid and last trade price, and of the value; intervals in steps, currency² per step."""
    book = _book(run, venue)
    every, found = book["every"], {}
    for name, column in (("mid", "mid"), ("last trade", "last"), ("value", "value")):
        rows = signature(book[column], book["episodes"], stretches=book["stretches"])
        per_step = [Estimate(value / every, error / every) for value, error in rows.variances]
        found[name] = Signature([each * every for each in rows.intervals], per_step)
    return found


def draw(ax: Axes, run: Run, venue: str | None = None) -> Axes:
    """Signature plot of a venue's mid and last trade price, beside the value's; of the first venue if None.

    Like all panels it is drawn within :func:`analysis.output.style.style`.
    """
    title = "Signature plot"
    found = signatures_of(run, venue or run.scenario.venues[0].name)
    found = {name: each for name, each in found.items() if each.intervals}
    if not found:
        return nothing(ax, title, "no samples of the book follow one another")
    entries: list[tuple[Any, str]] = []
    for place, (name, each) in enumerate(found.items()):
        variances, errors = np.array(each.variances).T
        errors = np.where(np.isfinite(errors), errors, 0.0)
        ax.errorbar(each.intervals, variances, errors, color=f"C{place}", marker="o", ms=3, lw=1.2, capsize=2)
        entries.append((f"C{place}", name))
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(NUMBERS)
    ax.set_ylim(bottom=0)
    ax.set_xlabel("steps between looks at the price, ± one standard error")
    style_axes(ax, title, "variance per step, currency²", entries)
    return ax


@measure(
    "volatility",
    summary="how prices move, and how far from the value they are",
    source="Andersen, Bollerslev, Diebold and Labys 2003, Econometrica 71, 579 (realised volatility); Lo and MacKinlay "
    "1988, Review of Financial Studies 1, 41 (variance ratios)",
    chapter="Prices",
    place=1,
    without_error={".iid": "it is a standard error itself"},
)
def measures(run: Run) -> list[Measurement]:
    """All measures, venue by venue."""
    return by_venue(run, _measures)


def _measures(run: Run, venue: str) -> list[Measurement]:
    book, tape = _book(run, venue), kept_tape(run, venue)
    every, own = book["every"], book["episodes"]
    off = pricing_error(book["error"], own, book["weights"], book["stretches"])
    life = Estimate(*(every * each for each in off.half_life))
    sampled = "" if len(own) else "the book was not sampled — set record.levels"
    moved = sampled or "no two mids of an episode"
    priced = sampled or ("" if np.isfinite(book["error"]).any() else NEVER)
    traded = (
        "no trades in two steps of an episode"
        if run.scenario.record.trades
        else "the run kept no trades — set record.trades"
    )
    found = [
        measure_of("mid.volatility", realised_volatility(book["mid"], book["steps"], own), "currency",
                   "of the mid, per square root of a step", moved),
        measure_of("trade.volatility", realised_volatility(tape.prices, tape.steps, tape.episodes), "currency",
                   "of trade prices, per square root of a step", traded),
    ]  # fmt: skip
    mids, trades = (book["mid"], book["stretches"], every, "steps"), (tape.prices, tape.episodes, 1, "trades")
    for name, (prices, stretches, rows, unit) in (("mid", mids), ("trade", trades)):
        for q, each in zip(HORIZONS, variance_ratios(prices, HORIZONS, stretches), strict=True):
            what = f"variance over {q * rows} {unit} to that over {rows}, in proportion; 1 for a martingale"
            none = f"too few {unit} in a row, or no change"
            label = f"{name}.variance_ratio.{q}"
            found += [
                measure_of(label, Estimate(each.value, each.robust_standard_error), "", what, none),
                measure_of(f"{label}.iid", Estimate(each.iid_standard_error, math.nan), "",
                           "standard error if changes are independent and equally variable", none),
            ]  # fmt: skip
    later = "one step" if every == 1 else f"{every:,} steps"
    return [
        *found,
        measure_of("pricing_error.mean", off.mean, "currency", "mark less value", priced),
        measure_of("pricing_error.size", off.root_mean_square, "currency", "its root mean square", priced),
        measure_of("pricing_error.persistence", off.autocorrelation, "", f"correlation with that {later} later",
                   priced or off.reason),
        measure_of("pricing_error.half_life", life, "steps", "until half of an error is gone, by an AR(1)",
                   priced or off.reason),
    ]  # fmt: skip
