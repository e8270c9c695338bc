"""Strategies that survive the repeated removal of strictly dominated ones (Luce and Raiffa 1957, ch. 5).

A removed strategy is played in no equilibrium, and is never a best reply to the remaining ones. Only dominance by a
single strategy is tested, not by mixtures.
"""

from __future__ import annotations

import numpy as np

from analysis.games.tables.symmetric import SymmetricGame


def undominated(game: SymmetricGame) -> list[int]:
    """Numbers of the remaining strategies, ascending; at least one.

    A strategy is removed if another pays more against every profile of the remaining ones, by more than rounding.
    """
    kept = list(range(game.size))
    while True:
        payoffs = game.without_rounding.restricted(kept).payoffs
        less = [bool(np.any(np.all(payoffs > payoffs[:, [mine]], axis=0))) for mine in range(len(kept))]
        if not any(less):
            return kept
        kept = [each for each, gone in zip(kept, less, strict=True) if not gone]
