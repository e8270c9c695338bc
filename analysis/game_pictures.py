"""One figure of a game: what each choice pays, where players who reply one at a time go, and how shares move."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from analysis.dress import style
from analysis.games.roles import RoleSymmetricGame
from analysis.payoff_map import payoff_map
from analysis.response_picture import response_picture
from analysis.simplex_picture import replicator_field, stable_under_replicator

_MOST_MAPS = 4
_WIDTH, _ROW, _DPI = 10.5, 4.3, 150  # inches


def game_picture(
    game: RoleSymmetricGame, equilibria: Sequence[Sequence[ArrayLike]], title: str, unit: str = "payoff of a player"
) -> Figure:
    """One figure of a game: payoffs of each role, the response graph, and of one role the replicator dynamics.

    Parameters
    ----------
    equilibria : of each the mixtures, one (strategies,) a role.
    title : of the figure.
    unit : of payoffs, at their scale.

    Raises
    ------
    ValueError
        If an equilibrium is not a mixture for each role.
    """
    with style():
        maps = min(len(game.roles), _MOST_MAPS)
        rows = 1 + -(-maps // 2)
        figure = Figure(figsize=(_WIDTH, _ROW * rows + 0.5), dpi=_DPI, layout="constrained")
        grid = figure.add_gridspec(rows, 2)
        for role in range(maps):
            wide = role == maps - 1 and role % 2 == 0
            panel = figure.add_subplot(grid[role // 2, :] if wide else grid[role // 2, role % 2])
            payoff_map(game, panel, equilibria, role, unit)
        if len(game.roles) == 1:
            whole = game.symmetric()
            left, right = (figure.add_subplot(grid[-1, side]) for side in (0, 1))
            response_picture(game, left)
            mixtures = [mixture for (mixture,) in equilibria]
            replicator_field(whole, right, [(each, stable_under_replicator(whole, each)) for each in mixtures])
        else:
            response_picture(game, figure.add_subplot(grid[-1, :]))
        if len(game.roles) > maps:
            title += f" (payoffs of {maps} of {len(game.roles)} roles)"
        text = "\n".join(textwrap.wrap(title, 95, max_lines=3, placeholder=" …"))
        figure.suptitle(text, x=0.01, ha="left", fontweight="bold", fontsize=12.5, parse_math=False)
    return figure
