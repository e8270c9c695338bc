"""Execution of a large order: fast execution costs more, slow execution is more risky.

Almgren and Chriss 2000: each trade has a permanent impact on the price, and a temporary impact that depends on its
speed. The trader minimises E + λ V of the shortfall. Obizhaeva and Wang 2013: trades consume a book that refills
exponentially, so impact fades. A trader without risk aversion begins and ends with a large trade.

Holdings are the lots that are still to be sold (or bought), positive. Costs are positive.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.models.ranges import not_negative, positive

Floats = NDArray[np.float64]


class Shortfall(NamedTuple):
    """Expected cost of an execution, and its standard deviation. Currency."""

    expected: float
    deviation: float


class AlmgrenChriss(NamedTuple):
    """A market with linear impact.

    A trade of n lots within an interval of length τ moves the price permanently by `permanent` n. It costs
    `fixed` + `temporary` n / τ per lot.
    """

    lots: float  # X, lots to be executed, not negative
    horizon: float  # T, in a unit of time, above 0
    intervals: int  # N
    volatility: float  # σ, currency per lot and square root of the unit of time, not negative
    fixed: float  # ε, half-spread and fees, currency per lot
    temporary: float  # η, currency per lot for a lot per unit of time
    permanent: float  # γ, currency per lot, per lot traded

    @property
    def adjusted(self) -> float:
        """η~ = η - γ τ / 2, the cost of speed without the permanent impact. An optimal plan exists if it is above 0."""
        return self.temporary - 0.5 * self.permanent * self.horizon / self.intervals


def urgency(market: AlmgrenChriss, risk_aversion: float) -> float:
    """κ of the optimal plan, per unit of time, from 2 (cosh κτ - 1) / τ² = λ σ² / η~.

    1 / κ is the time scale of the execution ("half-life" in the paper).

    Parameters
    ----------
    risk_aversion : λ, per currency: expected cost per unit of variance. Not negative.

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
    """Optimal holdings at the beginning and after each interval, (intervals + 1,): X sinh(κ (T - t)) / sinh(κ T).

    Without risk or risk aversion they fall on a straight line; with larger λ they fall sooner. Raises ValueError as
    `urgency` does.
    """
    rate = urgency(market, risk_aversion)
    left = market.horizon * (1.0 - np.arange(market.intervals + 1) / market.intervals)
    if rate * market.horizon < 1e-6:  # sinh x equals x here, up to rounding
        return market.lots * left / market.horizon
    exponents = rate * (left - market.horizon)  # not above 0, so exp does not overflow
    with np.errstate(under="ignore"):
        holdings: Floats = (
            market.lots * np.exp(exponents) * np.expm1(-2.0 * rate * left) / math.expm1(-2.0 * rate * market.horizon)
        )
    return holdings


def shortfall(market: AlmgrenChriss, holdings: ArrayLike) -> Shortfall:
    """Expected cost ½ γ X² + ε Σ|n| + η~/τ Σ n² of any plan, and its standard deviation σ √(τ Σ x²).

    n are the trades, and x the holdings after each trade.

    Parameters
    ----------
    holdings : (intervals + 1,), from all lots to 0.

    Raises
    ------
    ValueError
        If the plan has another length, does not start with all lots or does not end with 0, and as `urgency` does.
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
    """The efficient frontier: `shortfall` of the optimal plan at each risk aversion. Raises ValueError as `urgency`."""
    return [
        shortfall(market, almgren_chriss(market, each)) for each in np.atleast_1d(np.asarray(risk_aversions, float))
    ]


def obizhaeva_wang(lots: float, trades: int, resilience: float, horizon: float) -> Floats:
    """The plan of lowest cost at equally spaced times, (trades,): large first and last trades, equal trades between.

    With a = exp(-ρ T / (N - 1)), the first and last trades are X / ((N - 2)(1 - a) + 2). The others are 1 - a times
    this, which is what the book has refilled in between. The plan minimises the quadratic `transient_cost`.

    Parameters
    ----------
    lots : X, lots to be executed.
    trades : N, at least 2.
    resilience : ρ, the rate at which impact fades, per unit of time, above 0.
    horizon : T, time from the first trade to the last, above 0.

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

    The costs of the half-spread and of permanent impact are not included; they are the same for every plan.

    Parameters
    ----------
    plan : lots of each trade, (trades,).
    impact : κ, the move of the price per lot before the book refills, currency per lot, per lot traded; not negative.
    resilience, horizon : as in `obizhaeva_wang`; a single trade costs ½ κ X².

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """
    q = np.asarray(plan, float)
    _check_transient(max(len(q), 2), resilience, horizon)
    not_negative(impact=impact)
    remains = math.exp(-resilience * horizon / max(len(q) - 1, 1))
    total = moved = 0.0
    for trade in q.tolist():
        total += trade * (moved + 0.5 * trade)
        moved = remains * (moved + trade)
    return impact * total


def continuous_obizhaeva_wang(lots: float, resilience: float, horizon: float) -> tuple[float, float]:
    """The limit of `obizhaeva_wang` for many trades: the size of the first and last trades, and the rate between them.

    The size is X / (ρ T + 2), in lots; the rate is ρ times the size, in lots per unit of time. The cost is κ times X
    times the size. Raises ValueError as `obizhaeva_wang` does.
    """
    _check_transient(2, resilience, horizon)
    block = lots / (resilience * horizon + 2.0)
    return block, resilience * block


def _check(market: AlmgrenChriss, risk_aversion: float) -> None:
    not_negative(
        risk_aversion=risk_aversion,
        lots=market.lots,
        volatility=market.volatility,
        fixed=market.fixed,
        permanent=market.permanent,
    )
    if market.intervals < 1:
        raise ValueError(f"intervals must be at least 1, not {market.intervals}")
    positive(horizon=market.horizon)
    if not 0.0 < market.adjusted < math.inf:
        raise ValueError(f"temporary must exceed half of permanent times an interval, not {market.temporary}")


def _check_transient(trades: int, resilience: float, horizon: float) -> None:
    if trades < 2:
        raise ValueError(f"trades must be at least 2, not {trades}")
    positive(resilience=resilience, horizon=horizon)
