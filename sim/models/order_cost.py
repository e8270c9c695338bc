"""The bid-ask bounce of transaction prices (Roll 1984), if trade signs are independent and equally likely.

A trade is a purchase, x = 1, or a sale, x = -1, with probability 1/2 each. It moves the value by adverse_selection * x;
the value also has a shock with standard deviation value_deviation. The price is the new value plus order_cost * x
(Glosten and Harris 1988). Roll's own model has no adverse selection.
"""

from __future__ import annotations

import math

from sim.models.ranges import not_negative


def spread(order_cost: float, adverse_selection: float = 0.0) -> float:
    """The spread between a buyer's and a seller's price: twice the sum of the two arguments, in their unit.

    Parameters
    ----------
    order_cost : transitory cost of a trade, in any unit of price.
    adverse_selection : information of a trade about the value, in the same unit.

    Raises
    ------
    ValueError
        If an argument is negative or not finite.
    """
    not_negative(order_cost=order_cost, adverse_selection=adverse_selection)
    return 2.0 * (order_cost + adverse_selection)


def autocovariance(order_cost: float, adverse_selection: float = 0.0) -> float:
    """Autocovariance of successive price changes, in the squared unit of the arguments.

    It is -order_cost (order_cost + adverse_selection).

    Raises ValueError as `spread` does.
    """
    not_negative(order_cost=order_cost, adverse_selection=adverse_selection)
    return -order_cost * (order_cost + adverse_selection)


def variance(value_deviation: float, order_cost: float, adverse_selection: float = 0.0) -> float:
    """Variance of the price change from one trade to the next, in the squared unit of the arguments.

    It is value_deviation² + (order_cost + adverse_selection)² + order_cost². Raises ValueError if an argument is
    negative or not finite.
    """
    not_negative(order_cost=order_cost, adverse_selection=adverse_selection, value_deviation=value_deviation)
    return value_deviation**2 + (order_cost + adverse_selection) ** 2 + order_cost**2


def autocorrelation(value_deviation: float, order_cost: float, adverse_selection: float = 0.0) -> float:
    """Autocorrelation of successive price changes: `autocovariance` over `variance`.

    Raises ValueError if all arguments are 0, because prices then never change, and as `variance` does.
    """
    moves = variance(value_deviation, order_cost, adverse_selection)
    if moves == 0.0:
        raise ValueError("prices that never change have no autocorrelation: a deviation or a cost must be positive")
    return autocovariance(order_cost, adverse_selection) / moves


def estimated_spread(autocovariance: float) -> float:
    """Roll's estimate of the spread, 2 √-autocovariance, from price changes' autocovariance in a squared unit of price.

    It equals the spread if there is no adverse selection; with adverse selection it is too small. Raises ValueError if
    the autocovariance is positive, which is impossible in the model.
    """
    if not -math.inf < autocovariance <= 0.0:
        raise ValueError(f"autocovariance must be finite and not positive, not {autocovariance}")
    return 2.0 * math.sqrt(-autocovariance)


def variance_ratio(period: int, value_deviation: float, order_cost: float, adverse_selection: float = 0.0) -> float:
    """Variance of price changes over `period` trades, over `period` times that over one trade (Lo and MacKinlay 1988).

    It is 1 + 2 (1 - 1 / period) `autocorrelation`, because only successive changes are correlated. In Roll's model it
    is (σ² + 2 c² / period) / (σ² + 2 c²), where σ is the value's standard deviation and c the order cost. Raises
    ValueError if period is below 1, and as `autocorrelation` does.
    """
    if period < 1:
        raise ValueError(f"period must be at least 1, not {period}")
    return 1.0 + 2.0 * (1.0 - 1.0 / period) * autocorrelation(value_deviation, order_cost, adverse_selection)


def variance_ratio_error(period: int, changes: int) -> float:
    """Standard error of a variance ratio from overlapping periods, if the true ratio is 1 (Lo and MacKinlay 1988).

    It is √(2 (2 period - 1) (period - 1) / (3 period * changes)), for ``changes`` independent price changes with equal
    variances. Raises ValueError if period or changes is below 1.
    """
    for name, number in (("period", period), ("changes", changes)):
        if number < 1:
            raise ValueError(f"{name} must be at least 1, not {number}")
    return math.sqrt(2.0 * (2 * period - 1) * (period - 1) / (3.0 * period * changes))
