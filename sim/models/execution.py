"""Executing a large order: what it costs to be fast, and what it risks to be slow.

Almgren and Chriss 2000: a price moves by a permanent part of each trade, a temporary part depends on the speed, and the
trader minimises E + λ V of the shortfall. Obizhaeva and Wang 2013: trades eat into a book that refills exponentially,
so that impact fades, and a trader without risk aversion begins and ends with a block.

Positive holdings are lots still to be sold (or bought); costs are positive.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Shortfall(NamedTuple):
    """Expected cost of an execution, and the standard deviation of it. Currency."""

    expected: float
    deviation: float


class AlmgrenChriss(NamedTuple):
    """A market with linear impact.

    A trade of n lots within an interval of length τ moves the price for good by `permanent` n and costs each lot
    `fixed` + `temporary` n / τ.
    """

    lots: float  # X, to be executed, not negative
    horizon: float  # T, in a unit of time, above 0
    intervals: int  # N
    volatility: float  # σ, currency per lot and square root of the unit of time, not negative
    fixed: float  # ε, half-spread and fees, currency per lot
    temporary: float  # η, currency per lot for a lot per unit of time
    permanent: float  # γ, currency per lot for each lot

    @property
    def adjusted(self) -> float:
        """η~ = η - γ τ / 2, what speed costs beside the permanent impact. Above 0 unless a plan has no optimum."""
        return self.temporary - 0.5 * self.permanent * self.horizon / self.intervals


def urgency(market: AlmgrenChriss, risk_aversion: float) -> float:
    """κ of the optimal plan, per unit of time: 2 (cosh κτ - 1) / τ² = λ σ² / η~; 1 / κ is an order's own half-life.

    Parameters
    ----------
    risk_aversion : λ, currency of expected cost for a squared currency of variance, not negative.

    Raises
    ------
    ValueError
        If the risk aversion or a number of the market is outside its range.
    """
    _check(market, risk_aversion)
    interval = market.horizon / market.intervals
    squared = risk_aversion * market.volatility**2 / market.adjusted
    return 2.0 * math.asinh(0.5 * interval * math.sqrt(squared)) / interval


def almgren_chriss(market: AlmgrenChriss, risk_aversion: float) -> Floats:
    """Holdings at the beginning and after each interval, (intervals + 1,): X sinh(κ (T - t)) / sinh(κ T).

    A straight line where nothing is risked, and the sooner the larger λ. Raises ValueError as `urgency` does.
    """
    rate = urgency(market, risk_aversion)
    left = market.horizon * (1.0 - np.arange(market.intervals + 1) / market.intervals)
    if rate * market.horizon < 1e-6:  # where sinh x is x to the last digit
        return market.lots * left / market.horizon
    exponents = rate * (left - market.horizon)  # not above 0, so that nothing overflows
    with np.errstate(under="ignore"):
        holdings: Floats = (
            market.lots * np.exp(exponents) * np.expm1(-2.0 * rate * left) / math.expm1(-2.0 * rate * market.horizon)
        )
    return holdings


def shortfall(market: AlmgrenChriss, holdings: ArrayLike) -> Shortfall:
    """What any plan costs: ½ γ X² + ε Σ|n| + η~/τ Σ n², and the deviation σ √(τ Σ x²) over what is still held.

    Parameters
    ----------
    holdings : (intervals + 1,), from all lots to none.

    Raises
    ------
    ValueError
        If the plan has another length, does not start with all lots, or ends with some left, and as `urgency` does.
    """
    _check(market, 0.0)
    x = np.asarray(holdings, float)
    if x.shape != (market.intervals + 1,) or not math.isclose(x[0], market.lots) or abs(x[-1]) > 1e-9 * market.lots:
        raise ValueError(
            f"holdings must fall from {market.lots:g} to 0 over {market.intervals} intervals, not {holdings!r}"
        )
    trades = -np.diff(x)
    interval = market.horizon / market.intervals
    expected = (
        0.5 * market.permanent * market.lots**2
        + market.fixed * float(np.abs(trades).sum())
        + market.adjusted / interval * float(trades @ trades)
    )
    return Shortfall(expected, market.volatility * math.sqrt(interval * float(x[1:] @ x[1:])))


def frontier(market: AlmgrenChriss, risk_aversions: ArrayLike) -> list[Shortfall]:
    """`shortfall` of the optimal plan at each risk aversion: the efficient frontier. Raises as `urgency` does."""
    return [
        shortfall(market, almgren_chriss(market, each)) for each in np.atleast_1d(np.asarray(risk_aversions, float))
    ]


def obizhaeva_wang(lots: float, trades: int, resilience: float, horizon: float) -> Floats:
    """The cheapest trades at equally spaced times, (trades,): a block at each end, equal smaller ones between.

    With a = exp(-ρ T / (N - 1)) the blocks are X / ((N - 2)(1 - a) + 2), the others 1 - a of them: what the book has
    refilled by then. It is the minimum of the quadratic `transient_cost`.

    Parameters
    ----------
    lots : X, to be executed.
    trades : N, at least 2.
    resilience : ρ, at which impact fades, per unit of time, above 0.
    horizon : T, from the first trade to the last, above 0.

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """
    _check_transient(trades, resilience, horizon)
    refilled = -math.expm1(-resilience * horizon / (trades - 1))
    block = lots / ((trades - 2) * refilled + 2.0)
    plan = np.full(trades, block * refilled)
    plan[[0, -1]] = block
    return plan


def transient_cost(plan: ArrayLike, impact: float, resilience: float, horizon: float) -> float:
    """Expected cost of trades at equally spaced times: κ (½ Σ q_i² + Σ_{j<i} q_i q_j exp(-ρ (t_i - t_j))). Currency.

    Beside what half-spread and permanent impact cost whatever the plan.

    Parameters
    ----------
    plan : lots of each trade, (trades,).
    impact : κ, what a lot moves the price by before the book refills, currency per lot for each lot, not negative.
    resilience, horizon : as in `obizhaeva_wang`; a single trade costs ½ κ X².

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """
    q = np.asarray(plan, float)
    _check_transient(max(len(q), 2), resilience, horizon)
    if not 0.0 <= impact < math.inf:
        raise ValueError(f"impact must be finite and not negative, not {impact}")
    remains = math.exp(-resilience * horizon / max(len(q) - 1, 1))
    total = moved = 0.0
    for trade in q.tolist():
        total += trade * (moved + 0.5 * trade)
        moved = remains * (moved + trade)
    return impact * total


def continuous_obizhaeva_wang(lots: float, resilience: float, horizon: float) -> tuple[float, float]:
    """The plan of ever more frequent trades: the block X / (ρ T + 2) at each end, and the rate ρ times it between.

    Costs κ times X times the block. Raises ValueError as `obizhaeva_wang` does.
    """
    _check_transient(2, resilience, horizon)
    block = lots / (resilience * horizon + 2.0)
    return block, resilience * block


def _check(market: AlmgrenChriss, risk_aversion: float) -> None:
    numbers = {
        "risk_aversion": risk_aversion,
        "lots": market.lots,
        "volatility": market.volatility,
        "fixed": market.fixed,
        "permanent": market.permanent,
    }
    for name, number in numbers.items():
        if not 0.0 <= number < math.inf:
            raise ValueError(f"{name} must be finite and not negative, not {number}")
    if market.intervals < 1:
        raise ValueError(f"intervals must be at least 1, not {market.intervals}")
    if not 0.0 < market.horizon < math.inf:
        raise ValueError(f"horizon must be positive and finite, not {market.horizon}")
    if not 0.0 < market.adjusted < math.inf:
        raise ValueError(f"temporary must exceed half of permanent times an interval, not {market.temporary}")


def _check_transient(trades: int, resilience: float, horizon: float) -> None:
    if trades < 2:
        raise ValueError(f"trades must be at least 2, not {trades}")
    for name, number in (("resilience", resilience), ("horizon", horizon)):
        if not 0.0 < number < math.inf:
            raise ValueError(f"{name} must be positive and finite, not {number}")
