"""Equilibria of several games as a picture: what is chosen, and what it pays, against what differs between the games.

Each equilibrium is a dot, so games with several have several; mixtures are hollow. Two lines bound them: what the
players would choose as one, and players who all do the same and earn least without a loss.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.games.empirical.candidates import Candidate
from analysis.games.empirical.comparison import Compared
from analysis.output.style import ALARM, GREY, INK, NUMBERS, level, style, style_axes
from analysis.stats.estimates import Estimate

# What bounds the equilibria: its name in a table, in the legend, its colour and dashes.
REFERENCES: dict[str, tuple[str, str, str, Any]] = {
    "together": ("as one", "as one they would play", "#a06a8c", (0, (4, 2))),
    "competitive": ("no loss", "alike, just without a loss", "#4d8f5b", (0, (1, 1.5))),
}
_VERDICTS = {"holds": ("#2a6f97", ""), "open": ("#b8860b", ", not sure"), "fails": (ALARM, ", somebody gains ε")}
_KINDS = {"alike": ("o", "equilibrium"), "mixed": ("o", "mixed"), "apart": ("D", "players differ")}
_SURE = 1.96  # standard errors of a bar on either side: 95 %
_APART = 0.022  # of the width of the axes: equilibria of one game, so that none covers another
_MARGIN, _REACH = 0.09, 0.3  # of the width of the axes; of the distance of games that have no number
_HEAD = 0.06  # of the height, free above what is highest
_FLAT = 0.25  # of what is highest: an axis of values that differ by less does not begin at 0
_SIZE, _DPI = (10.5, 4.6), 150  # inches

Read = Callable[[Compared, Candidate], Estimate | None]


def picture(found: Sequence[Compared]) -> Figure:
    """The equilibria of all games: on the left the effective spread or what is chosen, on the right a player's payoff.

    Where the effective spread is the same everywhere or unknown, and the strategies differ in one number, its mean over
    the players takes its place. Bars are intervals of 95 % where something was sampled.

    Raises
    ------
    ValueError
        If there are no games.
    """
    if not found:
        raise ValueError("there are no games to draw")
    axis, places, names = _places(found)
    title, unit, read = _choice(found)
    with style():
        figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
        left, right = figure.subplots(1, 2)
        seen = _panel(left, found, places, names is None, read)
        _panel(right, found, places, names is None, lambda each, candidate: each.payoff(candidate))
        for ax in (left, right):
            _along(ax, axis, places, names, [each.label.rpartition("=")[2] for each in found])
            low, high = ax.get_ylim()
            begin = low if high - low < _FLAT * high else min(0.0, low)
            ax.set_ylim(begin, high + _HEAD * (high - begin))
        right.axhline(0, color=INK, lw=0.9, zorder=1)
        style_axes(left, title, unit, _entries(seen, found))
        bar = Line2D([], [], color=GREY, marker="|", ms=9, mew=1.2, ls="")
        several = any(len(each.solution.game.roles) > 1 for each in found)
        style_axes(
            right,
            "mean payoff of all players" if several else "payoff of a player",
            "currency per episode",
            [(bar, "95 % interval of what was sampled")],
        )
        level([left, right])
        question = found[0].scenario.question or found[0].scenario.title
        figure.suptitle(textwrap.fill(question, 100), x=0.01, ha="left", fontweight="bold", fontsize=12.5)
    return figure


def _places(found: Sequence[Compared]) -> tuple[str, list[float], list[str] | None]:
    """Label of the horizontal axis, where each game is on it, and their names if they have no number."""
    parts = [each.label.rpartition("=") for each in found]
    path = parts[0][0] if len({path for path, _, _ in parts}) == 1 else ""
    names = [value if path else each.label for each, (_, _, value) in zip(found, parts, strict=True)]
    try:
        numbers = [float(name) for name in names] if path else []
    except ValueError:
        numbers = []
    if numbers and np.all(np.isfinite(numbers)) and len(set(numbers)) == len(numbers):
        return path, numbers, None
    return path, [float(place) for place in range(len(found))], names


def _choice(found: Sequence[Compared]) -> tuple[str, str, Read]:
    spreads = [each.effective_spread(candidate) for each in found for candidate in _candidates(each)]
    known = {round(spread.value, 9) for spread in spreads if spread is not None}
    names = {each.parameter() for each in found}
    name = names.pop() if len(names) == 1 else None
    if name is not None and len(known) < 2:
        return f"mean {name.replace('_', ' ')}", "of all players", lambda each, candidate: each.chosen(candidate, name)
    return "effective spread", "currency", lambda each, candidate: each.effective_spread(candidate)


def _candidates(each: Compared) -> list[Candidate]:
    return [*each.solution.equilibria, *each.references.values()]


def _panel(
    ax: Axes, found: Sequence[Compared], places: Sequence[float], joined: bool, read: Read
) -> dict[tuple[str, str], None]:
    """Draw references and equilibria; returns the kinds and verdicts of the latter."""
    order = np.argsort(places)
    for name, (_, _, colour, dashes) in REFERENCES.items():
        points = [(places[at], read(found[at], found[at].references[name])) for at in order
                  if name in found[at].references]  # fmt: skip
        known = [(x, *y) for x, y in points if y is not None]
        look: dict[str, Any] = {"color": colour, "lw": 1.6, "zorder": 2}
        if known and joined:
            x, y, error = np.array(known).T
            ax.errorbar(x, y, _bar(error), ls=dashes, marker=".", ms=5, elinewidth=1, **look)
        for x, y, error in [] if joined else known:
            ax.hlines(y, x - _REACH, x + _REACH, ls=dashes, **look)
            ax.errorbar([x + _REACH], [y], _bar(np.array([error])), fmt="none", elinewidth=1, **look)
    width = (max(places) - min(places)) / (1 - 2 * _MARGIN) if joined else len(places)
    seen: dict[tuple[str, str], None] = {}
    for each, place in zip(found, places, strict=True):
        equilibria = each.solution.equilibria
        for number, candidate in enumerate(equilibria):
            estimate = read(each, candidate)
            if estimate is None:
                continue
            kind, verdict = _kind(candidate), candidate.verdict(each.solution.epsilon)
            shift = _APART * width * (number - (len(equilibria) - 1) / 2)
            ax.errorbar(
                [place + shift], [estimate.value], _bar(np.array([estimate.standard_error])), zorder=3,
                capsize=2.5, elinewidth=1.1, **_look(kind, verdict),
            )  # fmt: skip
            seen[kind, verdict] = None
    return seen


def _bar(error: Any) -> Any:
    """Half the length of a bar; none where an error is unknown."""
    return _SURE * np.where(np.isfinite(error), error, 0.0)


def _kind(candidate: Candidate) -> str:
    if candidate.mixed:
        return "mixed"
    return "alike" if all(len(shares) == 1 for shares in candidate.plays.values()) else "apart"


def _look(kind: str, verdict: str) -> dict[str, Any]:
    colour = _VERDICTS[verdict][0]
    face = "white" if kind == "mixed" else colour
    return {"marker": _KINDS[kind][0], "ls": "", "ms": 7, "color": colour, "mfc": face, "mew": 1.4}


def _entries(seen: dict[tuple[str, str], None], found: Sequence[Compared]) -> list[tuple[Any, str]]:
    dots = [
        (Line2D([], [], **_look(kind, verdict)), _KINDS[kind][1] + _VERDICTS[verdict][1])
        for kind in _KINDS
        for verdict in _VERDICTS
        if (kind, verdict) in seen
    ]
    lines = [
        (Line2D([], [], color=colour, ls=dashes, lw=1.6), label)
        for name, (_, label, colour, dashes) in REFERENCES.items()
        if any(name in each.references for each in found)
    ]
    return [*dots, *lines]


def _along(ax: Axes, label: str, places: Sequence[float], names: Sequence[str] | None, texts: Sequence[str]) -> None:
    """The horizontal axis: a mark for each game."""
    width = (max(places) - min(places)) or 1.0
    margin = _MARGIN * width / (1 - 2 * _MARGIN) if names is None else 0.5
    ax.set_xlim(min(places) - margin, max(places) + margin)
    shown = texts if names is None else [textwrap.fill(name.replace("_", " "), 18) for name in names]
    ax.set_xticks(list(places), list(shown))
    ax.yaxis.set_major_formatter(NUMBERS)
    ax.set_xlabel(label)
