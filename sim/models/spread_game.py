"""Competition in half-spreads on a grid of ticks, between makers who quote simultaneously.

One trader arrives. With probability `informed_share` the trader knows of a jump and gains its excess over the best
half-spread. Otherwise the trader trades at the best half-spread, with the probability given by demand. Makers who tie
share equally. This is Bertrand (1883) competition with the adverse selection of Copeland and Galai (1983). Half-spreads
and jump are in ticks, payoffs in ticks per trader. The equilibria of many makers follow from the payoffs of one maker
alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.models.ranges import positive, probability_below_one
from sim.models.sniping import JumpLaw, expected_excess

Floats = NDArray[np.float64]
Demand = Callable[[Floats], Floats]  # from half-spreads to probabilities of a trade, of the same shape

_TOLERANCE = 1e-12  # relative: payoffs this close are equal


class Monopoly(NamedTuple):
    """The best half-spread of a maker without rivals, and its expected payoff; ticks."""

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
    """Demand exp(-decay * s), with decay per tick. Raises ValueError if decay is negative."""
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
    """Expected payoff of one maker alone at half-spreads s, in ticks.

    It is (1 - informed_share) D(s) s - informed_share E[(J - s)+].

    Parameters
    ----------
    half_spreads : of any shape, in ticks, not negative. The result has the same shape.
    informed_share : probability that the trader is informed, from 0 to below 1.
    jump : in ticks, above 0: the size J of the jump, or its scale if it is random.
    demand : probability D(s) that an uninformed trader trades.
    law : distribution of the size J of the jump, as in `expected_excess` of the sniping model.

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """
    probability_below_one(informed_share=informed_share)
    positive(jump=jump)
    s = np.asarray(half_spreads, np.float64)
    return (1.0 - informed_share) * demand(s) * s - informed_share * expected_excess(s, law, jump)


def payoff_matrix(alone: ArrayLike) -> Floats:
    """Payoffs of the row maker against one rival, shape (actions, actions), from `payoffs` alone, shape (actions,).

    Actions are half-spreads in ascending order. The maker with the lower one gets the whole payoff, makers with equal
    ones get half each, and the maker with the higher one gets 0. Raises ValueError if the payoffs are not
    one-dimensional.
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
    """The half-spread of the grid (actions,) with the highest payoff of a maker without rivals; the lowest of a tie.

    Raises ValueError if the grid does not ascend, and as `payoffs` does.
    """
    grid = _grid(half_spreads)
    alone = payoffs(grid, informed_share, jump, demand, law)
    best = int(np.argmax(alone))
    return Monopoly(float(grid[best]), float(alone[best]))


def break_even(informed_share: float, jump: float, demand: Demand = inelastic, law: JumpLaw = "fixed") -> float:
    """The lowest half-spread, in ticks, at which the payoff of a maker alone is not negative; not only on the grid.

    Competition ends there. Raises ValueError if there is none up to ten jumps, and as `payoffs` does.
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
    """Half-spreads of the grid (actions,) that are symmetric equilibria, in ascending order.

    A half-spread s is an equilibrium if π(s) / makers is at least 0, because makers may stay out, and at least π(s')
    for every s' < s, because a maker may undercut. A wider quote never trades. With one maker the result is the
    monopoly.

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
