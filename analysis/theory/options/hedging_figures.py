"""Figures of hedged options: what markets gave, beside what theory says."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure

from analysis.output.style import GREY, INK, style, style_axes
from analysis.stats.estimates import deviation
from analysis.theory.markets import Markets, payoffs
from analysis.theory.options.hedging import hedged
from sim.models import hedging as model
from sim.models import options

_TWO = 2.0  # standard errors, either side
_COUNTS = (2, 4, 8, 21, 42, 84, 168, 252)
_MARKET = "#2a6f97"


def hedge_error(markets: Markets) -> Figure:
    """The deviation of a hedged option's profit by the number of hedges: market, exact sum, and square-root rule."""
    option = model.Option()
    found = [
        deviation(payoffs(markets.run("hedging", 4_000, 400, hedged(option, count)), "dealer")) for count in _COUNTS
    ]
    fine = np.unique(np.geomspace(_COUNTS[0], _COUNTS[-1], 40).round().astype(int))
    price = options.greeks(options.CALL, option.spot, option.strike, option.time, 0.0, 0.0, option.volatility)
    rule = math.sqrt(math.pi / 4.0) * price.vega * option.volatility / np.sqrt(fine)
    with style():
        figure = Figure(figsize=(8.5, 4.4), dpi=110, layout="constrained")
        ax = figure.subplots()
        ax.plot(fine, [model.error_deviation(option, int(count)) for count in fine], color=INK, lw=1.2)
        ax.plot(fine, rule, color=GREY, lw=1.0, ls=(0, (4, 2)))
        ax.errorbar(_COUNTS, [each.value for each in found], [_TWO * each.standard_error for each in found],
                    color=_MARKET, ls="", marker="o", ms=3.8, capsize=2, elinewidth=0.9)  # fmt: skip
        ax.set(xscale="log", yscale="log", xlabel="hedges until expiry")
        ax.set_xticks(_COUNTS, [str(count) for count in _COUNTS])
        ax.set_yticks([0.1, 0.2, 0.5, 1.0], ["0.1", "0.2", "0.5", "1.0"])
        ax.minorticks_off()
        entries = [(_MARKET, "market, 2 standard errors"), (INK, "exact"), (GREY, "√(π/4) · vega · σ / √N")]
        unit = "deviation of the profit, currency"
        style_axes(ax, "Four times as many hedges leave half of the error", unit, entries)
    return figure


FIGURES: dict[str, Callable[[Markets], Figure]] = {"hedging": hedge_error}
