"""Greeks, stress, equity and margin in time, against the limits: a panel for each, a line for each population.

Populations with limits, a hedge or margin to keep are drawn; where there are none, those with options or futures. Of
several members the one who is furthest from zero stands for all, since a limit holds for each; of equity, the poorest.
Over a few episodes they are drawn one after another. Over many, the median over the episodes is drawn by the step, with
a band from the 5th to the 95th percentile.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.output.numbers import clipped, number
from analysis.output.panel_parts import POINTS, Colour, agents, colours_of, line, time_axis
from analysis.output.style import NUMBERS, style, style_axes
from analysis.reading.columns import has_many_episodes, stretches
from analysis.risk.exposure import GREEKS, exposed_columns
from analysis.risk.limit_use import is_under_margin
from sim.core.errors import RunError
from sim.runs.limit_words import LimitInWords, limits_in_words
from sim.runs.result import Run
from sim.scenario.tables.market import Population

_ACROSS, _WIDE, _HIGH, _DPI = 2, 5.6, 2.7, 100  # panels in a row, inches of one; dots an inch
_MOST_PANELS, _MOST_POPULATIONS = 10, 6
_FAR = 3.0  # times the furthest amount: a limit beyond that is not drawn, so that the amounts can be seen
_TAILS = (0.05, 0.95)
_DASHES = (0, (4, 2))
_TITLES = {
    "inventory": "Position in {}",
    "delta": "Delta to {}",
    "gamma": "Gamma to {}",
    "vega": "Vega to {}",
    "stress": "Stress",
    "value_at_risk": "Value at risk",
    "expected_shortfall": "Expected shortfall",
    "equity": "Equity (line) and margin (dashed)",
}
_SIGNED = ("inventory", *GREEKS)  # a limit holds either way


@dataclass(frozen=True)
class _Line:
    """A population in a panel: its samples, in the columns ``episode``, ``step`` and ``amount``."""

    population: Population
    colour: Colour
    rows: pd.DataFrame
    limits: list[LimitInWords]
    whole: bool  # whether samples are of all members together, so that no limit of theirs holds for them
    least: bool  # whether the member who has the least stands for all, not the one who is furthest from zero

    @property
    def label(self) -> str:
        """As the legend has it."""
        if self.population.count == 1:
            return clipped(self.population.name)
        which = "together" if self.whole else "poorest" if self.least else "furthest"
        return f"{clipped(self.population.name)}, {agents(self.population.count)}, {which}"

    @property
    def furthest(self) -> float:
        """The largest amount either way."""
        return float(self.rows["amount"].abs().max()) if len(self.rows) else 0.0


def picture(run: Run) -> Figure:
    """A panel for each exposure that a population with limits, a hedge or margin had.

    Raises
    ------
    RunError
        If no agents were sampled, or there is nothing to draw.
    """
    where = run.folder or "this run"
    if run.scenario.record.agents == "none":
        raise RunError(f'{where}: it kept no samples of agents to draw — set record.agents = "agents" and run it again')
    names, nobody = _columns(run), "nobody with limits, a hedge, margin or options was exposed when sampled"
    if not names:
        raise RunError(f"{where}: {nobody}")
    populations = _populations(run)
    wanted = ["episode", "step", "population", "agent", *dict.fromkeys([*names, *_margin(run)])]
    samples = run.table("agents", wanted).to_pandas()
    panels = {name: _lines(run, samples, populations, name) for name in names}
    drawn = [name for name, lines in panels.items() if any(each.furthest > 0.0 for each in lines)][:_MOST_PANELS]
    if not drawn:
        raise RunError(f"{where}: {nobody}")
    across = min(_ACROSS, len(drawn))
    down = math.ceil(len(drawn) / across)
    with style():
        figure = Figure(figsize=(_WIDE * across, _HIGH * down), dpi=_DPI, layout="constrained")
        axes = figure.subplots(down, across, squeeze=False).ravel()
        for ax, name in zip(axes, drawn, strict=False):
            dashed = _lines(run, samples, populations, "margin") if name == "equity" else []
            _panel(run, ax, name, panels[name], dashed)
        for ax in axes[len(drawn) :]:
            ax.set_axis_off()
    return figure


# --- what is drawn ----------------------------------------------------------------------------------------------------


def _populations(run: Run) -> list[Population]:
    everyone = run.scenario.populations
    chosen = [each for each in everyone if each.risk or each.hedge or is_under_margin(run, each)]
    return list(chosen or everyone)[:_MOST_POPULATIONS]


def _columns(run: Run) -> list[str]:
    """Columns of the samples that get a panel: positions with limits, greeks, stress, what else has limits, equity."""
    limited = [each for population in run.scenario.populations for each in limits_in_words(run.scenario, population)]
    sampled = exposed_columns(run)
    positions = [f"inventory.{each.on}" for each in limited if each.of == "position"]
    greeks = [name for name in sampled if name.partition(".")[0] in GREEKS]
    greeks.sort(key=lambda name: GREEKS.index(name.partition(".")[0]))
    risks = [name for name in sampled if name == "stress" or name in {each.of for each in limited}]
    risks = [name for name in risks if name in _TITLES]
    return list(dict.fromkeys([*positions, *greeks, *risks, *(["equity"] if run.scenario.margin else [])]))


def _margin(run: Run) -> list[str]:
    return ["margin"] if run.scenario.margin else []


def _lines(run: Run, samples: pd.DataFrame, populations: Sequence[Population], column: str) -> list[_Line]:
    """Who has a line in the panel of a column."""
    kind, _, on = column.partition(".")
    colours, found = colours_of(run), []
    for population in populations:
        if kind in ("equity", "margin") and not is_under_margin(run, population):
            continue
        rows = samples[(samples["population"] == population.name).to_numpy(bool)]
        rows = rows[["episode", "step", "agent", column]].rename(columns={column: "amount"}).reset_index(drop=True)
        whole = population.count > 1 and bool(rows["agent"].isna().any())
        if population.count > 1 and not whole:
            rows = _furthest(rows, ["episode", "step"], kind == "equity")
        named = {"inventory": "position"}.get(kind, kind)
        limits = [each for each in limits_in_words(run.scenario, population) if (each.of, each.on) == (named, on)]
        found.append(_Line(population, colours[population.name], rows, limits, whole, kind == "equity"))
    return found


def _furthest(rows: pd.DataFrame, keys: list[str], least: bool) -> pd.DataFrame:
    """Of the rows with the same keys the one furthest from zero, or the least; a number that is none counts last."""
    order = rows["amount"] if least else -rows["amount"].abs()
    placed = rows.iloc[np.argsort(order.to_numpy(float), kind="stable")]  # nan comes last
    return placed.drop_duplicates(keys).sort_values(keys).reset_index(drop=True)


# --- how --------------------------------------------------------------------------------------------------------------


def _panel(run: Run, ax: Axes, column: str, lines: Sequence[_Line], dashed: Sequence[_Line]) -> None:
    kind, _, on = column.partition(".")
    entries: list[tuple[Any, str]] = []
    furthest = max(each.furthest for each in lines)
    for each in lines:
        _draw(run, ax, each, "-")
        entries.append((each.colour, each.label))
        for limit in [] if each.whole else each.limits:
            handle = Line2D([], [], color=each.colour, lw=1.1, ls=_DASHES)
            entries.append((handle, f"its limit: {number(limit.most)}{_limit(ax, each, limit, furthest)}"))
    for each in dashed:
        _draw(run, ax, each, "--")
    if has_many_episodes(run):
        ax.set_xlabel(f"step; median and 5 to 95 % of {run.scenario.run.episodes:,} episodes")
    else:
        time_axis(run, ax)
    ax.yaxis.set_major_formatter(NUMBERS)
    unit = run.table("agents", [column]).schema.field(0).metadata[b"unit"].decode()
    style_axes(ax, _TITLES[kind].format(clipped(on)), unit, entries)


def _limit(ax: Axes, drawn: _Line, limit: LimitInWords, furthest: float) -> str:
    """Draw a limit, and a light band inside it. Returns what the legend adds: that it is too far away to be seen."""
    if limit.most > _FAR * furthest:
        return ", far beyond"
    signed = limit.of == "position" or limit.of in _SIGNED
    for most in (limit.most, -limit.most) if signed else (limit.most,):
        ax.axhline(most, color=drawn.colour, lw=1.1, ls=_DASHES, zorder=1)
    ax.axhspan(-limit.most if signed else 0.0, limit.most, color=drawn.colour, alpha=0.06, lw=0, zorder=0)
    return ""


def _draw(run: Run, ax: Axes, drawn: _Line, dashes: str) -> None:
    rows = drawn.rows
    if rows.empty or not rows["amount"].notna().any():
        return
    if has_many_episodes(run):
        steps = rows.groupby("step")["amount"]
        middle, (low, high) = steps.median(), (steps.quantile(tail) for tail in _TAILS)
        ax.plot(middle.index, middle, color=drawn.colour, lw=1.3, ls=dashes)
        if dashes == "-":
            ax.fill_between(middle.index, low, high, color=drawn.colour, alpha=0.2, lw=0)
        return
    moved = _furthest(rows.assign(at=stretches(run, rows, POINTS)), ["episode", "at"], drawn.least)
    line(ax, moved, "amount", color=drawn.colour, lw=1.1, ls=dashes)
