"""What chapters are made of: pictures and tables, of each run or over the seeds of several."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.money.attribution import Attribution
from analysis.money.who_paid_whom import WhoPaidWhom
from analysis.output.numbers import plus_minus
from analysis.output.style import style
from analysis.quality.spreads import Spreads
from analysis.report import words
from analysis.report.glossary import Chapter
from analysis.stats.estimates import mean
from sim.runs.result import Run
from sim.scenario import dump_toml

_DPI, _PIXELS = 140, 89  # dots an inch in the file, and on the page
NONE = "–"


@dataclass(frozen=True)
class Image:
    """A figure as a page holds it."""

    source: str  # a data URI
    width: int  # pixels of the page, where there is room
    text: str  # for those who cannot see it
    of: str  # the run's name


@dataclass
class Grid:
    """A table, whose first cells name the rows."""

    head: list[str]
    rows: list[list[str]]
    note: str = ""
    words_last: bool = False  # whether the last column is text


@dataclass
class Part:
    """A chapter of the page."""

    chapter: Chapter
    images: list[Image] = field(default_factory=list)
    grids: list[tuple[str, Grid]] = field(default_factory=list)  # a title, and the table
    missing: list[str] = field(default_factory=list)  # why something is not there

    @property
    def anchor(self) -> str:
        """What links lead to."""
        return self.chapter.title.lower().replace(" ", "-")

    def __bool__(self) -> bool:
        return bool(self.images or self.grids or self.missing)


@dataclass
class ReportedRun:
    """What one run says."""

    name: str
    run: Run
    headline: str
    findings: list[words.Finding]
    attributions: list[Attribution]
    who: WhoPaidWhom | None
    spreads: list[Spreads]
    reason: str  # why there are no attributions

    @property
    def episodes(self) -> int:
        """Over which amounts are means."""
        return 1 if self.who is None else len(self.who.won)


# --- what runs have in common ---------------------------------------------------------------------------------------


def over_seeds(part: Part, reported_runs: Sequence[ReportedRun], title: str, frames: Sequence[pd.DataFrame]) -> None:
    """A table of means over the seeds of one scenario, with their errors; nothing where runs differ in more."""
    if len(frames) < len(reported_runs) or not only_seeds_differ([each.run for each in reported_runs]):
        return
    values = np.stack([frame.to_numpy(float) for frame in frames])
    shown = [place for place, name in enumerate(frames[0].columns) if values[:, :, place].any() or name == "total"]
    rows = [
        [str(name), *(with_error(*mean(values[:, row, column])) for column in shown)]
        for row, name in enumerate(frames[0].index)
    ]
    head = ["", *(str(frames[0].columns[place]).replace("_", " ") for place in shown)]
    part.grids.append((title, Grid(head, rows, "Currency, mean of an episode ± one standard error over the seeds.")))


def only_seeds_differ(runs: Sequence[Run]) -> bool:
    """Whether several runs are of one scenario with different seeds, so that their scatter gives an error."""

    def without_seed(run: Run) -> Any:
        return run.scenario.model_copy(update={"run": run.scenario.run.model_copy(update={"seed": 0})})

    seeds = {run.scenario.run.seed for run in runs}
    return len(runs) > 1 and len(seeds) == len(runs) and len({dump_toml(without_seed(run)) for run in runs}) == 1


def title_of(each: ReportedRun, reported_runs: Sequence[ReportedRun], text: str) -> str:
    """A table's title, with the run's name where there are several."""
    return ": ".join(part for part in (each.name if len(reported_runs) > 1 else "", text) if part)


def with_error(value: float, standard_error: float | None = None) -> str:
    """A number and its error as a cell, with a minus sign."""
    if not math.isfinite(value):
        return NONE
    text = plus_minus(float(value), standard_error)
    return f"−{text[1:]}" if text.startswith("-") else text


def image_of(figure: Figure, text: str, of: str) -> Image:
    """A figure as a page holds it; ``text`` is for those who cannot see it."""
    file = BytesIO()
    with style():
        figure.savefig(file, format="png", dpi=_DPI)
    source = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    return Image(source, round(_PIXELS * figure.get_figwidth()), text, of)
