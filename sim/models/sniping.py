"""Sniping: after a public jump of the value, a rival may trade with a maker's stale quote before it is withdrawn.

Budish, Cramton and Shim 2015. In each step investors arrive at `investor_rate` and pay the half-spread h. At
`jump_rate` the value jumps by a random size J, and the first firm to react gains J - h from a quote that is not
withdrawn. There are a few equally fast firms. Each may be the maker or a sniper, and each is first with the same
probability. In equilibrium both roles have the same expected profit.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.models.ranges import not_negative, positive

Floats = NDArray[np.float64]
JumpLaw = Literal["fixed", "exponential", "normal"]


class Profits(NamedTuple):
    """Expected profits per step of the maker and of each sniper."""

    maker: float
    sniper: float


def expected_excess(half_spreads: ArrayLike, law: JumpLaw, scale: float) -> Floats:
    """E[(J - h)+], the mean excess of a jump J over the half-spread h, in the unit and of the shape of half_spreads.

    Parameters
    ----------
    half_spreads : not negative, in any unit of price.
    law : distribution of the size J of a jump. "fixed": J is scale. "exponential": J has mean scale. "normal": J is the
        absolute value of a normal variable with mean 0 and standard deviation scale.
    scale : above 0, in the unit of half_spreads.

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """
    if law not in get_args(JumpLaw):
        raise ValueError(f"law must be one of {', '.join(get_args(JumpLaw))}, not {law!r}")
    positive(scale=scale)
    x = np.asarray(half_spreads, np.float64) / scale
    if not np.all((x >= 0.0) & np.isfinite(x)):
        raise ValueError(f"half-spreads must be finite and not negative, not {half_spreads!r}")
    if law == "fixed":
        return scale * np.maximum(1.0 - x, 0.0)
    if law == "exponential":
        return scale * np.exp(-x)
    from scipy.special import ndtr

    excess: Floats = 2.0 * scale * (np.exp(-0.5 * x**2) / math.sqrt(2.0 * math.pi) - x * ndtr(-x))
    return excess


def sniping_rent(half_spread: float, jump_rate: float, law: JumpLaw, scale: float) -> float:
    """Expected loss per step of stale quotes, jump_rate * E[(J - h)+], in the unit of half_spread.

    In equilibrium it equals the firms' total spending on speed. ``jump_rate`` is in jumps per step. Raises ValueError
    if it is negative, and as `expected_excess` does.
    """
    not_negative(jump_rate=jump_rate)
    return jump_rate * float(expected_excess(half_spread, law, scale))


def equilibrium_half_spread(investor_rate: float, jump_rate: float, law: JumpLaw, scale: float) -> float:
    """The half-spread h at which maker and sniper have the same profit: investor_rate * h = jump_rate * E[(J - h)+].

    It does not depend on the number of firms.

    Parameters
    ----------
    investor_rate : investors per step, above 0.
    jump_rate : jumps per step.
    law, scale : distribution of the jumps' size, as in `expected_excess`. The result is in the unit of scale.

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """
    positive(investor_rate=investor_rate)
    from scipy.optimize import brentq

    bound = sniping_rent(0.0, jump_rate, law, scale) / investor_rate
    if bound == 0.0:
        return 0.0

    def advantage(share: float) -> float:
        return share - sniping_rent(share * bound, jump_rate, law, scale) / (investor_rate * bound)

    return bound * float(brentq(advantage, 0.0, 1.0, xtol=1e-15))


def zero_profit_half_spread(investor_rate: float, jump_rate: float, law: JumpLaw, scale: float, firms: int) -> float:
    """The half-spread at which the maker's profit is 0: investor_rate * h = jump_rate (firms - 1) / firms E[(J - h)+].

    It is narrower than in equilibrium: here a sniper earns more than the maker, so no firm would want to be the maker.
    Raises ValueError if firms is below 2, and as `equilibrium_half_spread` does.
    """
    _check_firms(firms)
    not_negative(jump_rate=jump_rate)
    return equilibrium_half_spread(investor_rate, jump_rate * (firms - 1) / firms, law, scale)


def expected_profits(
    half_spread: float, investor_rate: float, jump_rate: float, law: JumpLaw, scale: float, firms: int
) -> Profits:
    """Expected profits per step of the maker and of each of the firms - 1 snipers, before their spending on speed.

    The maker loses unless it is first, and a sniper gains if it is first. With R the `sniping_rent`, the profits are
    investor_rate * h - R (firms - 1) / firms and R / firms, in the unit of half_spread. Raises ValueError as
    `expected_excess` and `zero_profit_half_spread` do.
    """
    _check_firms(firms)
    positive(investor_rate=investor_rate)
    each = sniping_rent(half_spread, jump_rate, law, scale) / firms
    return Profits(investor_rate * half_spread - (firms - 1) * each, each)


def _check_firms(firms: int) -> None:
    if firms < 2:
        raise ValueError(f"firms must be at least 2, not {firms}")
