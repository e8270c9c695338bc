"""Sniping: makers pay for public jumps that a rival may act on before the stale quote is withdrawn.

Budish, Cramton and Shim 2015. In a step an investor comes at `investor_rate` and pays the half-spread h; at `jump_rate`
the value jumps by a random size J, and whoever is first takes J - h from a quote that is not withdrawn. Each of a few
equally fast firms may be the maker or a sniper and is first equally often: in equilibrium both roles earn alike.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
JumpLaw = Literal["fixed", "exponential", "normal"]


class Profits(NamedTuple):
    """What the maker and each sniper expect a step."""

    maker: float
    sniper: float


def expected_excess(half_spreads: ArrayLike, law: JumpLaw, scale: float) -> Floats:
    """E[(J - h)+], what a jump exceeds the half-spread by on average: in the unit and of the shape of half_spreads.

    Parameters
    ----------
    half_spreads : not negative, in any unit of price.
    law : the size J of a jump is scale itself if "fixed", exponential with mean scale, or the absolute value of a
        "normal" variable with mean 0 and standard deviation scale.
    scale : above 0, in the unit of half_spreads.

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """
    if law not in get_args(JumpLaw):
        raise ValueError(f"law must be one of {', '.join(get_args(JumpLaw))}, not {law!r}")
    _check_positive("scale", scale)
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
    """What stale quotes give away a step, jump_rate * E[(J - h)+]: in equilibrium all firms' spending on speed.

    In the unit of half_spread. Raises ValueError if jump_rate, in jumps a step, is negative, and as `expected_excess`
    does.
    """
    _check_rate("jump_rate", jump_rate)
    return jump_rate * float(expected_excess(half_spread, law, scale))


def equilibrium_half_spread(investor_rate: float, jump_rate: float, law: JumpLaw, scale: float) -> float:
    """The half-spread h at which maker and sniper earn alike: investor_rate * h = jump_rate * E[(J - h)+].

    The number of firms does not enter.

    Parameters
    ----------
    investor_rate : investors a step, above 0.
    jump_rate : jumps a step.
    law, scale : of the jumps' size, as in `expected_excess`; the answer is in the unit of scale.

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """
    _check_positive("investor_rate", investor_rate)
    from scipy.optimize import brentq

    bound = sniping_rent(0.0, jump_rate, law, scale) / investor_rate
    if bound == 0.0:
        return 0.0

    def advantage(share: float) -> float:
        return share - sniping_rent(share * bound, jump_rate, law, scale) / (investor_rate * bound)

    return bound * float(brentq(advantage, 0.0, 1.0, xtol=1e-15))


def zero_profit_half_spread(investor_rate: float, jump_rate: float, law: JumpLaw, scale: float, firms: int) -> float:
    """The half-spread at which the maker earns nothing: investor_rate * h = jump_rate (firms - 1) / firms E[(J - h)+].

    Narrower than in equilibrium: no firm would stay the maker where a sniper earns more. Raises ValueError if firms is
    below 2, and as `equilibrium_half_spread` does.
    """
    _check_firms(firms)
    _check_rate("jump_rate", jump_rate)
    return equilibrium_half_spread(investor_rate, jump_rate * (firms - 1) / firms, law, scale)


def expected_profits(
    half_spread: float, investor_rate: float, jump_rate: float, law: JumpLaw, scale: float, firms: int
) -> Profits:
    """What the maker and each of the firms - 1 snipers expect a step at any half-spread, before they pay for speed.

    The maker is sniped unless he is first, and a sniper gains if he is: investor_rate * h - R (firms - 1) / firms and
    R / firms, where R is the `sniping_rent`. In the unit of half_spread; raises ValueError as `expected_excess` and
    `zero_profit_half_spread` do.
    """
    _check_firms(firms)
    _check_positive("investor_rate", investor_rate)
    each = sniping_rent(half_spread, jump_rate, law, scale) / firms
    return Profits(investor_rate * half_spread - (firms - 1) * each, each)


def _check_positive(name: str, number: float) -> None:
    if not 0.0 < number < math.inf:
        raise ValueError(f"{name} must be positive and finite, not {number}")


def _check_rate(name: str, number: float) -> None:
    if not 0.0 <= number < math.inf:
        raise ValueError(f"{name} must be finite and not negative, not {number}")


def _check_firms(firms: int) -> None:
    if firms < 2:
        raise ValueError(f"firms must be at least 2, not {firms}")
