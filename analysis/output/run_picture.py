"""Pictures of a run: one figure of what happened, and its panels, which draw on axes of yours.

Nothing here touches global settings, and no window opens.
"""

from __future__ import annotations

import textwrap
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.output.price_panels import price_against_value, spread
from analysis.output.style import ALARM, GREY, level, save_figure, style
from analysis.output.trader_panels import inventories, payoff_distribution, payoffs
from analysis.reading.columns import has_many_episodes
from sim.core.errors import RunError
from sim.runs.result import Run

__all__ = ["inventories", "payoff_distribution", "payoffs", "picture", "price_against_value", "save_picture", "spread"]

_WIDTH, _HEIGHT, _TALL, _DPI = 12.0, 9.0, 12.5, 100  # inches, tall for three instruments; dots an inch
_LONG = 80  # characters of a title that is written smaller
_MOST_PANELS = 3  # of instruments


class Picture(Figure):
    """A figure that a notebook shows, once, without pyplot."""

    def _repr_png_(self) -> bytes:
        file = BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()


def picture(run: Run, heading: bool = True) -> Figure:
    """One figure of what happened: price against value, spread, inventories, payoffs.

    Of many episodes the third panel shows the payoffs episode by episode instead. Several instruments get panels of
    their own, the first three of them.

    Parameters
    ----------
    heading : whether title and question stand above.
    """
    _check_run(run)
    with style():
        names = [each.name for each in run.scenario.instruments][:_MOST_PANELS]
        rows = len(names)
        figure = Picture(figsize=(_WIDTH, _HEIGHT if rows < _MOST_PANELS else _TALL), dpi=_DPI)
        height = 0.912 - 0.024 * _write_heading(run, figure) if heading else 0.96
        _write_foot(run, figure)
        figure.set_layout_engine("constrained", rect=(0.008, 0.032, 0.984, height), wspace=0.05, hspace=0.05)
        grid = figure.add_gridspec(2 * rows, 2, left=0.07, right=0.985)
        for first, draw, beside in ((0, price_against_value, spread), (rows, inventories, payoffs)):
            if draw is inventories and has_many_episodes(run):
                left = [payoff_distribution(run, figure.add_subplot(grid[first:, 0]))]
            else:
                left = [figure.add_subplot(grid[first + row, 0]) for row in range(rows)]
                _stack(run, left, draw, names)
            level([left[0], beside(run, figure.add_subplot(grid[first : first + rows, 1]))])
    return figure


def _check_run(run: object) -> None:
    if not hasattr(run, "scenario") or not hasattr(run, "table"):
        raise TypeError(f"run must be a run, as run() and open_run() return, not {run!r:.60}")


def save_picture(run: Run, path: str | Path | None = None) -> Path:
    """Write :func:`picture` to a file. Returns its path.

    Parameters
    ----------
    path : ends in ``.png``, ``.svg``, ``.pdf`` or another ending that matplotlib knows; None for ``picture.png`` in the
        run folder.

    Raises
    ------
    RunError
        If the place cannot be written or its ending names no format, or if the run has no folder and there is no path.
    """
    _check_run(run)
    if path is None:
        if run.folder is None:
            raise RunError("this run is kept in memory and has no folder — say where the picture shall go")
        path = run.folder / "picture.png"
    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    formats = Figure().canvas.get_supported_filetypes()
    if kind not in formats:
        what = f"{path.suffix!r} is no format of pictures" if kind else "the name has no ending that says which format"
        raise RunError(f"{path}: {what} — end it in .png, .svg or .pdf (also possible: {', '.join(sorted(formats))})")
    undated = {"svg": {"Date": None}, "svgz": {"Date": None}, "pdf": {"CreationDate": None}}
    try:
        save_figure(picture(run), path, metadata=undated.get(kind))
    except (OSError, RuntimeError) as error:  # RuntimeError: what a format needs, as LaTeX for .pgf, is not installed
        why = getattr(error, "strerror", None) or error
        raise RunError(f"{path}: the picture cannot be written ({why}) — choose another place") from error
    return path


def _stack(run: Run, panels: list[Axes], draw: Any, names: list[str]) -> None:
    """One panel below the other, an instrument each."""
    for number, (ax, name) in enumerate(zip(panels, names, strict=True)):
        draw(run, ax, name, legend=number == 0 or draw is inventories or has_many_episodes(run))
        if ax is not panels[-1]:
            ax.set_xlabel("")
            ax.tick_params(axis="x", labelbottom=has_many_episodes(run))


def _write_heading(run: Run, figure: Figure) -> int:
    """Title and question. Returns the lines that the question takes."""
    scenario = run.scenario
    title = run.heading
    plain: dict[str, Any] = {"parse_math": False, "ha": "left", "va": "top"}
    figure.text(
        0.012,
        0.984,
        textwrap.shorten(title, 140, placeholder=" …"),
        fontsize=17 if len(title) < _LONG else 13,
        fontweight="bold",
        **plain,
    )
    question = textwrap.wrap(scenario.question, 135, max_lines=2, placeholder=" …")
    figure.text(0.012, 0.948, "\n".join(question), fontsize=11.5, color=GREY, linespacing=1.35, **plain)
    return len(question)


def _write_foot(run: Run, figure: Figure) -> None:
    """How long the run was, and whether it was stopped."""
    scenario, manifest = run.scenario, run.manifest
    length = f"{manifest['steps']:,} steps"
    if scenario.run.episodes > 1:
        length += f" in {scenario.run.episodes:,} episodes"
    foot = f"{length}, {manifest['trades']:,} trades, {manifest['messages']:,} messages; seed {manifest['seed']}"
    figure.text(0.988, 0.01, foot, fontsize=9, color=GREY, ha="right", va="bottom")
    if run.status != "complete":
        reached = f"{run.status} after {manifest['steps']:,} of {manifest['steps_asked']:,} steps"
        figure.text(0.012, 0.01, reached, fontsize=9, fontweight="bold", color=ALARM, ha="left", va="bottom")
