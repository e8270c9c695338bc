"""What a run's traders held and earned, on axes of yours.

A run of one or a few long episodes is drawn over time; of many episodes, or of very short ones, the distributions are
drawn. Nothing here touches global settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from analysis.output.numbers import clipped, with_error
from analysis.output.panel_parts import (
    MOST_LINES,
    POINTS,
    Colour,
    agents,
    colours_of,
    instrument_of,
    line,
    of_instrument,
    silence,
    time_axis,
    venues_of,
)
from analysis.output.style import GREY, INK, NUMBERS, histograms, nothing, points, style_axes
from analysis.reading.columns import columns, has_many_episodes, thinned
from sim.runs.result import Run
from sim.scenario.tables.market import Population


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
    name = instrument_of(run, instrument)
    many = has_many_episodes(run)
    column = f"inventory.{name}"
    when = ["episode"] if many else ["episode", "step"]
    table = columns(run, "episodes" if many else "agents", [*when, "population", "agent", column])
    makers = _makers(run, name)
    title = f"Inventories{' of makers' if makers else ''}{of_instrument(run, name)}"
    if not makers and (run.scenario.record.trades or not run.manifest["trades"]):
        return nothing(ax, title, f"Nobody traded {name}: no inventory changed.")
    chosen = [each for each in run.scenario.populations if each.name in makers or not makers][:MOST_LINES]
    table = table[table["population"].isin([each.name for each in chosen])]
    if table.empty:
        return nothing(ax, title, "No inventories were recorded: see [record].")
    colours = colours_of(run)
    by_agent = bool(table["agent"].notna().any())
    if many:
        held = [
            (clipped(each.name) + (", a member" if by_agent and each.count > 1 else ""), colours[each.name],
             table.loc[table["population"] == each.name, column]) for each in chosen
        ]  # fmt: skip
        labels = "held just before settlement, lots", "share of episodes"
        return histograms(ax, held, 1.0, title, labels, legend, silence(run))
    alone = bool(makers) and by_agent and sum(each.count for each in chosen) <= MOST_LINES
    parts, entries = _lines(table, column, chosen, colours, alone)
    drawn = thinned(run, pd.concat(parts), POINTS // 2, by="line")
    line(ax, drawn, column, hue="line", palette=[colour for colour, _ in entries], lw=1.1)
    ax.axhline(0, color=GREY, lw=0.8, zorder=1)
    time_axis(run, ax)
    low, high = ax.get_ylim()
    ax.set_ylim(min(low, -1.0), max(high, 1.0))
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    ax.yaxis.set_major_formatter(NUMBERS)
    style_axes(ax, title, "inventory, lots", entries if legend else (), silence(run))
    return ax


def _lines(
    table: pd.DataFrame, column: str, chosen: Sequence[Population], colours: dict[str, Colour], alone: bool
) -> tuple[list[pd.DataFrame], list[tuple[Any, str]]]:
    """Samples with the line that they belong to, and colour and label of each line.

    Parameters
    ----------
    alone : whether each member has a line, instead of each population.
    """
    parts: list[pd.DataFrame] = []
    entries: list[tuple[Any, str]] = []
    for each in chosen:
        mine, colour = table[table["population"] == each.name], colours[each.name]
        if alone and each.count > 1:
            ends = sns.dark_palette(colour, 3)[1], sns.light_palette(colour, 3)[1]
            shades = sns.blend_palette([ends[0], colour, ends[1]], each.count)
            entries += [(shade, f"{clipped(each.name)} {number}") for number, shade in enumerate(shades)]
            parts.append(mine.assign(line=len(entries) - each.count + mine["agent"].astype(int)))
        else:
            entries.append((colour, clipped(each.name) + ("" if each.count == 1 else f", {agents(each.count)}")))
            total = mine.groupby(["episode", "step"], as_index=False)[[column]].sum()
            parts.append(total.assign(line=len(entries) - 1))
    return parts, entries


def _makers(run: Run, instrument: str) -> set[str]:
    """Populations whose orders rested in trades of an instrument."""
    trades = columns(run, "trades", ["venue", "maker_population", "quantity"])
    trades = trades[trades["venue"].isin([venue.name for venue in venues_of(run, instrument)])]
    volume = trades.groupby("maker_population", observed=True)["quantity"].sum()
    return {str(name) for name, lots in volume.nlargest(MOST_LINES).items() if lots > 0.001 * volume.sum()}


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
    largest = set(rows["value"].abs().nlargest(MOST_LINES + 2).index)
    if len(rows) > len(largest):
        title += f" (the {len(largest)} largest of {len(rows)})"
    shown = [each for each in run.scenario.populations if each.name in largest]
    names = [each.name for each in shown]
    values = rows.loc[names, "value"].astype(float).to_numpy()
    errors = 2 * rows.loc[names, "standard_error"].astype(float).fillna(0.0).to_numpy()
    sns.barplot(x=values, y=names, hue=names, palette=colours_of(run), width=0.62, saturation=1, legend=False, ax=ax)
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
    between = "\n" if len(names) < MOST_LINES else ", "
    ax.set_yticks(range(len(names)), [clipped(each.name) + between + agents(each.count) for each in shown], color=INK)
    ax.tick_params(axis="y", length=0)
    settled = {each.settlement for each in run.scenario.instruments}
    how = {"value": ", positions settled at value", "mid": ", positions settled at mid"}.get(next(iter(settled)), "")
    ax.set_xlabel(f"payoff of the whole population, currency{how if len(settled) == 1 else ''}")
    ax.xaxis.set_major_formatter(NUMBERS)
    style_axes(ax, title, "", (), silence(run), grid="x")
    return ax


def payoff_distribution(run: Run, ax: Axes, legend: bool = True) -> Axes:
    """Draw how the payoffs of each population, all its members together, are distributed over the episodes."""
    title = "Payoffs, episode by episode"
    table = columns(run, "episodes", ["episode", "population", "payoff"])
    if table.empty:
        return nothing(ax, title, "No payoffs were recorded: see [record], or no episode came to its end.")
    totals = table.groupby(["population", "episode"], observed=True)["payoff"].sum()
    found = set(totals.index.unique("population"))
    groups = [(clipped(name), colour, totals.loc[name]) for name, colour in colours_of(run).items() if name in found]
    labels = "payoff of the whole population, currency", "share of episodes"
    return histograms(ax, groups[:MOST_LINES], 0.0, title, labels, legend, silence(run))
