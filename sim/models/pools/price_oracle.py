"""What it costs to move a pool's price for a lender that reads it, and how much cash a lender may safely have.

The attacker lifts the price of a constant-product pool without fee by a factor k over a block's end and arbitrageurs
bring it back, so each block costs (V/2)(√k − 1)²/√k. An oracle is the price at a block's end, or an average of n of
them.

Source: Angeris and Chitra 2020 (arXiv 2003.10001); Mackinga, Nadahalli and Wattenhofer 2022 (TWAP Oracle Attacks).
"""

from __future__ import annotations

import math
from typing import Literal

from scipy.optimize import minimize_scalar

from sim.models.ranges import positive

Average = Literal["arithmetic", "geometric"]


def multiple(rise: float, blocks: int, held: int, average: Average = "arithmetic") -> float:
    """The multiple k that must hold over ``held`` block ends so that an average of ``blocks`` of them rises by a share.

    1 + nδ/m of an arithmetic average, (1 + δ)^(n/m) of a geometric one.

    Raises
    ------
    ValueError
        If not 1 ≤ held ≤ blocks, the rise is not positive, or the average is another.
    """
    positive(rise=rise)
    if not 1 <= held <= blocks:
        raise ValueError(f"held must be from 1 to blocks, not {held} of {blocks}")
    if average == "arithmetic":
        return 1.0 + blocks * rise / held
    if average == "geometric":
        return math.pow(1.0 + rise, blocks / held)
    raise ValueError(f'average must be "arithmetic" or "geometric", not {average!r}')


def cost(rise: float, blocks: int = 1, held: int = 1, average: Average = "arithmetic") -> float:
    """Cost of a rise of the oracle, as a share of the pool's value V; one block of one is the spot price."""
    root = math.sqrt(multiple(rise, blocks, held, average))
    return held * 0.5 * (root - 1.0) ** 2 / root


def safe_cash(collateral_factor: float, blocks: int = 1, held: int = 1, average: Average = "arithmetic") -> float:
    """The most cash, as a share of V, that a lender may have so that no rise of its oracle pays.

    An attacker who lifts the price by δ borrows the lender's cash C against C/(c(1 + δ)) of collateral and walks away:
    gain C(1 − 1/(c(1 + δ))) − cost. So C is safe below the least cost/(1 − 1/(c(1 + δ))) over δ.

    Parameters
    ----------
    collateral_factor : c, above 0 and at most 1.
    blocks, held, average : of the oracle and the attack, as in :func:`multiple`.
    """
    if not 0.0 < collateral_factor <= 1.0:
        raise ValueError(f"collateral_factor must be above 0 and at most 1, not {collateral_factor}")
    least = 1.0 / collateral_factor - 1.0

    def needed(log_excess: float) -> float:
        rise = least + math.exp(log_excess)
        return cost(rise, blocks, held, average) / (1.0 - 1.0 / (collateral_factor * (1.0 + rise)))

    found = minimize_scalar(needed, bounds=(-15.0, 10.0), method="bounded", options={"xatol": 1e-12})
    return float(found.fun)
