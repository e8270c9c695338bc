"""How a tournament's outcome is told: as JSON, as tables on a screen, and as a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from analysis.output.numbers import NOTHING, number
from analysis.output.style import GREY, INK, style
from analysis.output.tables import new_table, number_columns, text_column
from analysis.tournament.entries import OURS
from analysis.tournament.matches import Match
from analysis.tournament.rounds import Outcome
from analysis.tournament.standings import Standing, interval
from sim.core.wording import printable

_UNIT = "currency per episode, mean over the kinds of matches; 95 % intervals over seeds"
_COLOURS = ("#3f7cac", "#d98b7b", "#8d99ae", "#b58db6", "#c9a227", "#5b8e7d", "#777777", "#a3b18a", "#e07a5f")
_OURS = "(ours)"
_LARGE = 1 / 40  # of the figure's height: letters that can be read on a wall


def as_json(outcome: Outcome, table: Sequence[Standing]) -> dict[str, Any]:
    """The outcome as plain data; numbers that are not known are null. The yardstick has no file."""
    return {
        "table": [
            {
                "rank": row.rank, "name": row.name, "file": row.entry.key or None, "payoff": row.payoff,
                "low": _finite(row.low), "high": _finite(row.high),
                **{name: _finite(value) for name, value in row.lines.items()},
                "tied": [key or None for key in row.tied],
            }
            for row in table
        ],
        "disqualified": [
            {"file": each.key, "name": outcome.names.get(str(each.key)), "reason": each.reason,
             "message": each.message}
            for each in outcome.out
        ],
        "matches": [_match(outcome, match, played.runs) for match, played in outcome.matches],
        "dropped": [
            {"kind": match.kind, "files": [key or None for key in match.keys], "message": failure.message}
            for match, failure in outcome.dropped
        ],
        "scenario": outcome.asked.scenario.source, "players": outcome.asked.population,
        "seeds": list(outcome.asked.seeds),
    }  # fmt: skip


def _match(outcome: Outcome, match: Match, runs: dict[int, dict[str, Any]]) -> dict[str, Any]:
    players = []
    for place, key in enumerate(match.keys):
        samples = np.array([runs[seed]["payoffs"][place] for seed in outcome.asked.seeds])
        low, high = interval(samples)
        name, payoff = outcome.names.get(key, key), float(samples.mean())
        players.append(
            {"name": name, "file": key or None, "payoff": payoff, "low": _finite(low), "high": _finite(high)}
        )
    return {"kind": match.kind, "players": players}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


# --- on the screen ----------------------------------------------------------------------------------------------------


def tables(outcome: Outcome, table: Sequence[Standing]) -> list[Table | str]:
    """What is printed: who is ranked, and who is out, with the reason."""
    found: list[Table | str] = []
    if all(row.entry.key == OURS for row in table):
        found.append("nobody is ranked: none of the files can play — the reasons are below")
    else:
        found.append(_ranking(table))
        found += [told_apart(table), "", _lines(table)]
    if any(math.isnan(value) for row in table for value in row.lines.values()):
        found.append(f"{NOTHING} where a run had no mid price, against which the lines are told")
    if outcome.out:
        found += ["", _disqualified(outcome)]
    for match, failure in outcome.dropped:
        who = ", ".join(outcome.names.get(key, key) for key in match.keys)
        found.append(printable(f"the match of {who} does not count: {failure.message}"))
    return found


def _ranking(table: Sequence[Standing]) -> Table:
    made = new_table(_UNIT)
    number_columns(made, "rank")
    text_column(made, "strategy")
    text_column(made, "file")
    number_columns(made, "payoff", "from", "to")
    for row in table:
        numbers = (row.payoff, row.low, row.high)
        made.add_row(
            str(row.rank), row.name, printable(row.entry.key) or _OURS, *(number(value, 4) for value in numbers)
        )
    return made


def _lines(table: Sequence[Standing]) -> Table:
    """The lines that the payoffs are the sums of, without those that are zero everywhere."""
    shown = _shown(table)
    made = new_table("their sum is the payoff", title="where it came from")
    number_columns(made, "rank")
    text_column(made, "strategy")
    number_columns(made, *(name.replace("_", "\n") for name in shown))
    for row in table:
        made.add_row(str(row.rank), row.name, *(number(row.lines[name], 4) for name in shown))
    return made


def _shown(table: Sequence[Standing]) -> list[str]:
    """Lines that are not zero everywhere."""
    return [name for name in table[0].lines if any(np.nan_to_num(row.lines[name]) for row in table)]


def told_apart(table: Sequence[Standing]) -> str:
    """Which ranks differ by more than chance: of all others the order may be chance, neighbours or not."""
    if len(table) < 2:
        return ""
    below = [_beaten(row, table) for row in table]
    if not any(below):
        return "no two are told apart by these seeds: their order may be chance"
    if sum(map(len, below)) == len(table) * (len(table) - 1) // 2:
        return "every two are told apart by these seeds"
    pairs = [f"{row.rank} from {in_runs(ranks)}" for row, ranks in zip(table, below, strict=True) if ranks]
    return f"told apart by these seeds: rank {'; '.join(pairs)}. The order of all other pairs may be chance"


def _beaten(row: Standing, table: Sequence[Standing]) -> list[int]:
    """Ranks below one from which it is told apart."""
    return [other.rank for other in table if other.rank > row.rank and other.entry.key not in row.tied]


def in_runs(numbers: Sequence[int]) -> str:
    """Ascending numbers, those that follow each other as one: ``2, 4–6``."""
    runs: list[list[int]] = []
    for each in numbers:
        if runs and each == runs[-1][1] + 1:
            runs[-1][1] = each
        else:
            runs.append([each, each])
    return ", ".join(str(a) if a == b else f"{a}, {b}" if b == a + 1 else f"{a}–{b}" for a, b in runs)


def _disqualified(outcome: Outcome) -> Table:
    made = new_table(title="cannot play")
    text_column(made, "file")
    text_column(made, "reason", no_wrap=True)
    text_column(made, "what happened")
    for each in outcome.out:
        made.add_row(printable(str(each.key)), each.reason, printable(each.message))
    return made


# --- drawn --------------------------------------------------------------------------------------------------------


def picture(outcome: Outcome, table: Sequence[Standing]) -> Figure:
    """Payoffs with their intervals, beside the lines that they are the sum of."""
    height = 2.6 + 0.5 * len(table)
    size = max(10.0, 72 * height * _LARGE)
    with style():
        figure = Figure(figsize=(max(12.0, 1.6 * height), height), dpi=100, layout="constrained")
        payoffs, lines = figure.subplots(1, 2, sharey=True, width_ratios=[3, 4])
        _draw_payoffs(payoffs, table, size)
        _draw_lines(lines, table, size)
        look: dict[str, Any] = {"ncols": 3, "frameon": False, "fontsize": size}
        figure.legend(*payoffs.get_legend_handles_labels(), loc="outside lower left", **look)
        figure.legend(*lines.get_legend_handles_labels(), loc="outside lower right", **look)
        title = f"{outcome.asked.population} of {outcome.asked.scenario.title or outcome.asked.scenario.source}"
        figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=1.2 * size)
    return figure


def _draw_payoffs(ax: Axes, table: Sequence[Standing], size: float) -> None:
    places = np.arange(len(table))
    values = [row.payoff for row in table]
    reach = [0.0 if math.isnan(row.high) else row.high - row.payoff for row in table]
    ours = [row.entry.key == OURS for row in table]
    for own, mark in ((False, "o"), (True, "D")):
        chosen = [place for place in places if ours[place] == own]
        label = "ours" if own else "of a file"
        ax.errorbar(
            [values[place] for place in chosen], chosen, xerr=[reach[place] for place in chosen], fmt=mark, color=INK,
            mfc="white" if own else INK, ms=0.7 * size, capsize=4, lw=1.6, label=label,
        )  # fmt: skip
    names = [row.name for row in table]
    shown = [f"{row.name} ({printable(row.entry.key)})" if names.count(row.name) > 1 else row.name for row in table]
    apart = [f" > {in_runs(ranks)}" if (ranks := _beaten(row, table)) else "" for row in table]
    labels = [f"{row.rank}  {name}{above}" for row, name, above in zip(table, shown, apart, strict=True)]
    ax.set_yticks(places, labels, fontsize=size, parse_math=False)  # names may have any letters
    ax.set_ylim(len(table) - 0.4, -0.6)
    _finish(ax, "payoff, with 95 % interval\n> ranks that it is told apart from", size)


def _draw_lines(ax: Axes, table: Sequence[Standing], size: float) -> None:
    names = _shown(table)
    places = np.arange(len(table))
    above, below = np.zeros(len(table)), np.zeros(len(table))
    hatches = ("", "//", "..", "xx", "\\\\", "++", "oo", "--", "**")  # no meaning by colour alone
    for name, colour, hatch in zip(names, _COLOURS, hatches, strict=False):
        values = np.nan_to_num(np.array([row.lines[name] for row in table]))
        left = np.where(values >= 0, above, below)
        ax.barh(
            places, values, 0.62, left=left, color=colour, hatch=hatch, edgecolor="white", label=name.replace("_", " ")
        )
        above, below = above + np.maximum(values, 0), below + np.minimum(values, 0)
    ax.tick_params(left=False, labelleft=False)
    _finish(ax, "where it came from", size)


def _finish(ax: Axes, title: str, size: float) -> None:
    ax.axvline(0, color=".4", lw=1.0, zorder=0.5)
    ax.grid(axis="x", color=".87", lw=0.7)
    ax.set_axisbelow(True)
    ax.set_xlabel("currency per episode", color=GREY, fontsize=size)
    ax.tick_params(axis="x", labelsize=size)
    ax.set_title(title, loc="left", fontsize=size)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
