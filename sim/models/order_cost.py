"""What the bounce between bid and ask does to transaction prices (Roll 1984), where signs are independent and even.

A trade is a purchase, x = 1, or a sale, x = -1, with probability 1/2 each. It moves the value by adverse_selection * x
beside a shock of standard deviation value_deviation, and takes place at the value then plus order_cost * x (Glosten and
Harris 1988). Roll's own model has no adverse selection.
"""

from __future__ import annotations

import math


def spread(order_cost: float, adverse_selection: float = 0.0) -> float:
    """What a buyer pays more than a seller gets at the same moment: twice the sum of the two, in their unit.

    Parameters
    ----------
    order_cost : what a trade costs beyond what it tells, in any unit of price.
    adverse_selection : what a trade tells of the value, in the same unit.

    Raises
    ------
    ValueError
        If either is negative or not finite.
    """
    _check(order_cost, adverse_selection)
    return 2.0 * (order_cost + adverse_selection)


def autocovariance(order_cost: float, adverse_selection: float = 0.0) -> float:
    """Of successive price changes: -order_cost (order_cost + adverse_selection), in the square of their unit.

    Raises ValueError as `spread` does.
    """
    _check(order_cost, adverse_selection)
    return -order_cost * (order_cost + adverse_selection)


def variance(value_deviation: float, order_cost: float, adverse_selection: float = 0.0) -> float:
    """Of the price change from one trade to the next, in the square of the arguments' unit.

    value_deviation² + (order_cost + adverse_selection)² + order_cost². Raises ValueError if one of them is negative or
    not finite.
    """
    _check(order_cost, adverse_selection, value_deviation)
    return value_deviation**2 + (order_cost + adverse_selection) ** 2 + order_cost**2


def autocorrelation(value_deviation: float, order_cost: float, adverse_selection: float = 0.0) -> float:
    """Of successive price changes: `autocovariance` over `variance`.

    Raises ValueError if all arguments are 0, so that prices never change, and as `variance` does.
    """
    moves = variance(value_deviation, order_cost, adverse_selection)
    if moves == 0.0:
        raise ValueError("prices that never change have no autocorrelation: a deviation or a cost must be positive")
    return autocovariance(order_cost, adverse_selection) / moves


def estimated_spread(autocovariance: float) -> float:
    """Roll's estimate 2 √-autocovariance, from the autocovariance of price changes in a squared unit of price.

    It is the spread where there is no adverse selection, and too small where there is. Raises ValueError if the
    autocovariance is positive: the model knows no such prices.
    """
    if not -math.inf < autocovariance <= 0.0:
        raise ValueError(f"autocovariance must be finite and not positive, not {autocovariance}")
    return 2.0 * math.sqrt(-autocovariance)


def variance_ratio(period: int, value_deviation: float, order_cost: float, adverse_selection: float = 0.0) -> float:
    """Variance of price changes over `period` trades, over period times that over one (Lo and MacKinlay 1988).

    1 + 2 (1 - 1 / period) `autocorrelation`, as only successive changes are correlated. In Roll's model this is
    (σ² + 2 c² / period) / (σ² + 2 c²), with σ the value's deviation and c the order cost. Raises ValueError if period
    is below 1, and as `autocorrelation` does.
    """
    if period < 1:
        raise ValueError(f"period must be at least 1, not {period}")
    return 1.0 + 2.0 * (1.0 - 1.0 / period) * autocorrelation(value_deviation, order_cost, adverse_selection)


def variance_ratio_error(period: int, changes: int) -> float:
    """Standard error of a variance ratio that is truly 1, from overlapping periods (Lo and MacKinlay 1988).

    √(2 (2 period - 1) (period - 1) / (3 period * changes)), for so many independent price changes of one variance.
    Raises ValueError if period or changes is below 1.
    """
    for name, number in (("period", period), ("changes", changes)):
        if number < 1:
            raise ValueError(f"{name} must be at least 1, not {number}")
    return math.sqrt(2.0 * (2 * period - 1) * (period - 1) / (3.0 * period * changes))


def _check(order_cost: float, adverse_selection: float, value_deviation: float = 0.0) -> None:
    amounts = {
        "order_cost": order_cost,
        "adverse_selection": adverse_selection,
        "value_deviation": value_deviation,
    }
    for name, amount in amounts.items():
        if not 0.0 <= amount < math.inf:
            raise ValueError(f"{name} must be finite and not negative, not {amount}")
