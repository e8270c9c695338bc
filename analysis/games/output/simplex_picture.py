"""The replicator's motion as a picture: along a segment of two strategies, or as stream lines in a triangle of three.

Equilibria are filled where they are stable and hollow where they are not. What else is at rest is a cross: the motion
never takes up a strategy that nobody plays, so that it also rests where only such a strategy would pay more.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon
from matplotlib.ticker import PercentFormatter
from matplotlib.tri import Triangulation, UniformTriRefiner
from numpy.typing import ArrayLike, NDArray

from analysis.games.dynamics.basins import arrivals
from analysis.games.dynamics.evolutionary_stability import evolutionary_stability
from analysis.games.dynamics.motion import speeds
from analysis.games.output.selection_text import called, named
from analysis.games.solvers.mixtures import PLAYED
from analysis.games.solvers.symmetric_equilibria import symmetric_equilibria
from analysis.games.tables.symmetric import SymmetricGame
from analysis.output.numbers import clipped
from analysis.output.style import GREY, INK, NUMBERS, nothing, points, style_axes

Floats = NDArray[np.float64]
Marked = tuple[Floats, bool | None, str]  # place or mixture of an equilibrium, whether it is stable, what it is called
CORNERS: Floats = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])  # of the triangle, a strategy each
BLUE = "#2a6f97"
_BASINS = ("#2a6f97", "#b8860b", "#4d8f5b", "#a06a8c")  # shaded lightly
_HALVINGS = 5  # of the triangle's edges: starts are the middles of the triangles that this makes
_TITLE_LETTER = 6.9  # points across, of a title's letter
_SAME = 1e-3  # points that are drawn as one
_TAG = 12  # letters that are written beside a dot
_NEAR = 0.06  # of the width: dots whose names would cover one another
_EFFORT = 1e5  # payoffs that bounds look at for points at rest: they are few strategies


def replicator_field(
    game: SymmetricGame, ax: Axes, equilibria: Sequence[tuple[ArrayLike, bool | None]] = (),
    names: Sequence[str] | None = None, absent: Sequence[str] = (),
) -> Axes:  # fmt: skip
    """How shares change under replicator dynamics.

    With two strategies the speed over the share of the first; with three stream lines, and which mixtures come to which
    of several stable equilibria, shaded. Of more strategies up to three are drawn, those that equilibria play most, and
    the title says that the others are left out; so does the legend with equilibria that play them.

    Parameters
    ----------
    equilibria : mixture (strategies,) of each, and whether it is stable; None where that is not decided.
    names : what the equilibria are called; their numbers from 1 if None.
    absent : names of others that are no mixtures, so that they have no place here; the legend says so.

    Raises
    ------
    ValueError
        If a mixture is none of the game's strategies, or there are not as many names as equilibria.
    """
    pairs = zip(equilibria, named(len(equilibria), names), strict=True)
    given = [(checked_mixture(mixture, game.strategies), stable, name) for (mixture, stable), name in pairs]
    chosen = shown_strategies(game, [mixture for mixture, _, _ in given])
    title = "Replicator dynamics"
    if len(chosen) < game.size:
        title += f" of {len(chosen)} strategies, the other {game.size - len(chosen)} left out"
    if game.size == 1:
        return nothing(ax, fitted(ax, title), "there is only one strategy")
    inside = [(x[chosen], stable, name) for x, stable, name in given if x[chosen].sum() > 1.0 - _SAME]
    part = game.restricted(chosen)
    resting = [point for point in _at_rest(part) if all(np.abs(point - x).max() > _SAME for x, _, _ in inside)]
    outside = [name for x, _, name in given if x[chosen].sum() <= 1.0 - _SAME] + list(absent)
    note = f"{called(outside)} left out" if outside else ""
    draw, unit = (_segment, "speed of the share, in payoffs") if part.size == 2 else (_triangle, "")
    entries = draw(part, ax, inside)
    where = np.array([[mixture[0], 0.0] if part.size == 2 else mixture @ CORNERS for mixture in resting])
    if len(resting):
        cross: dict[str, Any] = {"marker": "x", "ms": 5, "mew": 1.3, "color": GREY, "ls": ""}
        ax.plot(*where.T, **cross, zorder=5, clip_on=False, label="at rest")
        entries.append((Line2D([], [], **cross), "other point at rest"))
    style_axes(ax, fitted(ax, title), unit, entries, note)
    if part.size == 3:
        ax.set_axis_off()
    return ax


def checked_mixture(mixture: ArrayLike, strategies: Sequence[str]) -> Floats:
    """A mixture as float64 (strategies,). Raises ValueError if it is none."""
    x = np.asarray(mixture, np.float64)
    if x.shape != (len(strategies),) or not np.all(x >= 0.0) or abs(float(x.sum()) - 1.0) > 1e-6:
        raise ValueError(f"an equilibrium is a probability for each of {tuple(strategies)}, of sum 1, not {x.tolist()}")
    return x


def tag(ax: Axes, place: Sequence[float], name: str, offset: tuple[float, float]) -> None:
    """Write what an equilibrium is called beside its place, so many points away, if the name is short."""
    if len(name) <= _TAG:
        box = {"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.8}
        ax.annotate(
            name, (place[0], place[1]), offset, textcoords="offset points", fontsize=7, fontweight="bold", color=INK,
            va="center", bbox=box, zorder=7, parse_math=False,
        )  # fmt: skip


def shown_strategies(game: SymmetricGame, mixtures: Sequence[Floats], most: int = 3) -> list[int]:
    """Up to so many strategies for a picture: all, or those that the mixtures play most, two at least.

    Where they play one only, the one that pays most against it among the others comes in.
    """
    if game.size <= most:
        return list(range(game.size))
    played = np.sum(mixtures, axis=0) if len(mixtures) else np.full(game.size, 1.0 / game.size)
    order = np.lexsort([-game.expected(played / played.sum()), -np.where(played > PLAYED, played, 0.0)])
    return sorted(order[: min(max(2, int(np.sum(played > PLAYED))), most)].tolist())


def stable_under_replicator(game: SymmetricGame, mixture: ArrayLike) -> bool | None:
    """Whether an equilibrium is evolutionarily stable or attracts the replicator's motion; None where undecided.

    A mixture that deviations gain against beyond rounding, as one of sampled payoffs may be, is undecided too.
    """
    try:
        found = evolutionary_stability(game, mixture)
    except ValueError:
        return None
    if found.verdict == "stable" or found.growth < -1e-9:
        return True
    return None if found.verdict == "undecided" and found.growth <= 1e-9 else False


def shares_at(points: Floats) -> Floats:
    """Barycentric coordinates (..., 3) of points (..., 2) of the triangle's plane; some negative outside."""
    ones = np.ones((*points.shape[:-1], 1))
    found: Floats = np.concatenate([points, ones], axis=-1) @ np.linalg.inv(np.column_stack([CORNERS, np.ones(3)]))
    return found


def fitted(ax: Axes, title: str) -> str:
    """A title in lines that are no longer than the axes are wide."""
    return textwrap.fill(title, max(24, int(ax.bbox.width / points(ax) / _TITLE_LETTER)))


def told_apart(names: Sequence[str], most: int = 20) -> list[str]:
    """Names, cut if they are very long: at the end, or in the middle where they differ at the end; else numbered."""
    for first in (most - 1, most // 2):
        found = [n if len(n) <= most else f"{n[:first]}…{n[len(n) - most + 1 + first :]}" for n in names]
        if len(set(found)) == len(set(names)):
            return found
    return [f"{number}: {clipped(name, most - 4)}" for number, name in enumerate(names, 1)]


def name_corners(ax: Axes, strategies: Sequence[str], gap: float = 8.0) -> None:
    """Write three strategies at the triangle's corners, with room for them within the axes, so many points away."""
    ax.set(aspect="equal", xlim=(-0.12, 1.12), ylim=(-0.15, CORNERS[2, 1] + 0.11))
    for name, corner, below in zip(told_apart(strategies, 28), CORNERS, (True, True, False), strict=True):
        text = "\n".join(textwrap.wrap(name.replace("_", " "), 16))
        ax.annotate(
            text, corner, (0, -gap if below else gap), textcoords="offset points", ha="center",
            va="top" if below else "bottom", fontsize=9, linespacing=1.0, parse_math=False,
        )  # fmt: skip


def _at_rest(game: SymmetricGame) -> list[Floats]:
    """Mixtures at rest: of each support those that pay all its strategies alike; of a continuum its corners."""
    found = []
    for size in range(1, game.size + 1):
        for support in combinations(range(game.size), size):
            for each in symmetric_equilibria(game.restricted(support), _EFFORT).equilibria:
                if len(each.support) == size:
                    found.append(np.zeros(game.size))
                    found[-1][list(support)] = each.mixture
    return found


def _segment(game: SymmetricGame, ax: Axes, equilibria: Sequence[Marked]) -> list[tuple[Any, str]]:
    """The speed of the first strategy's share over that share, and arrows the way it goes."""
    share = np.linspace(0.0, 1.0, 401)
    speed = speeds(game, np.column_stack([share, 1.0 - share]))[:, 0]
    ax.axhline(0.0, color=INK, lw=0.9, zorder=1)
    ax.plot(share, speed, color=BLUE, lw=1.7)
    rising = np.sign(np.where(np.abs(speed) > 1e-9 * np.abs(speed).max(initial=1e-300), speed, 0.0))
    ends = np.flatnonzero(np.diff(rising)) + 1
    for piece in np.split(np.arange(len(share)), ends):
        if len(piece) > 15 and rising[piece[0]]:
            middle, reach = share[piece].mean(), 0.3 * np.ptp(share[piece]) * rising[piece[0]]
            look = {"arrowstyle": "-|>", "color": INK, "lw": 1.6, "mutation_scale": 14}
            ax.annotate("", (middle + reach, 0.0), (middle - reach, 0.0), arrowprops=look)
    high = float(np.abs(speed).max()) or 1.0
    ax.set(xlim=(-0.03, 1.03), ylim=(min(speed.min(), -0.25 * high) * 1.1, max(speed.max(), 0.25 * high) * 1.1))
    ax.xaxis.set_major_formatter(PercentFormatter(1.0))
    ax.yaxis.set_major_formatter(NUMBERS)
    first, second = told_apart(game.strategies)
    ax.set_xlabel(f"share of {first}; the rest play {second}", parse_math=False)
    return _dots(ax, [(np.array([x[0], 0.0]), stable, name) for x, stable, name in equilibria])


def _triangle(game: SymmetricGame, ax: Axes, equilibria: Sequence[Marked]) -> list[tuple[Any, str]]:
    """Stream lines between corners that stand for the strategies, over the basins of stable equilibria."""
    edge = Polygon(CORNERS, closed=True, fill=False, ec=INK, lw=1.1, zorder=3, clip_on=False)
    ax.add_patch(edge)
    entries = _shade(game, ax, [mixture for mixture, stable, _ in equilibria if stable])
    x, y = np.meshgrid(np.linspace(-0.02, 1.02, 70), np.linspace(-0.02, CORNERS[2, 1] + 0.02, 60))
    motion = speeds(game.scaled, shares_at(np.stack([x, y], axis=-1))) @ CORNERS
    if (
        np.abs(motion).max() > 0.0
    ):  # beyond the edges payoffs are polynomials too, so that lines run smoothly along them
        before = set(ax.patches)
        lines = ax.streamplot(
            x, y, motion[..., 0], motion[..., 1], color=".35", linewidth=0.8, density=1.1, arrowsize=0.9
        )
        lines.lines.set_clip_path(edge)
        for arrow in set(ax.patches) - before:
            arrow.set_clip_path(edge)
    name_corners(ax, game.strategies)
    return _dots(ax, [(x @ CORNERS, stable, name) for x, stable, name in equilibria]) + entries


def _shade(game: SymmetricGame, ax: Axes, stable: Sequence[Floats]) -> list[tuple[Any, str]]:
    """Colour what comes to each of several stable equilibria."""
    if not 1 < len(stable) <= len(_BASINS):
        return []
    fine = UniformTriRefiner(Triangulation(*CORNERS.T)).refine_triangulation(subdiv=_HALVINGS)
    middles = np.column_stack([fine.x, fine.y])[fine.triangles].mean(axis=1)
    reached = 1.0 + arrivals(game, shares_at(middles), stable)
    tints = [(1.0, 1.0, 1.0), *(tuple(0.22 * np.array(to_rgb(each)) + 0.78) for each in _BASINS[: len(stable)])]
    ax.tripcolor(fine, facecolors=reached, cmap=ListedColormap(tints), vmin=-0.5, vmax=len(stable) + 0.5, zorder=0)
    return [(Patch(facecolor=tints[1]), "shaded: basins of the stable")]


def _dots(ax: Axes, equilibria: Sequence[Marked]) -> list[tuple[Any, str]]:
    """A dot with its name for each equilibrium, and what goes into the legend."""
    entries: list[tuple[Any, str]] = []
    for verdict, face, label in ((True, INK, "stable"), (False, "white", "not stable"), (None, ".7", "undecided")):
        look: dict[str, Any] = {"marker": "o", "ms": 8, "mew": 1.5, "mec": INK, "mfc": face, "ls": ""}
        those = [(point, name) for point, stable, name in equilibria if stable is verdict]
        if those:
            ax.plot(*np.array([point for point, _ in those]).T, **look, zorder=6, clip_on=False, label=label)
            entries.append((Line2D([], [], **look), f"{called([name for _, name in those])}, {label}"))
    together: list[tuple[Floats, list[str]]] = []
    for point, _, name in sorted(equilibria, key=lambda each: each[0].tolist(), reverse=True):
        near = [names for other, names in together if np.hypot(*(point - other)) < _NEAR]
        near[0].insert(0, name) if near else together.append((point, [name]))
    for point, names in together:
        tag(ax, point.tolist(), ", ".join(names), (6.0, 4.0))
    return entries
