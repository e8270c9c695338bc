"""Competition in half-spreads on a grid of ticks, between makers who quote at once.

One trader comes. With probability `informed_share` he knows of a jump and takes what it exceeds the best half-spread
by; else he trades at the best half-spread with the probability that demand gives. Makers who tie share equally. This is
Bertrand's (1883) competition with the adverse selection of Copeland and Galai (1983). Half-spreads and jump are in
ticks, payoffs in ticks per trader; those of one maker alone settle what many of them do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.models.sniping import JumpLaw, expected_excess

Floats = NDArray[np.float64]
Demand = Callable[[Floats], Floats]  # half-spreads to probabilities of a trade, of the same shape

_TOLERANCE = 1e-12  # relative: payoffs this close are equal


class Monopoly(NamedTuple):
    """What a maker without rivals quotes and expects."""

    half_spread: float
    payoff: float


def inelastic(half_spreads: Floats) -> Floats:
    """Demand of traders who trade at any price: 1, of the shape of half_spreads."""
    return np.ones_like(half_spreads)


def linear(choke: float) -> Demand:
    """Demand 1 - s / choke, and 0 from the half-spread choke on. Raises ValueError if choke is not positive."""
    if not choke > 0.0:
        raise ValueError(f"choke must be positive, not {choke}")
    return lambda half_spreads: np.maximum(1.0 - half_spreads / choke, 0.0)


def exponential(decay: float) -> Demand:
    """Demand exp(-decay * s), with decay a tick. Raises ValueError if decay is negative."""
    if not decay >= 0.0:
        raise ValueError(f"decay must not be negative, not {decay}")
    return lambda half_spreads: np.exp(-decay * half_spreads)


def payoffs(
    half_spreads: ArrayLike,
    informed_share: float,
    jump: float,
    demand: Demand = inelastic,
    law: JumpLaw = "fixed",
) -> Floats:
    """What a maker alone expects at half-spreads s, (1 - informed_share) D(s) s - informed_share E[(J - s)+], in ticks.

    Parameters
    ----------
    half_spreads : of any shape, which is the answer's too; in ticks, not negative.
    informed_share : probability that the trader is informed, from 0 to below 1.
    jump : in ticks, above 0: the size J of the jump, or its scale where it is random.
    demand : probability D(s) that any other trader trades.
    law : of the size J of the jump, as in `expected_excess` of the sniping model.

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """
    if not 0.0 <= informed_share < 1.0:
        raise ValueError(f"informed_share must be from 0 to below 1, not {informed_share}")
    if not 0.0 < jump < math.inf:
        raise ValueError(f"jump must be positive and finite, not {jump}")
    s = np.asarray(half_spreads, np.float64)
    return (1.0 - informed_share) * demand(s) * s - informed_share * expected_excess(s, law, jump)


def payoff_matrix(alone: ArrayLike) -> Floats:
    """Payoffs of the row maker against one rival, shape (actions, actions), from `payoffs` alone, shape (actions,).

    Actions are half-spreads in ascending order: the lower one takes all, equal ones half, the higher one nothing.
    Raises ValueError if the payoffs are not one-dimensional.
    """
    pi = np.asarray(alone, np.float64)
    if pi.ndim != 1:
        raise ValueError(f"payoffs must be one-dimensional, not of shape {pi.shape}")
    everything = np.broadcast_to(pi[:, None], (len(pi), len(pi)))
    return np.triu(everything, 1) + np.diag(pi / 2.0)


def monopoly(
    half_spreads: ArrayLike,
    informed_share: float,
    jump: float,
    demand: Demand = inelastic,
    law: JumpLaw = "fixed",
) -> Monopoly:
    """The half-spread of the grid, of shape (actions,), that pays a maker without rivals most; the lowest of equals.

    Raises ValueError if the grid does not ascend, and as `payoffs` does.
    """
    grid = _grid(half_spreads)
    alone = payoffs(grid, informed_share, jump, demand, law)
    best = int(np.argmax(alone))
    return Monopoly(float(grid[best]), float(alone[best]))


def break_even(informed_share: float, jump: float, demand: Demand = inelastic, law: JumpLaw = "fixed") -> float:
    """The lowest half-spread, off the grid too, at which a maker alone loses nothing: where competition ends.

    In ticks. Raises ValueError if there is none up to ten jumps, and as `payoffs` does.
    """
    from scipy.optimize import brentq

    looked_at = np.linspace(0.0, 10.0 * jump, 10_001)
    enough = np.flatnonzero(payoffs(looked_at, informed_share, jump, demand, law) >= 0.0)
    if not len(enough):
        raise ValueError(f"no half-spread up to {looked_at[-1]} breaks even")
    if enough[0] == 0:
        return 0.0
    between = looked_at[enough[0] - 1 : enough[0] + 1]
    return float(brentq(lambda s: float(payoffs(s, informed_share, jump, demand, law)), *between, xtol=1e-14))


def symmetric_equilibria(
    half_spreads: ArrayLike,
    informed_share: float,
    jump: float,
    makers: int,
    demand: Demand = inelastic,
    law: JumpLaw = "fixed",
) -> Floats:
    """Half-spreads of the grid, of shape (actions,), that are an equilibrium if all makers quote them; ascending.

    A half-spread s is one if a share of its payoff π is no loss and no lower one pays more alone: π(s) / makers is at
    least 0, as makers may stay out, and at least π(s') for every s' < s. Wider ones never trade. One maker alone is a
    monopolist.

    Raises ValueError if makers is below 1 or the grid does not ascend, and as `payoffs` does.
    """
    if makers < 1:
        raise ValueError(f"makers must be at least 1, not {makers}")
    alone = payoffs(grid := _grid(half_spreads), informed_share, jump, demand, law)
    slack = _TOLERANCE * float(np.abs(alone).max())
    if makers == 1:
        stable = alone >= alone.max() - slack
    else:
        undercutting = np.maximum.accumulate(np.concatenate([[0.0], alone[:-1]]))
        stable = alone / makers >= undercutting - slack
    equilibria: Floats = grid[stable]
    return equilibria


def _grid(half_spreads: ArrayLike) -> Floats:
    grid = np.asarray(half_spreads, np.float64)
    if grid.ndim != 1 or not len(grid) or not np.all(np.diff(grid) > 0.0):
        raise ValueError(f"half-spreads must be a one-dimensional array in ascending order, not {half_spreads!r}")
    return grid
