"""Strategies that survive when strictly dominated ones are struck out, again and again (Luce and Raiffa 1957, ch. 5).

No such strategy is played in any equilibrium, and none is a best reply to what is left. Only dominance by a single
strategy is looked for, not by mixtures.
"""

from __future__ import annotations

import numpy as np

from analysis.games.tables.symmetric import SymmetricGame


def undominated(game: SymmetricGame) -> list[int]:
    """Numbers of the strategies that are left, ascending; at least one.

    A strategy goes when another pays more than it against every profile of those left, by more than rounding.
    """
    kept = list(range(game.size))
    while True:
        payoffs = game.without_rounding.restricted(kept).payoffs
        less = [bool(np.any(np.all(payoffs > payoffs[:, [mine]], axis=0))) for mine in range(len(kept))]
        if not any(less):
            return kept
        kept = [each for each, gone in zip(kept, less, strict=True) if not gone]
