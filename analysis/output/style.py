"""How our axes look: style, titles, legends that cover no data, distributions, numbers as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from analysis.output.numbers import signed
from analysis.reading.columns import whole_range
from sim.kept.sealed import write_whole

INK, GREY, ALARM = ".15", ".42", "#c44e00"
NUMBERS = "{x:,.10g}"  # at an axis: thousands apart, no zeros at the end
_FEW_VALUES, _MOST_BINS = 12, 60  # up to so many values are drawn as bars of their own
_TITLE = 11.5  # points
_WIDEST = 0.08  # of the axes' width that bars at one value take
_DASHES = (0, (4, 2))


def style() -> AbstractContextManager[None]:
    """The settings in which a picture is drawn, until the context ends."""
    ours = {
        "axes.edgecolor": ".6", "font.family": "DejaVu Sans", "text.color": INK, "axes.labelcolor": INK,
        "xtick.color": GREY, "ytick.color": GREY, "svg.hashsalt": "spreadgame",  # the same run gives the same file
    }  # fmt: skip
    settings = {**sns.axes_style("ticks"), **sns.plotting_context("paper", font_scale=1.04), **ours}
    return mpl.rc_context(settings)


def save_figure(figure: Figure, path: Path, **settings: Any) -> Path:
    """Write a figure, whole or not at all, in the format that the path's ending names. Returns the path."""
    kind = settings.pop("format", path.suffix.lower().lstrip("."))
    with style():
        write_whole(path, lambda part: figure.savefig(part, format=kind, **settings), lasting=False)
    return path


def style_axes(
    ax: Axes, title: str, unit: str, entries: Sequence[tuple[Any, str]] = (), note: str = "",
    grid: Literal["x", "y"] = "y",
) -> None:  # fmt: skip
    """Title, label of the vertical axis, grid, and a legend between title and axes, the note at its end.

    Parameters
    ----------
    entries : handle, or colour of a line, and label of each entry of the legend.
    """
    entries = [*entries, ("none", note)] if note else list(entries)
    handles = [Line2D([], [], color=what, lw=2) if isinstance(what, (str, tuple)) else what for what, _ in entries]
    for across in range(len(entries), 0, -1):
        legend = ax.legend(
            handles, ["x"] * len(entries), loc="lower left", bbox_to_anchor=(0, 1), ncols=across, frameon=False,
            fontsize=9, borderaxespad=0.15, borderpad=0.1, handlelength=1.7, columnspacing=1.4, labelspacing=0.25,
        )  # fmt: skip
        for text, (_, label) in zip(legend.get_texts(), entries, strict=True):
            text.set(text=label, parse_math=False)  # given as labels, names that begin with _ would be left out
        if note:
            legend.get_texts()[-1].set(color=ALARM, style="italic")
        if legend.get_window_extent().width <= ax.bbox.width:
            break
    ax.set_title(title, loc="left", fontweight="bold", fontsize=_TITLE, parse_math=False)
    level([ax])
    ax.set_ylabel(unit)
    sns.despine(ax=ax)
    ax.set_axisbelow(True)
    ax.grid(visible=True, axis=grid, color=".87", lw=0.7)


def level(panels: Sequence[Axes]) -> None:
    """Titles above the legends, of all panels at the height of the highest."""
    legends = [legend for legend in (ax.get_legend() for ax in panels) if legend]
    highest = max((legend.get_window_extent().height for legend in legends), default=0.0)
    for ax in panels:
        ax.set_title("", loc="center", pad=6 + highest / points(ax))  # moves the title on the left too


def points(ax: Axes) -> float:
    """Pixels a point, of which an inch has 72."""
    figure = ax.get_figure(root=True)
    return figure.dpi / 72 if figure else 1.0


def nothing(ax: Axes, title: str, why: str) -> Axes:
    """Axes that say why they are empty."""
    ax.set(xticks=[], yticks=[], facecolor=".97")
    sns.despine(ax=ax, left=True, bottom=True)
    ax.set_title(title, loc="left", fontweight="bold", fontsize=_TITLE, parse_math=False)
    ax.text(0.5, 0.5, why, ha="center", va="center", color=GREY, transform=ax.transAxes, wrap=True)
    return ax


def histograms(
    ax: Axes, groups: Sequence[tuple[str, Any, Any]], grid: float, title: str, labels: tuple[str, str], legend: bool,
    note: str = "", means: bool = True,
) -> Axes:  # fmt: skip
    """Shares of each group's values: bars where few values occur, outlines drawn over one another otherwise.

    Parameters
    ----------
    groups : label, colour and values of each, of which one at least has values.
    grid : distance of neighbouring values, a tick or a lot; 0 if they lie anywhere.
    labels : of the horizontal and of the vertical axis.
    means : whether means belong into the legend, and zero is worth a line.
    """
    entries: list[tuple[Any, str]] = []
    parts: list[pd.DataFrame] = []
    for label, colour, given in groups:
        if len(given):
            values = np.round(np.asarray(given, float), 9)
            mean = float(np.mean(values))
            ax.axvline(mean, color=colour, lw=1.4, ls=_DASHES)
            entries.append((colour, f"{label}: mean {signed(mean)}" if means else label))
            parts.append(pd.DataFrame({"group": len(parts), "value": values, "share": 1 / len(values)}))
    frame = pd.concat(parts, ignore_index=True)
    look = {"ax": ax, "hue": "group", "palette": [colour for colour, _ in entries], "legend": False}
    distinct, (low, high) = np.unique(frame["value"]), whole_range(frame["value"])
    alone = len(distinct) == 1
    reach = distinct[-1] - distinct[0] or 0.2 * abs(distinct[0]) or 2.0
    gap = 1.0 if alone else np.diff(distinct).min()
    if alone or (len(distinct) <= _FEW_VALUES and reach <= _MOST_BINS * gap):
        shares = frame.groupby(["value", "group"], as_index=False)["share"].sum()
        sns.barplot(shares, x="value", y="share", native_scale=True, errorbar=None, saturation=1,
                    width=min(0.8, _WIDEST * reach / gap), **look)  # fmt: skip
        margin = (0.5 if alone else _WIDEST) * reach
        ax.set_xlim(distinct[0] - margin, distinct[-1] + margin)
    else:
        many = min(max(2 * math.sqrt(len(frame)), 10), _MOST_BINS)
        width = grid * max(1, round((high - low) / grid / many)) if grid else (high - low) / many
        whole = (low - grid / 2, high + grid / 2)
        sns.histplot(
            frame, x="value", weights="share", binwidth=width, binrange=whole, element="step", alpha=0.2, **look
        )
    if means:
        ax.axvline(0, color=INK, lw=0.9, zorder=1)
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.xaxis.set_major_formatter(NUMBERS)
    ax.set_xlabel(labels[0])
    entries.append((Line2D([], [], color=GREY, lw=1.4, ls=_DASHES), "mean"))
    style_axes(ax, title, labels[1], entries if legend else (), note)
    return ax
