"""Liquidity in a range of prices in real numbers: what it holds, its impermanent loss, its depth.

Source: Adams et al. 2021 (Uniswap v3 Core), section 2: L = √(virtual reserves' product).
"""

from __future__ import annotations

import math

from sim.models.pools.rebalancing import range_factor
from sim.models.ranges import not_negative, positive


def amounts(liquidity: float, price: float, lower: float, upper: float) -> tuple[float, float]:
    """Lots and cash that a liquidity holds at a price: L(1/√P − 1/√Pb) and L(√P − √Pa), P held inside the range."""
    positive(liquidity=liquidity, price=price, lower=lower, upper=upper)
    if lower >= upper:
        raise ValueError(f"a range must end above where it begins, not from {lower} to {upper}")
    root, low, high = math.sqrt(min(max(price, lower), upper)), math.sqrt(lower), math.sqrt(upper)
    return liquidity * (1.0 / root - 1.0 / high), liquidity * (root - low)


def liquidities(lots: float, cash: float, price: float, lower: float, upper: float) -> tuple[float, float]:
    """The liquidity that lots alone, and cash alone, would allow in a range at a price; the smaller is deposited."""
    held_lots, held_cash = amounts(1.0, price, lower, upper)
    not_negative(lots=lots, cash=cash)
    return (lots / held_lots if held_lots else math.inf), (cash / held_cash if held_cash else math.inf)


def impermanent_loss(ratio: float, width: float) -> float:
    """Worth of a range [P/r, P·r] over that of its first holdings, less 1, once the price is k = ``ratio`` times P.

    Parameters
    ----------
    ratio : k, above 0.
    width : r, above 1.
    """
    positive(ratio=ratio)
    range_factor(width)
    lots, cash = amounts(1.0, 1.0, 1.0 / width, width)
    now_lots, now_cash = amounts(1.0, ratio, 1.0 / width, width)
    return (now_lots * ratio + now_cash) / (lots * ratio + cash) - 1.0


def depth(value: float, rise: float, width: float) -> float:
    """Cash to lift the price by a share inside a range [P/r, P·r] worth ``value`` at P, without fee.

    Raises
    ------
    ValueError
        If the price would leave the range.
    """
    positive(value=value)
    not_negative(rise=rise)
    if 1.0 + rise > width:
        raise ValueError(f"a rise of {rise} leaves the range of width {width}")
    return 0.5 * value * (math.sqrt(1.0 + rise) - 1.0) * range_factor(width)
