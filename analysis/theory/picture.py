"""The scoreboard as a picture: a strip for each experiment, a dot for each claim."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from analysis.dress import ALARM, GREY, INK, style
from analysis.theory.experiments import all_experiments
from analysis.theory.rows import Row

_COLOURS = {"pass": "#2a6f97", "differs": "#b8860b", "fail": ALARM}
_EDGE = 1.6  # in units of what is allowed; dots further out stand at the edge
_STRIP, _DPI = 0.36, 100  # inches


def picture(rows: Sequence[Row]) -> Figure:
    """Distance of each estimate from its target, as a share of what is allowed: dots between -1 and 1 agree."""
    names = list(dict.fromkeys(row.experiment for row in rows))
    titles = {name: each.title for name, each in all_experiments().items()}
    with style():
        figure = Figure(figsize=(11, 1.9 + _STRIP * len(names)), dpi=_DPI, layout="constrained")
        ax = figure.add_subplot()
        ax.axvspan(-1, 1, color=".94", zorder=0)
        ax.axvline(0, color=".6", lw=0.8, zorder=1)
        for place, name in enumerate(names):
            mine = [row for row in rows if row.experiment == name]
            shift = 0.5 * (np.arange(len(mine)) / max(len(mine) - 1, 1) - 0.5)
            for row, up in zip(mine, shift, strict=True):
                ax.plot(
                    _place(row), place + up, "o", ms=4.6, color=_COLOURS[row.verdict], alpha=0.85, mec="white", mew=0.4
                )
            good = sum(row.verdict != "fail" for row in mine)
            ax.text(
                1.015,
                place,
                f"{good} of {len(mine)}",
                transform=ax.get_yaxis_transform(),
                va="center",
                color=GREY if good == len(mine) else ALARM,
                fontsize=9,
            )
        ax.set_yticks(range(len(names)), [titles.get(name, name) for name in names], fontsize=9.5, color=INK)
        ax.set_ylim(len(names) - 0.4, -0.6)
        ax.set_xlim(-_EDGE, _EDGE)
        ax.set_xticks([-1, 0, 1], ["least allowed", "theory", "most allowed"])
        ax.set_xlabel("what the markets gave: one dot for each claim", color=GREY)
        ax.tick_params(length=0)
        for side in ax.spines.values():
            side.set_visible(False)
        figure.suptitle(headline(rows), x=0.01, ha="left", fontweight="bold", fontsize=13)
    return figure


def headline(rows: Sequence[Row]) -> str:
    """What came out, in a line."""
    count = {verdict: sum(row.verdict == verdict for row in rows) for verdict in _COLOURS}
    parts = [f"{count['pass']} of {len(rows)} claims hold in a market of agents"]
    if count["differs"]:
        parts.append(f"{count['differs']} where literature and its mathematics differ")
    if count["fail"]:
        parts.append(f"{count['fail']} fail")
    return "; ".join(parts)


def _place(row: Row) -> float:
    sign = 1.0 if row.estimate >= row.target else -1.0
    return float(np.clip(sign * row.strain, -0.98 * _EDGE, 0.98 * _EDGE))


def save_picture(rows: Sequence[Row], path: Path) -> Path:
    """Write the picture as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with style():
        picture(rows).savefig(path)
    return path
