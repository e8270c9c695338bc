"""The scoreboard as a picture: a strip for each experiment, a dot for each claim."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.output.style import ALARM, GREY, INK, save_figure, style
from analysis.theory.experiments import all_experiments
from analysis.theory.rows import Row

_COLOURS = {"pass": "#2a6f97", "differs": "#b8860b", "fail": ALARM}
_MEANING = {"pass": "agrees", "differs": "literature and its mathematics differ", "fail": "fails"}
_EDGE = 1.4  # in units of what is allowed; what lies further out is an arrow at the edge
_CAPTION = (
    "what the markets gave, a dot for each claim; allowed are four standard errors, or a tick where nothing is drawn"
)
_STRIP, _DPI = 0.36, 100  # inches


def picture(rows: Sequence[Row], quick: bool = False) -> Figure:
    """Distance of each estimate from its target, as a share of what is allowed: dots between -1 and 1 agree.

    Parameters
    ----------
    quick : whether the samples were small, which the picture then says.
    """
    names = list(dict.fromkeys(row.experiment for row in rows))
    titles = {name: each.title for name, each in all_experiments().items()}
    with style():
        figure = Figure(figsize=(11, 2.1 + _STRIP * len(names)), dpi=_DPI, layout="constrained")
        ax = figure.add_subplot()
        ax.axvspan(-1, 1, color=".94", zorder=0)
        ax.axvline(0, color=".6", lw=0.8, zorder=1)
        for place, name in enumerate(names):
            mine = [row for row in rows if row.experiment == name]
            shift = 0.5 * (np.arange(len(mine)) / max(len(mine) - 1, 1) - 0.5)
            for row, up in zip(mine, shift, strict=True):
                at, marker = _place(row)
                colour = _COLOURS[row.verdict]
                ax.plot(at, place + up, marker, ms=4.6, color=colour, alpha=0.85, mec="white", mew=0.4)
            colour = ALARM if any(row.verdict == "fail" for row in mine) else GREY
            ax.text(_EDGE + 0.06, place, tally(mine), va="center", color=colour, fontsize=9)
        ax.set_yticks(range(len(names)), [titles.get(name, name) for name in names], fontsize=9.5, color=INK)
        ax.set_ylim(len(names) - 0.4, -0.6)
        ax.set_xlim(-_EDGE, _EDGE + 0.5)
        ax.set_xticks([-1, 0, 1], ["least allowed", "theory", "most allowed"])
        ax.set_xlabel(_CAPTION, color=GREY, fontsize=9)
        ax.tick_params(length=0)
        for side in ax.spines.values():
            side.set_visible(False)
        present = [verdict for verdict in _COLOURS if any(row.verdict == verdict for row in rows)]
        handles = [Line2D([], [], marker="o", ls="", ms=5, color=_COLOURS[verdict]) for verdict in present]
        ax.legend(handles, [_MEANING[verdict] for verdict in present], loc="lower left", bbox_to_anchor=(0, 1),
                  ncols=3, frameon=False, fontsize=9, borderaxespad=0.2, handletextpad=0.2)  # fmt: skip
        title = headline(rows) + (" (small samples)" if quick else "")
        figure.suptitle(textwrap.fill(title, 96), x=0.01, ha="left", fontweight="bold", fontsize=12.5)
    return figure


def tally(rows: Sequence[Row]) -> str:
    """How many hold, and how many do not for which reason."""
    count = {verdict: sum(row.verdict == verdict for row in rows) for verdict in _COLOURS}
    parts = [f"{count['pass']} of {count['pass'] + count['fail']}"] if count["pass"] + count["fail"] else []
    return ", ".join([*parts, *([f"{count['differs']} differ"] if count["differs"] else [])])


def headline(rows: Sequence[Row]) -> str:
    """What came out, in a line."""
    count = {verdict: sum(row.verdict == verdict for row in rows) for verdict in _COLOURS}
    exact = sum(row.verdict == "pass" and row.standard_error == 0 for row in rows)
    parts = [f"{count['pass']} of {len(rows)} claims hold in a market of agents, {exact} of them to the tick"]
    if count["differs"]:
        parts.append(f"{count['differs']} where literature and its mathematics differ")
    if count["fail"]:
        parts.append(f"{count['fail']} fail")
    return "; ".join(parts)


def _place(row: Row) -> tuple[float, str]:
    """Where a claim's dot stands, and what it looks like: an arrow where it lies beyond the edge."""
    at = row.strain if row.estimate >= row.target else -row.strain
    if abs(at) <= _EDGE:
        return at, "o"
    return (_EDGE, ">") if at > 0 else (-_EDGE, "<")


def save_picture(rows: Sequence[Row], path: Path, quick: bool = False) -> Path:
    """Write the picture as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return save_figure(picture(rows, quick), path)
