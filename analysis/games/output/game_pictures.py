"""One figure of a game: what each choice pays, where players who reply one at a time go, and how shares move."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.text import Annotation
from numpy.typing import ArrayLike

from analysis.games.output.payoff_map import is_profile, payoff_map
from analysis.games.output.response_picture import response_picture
from analysis.games.output.selection_text import named, stand_for
from analysis.games.output.simplex_picture import replicator_field, stable_under_replicator
from analysis.games.tables.roles import RoleSymmetricGame
from analysis.output.style import GREY, style

_MOST_MAPS = 4
_WIDTH, _ROW, _DPI = 10.5, 4.3, 150  # inches
_SOURCE = (
    "Payoffs here are means of the runs that chose the equilibria. Where those of the printed table are of other runs, "
    "they differ a little."
)
_MARKED = {"?": "It is not sure that an equilibrium with a ? holds.", "!": "At one with a ! somebody gains ε."}


def game_picture(
    game: RoleSymmetricGame, equilibria: Sequence[Sequence[ArrayLike]], title: str, names: Sequence[str] | None = None,
    players: Mapping[str, int] | None = None, unit: str = "payoff of a player",
) -> Figure:  # fmt: skip
    """One figure of a solved game: payoffs of each role, the response graph, and of one role the replicator dynamics.

    Equilibria are called what the table of the solution calls them. Others that the game has are said to be of this
    table of payoffs only.

    Parameters
    ----------
    game : of mean payoffs of the runs that chose the equilibria, as the figure says.
    equilibria : of each the mixtures, one (strategies,) a role; where alike players differ, how many play what.
    title : of the figure.
    names : what the equilibria are called, in their order, such as "3"; their numbers from 1 if None. A last line says
        what "3?" and "3!" are: not sure to hold, and not holding.
    players : by role, how many the market has, where the game is reduced to fewer; a line below the title says so.
    unit : of payoffs, at their scale.

    Raises
    ------
    ValueError
        If an equilibrium is not a mixture for each role, there are not as many names as equilibria, or players are of
        no role or fewer than the game's.
    """
    with style():
        maps = min(len(game.roles), _MOST_MAPS)
        rows = 1 + -(-maps // 2)
        figure = Figure(figsize=(_WIDTH, _ROW * rows + 0.5), dpi=_DPI, layout="constrained")
        grid = figure.add_gridspec(rows, 2)
        for role in range(maps):
            wide = role == maps - 1 and role % 2 == 0
            panel = figure.add_subplot(grid[role // 2, :] if wide else grid[role // 2, role % 2])
            payoff_map(game, panel, equilibria, role, unit, names, players)
        if len(game.roles) == 1:
            whole = game.symmetric()
            left, right = (figure.add_subplot(grid[-1, side]) for side in (0, 1))
            response_picture(game, left, "best", equilibria, names, players)
            pairs = [(each, name) for name, (each,) in zip(named(len(equilibria), names), equilibria, strict=True)]
            alike = [(each, name) for each, name in pairs if not is_profile(each, game.roles[0])]
            absent = [name for each, name in pairs if is_profile(each, game.roles[0])]
            marked = [(each, stable_under_replicator(whole, each)) for each, _ in alike]
            replicator_field(whole, right, marked, [name for _, name in alike], absent)
        else:
            response_picture(game, figure.add_subplot(grid[-1, :]), "best", equilibria, names, players)
        if len(game.roles) > maps:
            title += f" (payoffs of {maps} of {len(game.roles)} roles)"
        _head(figure, title, _solved_as(game, players))
        meant = [text for mark, text in _MARKED.items() if any(name.endswith(mark) for name in names or ())]
        figure.supxlabel("\n".join([_SOURCE, " ".join(meant)]).strip(), x=0.01, ha="left", fontsize=9, color=GREY)
    return figure


def _solved_as(game: RoleSymmetricGame, players: Mapping[str, int] | None) -> str:
    """``12 makers, solved as 2``; nothing where the game has all players."""
    reduced = [role for role, text in zip(game.roles, stand_for(game, players), strict=True) if text]
    return "; ".join(f"{(players or {})[role.name]:,} {role.name}, solved as {role.players}" for role in reduced)


def _head(figure: Figure, title: str, below: str) -> None:
    """The title of a figure, and a line below it in the place that a line of the title takes."""
    text = "\n".join(textwrap.wrap(title, 95, max_lines=3, placeholder=" …")) + ("\n " if below else "")
    look = {"x": 0.01, "ha": "left", "fontweight": "bold", "fontsize": 12.5}
    head = figure.suptitle(text, parse_math=False, **look)
    if below:
        text = textwrap.shorten(below, 130, placeholder=" …")
        figure.add_artist(
            Annotation(
                text,
                (0.0, 0.0),
                (0, 4),
                xycoords=head,
                textcoords="offset points",
                fontsize=10,
                color=GREY,
                parse_math=False,
            )
        )
