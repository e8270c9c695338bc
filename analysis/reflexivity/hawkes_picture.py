"""Pictures of a fitted Hawkes process: the rate and what the law calls its baseline, and the residuals."""

from __future__ import annotations

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.output.style import GREY, NUMBERS, level, style, style_axes
from analysis.reflexivity.hawkes_fit import Fits

_MOST_PARTS, _FEWEST_EVENTS = 120, 20  # of the time, in which events are counted, and events of one on average
_POINTS = 400  # of a line of quantiles


def picture(found: Fits) -> Figure:
    """Two panels: the rate by time beside the baseline of the best fit, and quantiles of its residuals."""
    with style():
        drawn = Figure(figsize=(11.0, 4.2), layout="constrained")
        rate, quantiles = drawn.subplots(1, 2, width_ratios=(1.5, 1))
        _draw_rate(rate, found)
        _draw_quantiles(quantiles, found)
        level([rate, quantiles])
    return drawn


def _draw_rate(ax: Axes, found: Fits) -> None:
    streams, best = found.streams, found.best
    events = streams.counts if best.discrete else np.ones(streams.distinct)
    parts = int(np.clip(events.sum() / _FEWEST_EVENTS, best.windows, max(_MOST_PARTS, best.windows)))
    counts = np.bincount(streams.window_of(parts), events, parts)
    exposures = streams.exposures(parts)
    with np.errstate(invalid="ignore", divide="ignore"):
        ax.stairs(counts / exposures, streams.edges(parts), color=GREY, lw=1.0, baseline=None)
    colour = sns.color_palette("colorblind")[0]
    ax.stairs(best.baselines, streams.edges(best.windows), color=colour, lw=2.0, baseline=None)
    ax.set_ylim(bottom=0.0)
    ax.set_xlim(0.0, float(streams.lengths.max()))
    ax.xaxis.set_major_formatter(NUMBERS)
    ax.yaxis.set_major_formatter(NUMBERS)
    ax.set_xlabel("seconds" if len(streams.lengths) == 1 else "seconds since the episode began")
    entries = [(GREY, "events that happened"), (colour, f"baseline of the best fit, {best.name}")]
    style_axes(ax, "Rate of events, and the baseline", "events per second", entries)


def _draw_quantiles(ax: Axes, found: Fits) -> None:
    palette = sns.color_palette("colorblind")
    simplest = min(found.fits, key=lambda fit: (fit.windows, fit.exponentials))
    shown = [] if simplest is found.best else [(simplest, palette[1])]
    entries = []
    for fit, colour in [*shown, (found.best, palette[0])]:
        gaps = np.sort(fit.residuals(found.streams))
        count = min(_POINTS, len(gaps))
        shares = 1.0 - np.geomspace(1.0 - 0.5 / len(gaps), 0.5 / len(gaps), count)  # as many far out as near
        ax.plot(-np.log1p(-shares), np.quantile(gaps, shares), color=colour, lw=1.6)
        entries.append((colour, fit.name + (" (best)" if fit is found.best else "")))
    far = np.log(2.0 * len(found.streams.times))
    ax.plot([0.0, far], [0.0, far], color=GREY, lw=0.9, ls="--")
    ax.set_xlabel("quantiles of an exponential law of mean 1")
    style_axes(ax, "Residuals", "quantiles of the residuals", entries)
