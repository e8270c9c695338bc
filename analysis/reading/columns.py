"""What is drawn of a run: a few columns of its tables, and where on the axis of time their rows go."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.runs.result import Run

MANY_EPISODES = 12  # beyond this many, or when episodes are shorter than SHORT_EPISODE, time series say little
SHORT_EPISODE = 20


def columns(run: Run, table: str, names: list[str]) -> pd.DataFrame:
    """Some columns of a table; the others are not read."""
    frame: pd.DataFrame = run.table(table, names).to_pandas()
    return frame


def arrays(run: Run, table: str, *names: str) -> list[NDArray[Any]]:
    """Columns of a table as NumPy arrays; names of populations and sides as text."""
    kept = run.table(table, list(names))
    found = []
    for name in names:
        column = kept.column(name).combine_chunks()
        if hasattr(column, "dictionary"):
            texts = np.array(column.dictionary.to_pylist(), dtype=object)
            found.append(texts[column.indices.to_numpy(zero_copy_only=False)])
        else:
            found.append(column.to_numpy(zero_copy_only=False))
    return found


def has_many_episodes(run: Run) -> bool:
    """Whether distributions over episodes say more of a run than time series."""
    episodes, steps = run.scenario.run.episodes, run.scenario.run.steps
    return episodes > MANY_EPISODES or (episodes > 1 and steps < SHORT_EPISODE)


def stretches(run: Run, rows: pd.DataFrame, points: int) -> pd.Series[float]:
    """Steps since the run began, each moved to the middle of its stretch: at most about `points` equally long ones.

    No stretch reaches over the end of an episode; series that are short stay as they are.

    Parameters
    ----------
    rows : with columns ``episode`` and ``step``.
    """
    since = (rows["episode"] * run.scenario.run.steps + rows["step"]).astype(float)
    if since.nunique() <= points:
        return since
    width = math.ceil((since.max() - since.min() + 1) / points)
    return since.groupby([rows["episode"], rows["step"] // width]).transform("mean")


def thinned(run: Run, rows: pd.DataFrame, points: int, by: str = "episode") -> pd.DataFrame:
    """Means of all columns over :func:`stretches`, at whose middles (``at``) they stand; nan counts for nothing.

    Parameters
    ----------
    by : a column whose values are not to be mixed.
    """
    keys = list(dict.fromkeys([by, "episode", "at"]))
    moved = rows.assign(at=stretches(run, rows, points))
    means: pd.DataFrame = moved.groupby(keys, as_index=False, observed=True, sort=True).mean(numeric_only=True)
    return means


def whole_range(values: Any, tail: float = 0.005) -> tuple[float, float]:
    """All of the values, less the furthest of them where a few lie very far out."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    low, high = float(values.min()), float(values.max())
    inner_low, inner_high = (float(each) for each in np.quantile(values, [tail, 1 - tail]))
    room = 1.5 * (inner_high - inner_low)
    return (max(low, inner_low - room), min(high, inner_high + room)) if room else (low, high)
