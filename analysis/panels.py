"""What a run's pictures are made of: functions that draw one thing on axes of yours, and return these.

A run of one or a few long episodes is drawn over time; of many episodes, or of very short ones, the distributions are
drawn. Nothing here touches pyplot or global settings.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.dress import (
    BLUE,
    DARKER,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    clipped,
    coloured,
    dress,
    histograms,
    nothing,
    percent,
    points_across,
    shades,
    short,
    text_width,
    tick_text,
    with_error,
)
from analysis.samples import columns, has_many_episodes, market_steps, percentiles, thinned, whole_range
from sim.errors import RunError
from sim.runs import Run
from sim.scenario.vocabulary import Venue

_POPULATIONS = (BLUE, VERMILLION, ORANGE, PURPLE, GREEN, SKY, *DARKER)
_VENUES = (GREEN, PURPLE, SKY, ORANGE, BLUE, VERMILLION)
_POINTS = 1500  # of a line: more than a screen has columns
_STRETCHES = 150  # of a line that is to be smooth
_FEW_POINTS = 30
_MOST_LINES = 8


# --- price ----------------------------------------------------------------------------------------------------------


def price_against_value(run: Run, ax: Axes, instrument: str | None = None, legend: bool = True) -> Axes:
    """Draw how far the market's price was from the value.

    Over time: fundamental value, mid of the consolidated book, best bid and ask, and what everybody knows of the value.
    For many episodes: the distribution of what each population gained as taker, its trades valued at the value of the
    moment; the price is right where nobody gains.

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
    steps = market_steps(run, market)
    lines = {column: thinned(run, steps, market[column], _POINTS) for column in consolidated}
    entries: list[tuple[Any, str]] = []

    def line(column: str, label: str, colour: str, **style: Any) -> None:
        at = lines[column]
        (drawn,) = ax.plot(at.steps, at.values, color=colour, label=label, **style, **_marks(at.steps))
        entries.append((drawn, label))

    line("value", "value", INK, lw=2.2, zorder=2)
    line("mark", "price (mid)", VERMILLION, lw=1.0, zorder=4)
    if market[["bid", "ask"]].notna().all(axis=1).any():
        bid, ask = lines["bid"], lines["ask"]
        band = ax.fill_between(bid.steps, bid.values, ask.values, color=VERMILLION, alpha=0.3, lw=0, zorder=3,
                               label="best bid to ask")  # fmt: skip
        entries.append((band, "best bid to ask"))
    delay = next(each.public_delay for each in run.scenario.instruments if each.name == name)
    if delay not in ("never", 0):
        line("public_value", f"public value, {delay:,} steps late", SKY, lw=0.9, zorder=1)
    _fit_prices(ax, market)
    distance = math.sqrt(float(((market["mark"] - market["value"]) ** 2).mean()))
    _time_axis(run, ax)
    title += f": typically {short(distance)} apart"
    dress(ax, title, "price, currency", entries if legend else [], note=_silence(run))
    return ax


def _price_distribution(run: Run, ax: Axes, instrument: str, legend: bool) -> Axes:
    names = [venue.name for venue in _venues(run, instrument)]
    title = f"Price against value{_of(run, instrument)}"
    trades = columns(run, "trades", ["venue", "price", "aggressor", "taker_population", "value"])
    trades = trades[trades["venue"].isin(names)]
    groups: list[tuple[str, str, Any]]
    if len(trades):
        gain = (trades["value"] - trades["price"]) * np.where(trades["aggressor"] == "buy", 1.0, -1.0)
        takers, colours = trades["taker_population"], _colours(run)
        busiest = [str(name) for name in takers.value_counts().index[:_MOST_LINES]]
        groups = [(clipped(name), colours[name], gain[takers == name]) for name in colours if name in busiest]
        labels = "value less price if bought, price less value if sold; currency", "share of its trades"
        return histograms(ax, groups, gain, None, f"{title}: what takers gained by a trade", labels, legend)
    book = columns(run, "book", ["venue", "mark", "value"])
    book = book[book["venue"].isin(names)]
    if book.empty:
        return nothing(ax, title, _why_no_book(run))
    gap = book["value"] - book["mark"]
    groups = [("ends of steps", VERMILLION, gap)]
    labels = "value less mid, currency", "share of samples"
    return histograms(ax, groups, gap, None, title, labels, legend, _silence(run))


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
    """Draw the quoted spread of each venue, where it has both sides.

    Over time: the mean over short stretches, and the range in which nine tenths of the samples lie. For many episodes:
    the distribution over samples. Where no sample has both sides, as when the only trade of a step takes one of them,
    the effective spread of the trades is drawn instead.
    """
    title, what, unit = "Quoted spread", "best ask less best bid, currency", "share of samples"
    rows = columns(run, "book", ["episode", "step", "venue", "bid", "ask"])
    rows["spread"] = rows["ask"] - rows["bid"]
    if not rows["spread"].notna().any():
        why = _why_no_book(run) if rows.empty else "No venue had both a bid and an ask when the book was sampled."
        rows = columns(run, "trades", ["episode", "step", "venue", "price", "mark", "aggressor"])
        rows["spread"] = 2 * (rows["price"] - rows["mark"]) * np.where(rows["aggressor"] == "buy", 1.0, -1.0)
        title, what, unit = (
            "Effective spread",
            "twice the distance of trade price from mid, currency",
            "share of trades",
        )
        if rows.empty:
            return nothing(ax, "Quoted spread", why)
    groups = []
    for venue, colour in coloured(run.scenario.venues, _VENUES)[:_MOST_LINES]:
        mine = rows[rows["venue"] == venue.name]
        missing = float(mine["spread"].isna().mean())
        if missing < 1:  # nan, and so not drawn, where the venue has no rows at all
            half = f", one side empty {percent(missing)} of the time" if missing else ""
            groups.append((f"{clipped(venue.name)}: mean {short(float(mine['spread'].mean()))}{half}", colour, mine))
    if has_many_episodes(run):
        values, tick = rows["spread"].dropna(), min(venue.tick_size for venue in run.scenario.venues)
        shown = [(label, colour, mine["spread"].dropna()) for label, colour, mine in groups]
        return histograms(ax, shown, values, tick, title, (what, unit), legend, _silence(run), means=False)
    entries: list[tuple[Any, str]] = []
    tops = []
    for label, colour, mine in groups:
        steps, values = market_steps(run, mine), mine["spread"].to_numpy()
        line = thinned(run, steps, values, _STRETCHES)
        low, high = percentiles(run, steps, values, _STRETCHES, 0.05, 0.95)
        ax.fill_between(low.steps, low.values, high.values, color=colour, alpha=0.2, lw=0)
        (drawn,) = ax.plot(line.steps, line.values, color=colour, lw=1.8, label=label, **_marks(line.steps))
        entries.append((drawn, label))
        tops.append(min(np.nanmax(high.values), 3 * np.nanquantile(high.values, 0.95)))
    entries.append((Patch(color=GREY, alpha=0.3, lw=0), "nine tenths of samples"))
    ax.set_ylim(0, 1.06 * max(tops) if max(tops) > 0 else None)
    _time_axis(run, ax)
    dress(ax, title, what, entries if legend else [], note=_silence(run))
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
    chosen = makers or [each.name for each in run.scenario.populations][:_MOST_LINES]
    are_makers = bool(makers)
    title = f"Inventories of makers{_of(run, name)}" if are_makers else f"Inventories{_of(run, name)}"
    table = table[table["population"].isin(chosen)]
    if not are_makers and (run.scenario.record.trades or not run.manifest["trades"]):
        return nothing(ax, title, f"Nobody traded {name}: no inventory changed.")
    if table.empty:
        return nothing(ax, title, "No inventories were recorded: see [record].")
    counts = {each.name: each.count for each in run.scenario.populations}
    by_agent = bool(table["agent"].notna().any())
    if many:
        colours = _colours(run)
        held = [(f"{clipped(each)}, a member" if by_agent and counts[each] > 1 else clipped(each), colours[each],
                 table.loc[table["population"] == each, column]) for each in chosen]  # fmt: skip
        labels = "held just before settlement, lots", "share of episodes"
        return histograms(ax, held, table[column], 1.0, title, labels, legend, _silence(run))
    alone = are_makers and by_agent and sum(counts[each] for each in chosen) <= _MOST_LINES
    entries = []
    for label, colour, mine in _holders(run, table, chosen, alone, column):
        line = thinned(run, market_steps(run, mine), mine[column], _POINTS // 2)
        (drawn,) = ax.plot(line.steps, line.values, color=colour, lw=1.2, label=label, **_marks(line.steps))
        entries.append((drawn, label))
    ax.axhline(0, color=GREY, lw=0.8, zorder=1)
    _time_axis(run, ax)
    dress(ax, title, "inventory, lots", entries if legend else [], note=_silence(run))
    low, high = ax.get_ylim()
    ax.set_ylim(min(low, -1.0), max(high, 1.0))
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    ax.yaxis.set_major_formatter(FuncFormatter(tick_text))
    return ax


def _holders(
    run: Run, table: pd.DataFrame, chosen: list[str], alone: bool, column: str
) -> list[tuple[str, Any, pd.DataFrame]]:
    """Label, colour and samples of each line."""
    colours, counts = _colours(run), {each.name: each.count for each in run.scenario.populations}
    found: list[tuple[str, Any, pd.DataFrame]] = []
    for population in chosen:
        mine: pd.DataFrame = table[table["population"].eq(population)]
        if not alone or counts[population] == 1:
            total = mine.groupby(["episode", "step"], as_index=False)[[column]].sum()
            label = clipped(population) + ("" if counts[population] == 1 else f", {_agents(counts[population])}")
            found.append((label, colours[population], total))
            continue
        for number, shade in enumerate(shades(colours[population], counts[population])):
            found.append((f"{clipped(population)} {number}", shade, mine[mine["agent"].eq(number)]))
    return found


def _makers(run: Run, instrument: str) -> list[str]:
    """Populations whose orders rested in trades of an instrument, the busiest first."""
    trades = columns(run, "trades", ["venue", "maker_population", "quantity"])
    trades = trades[trades["venue"].isin([venue.name for venue in _venues(run, instrument)])]
    volume = trades.groupby("maker_population", observed=True)["quantity"].sum().sort_values(ascending=False)
    return [str(name) for name, lots in volume.items() if lots > 0.001 * volume.sum()][:_MOST_LINES]


# --- payoffs --------------------------------------------------------------------------------------------------------


def payoffs(run: Run, ax: Axes) -> Axes:
    """Draw what each population earned, all its members together; over several episodes the mean of an episode.

    Whiskers are two standard errors either way, where there is more than one episode.
    """
    summary = run.summary
    rows = summary[(summary["scope"] == "population") & (summary["measure"] == "payoff")]
    several = run.scenario.run.episodes > 1
    title = "Payoffs of an episode: mean ± 2 standard errors" if several else "Payoffs"
    if rows.empty:
        ended = run.manifest["episodes"] > 0
        why = "No payoffs were recorded: see [record]." if ended else "No episode came to its end, so nobody was paid."
        return nothing(ax, title, why)
    if len(rows) > _MOST_LINES + 2:
        largest = rows["value"].abs().nlargest(_MOST_LINES + 2).index
        title += f" (the {len(largest)} largest of {len(rows)})"
        rows = rows[rows.index.isin(largest)]
    counts, colours = {each.name: each.count for each in run.scenario.populations}, _colours(run)
    names = [str(name) for name in rows["name"]]
    errors = 2 * rows["standard_error"].astype(float).fillna(0.0).to_numpy()
    values = rows["value"].to_numpy()
    places = np.arange(len(names))
    whiskers: dict[str, Any] = {}
    if errors.any():
        whiskers = {"xerr": errors, "error_kw": {"elinewidth": 1.4, "capsize": 4, "ecolor": INK}}
    ax.barh(places, values, height=0.62, color=[colours[name] for name in names], **whiskers)
    room = {-1: 0.0, 1: 0.0}  # points that the numbers beside the bars need
    for place, value, error in zip(places, values.tolist(), errors.tolist(), strict=True):
        side = -1 if value < 0 else 1
        text = with_error(value, error)
        room[side] = max(room[side], text_width(text, 10.0) + 14)
        ax.annotate(text, (value + side * error, place), (side * 6, 0), textcoords="offset points", va="center",
                    ha="left" if side > 0 else "right", fontsize=10)  # fmt: skip
    lowest, highest = min(0.0, float(np.min(values - errors))), max(0.0, float(np.max(values + errors)))
    if lowest == highest:
        lowest, highest = -1.0, 1.0
    reach = highest - lowest
    scale = reach / max(points_across(ax) - room[-1] - room[1], 50.0)
    ax.set_xlim(lowest - max(room[-1] * scale, 0.04 * reach), highest + max(room[1] * scale, 0.04 * reach))
    ax.axvline(0, color=INK, lw=0.9)
    ax.set_yticks(places, [f"{clipped(name)}\n{_agents(counts[name])}" for name in names], color=INK)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    settled = {each.settlement for each in run.scenario.instruments}
    how = {"value": ", positions settled at value", "mid": ", positions settled at mid"}.get(next(iter(settled)), "")
    ax.set_xlabel(f"payoff of the whole population, currency{how if len(settled) == 1 else ''}")
    ax.xaxis.set_major_formatter(FuncFormatter(tick_text))
    dress(ax, title, "", [], _silence(run), grid="x")
    return ax


def payoff_distribution(run: Run, ax: Axes, legend: bool = True) -> Axes:
    """Draw how the payoffs of each population, all its members together, are distributed over the episodes."""
    title = "Payoffs, episode by episode"
    table = columns(run, "episodes", ["episode", "population", "payoff"])
    if table.empty:
        return nothing(ax, title, "No payoffs were recorded: see [record], or no episode came to its end.")
    totals = table.groupby(["population", "episode"], observed=True)["payoff"].sum()
    colours = _colours(run)
    found = [str(name) for name in totals.index.get_level_values("population").unique()]
    names = [each.name for each in run.scenario.populations if each.name in found][:_MOST_LINES]
    groups = [(clipped(name), colours[name], totals.loc[name]) for name in names]
    labels = "payoff of the whole population, currency", "share of episodes"
    return histograms(ax, groups, totals, None, title, labels, legend, _silence(run))


# --- what the panels share ------------------------------------------------------------------------------------------


def _time_axis(run: Run, ax: Axes) -> None:
    """Steps, and where episodes end."""
    length, episodes = run.scenario.run.steps, run.scenario.run.episodes
    done = max(1, run.manifest["steps"])
    for episode in range(1, episodes):
        if episode * length < done:
            ax.axvline(episode * length, color=GREY, lw=0.7, ls=":", zorder=0)
    ax.set_xlim(*((0, done) if done > _FEW_POINTS else (-0.5, done - 0.5)))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, steps=[1, 2, 2.5, 5, 10], min_n_ticks=1))
    ax.xaxis.set_major_formatter(FuncFormatter(tick_text))
    ax.set_xlabel("step" if episodes == 1 else f"step, {episodes} episodes one after another")


def _marks(steps: Any) -> dict[str, Any]:
    """Points on a line that has so few that it may be none."""
    return {"marker": "o", "ms": 4} if len(steps) <= _FEW_POINTS else {}


def _silence(run: Run) -> str:
    return "" if run.manifest["trades"] else "Nobody traded."


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


def _colours(run: Run) -> dict[str, str]:
    """One colour to a population, the same in every panel."""
    return {each.name: colour for each, colour in coloured(run.scenario.populations, _POPULATIONS)}
