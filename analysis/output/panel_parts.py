"""What the panels of a run's picture share: lines over time, the axis of time, names and colours."""

from __future__ import annotations

from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from analysis.output.style import GREY, NUMBERS
from sim.core.errors import RunError
from sim.runs.result import Run
from sim.scenario.tables.venues import Venue

POINTS = 1500  # of a line: more than a screen has columns
MOST_LINES = 8
FEW_POINTS = 30
_COLOURBLIND = 10  # colours that seaborn's palette of this name has

Colour = tuple[float, float, float]


def line(ax: Axes, rows: pd.DataFrame, column: str, **look: Any) -> None:
    """A line over time, of which no part joins two episodes; points on one that has so few that it may be none."""
    if rows["at"].nunique() <= FEW_POINTS:
        look |= {"marker": "o", "markersize": 4, "markeredgewidth": 0}
    if "estimator" not in look:
        look |= {"estimator": None, "units": "episode", "errorbar": None}
    if rows[column].notna().any():
        sns.lineplot(rows, x="at", y=column, legend=False, ax=ax, **look)


def time_axis(run: Run, ax: Axes) -> None:
    """Steps, and where episodes end."""
    length, episodes = run.scenario.run.steps, run.scenario.run.episodes
    done = max(1, run.manifest["steps"])
    for episode in range(1, episodes):
        if episode * length < done:
            ax.axvline(episode * length, color=GREY, lw=0.7, ls=":", zorder=0)
    ax.set_xlim(*((0, done) if done > FEW_POINTS else (-0.5, done - 0.5)))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, steps=[1, 2, 2.5, 5, 10], min_n_ticks=1))
    ax.xaxis.set_major_formatter(NUMBERS)
    ax.set_xlabel("step" if episodes == 1 else f"step, {episodes} episodes one after another")


def silence(run: Run) -> str:
    """What is said where nobody traded."""
    return "" if run.manifest["trades"] else "Nobody traded."


def instrument_of(run: Run, name: str | None) -> str:
    """The instrument that was asked for, the first where none was.

    Raises
    ------
    RunError
        If the run has no such instrument.
    """
    names = [each.name for each in run.scenario.instruments]
    if name is not None and name not in names:
        raise RunError(f"there is no instrument {name!r} in this run — it has {', '.join(names)}")
    return name or names[0]


def venues_of(run: Run, instrument: str) -> list[Venue]:
    """The venues that trade an instrument."""
    return [venue for venue in run.scenario.venues if venue.instrument == instrument]


def of_instrument(run: Run, instrument: str) -> str:
    """The instrument's name behind a title, where there are others."""
    return f", {instrument}" if len(run.scenario.instruments) > 1 else ""


def agents(count: int) -> str:
    """How many they are, in words."""
    return "1 agent" if count == 1 else f"{count:,} agents"


def colours_of(run: Run) -> dict[str, Colour]:
    """One colour to a population, the same in every panel."""
    names = [each.name for each in run.scenario.populations]
    palette = sns.color_palette("colorblind" if len(names) <= _COLOURBLIND else "husl", len(names))
    return dict(zip(names, palette, strict=True))
