"""What a run's pictures are made of: functions that draw one thing on axes of yours, and return these.

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

from analysis.output.style import (
    GREY,
    INK,
    NUMBERS,
    clipped,
    histograms,
    nothing,
    percent,
    points,
    short,
    style_axes,
    with_error,
)
from analysis.reading.columns import columns, has_many_episodes, stretches, thinned, whole_range
from analysis.reading.marked import marked
from sim.core.errors import RunError
from sim.runs.result import Run
from sim.scenario.tables.market import Venue

_POINTS = 1500  # of a line: more than a screen has columns
_STRETCHES = 150  # of a line that is to be smooth
_FEW_POINTS = 30
_MOST_LINES = 8
_RARELY = 0.001  # so small a share is not worth a word
_COLOURBLIND = 10  # colours that seaborn's palette of this name has
_LIGHT = "#c9b8ea"  # the value's line, broad, below all others
_PUBLIC = "#7a5cc0"
_LATE = 0.005  # of the run: what is public earlier would lie on the value's line
_TIGHT = 0.05  # of the axes' height: where price and value are closer, their difference is drawn too
_TALL = 150  # points; in lower axes it is not

Colour = tuple[float, float, float]


# --- price ----------------------------------------------------------------------------------------------------------


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
    name = _instrument(run, instrument)
    if has_many_episodes(run):
        return _price_distribution(run, ax, name, legend)
    venues = [venue.name for venue in _venues(run, name)]
    book = columns(run, "book", ["episode", "step", "venue", "bid", "ask", "mark", "value", "public_value"])
    book = book[book["venue"].isin(venues)]
    title = f"Price against value{_of(run, name)}"
    if book.empty:
        return nothing(ax, title, _why_no_book(run))
    consolidated = {"bid": "max", "ask": "min", "mark": "last", "value": "last", "public_value": "last"}
    market = book.groupby(["episode", "step"], as_index=False, sort=True).agg(consolidated)
    market["gap"] = market["mark"] - market["value"]
    drawn = thinned(run, market, _POINTS)
    _line(ax, drawn, "value", color=_LIGHT, lw=3.5, zorder=2)
    _line(ax, drawn, "mark", color=INK, lw=0.9, zorder=4)
    entries: list[tuple[Any, str]] = [(Patch(color=_LIGHT, lw=0), "value"), (INK, _price_of(run, name))]
    if market[["bid", "ask"]].notna().all(axis=1).any():
        for _, part in drawn.groupby("episode"):
            ax.fill_between(part["at"], part["bid"], part["ask"], color=INK, alpha=0.25, lw=0, zorder=3)
        entries.append((Patch(color=INK, alpha=0.25, lw=0), "best bid to ask"))
    delay = next(each.public_delay for each in run.scenario.instruments if each.name == name)
    if delay not in ("never", 0) and delay > _LATE * run.manifest["steps"]:
        _line(ax, drawn, "public_value", color=_PUBLIC, lw=0.9, zorder=3)
        entries.append((_PUBLIC, f"public value, {delay:,} steps late"))
    _fit_prices(ax, market)
    _time_axis(run, ax)
    distance = math.sqrt(float((market["gap"] ** 2).mean()))
    if distance < _TIGHT * np.ptp(ax.get_ylim()) and ax.bbox.height > _TALL * points(ax):
        _difference(ax, drawn)
    if math.isfinite(distance):
        title += f": typically {short(distance)} apart"
    style_axes(ax, title, "price, currency", entries if legend else (), _silence(run))
    return ax


def _price_of(run: Run, instrument: str) -> str:
    auctions = all(venue.mechanism == "call_auction" for venue in _venues(run, instrument))
    return "price (last clearing)" if auctions else "price (mid)"


def _difference(ax: Axes, drawn: pd.DataFrame) -> None:
    """A strip at the bottom of axes, whose lines move up to make room."""
    low, high = ax.get_ylim()
    ax.set_ylim(low - 0.4 * (high - low), high)
    ax.set_yticks([tick for tick in ax.get_yticks() if low <= tick <= high])
    strip = ax.inset_axes((0, 0, 1, 0.22), sharex=ax, facecolor="none")
    _line(strip, drawn, "gap", color=INK, lw=0.7)
    strip.axhline(0, color=GREY, lw=0.7)
    strip.set(xlabel="", ylabel="")
    strip.set_title("price less value", loc="left", x=0.01, fontsize=8, fontweight="normal", color=GREY, pad=2, y=1)
    strip.yaxis.set_major_locator(MaxNLocator(3))
    strip.tick_params(bottom=False, labelbottom=False)
    sns.despine(ax=strip, bottom=True)


def _price_distribution(run: Run, ax: Axes, instrument: str, legend: bool) -> Axes:
    names = [venue.name for venue in _venues(run, instrument)]
    title = f"Price against value{_of(run, instrument)}"
    trades = columns(run, "trades", ["venue", "price", "aggressor", "taker_population", "value"])
    trades = trades[trades["venue"].isin(names)]
    if len(trades):
        gain = (trades["value"] - trades["price"]) * np.where(trades["aggressor"] == "buy", 1.0, -1.0)
        takers = trades["taker_population"]
        busiest = [str(name) for name in takers.value_counts().index[:_MOST_LINES]]
        groups = [
            (clipped(name), colour, gain[takers == name]) for name, colour in _colours(run).items() if name in busiest
        ]
        labels = "value less price if bought, price less value if sold; currency", "share of its trades"
        return histograms(ax, groups, 0.0, f"{title}: what takers gained by a trade", labels, legend)
    book = columns(run, "book", ["venue", "mark", "value"])
    book = book[book["venue"].isin(names)]
    if book.empty:
        return nothing(ax, title, _why_no_book(run))
    gaps = [("ends of steps", INK, book["value"] - book["mark"])]
    return histograms(ax, gaps, 0.0, title, ("value less mid, currency", "share of samples"), legend, _silence(run))


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


# --- spread ---------------------------------------------------------------------------------------------------------


def spread(run: Run, ax: Axes, legend: bool = True) -> Axes:
    """Draw the quoted spread of each venue, where it has both sides; a call auction quotes none.

    Over time: the mean over short stretches, and the range in which nine tenths of the samples lie. For many episodes:
    the distribution over samples. Where no sample has both sides, as when the only trade of a step takes one of them,
    the effective spread of the trades is drawn instead.
    """
    title, what, unit = "Quoted spread", "best ask less best bid, currency", "share of samples"
    rows = columns(run, "book", ["episode", "step", "venue", "bid", "ask"])
    quoting = [venue.name for venue in run.scenario.venues if venue.mechanism != "call_auction"]
    rows["spread"] = (rows["ask"] - rows["bid"]).where(rows["venue"].isin(quoting))
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
    venues = run.scenario.venues[:_MOST_LINES]
    for venue, colour in zip(venues, sns.color_palette("rocket", len(venues)), strict=True):
        mine = rows[rows["venue"] == venue.name]
        missing = float(mine["spread"].isna().mean())
        if missing < 1:  # nan, and so not drawn, where the venue has no rows at all
            half = f", one side empty {percent(missing)} of the time" if missing >= _RARELY else ""
            groups.append((f"{clipped(venue.name)}: mean {short(float(mine['spread'].mean()))}{half}", colour, mine))
    if has_many_episodes(run):
        tick = min(venue.tick_size for venue in run.scenario.venues)
        shown = [(label, colour, mine["spread"].dropna()) for label, colour, mine in groups]
        return histograms(ax, shown, tick, title, (what, unit), legend, _silence(run), means=False)
    for _, colour, mine in groups:
        mine = mine.assign(at=stretches(run, mine, _STRETCHES))
        mine["stretch"] = mine["at"].rank(method="dense")
        mine = mine.dropna(subset="spread")
        breaks = mine["stretch"].diff().gt(1) | mine["episode"].diff().ne(0)  # no line leads over what is missing
        look = {"hue": "piece", "palette": [colour] * int(breaks.sum()), "lw": 1.6, "err_kws": {"lw": 0}}
        _line(ax, mine.assign(piece=breaks.cumsum()), "spread", estimator="mean", errorbar=("pi", 90), **look)
    highest = 4 * max(float(mine["spread"].quantile(0.95)) for _, _, mine in groups)
    ax.set_ylim(0, 1.06 * min(ax.dataLim.y1, highest) if highest > 0 else None)
    _time_axis(run, ax)
    entries: list[tuple[Any, str]] = [(colour, label) for label, colour, _ in groups]
    entries.append((Patch(color=GREY, alpha=0.3, lw=0), "nine tenths of samples"))
    style_axes(ax, title, what, entries if legend else (), _silence(run))
    return ax


# --- inventories ----------------------------------------------------------------------------------------------------


def inventories(run: Run, ax: Axes, instrument: str | None = None, legend: bool = True) -> Axes:
    """Draw what those hold whose orders rested and were traded with: the makers.

    Over time: a line for each maker while there are few, for each of their populations otherwise. For many episodes:
    the distribution over episodes of what is held just before settlement.

    Parameters
    ----------
    instrument : the instrument's name; the scenario's first one if None.
    legend : whether to put a legend above the axes.

    Raises
    ------
    RunError
        If the run has no such instrument.
    """
    name = _instrument(run, instrument)
    many = has_many_episodes(run)
    column = f"inventory.{name}"
    when = ["episode"] if many else ["episode", "step"]
    table = columns(run, "episodes" if many else "agents", [*when, "population", "agent", column])
    makers = _makers(run, name)
    title = f"Inventories{' of makers' if makers else ''}{_of(run, name)}"
    if not makers and (run.scenario.record.trades or not run.manifest["trades"]):
        return nothing(ax, title, f"Nobody traded {name}: no inventory changed.")
    chosen = [each for each in run.scenario.populations if each.name in makers or not makers][:_MOST_LINES]
    table = table[table["population"].isin([each.name for each in chosen])]
    if table.empty:
        return nothing(ax, title, "No inventories were recorded: see [record].")
    colours = _colours(run)
    by_agent = bool(table["agent"].notna().any())
    if many:
        held = [
            (clipped(each.name) + (", a member" if by_agent and each.count > 1 else ""), colours[each.name],
             table.loc[table["population"] == each.name, column]) for each in chosen
        ]  # fmt: skip
        labels = "held just before settlement, lots", "share of episodes"
        return histograms(ax, held, 1.0, title, labels, legend, _silence(run))
    alone = bool(makers) and by_agent and sum(each.count for each in chosen) <= _MOST_LINES
    parts, entries = [], []
    for each in chosen:
        mine, colour = table[table["population"] == each.name], colours[each.name]
        if alone and each.count > 1:
            ends = sns.dark_palette(colour, 3)[1], sns.light_palette(colour, 3)[1]
            shades = sns.blend_palette([ends[0], colour, ends[1]], each.count)
            entries += [(shade, f"{clipped(each.name)} {number}") for number, shade in enumerate(shades)]
            parts.append(mine.assign(line=len(entries) - each.count + mine["agent"].astype(int)))
        else:
            entries.append((colour, clipped(each.name) + ("" if each.count == 1 else f", {_agents(each.count)}")))
            total = mine.groupby(["episode", "step"], as_index=False)[[column]].sum()
            parts.append(total.assign(line=len(entries) - 1))
    drawn = thinned(run, pd.concat(parts), _POINTS // 2, by="line")
    _line(ax, drawn, column, hue="line", palette=[colour for colour, _ in entries], lw=1.1)
    ax.axhline(0, color=GREY, lw=0.8, zorder=1)
    _time_axis(run, ax)
    low, high = ax.get_ylim()
    ax.set_ylim(min(low, -1.0), max(high, 1.0))
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    ax.yaxis.set_major_formatter(NUMBERS)
    style_axes(ax, title, "inventory, lots", entries if legend else (), _silence(run))
    return ax


def _makers(run: Run, instrument: str) -> set[str]:
    """Populations whose orders rested in trades of an instrument."""
    trades = columns(run, "trades", ["venue", "maker_population", "quantity"])
    trades = trades[trades["venue"].isin([venue.name for venue in _venues(run, instrument)])]
    volume = trades.groupby("maker_population", observed=True)["quantity"].sum()
    return {str(name) for name, lots in volume.nlargest(_MOST_LINES).items() if lots > 0.001 * volume.sum()}


# --- payoffs --------------------------------------------------------------------------------------------------------


def payoffs(run: Run, ax: Axes) -> Axes:
    """Draw what each population earned, all its members together; over several episodes the mean of an episode.

    Whiskers are two standard errors either way, where there is more than one episode.
    """
    summary = run.summary
    rows = summary[(summary["scope"] == "population") & (summary["measure"] == "payoff")].set_index("name")
    title = "Payoffs of an episode: mean ± 2 standard errors" if run.scenario.run.episodes > 1 else "Payoffs"
    if rows.empty:
        ended = run.manifest["episodes"] > 0
        why = "No payoffs were recorded: see [record]." if ended else "No episode came to its end, so nobody was paid."
        return nothing(ax, title, why)
    largest = set(rows["value"].abs().nlargest(_MOST_LINES + 2).index)
    if len(rows) > len(largest):
        title += f" (the {len(largest)} largest of {len(rows)})"
    shown = [each for each in run.scenario.populations if each.name in largest]
    names = [each.name for each in shown]
    values = rows.loc[names, "value"].astype(float).to_numpy()
    errors = 2 * rows.loc[names, "standard_error"].astype(float).fillna(0.0).to_numpy()
    sns.barplot(x=values, y=names, hue=names, palette=_colours(run), width=0.62, saturation=1, legend=False, ax=ax)
    if errors.any():
        ax.errorbar(values, range(len(names)), xerr=errors, fmt="none", ecolor=INK, elinewidth=1.3, capsize=4)
    texts = [with_error(float(value), float(error)) for value, error in zip(values, errors, strict=True)]
    for place, (text, value, error) in enumerate(zip(texts, values, errors, strict=True)):
        side = -1 if value < 0 else 1
        ax.annotate(text, (value + side * error, place), (side * 6, 0), textcoords="offset points", va="center",
                    ha="left" if side > 0 else "right", fontsize=10)  # fmt: skip
    room = min(0.38, (6.8 * max(map(len, texts)) + 12) * points(ax) / ax.bbox.width)  # the numbers' share of the width
    ax.margins(x=room / (1 - 2 * room))
    ax.axvline(0, color=INK, lw=0.9)
    between = "\n" if len(names) < _MOST_LINES else ", "
    ax.set_yticks(range(len(names)), [clipped(each.name) + between + _agents(each.count) for each in shown], color=INK)
    ax.tick_params(axis="y", length=0)
    settled = {each.settlement for each in run.scenario.instruments}
    how = {"value": ", positions settled at value", "mid": ", positions settled at mid"}.get(next(iter(settled)), "")
    ax.set_xlabel(f"payoff of the whole population, currency{how if len(settled) == 1 else ''}")
    ax.xaxis.set_major_formatter(NUMBERS)
    style_axes(ax, title, "", (), _silence(run), grid="x")
    return ax


def payoff_distribution(run: Run, ax: Axes, legend: bool = True) -> Axes:
    """Draw how the payoffs of each population, all its members together, are distributed over the episodes."""
    title = "Payoffs, episode by episode"
    table = columns(run, "episodes", ["episode", "population", "payoff"])
    if table.empty:
        return nothing(ax, title, "No payoffs were recorded: see [record], or no episode came to its end.")
    totals = table.groupby(["population", "episode"], observed=True)["payoff"].sum()
    found = set(totals.index.unique("population"))
    groups = [(clipped(name), colour, totals.loc[name]) for name, colour in _colours(run).items() if name in found]
    labels = "payoff of the whole population, currency", "share of episodes"
    return histograms(ax, groups[:_MOST_LINES], 0.0, title, labels, legend, _silence(run))


# --- what the panels share ------------------------------------------------------------------------------------------


def _line(ax: Axes, rows: pd.DataFrame, column: str, **look: Any) -> None:
    """A line over time, of which no part joins two episodes; points on one that has so few that it may be none."""
    if rows["at"].nunique() <= _FEW_POINTS:
        look |= {"marker": "o", "markersize": 4, "markeredgewidth": 0}
    if "estimator" not in look:
        look |= {"estimator": None, "units": "episode", "errorbar": None}
    if rows[column].notna().any():
        sns.lineplot(rows, x="at", y=column, legend=False, ax=ax, **look)


def _time_axis(run: Run, ax: Axes) -> None:
    """Steps, and where episodes end."""
    length, episodes = run.scenario.run.steps, run.scenario.run.episodes
    done = max(1, run.manifest["steps"])
    for episode in range(1, episodes):
        if episode * length < done:
            ax.axvline(episode * length, color=GREY, lw=0.7, ls=":", zorder=0)
    ax.set_xlim(*((0, done) if done > _FEW_POINTS else (-0.5, done - 0.5)))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, steps=[1, 2, 2.5, 5, 10], min_n_ticks=1))
    ax.xaxis.set_major_formatter(NUMBERS)
    ax.set_xlabel("step" if episodes == 1 else f"step, {episodes} episodes one after another")


def _silence(run: Run) -> str:
    return "" if run.manifest["trades"] else "Nobody traded."


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


def _instrument(run: Run, name: str | None) -> str:
    names = [each.name for each in run.scenario.instruments]
    if name is not None and name not in names:
        raise RunError(f"there is no instrument {name!r} in this run — it has {', '.join(names)}")
    return name or names[0]


def _venues(run: Run, instrument: str) -> list[Venue]:
    return [venue for venue in run.scenario.venues if venue.instrument == instrument]


def _of(run: Run, instrument: str) -> str:
    """The instrument's name behind a title, where there are others."""
    return f", {instrument}" if len(run.scenario.instruments) > 1 else ""


def _agents(count: int) -> str:
    return "1 agent" if count == 1 else f"{count:,} agents"


def _colours(run: Run) -> dict[str, Colour]:
    """One colour to a population, the same in every panel."""
    names = [each.name for each in run.scenario.populations]
    palette = sns.color_palette("colorblind" if len(names) <= _COLOURBLIND else "husl", len(names))
    return dict(zip(names, palette, strict=True))
