"""A game's payoffs as a map: what each strategy gets against each thing that the others may do.

Equilibria are given, as a solver found them, and called what it calls them. Pure ones are framed; so are profiles that
nobody leaves in this table without being among those given, also such in which players of a role differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import floor, log10, prod
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import CenteredNorm, LinearSegmentedColormap, Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from numpy.typing import ArrayLike, NDArray

from analysis.games.output.selection_text import called, named, stand_for
from analysis.games.output.simplex_picture import BLUE, checked_mixture, fitted, told_apart
from analysis.games.solvers.mixtures import PLAYED, REGRET
from analysis.games.solvers.pure import largest_gains, pure_equilibria
from analysis.games.tables.counts import coefficients, number_of_profiles, weights
from analysis.games.tables.roles import Role, RoleSymmetricGame, profiles
from analysis.output.numbers import clipped, short
from analysis.output.style import ALARM, GREY, INK, NUMBERS, points, style_axes

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_MOST_NUMBERS, _MOST_LABELS, _MOST_COLUMNS = 12, 60, 400  # cells with numbers, columns with labels, columns
_MIXED = ("o", "s", "D")  # mixed equilibria that are shown
_FRAMES = (("-", ""), ((0, (2, 1.2)), ", not strict"), ((0, (0.8, 0.8)), ""))  # the last: a deviation gains
_LETTER, _SMALL = 0.6, 5.5  # width of a digit, of its size; the smallest size of text, points


class Known(NamedTuple):
    """An equilibrium of those given."""

    name: str
    mixtures: tuple[Floats, ...]  # one (strategies,) a role
    row: int  # of the game's counts, if it is pure; else -1
    gain: float  # of the best deviation in this table, in the unit of payoffs; 0 where that is rounding


def payoff_map(
    game: RoleSymmetricGame, ax: Axes, equilibria: Sequence[Sequence[ArrayLike]] = (), role: int = 0,
    unit: str = "payoff of a player", names: Sequence[str] | None = None, players: Mapping[str, int] | None = None,
) -> Axes:  # fmt: skip
    """What a player of a role gets for each strategy (rows) against what all others do (columns).

    Pure equilibria are framed, a frame for each strategy that one of them plays: those given in black with their names,
    dotted where a deviation gains in this table, and others of the table in grey. Of mixed ones up to three are shown
    by dots, whose area is the probability of the cell. With more than 400 columns only those are drawn in which all
    players of a role do the same, and the title says so.

    Parameters
    ----------
    equilibria : of each the mixtures, one (strategies,) a role; where alike players differ, how many play what.
    role : whose payoffs, by number.
    names : what the equilibria are called; their numbers from 1 if None.
    players : how many the market has of each role of which this game has fewer.

    Raises
    ------
    ValueError
        If an equilibrium is not a mixture for each role, there are not as many names as equilibria, or players are of
        no role or fewer than the game's.
    """
    known, reduced = known_equilibria(game, equilibria, names), stand_for(game, players)
    own, columns, alone = game.roles[role], game.columns[role], len(game.roles) == 1
    others, all_of_them = _others(game, role)
    steps = np.eye(game.counts.shape[1], dtype=np.int64)[columns]
    rows = game.rows(others[:, None] + steps)
    values = game.payoffs[rows, np.arange(columns.start, columns.stop)].T
    low, high = float(values.min()), float(values.max())
    colours, norm = _colours(low, high)
    image = ax.imshow(values, cmap=colours, norm=norm, aspect="auto", interpolation="nearest")
    _written(ax, values, image)
    entries = _framed(game, ax, rows, known) + _dotted(game, ax, known, role, others)
    figure = ax.get_figure(root=True)
    if figure is not None:
        bar = figure.colorbar(image, ax=ax, pad=0.015, fraction=0.05, aspect=25, format=NUMBERS)
        bar.set_label(unit)
        bar.outline.set_visible(False)
    title = "Payoffs of strategies, by what the others play" if alone else f"Payoffs of {clipped(own.name)}"
    if not all_of_them:
        total = prod(number_of_profiles(n, len(each.strategies)) for n, each in _rest(game, role))
        title += f" where others of a role are alike: {len(others)} of {total:,} columns"
    whose = "own strategy" if alone else f"{clipped(own.name)}: own strategy"
    style_axes(ax, fitted(ax, title), whose, entries)
    ax.grid(visible=False)
    ax.tick_params(length=0)
    ax.set_yticks(range(len(own.strategies)), told_apart(own.strategies), parse_math=False)
    _label_columns(game, ax, role, others, reduced)
    return ax


def known_equilibria(
    game: RoleSymmetricGame, equilibria: Sequence[Sequence[ArrayLike]], names: Sequence[str] | None
) -> list[Known]:
    """Equilibria with what is drawn of them; errors are those of :func:`payoff_map`."""
    found = []
    none = min(REGRET * game.range, *(0.1 * each.smallest for each in game.readings))  # gains up to this are none
    for place, (name, given) in enumerate(zip(named(len(equilibria), names), equilibria, strict=True)):
        if len(given) != len(game.roles):
            raise ValueError(
                f"equilibrium {place} has {len(given)} mixtures: give one for each of {len(game.roles)} roles"
            )
        pairs = list(zip(given, game.roles, strict=True))
        if any(is_profile(each, role) for each, role in pairs):
            counts = [np.asarray(each) * (1 if is_profile(each, role) else role.players) for each, role in pairs]
            mixtures = tuple(each / role.players for each, role in zip(counts, game.roles, strict=True))
        else:
            mixtures = tuple(checked_mixture(each, role.strategies) for each, role in pairs)
            counts = [role.players * (x > PLAYED) for x, role in zip(mixtures, game.roles, strict=True)]
        if sum(map(np.sum, counts)) == game.players:
            row = int(game.rows(np.concatenate(counts)))
            gain = float(largest_gains(game)[row])
        else:
            row, gain = -1, float(game.regrets(mixtures).max())
        found.append(Known(name, mixtures, row, gain if gain > none else 0.0))
    return found


def is_profile(given: ArrayLike, role: Role) -> bool:
    """Whether it says how many of several players play each strategy, (strategies,), rather than how likely each is."""
    counts = np.asarray(given, np.float64)
    whole = bool(np.all((counts >= 0.0) & (counts == np.round(counts))))
    return role.players > 1 and counts.shape == (len(role.strategies),) and whole and counts.sum() == role.players


def said(known: Sequence[Known]) -> str:
    """What the legend says of equilibria that look alike; of what is none of those given that it is of this table."""
    if not known:
        return "pure equilibrium of this table"
    return called([each.name for each in known], max(each.gain for each in known))


def _rest(game: RoleSymmetricGame, role: int) -> list[tuple[int, Any]]:
    """How many other players each role has for one of a role."""
    return [(each.players - (at == role), each) for at, each in enumerate(game.roles)]


def _others(game: RoleSymmetricGame, role: int) -> tuple[Integers, bool]:
    """What the others may do, counts (columns, strategies of all roles), and whether that is all of it."""
    rest = _rest(game, role)
    if prod(number_of_profiles(n, len(each.strategies)) for n, each in rest) <= _MOST_COLUMNS:
        return profiles([each._replace(players=n) for n, each in rest]), True
    alike = [n * np.eye(len(each.strategies), dtype=np.int64)[: None if n else 1] for n, each in rest]
    return np.array([np.concatenate(rows) for rows in product(*alike)]), False


def _colours(low: float, high: float) -> tuple[LinearSegmentedColormap, Normalize]:
    """White is 0 where payoffs have both signs; else colour grows away from the end that is nearer to 0."""
    if low < 0.0 < high:
        colours = [ALARM, "#f0b48a", "white", "#8fbad3", BLUE]
        return LinearSegmentedColormap.from_list("payoffs", colours), CenteredNorm(0.0, max(-low, high))
    colours = [ALARM, "#f0b48a", "white"] if high <= 0.0 and low < 0.0 else ["white", "#8fbad3", BLUE]
    width = 0.5 * (low == high)
    return LinearSegmentedColormap.from_list("payoffs", colours), Normalize(low - width, high + width)


def _written(ax: Axes, values: Floats, image: Any) -> None:
    """Numbers in the cells, if they are few and fit."""
    if max(values.shape) > _MOST_NUMBERS:
        return
    largest = float(np.abs(values).max()) or 1.0
    places = max(0, 2 - floor(log10(largest)))
    texts = [(f"{value:,.{places}f}" if 1e-3 < largest < 1e6 else short(value)) for value in values.ravel().tolist()]
    fits = 0.75 * ax.bbox.width / points(ax) / values.shape[1] / max(map(len, texts)) / _LETTER
    if fits < _SMALL:
        return
    for text, (row, column) in zip(texts, np.ndindex(values.shape), strict=True):
        red, green, blue, _ = image.cmap(image.norm(values[row, column]))
        colour = "white" if 0.3 * red + 0.59 * green + 0.11 * blue < 0.55 else INK
        look = {"ha": "center", "va": "center", "fontsize": min(fits, 8.5), "color": colour}
        ax.text(column, row, text.replace("-", "−"), **look)


def _framed(game: RoleSymmetricGame, ax: Axes, rows: Integers, known: Sequence[Known]) -> list[tuple[Any, str]]:
    """Frames round the cells, whose profiles are rows (columns, strategies), of pure equilibria."""
    found = pure_equilibria(game)
    strict = dict(zip(found.rows.tolist(), found.strict.tolist(), strict=True))
    given: dict[int, list[Known]] = {}
    for each in known:
        given.setdefault(each.row, []).append(each)
    wide, high = (box / size / points(ax) for box, size in zip(ax.bbox.size, rows.shape, strict=True))
    seen: dict[tuple[bool, int], tuple[Any, set[str]]] = {}
    for (column, strategy), profile in np.ndenumerate(rows):
        those = given.get(int(profile), [])
        if not those and profile not in strict:
            continue
        which = int(not strict[profile]) if profile in strict else 2
        look: dict[str, Any] = {"fill": False, "ec": INK if those else GREY, "lw": 1.8 if those else 1.2}
        look["ls"] = _FRAMES[which][0]
        ax.add_patch(Rectangle((column - 0.46, strategy - 0.46), 0.92, 0.92, **look, zorder=4))
        _, listed = seen.setdefault((not those, which), (Patch(**look), set()))
        listed.update(each.name for each in those)
        text = ", ".join(each.name for each in those)
        if text and high > 22.0 and 5.0 * len(text) < 0.4 * wide:
            box = {"boxstyle": "square,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.8}
            place = (column - 0.43, strategy - 0.42)
            ax.text(*place, text, va="top", fontsize=7, fontweight="bold", color=INK, bbox=box, parse_math=False)
    entries: list[tuple[Any, str]] = []
    for (_, which), (patch, listed) in sorted(seen.items(), key=lambda item: item[0]):
        entries.append((patch, said([each for each in known if each.name in listed]) + _FRAMES[which][1]))
    return entries


def _dotted(
    game: RoleSymmetricGame, ax: Axes, known: Sequence[Known], role: int, others: Integers
) -> list[tuple[Any, str]]:
    """Dots as large as the probabilities of the cells in equilibria that frames do not show."""
    mixed = [each for each in known if each.row < 0]
    entries: list[tuple[Any, str]] = []
    high, wide = ax.bbox.height / len(game.roles[role].strategies), ax.bbox.width / len(others)
    stacked = wide < 24.0 * points(ax)
    largest = min(min(0.22 * high, 0.8 * wide) if stacked else min(0.22 * wide, 0.3 * high), 9.0 * points(ax))
    for place, (each, marker) in enumerate(zip(mixed, _MIXED, strict=False)):
        chances = np.ones(len(others))
        for mixture, columns in zip(each.mixtures, game.columns, strict=True):
            counts = others[:, columns]
            chances *= weights(mixture, counts, coefficients(counts))
        joint = each.mixtures[role][:, None] * chances
        strategy, column = np.nonzero(joint > 1e-6)
        size = (largest / points(ax)) ** 2 * joint[strategy, column] / joint.max()
        shift = 0.27 * (place - (min(len(mixed), len(_MIXED)) - 1) / 2)  # beside one another, in high cells above
        x, y = (column, strategy + 0.36 - 0.2 * place) if stacked else (column + shift, strategy + 0.31)
        look: dict[str, Any] = {"marker": marker, "facecolor": "white", "edgecolor": INK, "linewidth": 0.9}
        ax.scatter(x, y, s=size, **look, zorder=5)
        handle = Line2D([], [], marker=marker, ls="", ms=6, mfc="white", mec=INK)
        entries.append((handle, said([each]) + (" (area is probability)" if place == 0 else "")))
    if len(mixed) > len(_MIXED):
        entries.append(("none", f"{called([each.name for each in mixed[len(_MIXED) :]])} not shown"))
    return entries


def _label_columns(game: RoleSymmetricGame, ax: Axes, role: int, others: Integers, reduced: Sequence[str]) -> None:
    """Names of what one other player plays, or a table of how many others play what, and for how many they stand."""
    rest = _rest(game, role)
    standing = "; ".join(text for text, (n, _) in zip(reduced, rest, strict=True) if text and n)
    names = told_apart([
        name if len(game.roles) == 1 else f"{each.name}: {name}" for n, each in rest if n for name in each.strategies
    ])  # fmt: skip
    shown = np.concatenate([np.full(len(each.strategies), n > 0) for n, each in rest])
    counts = others[:, shown]
    if not sum(n for n, _ in rest):
        ax.set_xticks([])
        text = "nobody else plays"
    elif len(counts) > _MOST_LABELS or (len(names) > _MOST_NUMBERS and sum(n for n, _ in rest) > 1):
        ax.set_xticks([])
        text = f"what the others do: {len(counts)} columns, in the order of the table"
    elif sum(n for n, _ in rest) == 1:
        (other,) = (each for n, each in rest if n)
        short_names = [told_apart(other.strategies)[at] for at in counts.argmax(axis=1)]
        crowded = max(map(len, short_names)) * len(counts) > ax.bbox.width / points(ax) / 7.0
        turned: dict[str, Any] = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if crowded else {}
        ax.set_xticks(range(len(counts)), short_names, **turned)
        text = f"strategy of {'the other' if len(game.roles) == 1 else clipped(other.name)}"
    else:
        size: dict[str, Any] = {"fontsize": 8 if len(counts) <= 30 else 6.5, "linespacing": 1.15}
        ax.set_xticks(range(len(counts)), ["\n".join(str(n) if n else "·" for n in row) for row in counts], **size)
        ax.annotate("\n".join(names), (0, 0), (-6, -3.5), xycoords="axes fraction", textcoords="offset points",
                    ha="right", va="top", color=GREY, parse_math=False, **size)  # fmt: skip
        text = "how many of the others play what"
    whole = fitted(ax, f"{text} ({standing})" if standing else text)
    ax.set_xlabel(f"{text}\n{fitted(ax, f'({standing})')}" if standing and "\n" in whole else whole, parse_math=False)
