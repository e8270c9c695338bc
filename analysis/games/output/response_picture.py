"""The response graph as a picture: where players who reply one at a time go, and where play ends.

Where only one choice of two is open, profiles are in the order of their counts, over what the best deviation gains;
with two such roles they are a grid. Those of three strategies lie in a triangle, those of two players in a half square,
and others so that neighbours are near (Kamada and Kawai 1989).
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from math import dist, hypot
from typing import Any, Literal

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from analysis.games.dynamics.response_graph import Sink, response_graph, sink_components
from analysis.games.output.payoff_map import Known, known_equilibria, said
from analysis.games.output.selection_text import called, stand_for
from analysis.games.output.simplex_picture import BLUE, CORNERS, fitted, name_corners, tag, told_apart
from analysis.games.solvers.pure import largest_gains, pure_equilibria
from analysis.games.tables.roles import RoleSymmetricGame
from analysis.output.numbers import clipped
from analysis.output.style import ALARM, GREY, INK, NUMBERS, nothing, points, style_axes

Floats = NDArray[np.float64]
Places = dict[int, tuple[float, float]]
Arrows = list[tuple[int, int]]
_MOST_NODES, _MOST_NAMED, _MOST_PROFILES = 150, 60, 20_000  # drawn, written into, looked at
_CYCLES = (ALARM, "#b8860b", "#a06a8c", "#4d8f5b")
_LETTER, _SMALL = 0.6, 5.5  # width of a digit, of its size; the smallest size of text, points
_PLAIN, _PALE = ".88", "#8fbad3"  # a node that play leaves; an equilibrium that is none of those given
_GAINING = {"edge_color": ".35"}
_DASHED, _TIE = ".7", (0, (2, 2))  # arrows along which nothing is gained


def response_picture(  # long: a third of it says what is drawn
    game: RoleSymmetricGame, ax: Axes, responses: Literal["better", "best"] = "best",
    equilibria: Sequence[Sequence[ArrayLike]] = (), names: Sequence[str] | None = None,
    players: Mapping[str, int] | None = None,
) -> Axes:  # fmt: skip
    """The response graph: profiles, arrows to what one player's response leads to, and where play ends.

    With more than 150 profiles the sink components and what leads to them are drawn, and the title says so; with more
    than 20,000 nothing is. From a profile that play leaves, of a player's best replies that gain the same only that to
    the nearest profile is drawn, and a note says so. Replies that gain nothing are dashed; from a profile that play
    leaves they are drawn only where nobody gains, and the note says how many that leaves out. Thick rims are pure
    equilibria: black are those given, grey others of the table, blue those given that a deviation gains against here.

    Parameters
    ----------
    equilibria, names, players : as in :func:`analysis.games.output.payoff_map.payoff_map`.

    Raises
    ------
    ValueError
        If responses is neither, or as in :func:`analysis.games.output.payoff_map.payoff_map`.
    """
    known = [each for each in known_equilibria(game, equilibria, names) if each.row >= 0]
    (title, why), total = _start(game, responses, players), len(game.counts)
    if why:
        return nothing(ax, fitted(ax, title), why)
    graph = response_graph(game, responses)  # of payoffs without rounding, so that a tie gains 0
    sinks = sink_components(game, responses)
    shown = _shown(graph, [sink.rows.tolist() for sink in sinks])
    if len(shown) < total:
        title += f": {len(shown)} of {total:,} profiles, the ends of play and what leads there"
    if not shown:
        return nothing(ax, fitted(ax, title), "the ends of play are too many to draw")
    part, given = graph.subgraph(shown), {each.row for each in known}
    colours = _colours(shown, sinks, given)
    named = len(shown) <= _MOST_NAMED and game.counts.max() <= 9
    letters = 7.0 if len(shown) <= 30 else _SMALL
    widest = max(len(role.strategies) for role in game.roles)
    across = 1.1 * letters * hypot(_LETTER * widest, len(game.roles)) if named else 7.0  # of a node, points
    places, bend, written = _placed(game, ax, shown, across)
    if not written:
        across = min(11.0, 0.6 * ax.bbox.width / points(ax) / (1 + max(x for x, _ in places.values())))
    gains = [(one, other) for one, other, gain in part.edges(data="gain") if gain > 0.0]
    nearest = _nearest(game, gains, places, colours) if responses == "best" else gains
    left = {one for one, other, gain in graph.edges(data="gain") if gain > 0.0 and colours.get(one) == _PLAIN}
    ties = [(one, other) for one, other, gain in part.edges(data="gain") if gain <= 0.0 and one not in left]
    size, thick = min(across, 8.0 if named else 6.0), 0.9 if named else 0.6
    for arrows, width, look in ((ties, 0.6, {"edge_color": _DASHED, "style": _TIE}), (nearest, thick, _GAINING)):
        nx.draw_networkx_edges(
            part, places, arrows, ax=ax, node_size=across**2, nodelist=shown, hide_ticks=False, arrowsize=size,
            width=width, connectionstyle=f"arc3,rad={bend}", **look,
        )  # fmt: skip
    pure = set(pure_equilibria(game).rows.tolist())
    rims = {row: INK if row in given & pure else BLUE if row in given else GREY for row in sorted(given | pure)}
    _draw_nodes(ax, {each: places[each] for each in shown}, colours, rims, across)
    if written:
        ends = [int(row) for sink in sinks if sink.equilibrium for row in sink.rows]
        _write_counts(game, ax, places, colours, letters) if named else _write_ends(game, ax, places, ends)
    for each in known:
        if each.row in places:
            tag(ax, places[each.row], each.name, (0.3 * across + 3.0, 0.3 * across + 7.0))
    away = [each.name for each in known if each.row not in places]
    note = _note(part.number_of_edges() - len(gains) - len(ties), len(nearest) < len(gains), away)
    entries = _entries(colours, rims, sinks, known)
    entries += [(Line2D([], [], color=_DASHED, ls=_TIE, lw=1.2), "gains and loses nothing")] if ties else []
    style_axes(ax, fitted(ax, title), ax.get_ylabel(), entries, note)
    ax.grid(visible=False)
    return ax


def _note(hidden: int, only_nearest: bool, away: list[str]) -> str:
    """What is not drawn: so many replies that gain nothing, equally good ones, equilibria of profiles left out."""
    what = "reply that gains" if hidden == 1 else "replies that gain"
    notes = ["of equally good replies only the nearest"] if only_nearest else []
    notes += [f"{hidden} {what} nothing left out"] if hidden else []
    notes += [f"{called(away)} left out"] if away else []
    return "\n".join(notes)


def _start(game: RoleSymmetricGame, responses: str, players: Mapping[str, int] | None) -> tuple[str, str]:
    """The title, and why there is nothing to draw; an empty string if there is."""
    standing = "; ".join(text for text in stand_for(game, players) if text)
    title = f"{responses.capitalize()} responses, one player at a time{f' ({standing})' if standing else ''}"
    total = len(game.counts)
    if total == 1:
        return title, "there is no choice"
    return title, f"{total:,} profiles are too many to draw" if total > _MOST_PROFILES else ""


def _colours(shown: list[int], sinks: Sequence[Sink], given: set[int]) -> dict[int, str]:
    """Of each profile: what play leaves, an equilibrium, or a cycle that play does not leave."""
    colours = dict.fromkeys(shown, _PLAIN)
    cycles = (colour for _ in sinks for colour in _CYCLES)
    for sink in sinks:
        colour = (BLUE if sink.rows[0] in given else _PALE) if sink.equilibrium else next(cycles)
        colours.update(dict.fromkeys(sink.rows.tolist(), colour))
    return colours


def _draw_nodes(ax: Axes, places: Places, colours: dict[int, str], rims: dict[int, str], across: float) -> None:
    """A disc for each profile, so many points wide, with a thick rim where it has a colour of its own."""
    x, y = np.array([*places.values()]).T
    ax.scatter(
        x, y, s=across**2, c=[colours[each] for each in places], edgecolors=[rims.get(each, INK) for each in places],
        linewidths=[min(2.0, across / 4) if each in rims else min(0.8, across / 12) for each in places], zorder=3,
    )  # fmt: skip


def _nearest(game: RoleSymmetricGame, arrows: Arrows, places: Places, colours: dict[int, str]) -> Arrows:
    """From profiles that play leaves, of a player's equally good replies that to the nearest profile; all others."""
    found: dict[tuple[int, int], tuple[int, int]] = {}
    kept = []
    for one, other in arrows:
        if colours[one] != _PLAIN:
            kept.append((one, other))
            continue
        before = int(np.argmin(game.counts[other] - game.counts[one]))  # what is left by the one who replies
        best = found.setdefault((one, before), (one, other))
        if (dist(places[one], places[other]), other) < (dist(places[one], places[best[1]]), best[1]):
            found[one, before] = (one, other)
    return [*kept, *found.values()]


def _entries(
    colours: dict[int, str], rims: dict[int, str], sinks: Sequence[Sink], known: Sequence[Known]
) -> list[tuple[Any, str]]:
    """What nodes look like and which equilibria they are, for the legend: of those drawn."""
    ends = {int(sink.rows[0]) for sink in sinks if sink.equilibrium}
    found: dict[tuple[str, str, str], set[int]] = {}
    for row, rim in rims.items():
        if row in colours:
            end = " that play does not leave" if row in ends else ""
            found.setdefault((colours[row], rim, end), set()).add(row)
    entries: list[tuple[Any, str]] = []
    given = {each.row for each in known}
    for (colour, rim, end), rows in sorted(found.items(), key=lambda item: not item[1] & given):  # those given first
        handle = Line2D([], [], marker="o", ls="", ms=8, mfc=colour, mec=rim, mew=1.6)
        those = [each for each in known if each.row in rows]
        entries.append((handle, said(those) + end))
    for sink in sinks:
        label = f"{len(sink.rows)} profiles that play does not leave"
        if not sink.equilibrium and label not in [text for _, text in entries]:
            entries.append((Line2D([], [], marker="o", ls="", ms=8, color=colours[int(sink.rows[0])]), label))
    return entries


def _shown(graph: nx.DiGraph, sinks: list[list[int]]) -> list[int]:
    """All profiles; else those of the sink components and, nearest first, those that lead there; none if too many."""
    if len(graph) <= _MOST_NODES:
        return sorted(graph)
    ends = [row for rows in sinks for row in rows]
    if len(ends) > _MOST_NODES:
        return []
    before = nx.multi_source_dijkstra_path_length(graph.reverse(copy=False), set(ends), cutoff=1, weight=None)
    return sorted(sorted(before, key=lambda row: (before[row], row))[:_MOST_NODES])


def _placed(game: RoleSymmetricGame, ax: Axes, shown: list[int], across: float) -> tuple[Places, float, bool]:
    """Where profiles lie, how much arrows bend round them, and whether only what is written tells profiles apart."""
    free = [at for at, role in enumerate(game.roles) if len(role.strategies) > 1]
    in_order = [min(game.roles[at].players, len(game.roles[at].strategies) - 1) == 1 for at in free]
    counts = game.counts[shown]
    only, columns = game.roles[free[0]], game.columns[free[0]]
    if all(in_order) and len(free) <= 2:
        x = _along(game, ax, free[0], "x")[shown]
        y = _along(game, ax, free[1], "y")[shown] if len(free) == 2 else largest_gains(game)[shown]
        if len(free) == 1:
            ax.axhline(0.0, color=INK, lw=0.9, zorder=1)
            ax.yaxis.set_major_formatter(NUMBERS)
            ax.set_ylabel("gain of the best deviation, in payoffs")
        jumps = any(game.roles[at].players == 1 and len(game.roles[at].strategies) > 2 for at in free)
        ax.margins(0.12)
        return dict(zip(shown, zip(x.tolist(), y.tolist(), strict=True), strict=True)), 0.18 * jumps, False
    if len(free) == 1 and len(only.strategies) == 3:
        inside = counts[:, columns] / only.players @ CORNERS
        name_corners(ax, only.strategies, 5.0 + across / 2)
        ax.set_axis_off()
        return dict(zip(shown, map(tuple, inside.tolist()), strict=True)), 0.0, True
    if len(free) == 1 and only.players == 2:
        first = (counts[:, columns] > 0).argmax(axis=1)
        last = len(only.strategies) - 1 - (counts[:, columns] > 0)[:, ::-1].argmax(axis=1)
        ticks, names = range(len(only.strategies)), told_apart(only.strategies)
        crowded = max(map(len, names)) * len(names) > ax.bbox.width / points(ax) / 7.0
        turned: dict[str, Any] = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if crowded else {}
        ax.set_xticks(ticks, names, **turned)
        ax.set_yticks(ticks, names)
        ax.set(xlabel="one plays", ylabel="the other plays")
        ax.margins(0.1)
        return dict(zip(shown, zip(last.tolist(), first.tolist(), strict=True), strict=True)), 0.18, False
    moves = game.deviations
    near = nx.Graph()
    near.add_nodes_from(shown)
    near.add_edges_from(zip(moves.profiles.tolist(), moves.reached.tolist(), strict=True))
    near = near.subgraph(shown)
    lengths = dict(nx.all_pairs_shortest_path_length(near))
    far = 1 + max(max(each.values()) for each in lengths.values())
    distances = {one: {other: lengths[one].get(other, far) for other in shown} for one in shown}
    start = nx.random_layout(near, seed=1)
    found = nx.kamada_kawai_layout(near, dist=distances, pos=start)
    ax.set_axis_off()
    ax.margins(0.08)
    return {row: (float(x), float(y)) for row, (x, y) in found.items()}, 0.08, True


def _along(game: RoleSymmetricGame, ax: Axes, role: int, side: Literal["x", "y"]) -> Floats:
    """The order of a role's profiles on an axis, (profiles,): one player's strategy, or how many play the second."""
    who, counts = game.roles[role], game.counts[:, game.columns[role]]
    if who.players == 1:
        names = told_apart(who.strategies)
        ax.set(
            **{f"{side}ticks": range(len(names)), f"{side}ticklabels": names, f"{side}label": f"{clipped(who.name)}"}
        )
        return np.asarray(counts.argmax(axis=1), np.float64)
    ax.set(**{f"{side}label": f"how many {clipped(who.name)} play {clipped(who.strategies[1])}"})
    ticks = MaxNLocator(8, integer=True).tick_values(0, who.players)
    ax.set(**{f"{side}ticks": [tick for tick in ticks if 0 <= tick <= who.players]})
    return counts[:, 1].astype(np.float64)


def _write_counts(game: RoleSymmetricGame, ax: Axes, places: Places, colours: dict[int, str], size: float) -> None:
    """Counts into the nodes, a line for each role."""
    for row, (x, y) in places.items():
        text = "\n".join("".join(map(str, game.counts[row, columns])) for columns in game.columns)
        colour = INK if colours[row] in (_PLAIN, _PALE) else "white"
        ax.text(x, y, text, ha="center", va="center", fontsize=size, linespacing=0.95, color=colour, zorder=4)
    _say_order(game, ax, "Nodes")


def _write_ends(game: RoleSymmetricGame, ax: Axes, places: Places, rows: Sequence[int]) -> None:
    """Counts beside equilibria, where there are too many profiles to write into all, away from the nearest other."""
    at = np.array([places[row] for row in rows])
    for row, place in zip(rows, at, strict=True):
        others = at[np.any(at != place, axis=1)]
        apart = place - others[np.sum((others - place) ** 2, axis=1).argmin()] if len(others) else np.ones(2)
        right, up = np.where(apart < 0.0, -1, 1).tolist()
        text = " | ".join("·".join(map(str, game.counts[row, columns])) for columns in game.columns)
        box = {"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.85}
        side: dict[str, Any] = {"ha": "left" if right > 0 else "right", "va": "bottom" if up > 0 else "top"}
        ax.annotate(
            text, place, (6 * right, 5 * up), textcoords="offset points", fontsize=7, bbox=box, zorder=5, **side
        )
    if rows:
        _say_order(game, ax, "Numbers")


def _say_order(game: RoleSymmetricGame, ax: Axes, where: str) -> None:
    """Below the axes, what counts are of."""
    roles = "; ".join(f"{clipped(role.name)} play {', '.join(told_apart(role.strategies))}" for role in game.roles)
    text = textwrap.fill(f"{where}: how many {roles}", 70)
    ax.annotate(text, (0.0, 0.0), (0, -4), xycoords="axes fraction", textcoords="offset points", va="top",
                fontsize=8, color=GREY, parse_math=False)  # fmt: skip
