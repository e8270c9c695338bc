"""Welfare of all players, and the price of anarchy: the cost of selfish play (Koutsoupias, Papadimitriou 1999).

If payoffs only move money between traders, their sum has no meaning. So the caller must state that they do not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.games.tables.arguments import mixture_of
from analysis.games.tables.roles import RoleSymmetricGame
from analysis.games.tables.symmetric import SymmetricGame

Floats = NDArray[np.float64]


class Efficiency(NamedTuple):
    """Welfare at its best and in equilibria, in the game's unit, and ratios; nan where not of positive numbers."""

    optimum: float  # of all profiles
    optimal_profile: int  # row of the game's counts
    best: float  # of the equilibria
    worst: float
    price_of_anarchy: float  # optimum / worst, at least 1
    price_of_stability: float  # optimum / best


def welfare(game: RoleSymmetricGame) -> Floats:
    """The sum of all players' payoffs in each profile, (profiles,)."""
    found: Floats = np.where(game.counts > 0, game.counts * game.payoffs, 0.0).sum(axis=1)
    return found


def expected_welfare(game: SymmetricGame, mixture: ArrayLike) -> float:
    """The sum of all players' expected payoffs where all draw from a mixture (strategies,)."""
    return game.players * game.payoff(mixture_of(mixture, game.size))


def efficiency(game: RoleSymmetricGame, equilibria: Sequence[float] | Floats, *, transfer: bool) -> Efficiency:
    """Compare the welfare of equilibria with the best of all profiles.

    Parameters
    ----------
    equilibria : the welfare of each, as :func:`expected_welfare` or rows of :func:`welfare` give it.
    transfer : whether what the players get is taken from others who are not in the game, or from one another.

    Raises
    ------
    ValueError
        If payoffs are transfers, there is no equilibrium, or a welfare is not finite.
    """
    if transfer:
        raise ValueError("payoffs that only change hands have no price of anarchy: give players what they add in all")
    values = np.asarray(equilibria, np.float64)
    if not values.size:
        raise ValueError("without an equilibrium there is no price of anarchy")
    if not np.all(np.isfinite(values)):
        raise ValueError("the welfare of an equilibrium must be finite")
    all_profiles = welfare(game)
    row = int(all_profiles.argmax())
    optimum, best, worst = float(all_profiles[row]), float(values.max()), float(values.min())
    return Efficiency(optimum, row, best, worst, _ratio(optimum, worst), _ratio(optimum, best))


def _ratio(optimum: float, reached: float) -> float:
    return optimum / reached if optimum > 0.0 and reached > 0.0 else math.nan
