"""What is drawn of a run: a few columns of its tables, thinned to what a picture can show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from sim.runs import Run

Floats = NDArray[np.float64]

MANY_EPISODES = 12  # beyond this many, or when episodes are shorter than SHORT_EPISODE, time series say little
SHORT_EPISODE = 20


def columns(run: Run, table: str, names: list[str]) -> pd.DataFrame:
    """Some columns of a table; the others are read a batch at a time and let go."""
    parts = [batch.select(names) for batch in run.batches(table)]
    whole: pd.DataFrame = (pa.Table.from_batches(parts) if parts else run.table(table).select(names)).to_pandas()
    return whole


def has_many_episodes(run: Run) -> bool:
    """Whether distributions over episodes say more of a run than time series."""
    episodes, steps = run.scenario.run.episodes, run.scenario.run.steps
    return episodes > MANY_EPISODES or (episodes > 1 and steps < SHORT_EPISODE)


def market_steps(run: Run, rows: pd.DataFrame) -> Floats:
    """Steps since the run began, the episodes one after another."""
    return np.asarray(rows["episode"] * run.scenario.run.steps + rows["step"], float)


@dataclass(frozen=True)
class Line:
    """A time series ready to draw: nan between episodes, so that no line joins them."""

    steps: Floats
    values: Floats


def thinned(run: Run, steps: Floats, values: Any, points: int) -> Line:
    """Means over stretches of equal length, at most about `points` of them; series that are short stay as they are.

    Parameters
    ----------
    steps : (samples,), from :func:`market_steps`, ascending.
    values : (samples,); nan where there is none, and such samples count for nothing.
    """
    values = np.asarray(values, float)
    if not len(steps):
        return Line(steps, values)
    bins, centres = _stretches(run, steps, points)
    present = ~np.isnan(values)
    weights = np.bincount(bins[present], minlength=len(centres))
    sums = np.bincount(bins[present], values[present], minlength=len(centres))
    means = np.divide(sums, weights, out=np.full(len(centres), np.nan), where=weights > 0)
    return _broken(run, centres, means)


def percentiles(run: Run, steps: Floats, values: Any, points: int, low: float, high: float) -> tuple[Line, Line]:
    """Two percentiles (0 to 1) within each of the stretches that :func:`thinned` takes."""
    bins, centres = _stretches(run, steps, points)
    grouped = pd.Series(np.asarray(values, float)).groupby(bins)
    lines = [
        _broken(run, centres, grouped.quantile(level).reindex(range(len(centres))).to_numpy()) for level in (low, high)
    ]
    return lines[0], lines[1]


def _stretches(run: Run, steps: Floats, points: int) -> tuple[NDArray[np.int64], Floats]:
    """Number of each sample's stretch, and the stretches' middles; none reaches over the end of an episode."""
    if len(steps) <= points:
        return np.arange(len(steps)), steps
    length = run.scenario.run.steps
    width = max(1.0, np.ceil((steps[-1] - steps[0] + 1) / points))
    in_episode = np.ceil(length / width)
    keys = steps // length * in_episode + steps % length // width
    _, bins = np.unique(keys, return_inverse=True)
    return bins, np.bincount(bins, steps) / np.bincount(bins)


def _broken(run: Run, steps: Floats, values: Floats) -> Line:
    """The line, cut where an episode ends."""
    cuts = np.flatnonzero(np.diff(steps // run.scenario.run.steps)) + 1
    return Line(np.insert(steps, cuts, steps[cuts - 1]), np.insert(values, cuts, np.nan))


def whole_range(values: Any, tail: float = 0.005) -> tuple[float, float]:
    """All of the values, less the furthest of them where a few lie very far out."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    low, high = float(values.min()), float(values.max())
    inner_low, inner_high = (float(each) for each in np.quantile(values, [tail, 1 - tail]))
    room = 1.5 * (inner_high - inner_low)
    return (max(low, inner_low - room), min(high, inner_high + room)) if room else (low, high)


def edges(values: Any, grid: float | None = None, most: int = 60) -> Floats:
    """Edges of about so many even bins; on a grid each bin holds equally many of the values that can occur.

    Parameters
    ----------
    values : at least one of them finite.
    grid : distance of neighbouring values: a tick, a lot; None if they lie anywhere.
    """
    low, high = whole_range(values)
    if grid is None:
        return np.linspace(low, high, most + 1)
    width = grid * max(1, round((high - low) / grid / most))
    first = (round(low / grid) - 0.5) * grid
    return np.asarray(first + width * np.arange(math.ceil((high - first) / width) + 1))
