"""Stylised facts of several markets in one picture, a line each."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from analysis.output.numbers import clipped
from analysis.output.style import GREY, INK, style, style_axes
from analysis.recorded.facts import SECONDS
from analysis.risk.stylised_facts import Facts, aggregated, autocorrelation, leverage
from analysis.risk.tails import excess_kurtosis

_COLOURS = ("#2a6f97", "#8c5aa8", "#468f5b", "#b8860b", "#c44e00")  # of what is recorded
_LONGEST, _DPI = 50, 110
_HORIZONS = (1, 2, 4, 8, 16, 32, 64)
_LAGS = np.unique(np.round(np.geomspace(1, _LONGEST, 24)).astype(int))


def picture(markets: Mapping[str, Facts], run: str = "") -> Figure:
    """Six panels: the tail, kurtosis by horizon, three autocorrelations and leverage.

    Parameters
    ----------
    markets : by name; what was simulated last.
    run : its name, "" for none; it is drawn in black.
    """
    with style():
        drawn = Figure(figsize=(12.0, 7.6), dpi=_DPI, layout="constrained")
        panels = drawn.subplots(2, 3)
        lines = [(name, *_look(place, name == run), found) for place, (name, found) in enumerate(markets.items())]
        (tail, kurtosis, flow), (memory, volatility, lever) = panels
        for name, colour, width, found in lines:
            r, label = found.returns, clipped(name, 16)
            look = {"color": colour, "lw": width, "label": label}
            _tail(tail, r, look)
            known = int(np.isfinite(r).sum())
            horizons = [each for each in _HORIZONS if known >= 16 * each]
            kurtosis.plot(
                horizons, [excess_kurtosis(aggregated(r, each)).value for each in horizons], "o-", ms=3, **look
            )
            if np.isfinite(found.signed).any():
                flow.plot(_LAGS, autocorrelation(found.signed, _LAGS), **look)
            memory.plot(_LAGS, autocorrelation(r, _LAGS), **look)
            volatility.plot(_LAGS, autocorrelation(np.abs(r), _LAGS), **look)
            lever.plot(_LAGS, leverage(r, _LAGS), **look)
        fewest = min((int(np.isfinite(found.returns).sum()) for found in markets.values()), default=0)
        band = 2.0 / math.sqrt(max(fewest, 1))
        entries = [(colour, clipped(name, 16)) for name, colour, _, _ in lines]
        _gauss(tail)
        tail.set_xlabel("|return| in standard deviations")
        _powers(kurtosis, _HORIZONS)
        kurtosis.axhline(0.0, color=GREY, lw=0.8, zorder=1)
        kurtosis.set_xlabel("intervals added up")
        for ax in (memory, volatility, lever, flow):
            ax.axhspan(-band, band, color=".93", zorder=0)
            _powers(ax, (1, 2, 5, 10, 20, 50))
            ax.axhline(0.0, color=GREY, lw=0.8, zorder=1)
            ax.set_xlabel("lag, intervals")
        style_axes(tail, "Tails", "share of |returns| beyond")
        style_axes(kurtosis, "Kurtosis", "excess kurtosis")
        style_axes(flow, "Signed volume", "autocorrelation")
        style_axes(memory, "Returns", "autocorrelation of returns")
        style_axes(volatility, "Volatility", "autocorrelation of |returns|")
        style_axes(lever, "Leverage", "return and later |return|")
        handles = [tail.plot([], [], color=colour, lw=2)[0] for colour, _ in entries]
        drawn.legend(
            handles, [name for _, name in entries], loc="outside upper left", ncols=len(entries), frameon=False
        )
        caption = f"grey: ±2/√n of the shortest series; intervals: {SECONDS} s of the stocks, days of index and Bitcoin"
        if run:
            caption += f", samples of {clipped(run, 16)}"
        drawn.supxlabel(caption, x=0.995, ha="right", color=GREY, fontsize=9)
    return drawn


def _look(place: int, simulated: bool) -> tuple[str, float]:
    return (INK, 2.0) if simulated else (_COLOURS[place % len(_COLOURS)], 1.3)


def _tail(ax: Axes, returns: np.ndarray, look: dict[str, object]) -> None:
    sizes = np.sort(np.abs(returns[np.isfinite(returns)]))[::-1]
    deviation = math.sqrt(float((sizes**2).mean())) if len(sizes) else 0.0
    if deviation > 0.0:
        shown = np.unique(np.geomspace(1, len(sizes), 300).astype(int)) - 1
        shown = shown[sizes[shown] > 0.1 * deviation]
        ax.loglog(sizes[shown] / deviation, (shown + 1) / len(sizes), **look)


def _gauss(ax: Axes) -> None:
    from scipy.special import erfc

    x = np.geomspace(0.1, 4.0, 100)
    ax.plot(x, erfc(x / math.sqrt(2.0)), color=GREY, lw=1.0, ls=(0, (4, 2)), zorder=1)
    ax.annotate("normal", (4.0, float(erfc(4.0 / math.sqrt(2.0)))), xytext=(-4, 0), textcoords="offset points",
                ha="right", va="bottom", color=GREY, fontsize=9)  # fmt: skip


def _powers(ax: Axes, ticks: tuple[int, ...]) -> None:
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticklabels([str(each) for each in ticks])
