"""A run's prices on axes of yours: price against value, and quoted spreads.

A run of one or a few long episodes is drawn over time; of many episodes, or of very short ones, the distributions are
drawn. Nothing here touches global settings.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from analysis.output.numbers import clipped, percent, short
from analysis.output.panel_parts import (
    MOST_LINES,
    POINTS,
    colours_of,
    instrument_of,
    line,
    of_instrument,
    silence,
    time_axis,
    venues_of,
)
from analysis.output.style import GREY, INK, histograms, nothing, points, style_axes
from analysis.reading.columns import columns, has_many_episodes, stretches, thinned, whole_range
from analysis.reading.marked import marked
from analysis.reading.trades_and_quotes import quoted
from sim.runs.result import Run

_STRETCHES = 150  # of a line that is to be smooth
_RARELY = 0.001  # so small a share is not worth a word
_LIGHT = "#c9b8ea"  # the value's line, broad, below all others
_PUBLIC = "#7a5cc0"
_LATE = 0.005  # of the run: what is public earlier would lie on the value's line
_TIGHT = 0.05  # of the axes' height: where price and value are closer, their difference is drawn too
_TALL = 150  # points; in lower axes it is not
_BAND = 0.2  # opacity of the range in which most samples lie


def price_against_value(run: Run, ax: Axes, instrument: str | None = None, legend: bool = True) -> Axes:
    """Draw how far the market's price was from the value.

    Over time: fundamental value, mid of the consolidated book, best bid and ask, and what everybody knows of the value
    if that is visibly late; where price and value can hardly be told apart, a strip at the bottom shows their
    difference. For many episodes: the distribution of what each population gained as taker, its trades valued at the
    value of the moment; the price is right where nobody gains.

    Parameters
    ----------
    instrument : the instrument's name; the scenario's first one if None.
    legend : whether to put a legend above the axes.

    Raises
    ------
    RunError
        If the run has no such instrument.
    """
    name = instrument_of(run, instrument)
    if has_many_episodes(run):
        return _price_distribution(run, ax, name, legend)
    venues = [venue.name for venue in venues_of(run, name)]
    book = columns(run, "book", ["episode", "step", "venue", "bid", "ask", "mark", "value", "public_value"])
    book = book[book["venue"].isin(venues)]
    title = f"Price against value{of_instrument(run, name)}"
    if book.empty:
        return nothing(ax, title, _why_no_book(run))
    consolidated = {"bid": "max", "ask": "min", "mark": "last", "value": "last", "public_value": "last"}
    market = book.groupby(["episode", "step"], as_index=False, sort=True).agg(consolidated)
    market["gap"] = market["mark"] - market["value"]
    drawn = thinned(run, market, POINTS)
    line(ax, drawn, "value", color=_LIGHT, lw=3.5, zorder=2)
    line(ax, drawn, "mark", color=INK, lw=0.9, zorder=4)
    entries: list[tuple[Any, str]] = [(Patch(color=_LIGHT, lw=0), "value"), (INK, _price_of(run, name))]
    if market[["bid", "ask"]].notna().all(axis=1).any():
        for _, part in drawn.groupby("episode"):
            ax.fill_between(part["at"], part["bid"], part["ask"], color=INK, alpha=0.25, lw=0, zorder=3)
        entries.append((Patch(color=INK, alpha=0.25, lw=0), "best bid to ask"))
    delay = next(each.public_delay for each in run.scenario.instruments if each.name == name)
    if delay not in ("never", 0) and delay > _LATE * run.manifest["steps"]:
        line(ax, drawn, "public_value", color=_PUBLIC, lw=0.9, zorder=3)
        entries.append((_PUBLIC, f"public value, {delay:,} steps late"))
    _fit_prices(ax, market)
    time_axis(run, ax)
    distance = math.sqrt(float((market["gap"] ** 2).mean()))
    if distance < _TIGHT * np.ptp(ax.get_ylim()) and ax.bbox.height > _TALL * points(ax):
        _difference(ax, drawn)
    if math.isfinite(distance):
        title += f": typically {short(distance)} apart"
    style_axes(ax, title, "price, currency", entries if legend else (), silence(run))
    return ax


def _price_of(run: Run, instrument: str) -> str:
    auctions = all(venue.mechanism == "call_auction" for venue in venues_of(run, instrument))
    return "price (last clearing)" if auctions else "price (mid)"


def _difference(ax: Axes, drawn: pd.DataFrame) -> None:
    """A strip at the bottom of axes, whose lines move up to make room."""
    low, high = ax.get_ylim()
    ax.set_ylim(low - 0.4 * (high - low), high)
    ax.set_yticks([tick for tick in ax.get_yticks() if low <= tick <= high])
    strip = ax.inset_axes((0, 0, 1, 0.22), sharex=ax, facecolor="none")
    line(strip, drawn, "gap", color=INK, lw=0.7)
    strip.axhline(0, color=GREY, lw=0.7)
    strip.set(xlabel="", ylabel="")
    strip.set_title("price less value", loc="left", x=0.01, fontsize=8, fontweight="normal", color=GREY, pad=2, y=1)
    strip.yaxis.set_major_locator(MaxNLocator(3))
    strip.tick_params(bottom=False, labelbottom=False)
    sns.despine(ax=strip, bottom=True)


def _price_distribution(run: Run, ax: Axes, instrument: str, legend: bool) -> Axes:
    names = [venue.name for venue in venues_of(run, instrument)]
    title = f"Price against value{of_instrument(run, instrument)}"
    trades = columns(run, "trades", ["venue", "price", "aggressor", "taker_population", "value"])
    trades = trades[trades["venue"].isin(names)]
    if len(trades):
        gain = (trades["value"] - trades["price"]) * np.where(trades["aggressor"] == "buy", 1.0, -1.0)
        takers = trades["taker_population"]
        busiest = [str(name) for name in takers.value_counts().index[:MOST_LINES]]
        groups = [
            (clipped(name), colour, gain[takers == name]) for name, colour in colours_of(run).items() if name in busiest
        ]
        labels = "value less price if bought, price less value if sold; currency", "share of its trades"
        return histograms(ax, groups, 0.0, f"{title}: what takers gained by a trade", labels, legend)
    book = columns(run, "book", ["venue", "mark", "value"])
    book = book[book["venue"].isin(names)]
    if book.empty:
        return nothing(ax, title, _why_no_book(run))
    gaps = [("ends of steps", INK, book["value"] - book["mark"])]
    return histograms(ax, gaps, 0.0, title, ("value less mid, currency", "share of samples"), legend, silence(run))


def _fit_prices(ax: Axes, market: pd.DataFrame) -> None:
    """Limits that show value, mid and nearly all quotes, but no quote far from any of them."""
    low, high = whole_range(market[["mark", "value"]].to_numpy(), 0.0)
    distances = np.abs(market[["bid", "ask"]].to_numpy() - market[["mark"]].to_numpy())
    room = max(high - low, 3 * float(np.nanmedian(distances))) if np.isfinite(distances).any() else 0.0
    for quotes in (market["bid"].dropna(), market["ask"].dropna()):
        if len(quotes):
            inner_low, inner_high = quotes.quantile([0.01, 0.99])
            low, high = min(low, max(inner_low, low - room)), max(high, min(inner_high, high + room))
    room = 0.06 * (high - low) or 0.01 * abs(low) or 1.0
    ax.set_ylim(low - room, high + room)
    ax.ticklabel_format(axis="y", useOffset=False)


def spread(run: Run, ax: Axes, legend: bool = True) -> Axes:
    """Draw the quoted spread of each venue, where it has both sides; a call auction quotes none.

    Over time: the mean over short stretches, and the range in which nine tenths of the samples lie. For many episodes:
    the distribution over samples. Where no sample has both sides, as when the only trade of a step takes one of them,
    the effective spread of the trades is drawn instead.
    """
    title, what, unit = "Quoted spread", "best ask less best bid, currency", "share of samples"
    rows = columns(run, "book", ["episode", "step", "venue", "bid", "ask"])
    quoting = [venue.name for venue in run.scenario.venues if venue.mechanism != "call_auction"]
    rows["spread"] = np.where(rows["venue"].isin(quoting), quoted(rows["bid"], rows["ask"]).spreads, np.nan)
    if not rows["spread"].notna().any():
        why = _why_no_book(run) if rows.empty else "No venue had both a bid and an ask when the book was sampled."
        rows = columns(run, "trades", ["episode", "step", "venue", "price", "mark", "aggressor"])
        rows["mark"] = rows["mark"].where(_had_mid(run, rows))
        rows["spread"] = 2 * (rows["price"] - rows["mark"]) * np.where(rows["aggressor"] == "buy", 1.0, -1.0)
        if not rows["spread"].notna().any():
            return nothing(ax, title, why)
        title, unit = "Effective spread", "share of trades"
        what = "twice the distance of trade price from the mark before, currency"
    groups = []
    venues = run.scenario.venues[:MOST_LINES]
    for venue, colour in zip(venues, sns.color_palette("rocket", len(venues)), strict=True):
        mine = rows[rows["venue"] == venue.name]
        missing = float(mine["spread"].isna().mean())
        if missing < 1:  # nan, and so not drawn, where the venue has no rows at all
            half = f", one side empty {percent(missing)} of the time" if missing >= _RARELY else ""
            groups.append((f"{clipped(venue.name)}: mean {short(float(mine['spread'].mean()))}{half}", colour, mine))
    if has_many_episodes(run):
        tick = min(venue.tick_size for venue in run.scenario.venues)
        shown = [(label, colour, mine["spread"].dropna()) for label, colour, mine in groups]
        return histograms(ax, shown, tick, title, (what, unit), legend, silence(run), means=False)
    for _, colour, mine in groups:
        mine = mine.assign(at=stretches(run, mine, _STRETCHES))
        mine["stretch"] = mine["at"].rank(method="dense")
        mine = mine.dropna(subset="spread")
        breaks = mine["stretch"].diff().gt(1) | mine["episode"].diff().ne(0)  # no line leads over what is missing
        look = {
            "hue": "piece",
            "palette": [colour] * int(breaks.sum()),
            "lw": 1.6,
            "err_kws": {"lw": 0, "alpha": _BAND},
        }
        line(ax, mine.assign(piece=breaks.cumsum()), "spread", estimator="mean", errorbar=("pi", 90), **look)
    highest = 4 * max(float(mine["spread"].quantile(0.95)) for _, _, mine in groups)
    ax.set_ylim(0, 1.06 * min(ax.dataLim.y1, highest) if highest > 0 else None)
    time_axis(run, ax)
    entries: list[tuple[Any, str]] = [(colour, label) for label, colour, _ in groups]
    alone = len(groups) == 1  # else the bands have several colours
    band = Patch(color=groups[0][1] if alone else GREY, alpha=_BAND, lw=0)
    entries.append((band, f"{'' if alone else 'bands: '}nine tenths of samples"))
    style_axes(ax, title, what, entries if legend else (), silence(run))
    return ax


def _had_mid(run: Run, trades: pd.DataFrame) -> pd.Series[bool]:
    """Whether each trade's instrument had a mid in its episode."""
    traded = {venue.name: venue.instrument for venue in run.scenario.venues}
    had = pd.Series(False, index=trades.index)
    for name, own in trades["venue"].astype(str).map(traded).groupby(trades["venue"].astype(str).map(traded)):
        had[own.index] = marked(run, str(name))[trades["episode"][own.index]]
    return had


def _why_no_book(run: Run) -> str:
    return (
        "The book was not recorded: record.levels is 0." if not run.scenario.record.levels else "No step was sampled."
    )
