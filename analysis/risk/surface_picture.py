"""A surface of implied volatility on its quotes: a panel for each expiry."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.output.style import ALARM, GREY, style, style_axes
from analysis.risk.surface_fit import Surface
from sim.models.implied_volatility import implied_deviation

_ACROSS, _WIDE, _HIGH = 4, 3.1, 2.3  # panels in a row, inches of one
_NARROW = 6.6  # inches, of a figure with few panels, which its title needs
_POINTS = 120
_MOST = 40  # panels


def picture(surfaces: Sequence[Surface], heading: str) -> Figure:
    """The bid and ask volatility of each quote as a bar, the fitted slice as a line, that at the money dashed.

    Quotes that the slice misses are orange. Of several moments the last is drawn.
    """
    last = max(each.smile.moment for each in surfaces)
    drawn = [each for each in surfaces if each.smile.moment == last][:_MOST]
    across = min(_ACROSS, len(drawn))
    rows = math.ceil(len(drawn) / across)
    wide, high = max(_WIDE * across, _NARROW), _HIGH if across > 2 else 1.4 * _HIGH
    colours = dict(
        zip(dict.fromkeys(each.smile.currency for each in drawn), sns.color_palette("colorblind"), strict=False)
    )
    with style():
        figure = Figure(figsize=(wide, high * rows + 0.6), layout="constrained")
        panels = figure.subplots(rows, across, squeeze=False).ravel()
        for ax, each in zip(panels, drawn, strict=False):
            _draw(ax, each, colours.get(each.smile.currency, GREY))
        for ax in panels[len(drawn) :]:
            ax.set_axis_off()
        inside, quotes = sum(int(each.inside.sum()) for each in drawn), sum(len(each.smile.ks) for each in drawn)
        break_or_space = "\n" if across < _ACROSS else " "
        figure.suptitle(
            f"Implied volatility over ln(strike / forward price): bid to ask, SVI (line),{break_or_space}"
            f"at the money (dashed); {inside} of {quotes} liquid quotes inside",
            fontsize=11,
        )
        figure.supxlabel(heading, fontsize=8, color=GREY)
    return figure


def _draw(ax: Axes, found: Surface, colour: tuple[float, float, float]) -> None:
    smile, root = found.smile, math.sqrt(found.smile.years)
    halves = (smile.bids, smile.asks)
    low, high = (
        np.array(
            [
                implied_deviation(side, paid, 1.0, math.exp(k)) / root
                for side, paid, k in zip(smile.sides, prices, smile.ks, strict=True)
            ]
        )
        for prices in halves
    )
    for missed, paint in ((False, colour), (True, ALARM)):
        shown = found.inside != missed
        ax.vlines(smile.ks[shown], low[shown], high[shown], color=paint, lw=1.6, alpha=0.55 if not missed else 1.0)
    margin = 0.05 * (smile.ks[-1] - smile.ks[0])
    ks = np.linspace(smile.ks[0] - margin, smile.ks[-1] + margin, _POINTS)
    ax.plot(ks, [found.volatility(k) for k in ks], color=colour, lw=1.4)
    ax.axhline(found.at_the_money, color=GREY, lw=0.9, ls="--")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda volatility, _: f"{100.0 * volatility:.6g}%"))
    ax.yaxis.set_major_locator(MaxNLocator(5, integer=False))
    ax.xaxis.set_major_locator(MaxNLocator(5))
    style_axes(ax, f"{smile.currency} {smile.expiry.partition('T')[0]}", "")
