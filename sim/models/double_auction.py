"""A reference simulation of zero-intelligence traders in a double auction, which shares nothing with the engine.

Gode and Sunder 1993. Values and costs are in currency, one for each trader, who wants to buy or sell one unit.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Runs(NamedTuple):
    """What independent runs of a double auction came to: arrays of shape (runs,)."""

    efficiency: Floats  # surplus of the trades made, over the largest there could be
    trades: NDArray[np.int64]


def maximum_surplus(values: ArrayLike, costs: ArrayLike) -> float:
    """Largest total of value less cost, in currency: the highest values trade with the lowest costs while they gain.

    Raises
    ------
    ValueError
        If values or costs is not a one-dimensional array of finite numbers, or is empty.
    """
    wanted, offered = np.sort(_limits("values", values))[::-1], np.sort(_limits("costs", costs))
    pairs = min(len(wanted), len(offered))
    return float(np.maximum(wanted[:pairs] - offered[:pairs], 0.0).sum())


def unconstrained_efficiency(values: ArrayLike, costs: ArrayLike) -> float:
    """Expected efficiency where everybody trades who finds a partner, as without a budget constraint in the long run.

    The offers of unconstrained traders do not depend on their limits, so that all of the longer side are as likely to
    trade: pairs * (mean value - mean cost) / maximum surplus. With as many sellers as buyers every run gives it.

    Raises
    ------
    ValueError
        As `maximum_surplus`, and if there is no surplus to be had.
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

    In each step one trader is drawn, all with the same probability and those who have traded too, who then do nothing.
    A buyer bids uniformly on [0, value] if constrained, else on [0, highest]; a seller asks uniformly on
    [cost, highest], else on [0, highest]. An offer that meets the other side's best trades with it. One that betters
    its own side's best takes its place. Any other changes nothing, so that nobody worsens what he offered before. After
    a trade both traders are done, and the book is emptied.

    Parameters
    ----------
    values, costs : shapes (buyers,) and (sellers,), within [0, highest].
    steps : of each run. A run may leave gains from trade behind if they are few.
    runs : how many.
    seed : of the random draws.
    constrained : whether no trader may make a loss.
    highest : end of the range of offers, in currency.

    Raises
    ------
    ValueError
        As `maximum_surplus`; if a value or a cost is outside [0, highest], there is no surplus to be had, or steps or
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
    # Sellers' prices are counted negatively: the best offer of a side is its highest, and two that add up to 0 meet.
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
        raise ValueError("no surplus to be had: no value is above a cost, so that efficiency has no meaning")
    return surplus
