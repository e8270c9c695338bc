"""The cost of a parent order, by part, from its trades and the marks at its decision, its arrival and its end.

The formulas are in :mod:`analysis.impact.implementation_shortfall`, which applies them to runs.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from analysis.reading.trades import Floats


class Shortfall(NamedTuple):
    """The cost of one parent order, by part. Currency; costs are positive."""

    delay: float  # the mark moved between the decision and the first trade or order
    impact: float  # prices of trades against the mark on arrival: spread, price impact, drift while trading
    opportunity: float  # what was not executed, at the last mark against the decision's
    fees: float
    target: float  # lots
    executed: float  # lots
    paper: float  # what the target would have cost at the decision's mark, currency

    @property
    def total(self) -> float:
        """The sum of the parts."""
        return self.delay + self.impact + self.opportunity + self.fees

    @property
    def basis_points(self) -> float:
        """The total in ten thousandths of the paper portfolio's value; nan if that value is 0."""
        return 1e4 * self.total / abs(self.paper) if self.paper else math.nan

    @property
    def fill(self) -> float:
        """Share of the target that was executed; nan if the target is 0."""
        return self.executed / self.target if self.target else math.nan


def shortfall(
    side: int,
    target: float,
    prices: ArrayLike,
    lots: ArrayLike,
    decision: float,
    arrival: float | None = None,
    final: float | None = None,
    fees: float = 0.0,
    lot_size: float = 1.0,
) -> Shortfall:
    """Compute the shortfall of a parent order from its trades.

    Parameters
    ----------
    side : 1 to buy, -1 to sell.
    target : lots of the parent order, above or equal to 0.
    prices, lots : of its trades, (trades,); lots are negative for a trade the other way.
    decision, arrival, final : marks at the decision, when trading began, and at the end, currency. If arrival is None,
        it is the mark at the decision; if final is None, it is the mark on arrival. A mark that is not known is nan,
        and all parts that depend on it are nan.
    fees : paid, negative for rebates received, currency.
    lot_size : units of the instrument in a lot.

    Raises
    ------
    ValueError
        If side is neither 1 nor -1, target is negative, or prices and lots have different shapes.
    """
    if side not in (1, -1):
        raise ValueError(f"side must be 1 to buy or -1 to sell, not {side}")
    if not target >= 0.0:
        raise ValueError(f"target must not be negative, not {target}")
    p, n = np.asarray(prices, float), np.asarray(lots, float)
    if p.shape != n.shape:
        raise ValueError(f"prices and lots must have the same shape, not {p.shape} and {n.shape}")
    if np.isinf(n).any() or np.isinf(p).any():
        raise ValueError("prices and lots must be finite, or nan where they are not known")
    began = decision if arrival is None else arrival
    ended = began if final is None else final
    executed = float(n.sum())
    unit = side * lot_size
    return Shortfall(
        delay=float(cost_of(unit * executed, began - decision)),
        impact=unit * float(cost_of(n, p - began).sum()),
        opportunity=float(cost_of(unit * (target - executed), ended - decision)),
        fees=fees,
        target=target,
        executed=executed,
        paper=lot_size * target * decision,
    )


def cost_of(lots: Any, per_lot: Any) -> Floats:
    """Lots times the cost per lot, elementwise. It is 0 for 0 lots, even if the cost per lot is nan."""
    cost: Floats = np.where(np.asarray(lots) == 0.0, 0.0, np.asarray(lots, float) * np.asarray(per_lot, float))
    return cost
