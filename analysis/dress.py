"""How our axes look: colours, titles, legends that cover no data, histograms, numbers as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.textpath import TextPath
from matplotlib.ticker import FuncFormatter, PercentFormatter

from analysis.samples import Floats, edges

# Okabe and Ito (2008), told apart with every kind of colour vision; black stays for the value, yellow is left out.
BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9"
INK, GREY, FAINT = "#222222", "#6b6b6b", "#dddddd"
DARKER = ("#00466e", "#7d3700", "#7a5400", "#7a3f62", "#004d38", "#2b6a94")  # for populations beyond the sixth
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.edgecolor": "#999999",
    "axes.labelcolor": INK,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "text.color": INK,
    "svg.hashsalt": "spreadgame",  # the same run gives the same file
}
_FEW_VALUES = 12  # up to so many are drawn as bars of their own
_TITLE, _NOTE, _LEGEND = 11.5, 10.0, 9.0  # points
_ROW = 13.5  # points, of a legend
_DASHES = (0, (4, 2))
_SAME = 9  # decimals to which values are one value


def dress(
    ax: Axes, title: str, unit: str, entries: list[tuple[Any, str]], note: str = "", grid: Literal["x", "y"] = "y"
) -> None:
    """Title, a note beside it, label of the vertical axis, and a legend between title and axes.

    Parameters
    ----------
    entries : handle and label of each entry of the legend; none, no legend.
    """
    rows = 0
    if entries:
        rows, across = _legend_shape([label for _, label in entries], points_across(ax))
        drawn = ax.legend(
            [handle for handle, _ in entries], ["x"] * len(entries), loc="lower left", bbox_to_anchor=(0, 1),
            ncols=across, frameon=False, fontsize=_LEGEND, borderaxespad=0.15, borderpad=0.1, handlelength=1.7,
            columnspacing=1.4, labelspacing=0.25,
        )  # fmt: skip
        for text, (_, label) in zip(drawn.get_texts(), entries, strict=True):
            text.set_text(label)  # given as labels, names that begin with _ would be left out
    pad = 6 + _ROW * rows
    ax.set_title(title, loc="left", pad=pad, fontweight="bold", fontsize=_TITLE, parse_math=False)
    if 1.1 * text_width(title, _TITLE) + text_width(note, _NOTE) + 12 < points_across(ax):  # bold is a tenth wider
        ax.set_title(note, loc="right", pad=pad, style="italic", fontsize=_NOTE, color=VERMILLION)
    else:
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2}
        ax.text(0.98, 0.03, note, transform=ax.transAxes, ha="right", style="italic", fontsize=_NOTE, color=VERMILLION,
                bbox=box, zorder=9)  # fmt: skip
    if unit:
        ax.set_ylabel(unit)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_axisbelow(True)
    ax.grid(visible=True, axis=grid, color=FAINT, lw=0.7)


def _legend_shape(labels: list[str], room: float) -> tuple[int, int]:
    """Rows and columns of a legend that is to fit into so many points; matplotlib fills it column by column."""
    widths = [text_width(label, _LEGEND) + 2.6 * _LEGEND for label in labels]
    for across in range(len(labels), 0, -1):
        chunks = np.array_split(widths, across)
        if sum(max(chunk) for chunk in chunks) + 1.4 * _LEGEND * (across - 1) <= room:
            return max(len(chunk) for chunk in chunks), across
    return len(labels), 1


def text_width(text: str, size: float) -> float:
    """Width of a text of so many points, in points."""
    return float(TextPath((0, 0), text, size=size).get_extents().width) if text.strip() else 0.0


def points_across(ax: Axes) -> float:
    """Width of the axes in points, about: the layout may still change it."""
    figure = ax.get_figure(root=True)
    return ax.get_position().width * figure.get_figwidth() * 72 if figure else 300.0


def nothing(ax: Axes, title: str, why: str) -> Axes:
    """Axes that say why they are empty."""
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    ax.set_facecolor("#f6f6f6")
    ax.set_title(title, loc="left", fontweight="bold", fontsize=_TITLE, parse_math=False)
    ax.text(0.5, 0.5, why, ha="center", va="center", color=GREY, transform=ax.transAxes, wrap=True)
    return ax


# --- histograms -----------------------------------------------------------------------------------------------------


def histograms(
    ax: Axes, groups: Sequence[tuple[str, str, Any]], everything: Any, grid: float | None, title: str,
    labels: tuple[str, str], legend: bool, note: str = "", means: bool = True,
) -> Axes:  # fmt: skip
    """Shares of each group's values: bars where few values occur, outlines drawn over one another otherwise.

    Parameters
    ----------
    groups : label, colour and values of each.
    everything : the values of all, at least one.
    grid : distance of neighbouring values, a tick or a lot; None if they lie anywhere.
    labels : of the horizontal and of the vertical axis.
    means : whether means belong into the legend, and zero is worth a line.
    """
    filled = [(label, colour, np.asarray(given, float)) for label, colour, given in groups if len(given)]
    distinct = np.unique(np.round(np.asarray(everything, float), _SAME))
    named = []
    for label, colour, values in filled:
        mean = float(values.mean())
        named.append(f"{label}: mean {signed(mean)}" if means else label)
        ax.axvline(mean, color=colour, lw=1.5, ls=_DASHES)
    if len(distinct) <= _FEW_VALUES:
        _bars(ax, filled, named, distinct)
    else:
        _outlines(ax, filled, named, edges(everything, grid, int(min(max(2 * math.sqrt(len(everything)), 10), 60))))
    entries: list[tuple[Any, str]] = [
        (Line2D([], [], color=colour, lw=2.2), text) for (_, colour, _), text in zip(filled, named, strict=True)
    ]
    entries.append((Line2D([], [], color=GREY, lw=1.5, ls=_DASHES), "mean"))
    if means:
        ax.axvline(0, color=INK, lw=0.9, zorder=1)
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.xaxis.set_major_formatter(FuncFormatter(tick_text))
    ax.set_xlabel(labels[0])
    dress(ax, title, labels[1], entries if legend else [], note)
    return ax


def _bars(ax: Axes, groups: list[tuple[str, str, Floats]], named: list[str], distinct: Floats) -> None:
    """At each value the groups that take it, side by side."""
    shares = np.array([[(np.round(values, _SAME) == value).mean() for value in distinct] for *_, values in groups])
    reach = float(distinct[-1] - distinct[0])
    room = 0.1 * abs(float(distinct[0])) or 1.0
    if reach:
        room = min(max(0.8 * float(np.diff(distinct).min()), 0.02 * reach), 0.12 * reach)
    width = room / int((shares > 0).sum(axis=0).max())
    for number, (_, colour, _) in enumerate(groups):
        here = shares[number] > 0
        before, all_of_them = (shares[:number, here] > 0).sum(axis=0), (shares[:, here] > 0).sum(axis=0)
        places = distinct[here] + (before - (all_of_them - 1) / 2) * width
        ax.bar(places, shares[number, here], width, color=colour, label=named[number], edgecolor="white", lw=0.6)
    margin = 0.75 * room if reach else 6 * room
    ax.set_xlim(distinct[0] - margin, distinct[-1] + margin)


def _outlines(ax: Axes, groups: list[tuple[str, str, Floats]], named: list[str], bins: Floats) -> None:
    for (_, colour, values), text in zip(groups, named, strict=True):
        shares = np.histogram(values, bins)[0] / len(values)
        ax.stairs(shares, bins, fill=True, color=colour, alpha=0.22)
        ax.stairs(shares, bins, color=colour, lw=1.5, label=text)
    ax.margins(x=0.02)


# --- colours and numbers --------------------------------------------------------------------------------------------


def coloured(things: Sequence[Any], palette: Sequence[str]) -> list[tuple[Any, str]]:
    """Each thing with its colour; colours come again when there are more things."""
    return [(thing, palette[number % len(palette)]) for number, thing in enumerate(things)]


def shades(colour: str, count: int) -> list[tuple[float, ...]]:
    """Dark to light shades of a colour; of one alone, the colour."""
    base = np.array(to_rgb(colour))
    mixes = np.linspace(-0.5, 0.4, count) if count > 1 else [0.0]
    return [tuple(base * (1 + mix) if mix < 0 else base + (1 - base) * mix) for mix in mixes]


def clipped(name: str, most: int = 24) -> str:
    """A name, cut if it is very long."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def short(value: float) -> str:
    """Three significant digits, without an exponent where that is readable."""
    if not math.isfinite(value) or value == 0:
        return f"{value:.0f}"
    size = math.floor(math.log10(abs(value)))
    return f"{value:.2e}" if size < -6 or size > 11 else f"{value:,.{max(0, 2 - size)}f}"


def signed(value: float) -> str:
    """Like :func:`short`, with a sign."""
    return ("+" if value > 0 else "−" if value < 0 else "") + short(abs(value))


def with_error(value: float, error: float) -> str:
    """A value and its error, to the error's second significant digit; the value alone if there is no error."""
    if not error:
        return signed(value)
    places = min(max(0, 1 - math.floor(math.log10(error))), 9)
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return f"{sign}{abs(value):,.{places}f} ± {error:,.{places}f}"


def percent(share: float) -> str:
    """A share as a percentage of two digits; never 0 or 100 for one that is neither."""
    if 0 < share < 0.001:
        return "under 0.1 %"
    return f"{100 * share:.2g} %" if share < 0.995 else f"{math.floor(10_000 * share) / 100:.4g} %"


def tick_text(value: float, _: int | None = None) -> str:
    """A number at an axis: thousands apart, no zeros at its end."""
    return (f"{value:,.10g}" if abs(value) < 1e10 else f"{value:.3g}").replace("-", "−")
