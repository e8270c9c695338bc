"""A reference simulation of zero-intelligence traders in a double auction. It shares no code with the engine.

Gode and Sunder 1993. Each trader wants to buy or sell one unit, and has one value or cost, in currency.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Runs(NamedTuple):
    """Results of independent runs of a double auction: arrays of shape (runs,)."""

    efficiency: Floats  # surplus of the trades over the maximum surplus
    trades: NDArray[np.int64]


def maximum_surplus(values: ArrayLike, costs: ArrayLike) -> float:
    """Maximum sum of value less cost, in currency: the highest values trade with the lowest costs while both gain.

    Raises
    ------
    ValueError
        If values or costs is not a one-dimensional array of finite numbers, or is empty.
    """
    wanted, offered = np.sort(_limits("values", values))[::-1], np.sort(_limits("costs", costs))
    pairs = min(len(wanted), len(offered))
    return float(np.maximum(wanted[:pairs] - offered[:pairs], 0.0).sum())


def unconstrained_efficiency(values: ArrayLike, costs: ArrayLike) -> float:
    """Expected efficiency, in long runs, of traders without a budget constraint.

    Every trader who finds a partner trades. The offers do not depend on values and costs, so all traders of the longer
    side are equally likely to trade: pairs * (mean value - mean cost) / maximum surplus. With equal numbers of buyers
    and sellers, every run has this efficiency.

    Raises
    ------
    ValueError
        As `maximum_surplus`, and if the maximum surplus is 0.
    """
    wanted, offered = _limits("values", values), _limits("costs", costs)
    pairs = min(len(wanted), len(offered))
    return float(pairs * (wanted.mean() - offered.mean())) / _surplus_to_be_had(wanted, offered)


def simulate(
    values: ArrayLike,
    costs: ArrayLike,
    steps: int,
    runs: int,
    seed: int,
    constrained: bool = True,
    highest: float = 200.0,
) -> Runs:
    """Efficiency and number of trades of independent runs of zero-intelligence traders.

    In each step one trader is drawn, all with the same probability; traders who have traded are drawn too, but do
    nothing. A constrained buyer bids uniformly on [0, value], and a constrained seller asks uniformly on
    [cost, highest]; unconstrained traders offer on [0, highest]. An offer that meets the best offer of the other side
    trades with it. An offer that is better than the best of its own side replaces it. Any other offer is ignored. After
    a trade both traders are done, and the book is emptied.

    Parameters
    ----------
    values, costs : shapes (buyers,) and (sellers,), within [0, highest].
    steps : steps per run. If there are few, some gains from trade may remain.
    runs : number of runs.
    seed : of the random draws.
    constrained : whether traders have a budget constraint, so that none makes a loss.
    highest : upper end of the range of offers, in currency.

    Raises
    ------
    ValueError
        As `maximum_surplus`, and if a value or a cost is outside [0, highest], the maximum surplus is 0, or steps or
        runs is below 1.
    """
    for name, number in (("steps", steps), ("runs", runs)):
        if number < 1:
            raise ValueError(f"{name} must be at least 1, not {number}")
    wanted, offered = _limits_up_to(highest, "values", values), _limits_up_to(highest, "costs", costs)
    attainable = _surplus_to_be_had(wanted, offered)
    surplus, trades = _simulated(wanted, offered, steps, runs, seed, constrained, highest)
    return Runs(surplus / attainable, trades)


def _simulated(
    wanted: Floats, offered: Floats, steps: int, runs: int, seed: int, constrained: bool, highest: float
) -> tuple[Floats, NDArray[np.int64]]:
    """Surplus and number of trades of each run, (runs,)."""
    # Sellers' prices have a negative sign: on both sides the best offer is the highest, and offers that sum to 0 or
    # more meet.
    buyers, traders = len(wanted), len(wanted) + len(offered)
    worth = np.concatenate([wanted, -offered])
    lowest = np.where(np.arange(traders) < buyers, 0.0, -highest)
    width = worth - lowest if constrained else np.full(traders, highest)
    best, holder = np.full((2, runs), -np.inf), np.zeros((2, runs), np.int64)
    done = np.zeros((runs, traders), np.bool_)
    surplus, trades = np.zeros(runs), np.zeros(runs, np.int64)
    rng, every = np.random.default_rng(seed), np.arange(runs)
    for _ in range(steps):
        trader = rng.integers(traders, size=runs)
        offer = lowest[trader] + rng.random(runs) * width[trader]
        side = (trader >= buyers).astype(np.int64)
        active = ~done[every, trader]
        meets = active & (offer + best[1 - side, every] >= 0.0)
        betters = np.flatnonzero(active & ~meets & (offer > best[side, every]))
        best[side[betters], betters] = offer[betters]
        holder[side[betters], betters] = trader[betters]

        met = np.flatnonzero(meets)
        one, other = trader[met], holder[1 - side[met], met]
        surplus[met] += worth[one] + worth[other]
        trades[met] += 1
        done[met, one] = done[met, other] = True
        best[:, met] = -np.inf
    return surplus, trades


def _limits_up_to(highest: float, name: str, given: ArrayLike) -> Floats:
    limits = _limits(name, given)
    if not 0.0 <= limits.min() <= limits.max() <= highest < math.inf:
        raise ValueError(f"{name} must be from 0 to highest, {highest}, not from {limits.min()} to {limits.max()}")
    return limits


def _limits(name: str, given: ArrayLike) -> Floats:
    limits = np.asarray(given, np.float64)
    if limits.ndim != 1 or not len(limits) or not np.isfinite(limits).all():
        raise ValueError(f"{name} must be a one-dimensional array of at least one finite number, not {given!r}")
    return limits


def _surplus_to_be_had(values: Floats, costs: Floats) -> float:
    surplus = maximum_surplus(values, costs)
    if surplus == 0.0:
        raise ValueError("no surplus to be had: no value is above a cost, so efficiency is not defined")
    return surplus
