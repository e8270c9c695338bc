"""The figures of a report: waterfalls of where the money went, who paid whom, what a spread becomes with time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from analysis.money.attribution import Attribution
from analysis.money.who_paid_whom import WhoPaidWhom
from analysis.output.numbers import clipped, short, signed, with_error
from analysis.output.style import GREY, INK, style, style_axes
from analysis.quality import volatility
from analysis.quality.spreads import Spreads
from analysis.stats.estimates import Estimate
from sim.runs.result import Run

HORIZONS = (1, 3, 10, 30, 100, 300)
_MOST_PANELS = 9
_ACROSS, _MOST_UPRIGHT = 3, 6
_ENOUGH = 0.5  # share of trades whose horizon must lie within their episode


def waterfall(found: Attribution, holder: str, ax: Axes, label: bool = True) -> Axes:
    """Draw how one holder's lines add up to its change of wealth in a mean episode; whiskers are one standard error.

    Parameters
    ----------
    label : whether the vertical axis says what is drawn.
    """
    row = found.estimates().loc[holder]
    known = [line for line in found.lines if np.isfinite(row[line, "value"])]
    lines = [line for line in known if row[line, "value"] or line in found.lines[:3]]
    values = np.array([row[line, "value"] for line in (*lines, "total")])
    errors = np.array([row[line, "standard_error"] for line in (*lines, "total")])
    starts = np.append(np.cumsum(values[:-1]) - values[:-1], 0.0)
    palette = sns.color_palette("colorblind")
    colours = [*(palette[2] if value >= 0 else palette[3] for value in values[:-1]), ".35"]
    places = np.arange(len(values))
    ax.bar(places, values, bottom=starts, color=colours, width=0.66, zorder=2)
    ends = starts + values
    ax.hlines(ends[:-1], places[:-1] + 0.33, places[1:] - 0.33, color=GREY, lw=0.9, zorder=1)
    doubted = np.isfinite(errors) & (errors > 0)
    if doubted.any():
        whiskers: dict[str, Any] = {"fmt": "none", "ecolor": INK, "elinewidth": 1.1, "capsize": 3, "zorder": 3}
        ax.errorbar(places[doubted], ends[doubted], yerr=errors[doubted], **whiskers)
    ax.axhline(0, color=INK, lw=0.9, zorder=1)
    names = [line.replace("_", "\n") for line in (*lines, "total")]
    tall = max(name.count("\n") for name in names)
    numbers = [with_error(float(value), float(error)).replace(" ± ", "\n± ")
               for value, error in zip(values, np.where(doubted, errors, 0.0), strict=True)]  # fmt: skip
    texts = [
        f"{name}{chr(10) * (1 + tall - name.count(chr(10)))}{text}" for name, text in zip(names, numbers, strict=True)
    ]
    ax.set_xticks(places, texts, fontsize=8.5, color=INK, linespacing=1.35)
    ax.tick_params(axis="x", length=0)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    style_axes(ax, clipped(holder), "currency, ± one standard error" if label else "")
    return ax


def waterfalls(found: Attribution) -> Figure:
    """:func:`waterfall` of the holders with most at stake."""
    stake = np.abs(found.units).sum(axis=(0, 1, 3))
    order = np.sort(np.argsort(-stake, kind="stable")[:_MOST_PANELS])
    shown = [str(found.holders[place]) for place in order if stake[place] > 0]
    across = min(_ACROSS, max(1, len(shown)))
    down = max(1, math.ceil(len(shown) / across))
    with style():
        figure = Figure(figsize=(4.2 * across, 3.5 * down), dpi=100, layout="constrained")
        figure.get_layout_engine().set(h_pad=0.14)  # type: ignore[union-attr,call-arg]
        panels = figure.subplots(down, across, squeeze=False).ravel()
        for place, (holder, ax) in enumerate(zip(shown, panels, strict=False)):
            waterfall(found, holder, ax, label=place % across == 0)
        for ax in panels[len(shown) :]:
            ax.set_axis_off()
    return figure


def payments(who: WhoPaidWhom) -> Figure:
    """The matrix of who won from whom in a mean episode, with fees, as colours and numbers."""
    table = who.table() / max(1, len(who.won))
    names = [*who.populations, *(name for name in table.columns if name.startswith("fees ") and table[name].any())]
    shown = table[names]
    side = 1.9 + 0.95 * len(names)
    with style():
        figure = Figure(figsize=(min(side + 1.2, 13), min(1.7 + 0.62 * len(shown), 10)), dpi=100, layout="constrained")
        ax = figure.subplots()
        most = float(np.abs(shown.to_numpy()).max()) or 1.0
        texts = shown.map(lambda value: signed(float(value)) if value else "")
        colours = sns.diverging_palette(20, 160, s=85, l=52, as_cmap=True)
        sns.heatmap(
            shown, ax=ax, cmap=colours, center=0.0, vmin=-most, vmax=most, annot=texts, fmt="", linewidths=1.5,
            cbar=False, annot_kws={"fontsize": 10},
        )  # fmt: skip
        turn: dict[str, Any] = {"rotation": 30, "ha": "left"} if len(names) > _MOST_UPRIGHT else {"rotation": 0}
        ax.set_xticklabels([clipped(name) for name in names], **turn)
        ax.set_yticklabels([clipped(name) for name in shown.index], rotation=0)
        ax.set(xlabel="", ylabel="")
        ax.xaxis.tick_top()
        ax.tick_params(length=0, colors=INK)
        ax.set_title(
            "The row's population won from the column's, currency", loc="left", fontweight="bold", fontsize=11.5, pad=12
        )
    return figure


def horizons(spreads: Sequence[Spreads]) -> Figure | None:
    """What becomes of the effective spread as time goes by: price impact by who took, and the realised spread.

    None where no order is followed by another one.
    """
    chosen = [each for each in spreads if len(each.orders) > 1][:_ACROSS]
    with style():
        figure = Figure(figsize=(max(6.4, 4.6 * len(chosen)), 3.7), dpi=100, layout="constrained")
        drawn = False
        for ax, each in zip(figure.subplots(1, max(1, len(chosen)), squeeze=False).ravel(), chosen, strict=False):
            drawn = _horizons(each, ax, len(chosen) > 1) or drawn
    return figure if drawn else None


def _horizons(spreads: Spreads, ax: Axes, named: bool) -> bool:
    known, tables, realised, effective = [], [], [], Estimate(0.0, 0.0)
    for horizon in HORIZONS:
        parts = spreads.at(horizon)
        if np.isfinite(parts.impact).mean() > _ENOUGH:
            known.append(horizon)
            tables.append(spreads.table_of(parts, "taker"))
            realised.append(spreads.mean(parts.realised))
            effective = effective if len(known) > 1 else spreads.mean(parts.effective)
    if not known:
        return False
    takers = list(tables[0].sort_values("lots").index[::-1][:5])
    palette = sns.color_palette("colorblind", len(takers) + 1)
    entries = []
    values, errors = [each.value for each in realised], [2 * each.standard_error for each in realised]
    ax.errorbar(known, values, yerr=errors, color=INK, lw=1.8, marker="o", ms=4, capsize=2)
    entries.append((INK, "realised spread, all"))
    for name, colour in zip(takers, palette, strict=False):
        rows = [table.loc[name] if name in table.index else None for table in tables]
        x = [horizon for horizon, row in zip(known, rows, strict=True) if row is not None]
        y = [float(row["impact"]) for row in rows if row is not None]
        error = [2 * float(row["impact_standard_error"]) for row in rows if row is not None]
        ax.errorbar(x, y, yerr=np.nan_to_num(error, posinf=0.0), color=colour, lw=1.3, marker="o", ms=3, capsize=2)
        entries.append((colour, f"impact of {clipped(name)}"))
    ax.axhline(effective.value, color=GREY, lw=1.0, ls=(0, (4, 2)))
    entries.append((GREY, f"effective spread {short(effective.value)}"))
    ax.axhline(0, color=INK, lw=0.8)
    ax.set_xscale("log")
    ax.set_xticks(known, [f"{each:,}" for each in known])
    ax.minorticks_off()
    ax.set_xlabel("orders later")
    of = f", {spreads.trades.instrument}" if named else ""
    style_axes(ax, f"What becomes of the spread{of}", "currency per lot, ± two standard errors", entries)
    return True


def signatures(run: Run) -> Figure:
    """The signature plots of the first venues."""
    venues = run.scenario.venues[:_ACROSS]
    with style():
        figure = Figure(figsize=(max(5.4, 4.2 * len(venues)), 3.5), dpi=100, layout="constrained")
        for ax, venue in zip(figure.subplots(1, len(venues), squeeze=False).ravel(), venues, strict=True):
            volatility.draw(ax, run, venue.name)
            if len(venues) > 1:
                ax.set_title(f"Signature plot, {clipped(venue.name)}", loc="left", fontweight="bold", fontsize=11.5)
    return figure
