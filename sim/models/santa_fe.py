"""A reference simulation of the Santa Fe zero-intelligence book. It shares no code with the matching engine.

Farmer, Patelli and Zovko 2005; Smith, Farmer, Gillemot and Krishnamurthy 2003.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.models.ranges import positive

_LIFETIMES = 20.0  # mean lifetimes of an order before the measurement, so that the empty start has no effect
_RING = 1 << 20  # ticks


class SpreadEstimate(NamedTuple):
    """A mean spread and its standard error, in ticks and in units of market_rate / limit_rate."""

    ticks: float
    error: float
    scaled: float
    scaled_error: float


def mean_spread(
    market_rate: float,
    limit_rate: float,
    cancel_rate: float,
    window: int,
    length: float,
    seed: int,
    batches: int = 50,
) -> SpreadEstimate:
    """Time-weighted mean spread of a book of unit orders that arrive and are cancelled at random, in continuous time.

    On each side market orders arrive at `market_rate`. Limit orders arrive at `limit_rate` at each tick of a window
    that ends one tick before the best price of the other side, so they may improve the best price of their own side. If
    a side is empty, its best price at the last arrival of a limit order is used instead. A market order that finds no
    order is lost. The spread is averaged over the time in which both sides are quoted. The book starts empty and runs
    for twenty mean lifetimes of an order before the measurement. Each state has its mean holding time as weight
    (Gillespie 1977).

    If the tick is small and the window wide, the spread in units of market_rate / limit_rate depends only on
    cancel_rate / market_rate. A window of eight spreads is wide enough: a wider one changes the spread by less than
    0.1 %.

    Parameters
    ----------
    market_rate : market orders of each side per unit of time.
    limit_rate : limit orders of each side per tick and unit of time.
    cancel_rate : rate at which a resting order is cancelled, per unit of time.
    window : number of ticks, counted from the other side's best price, at which limit orders arrive.
    length : units of time that are measured.
    seed : of the random draws.
    batches : number of equal parts of the length; the standard error comes from their means (batch means).

    Raises
    ------
    ValueError
        If a rate or the length is not positive, the window is not in [1, 10,000], or batches is below 2; if a side is
        empty for a whole batch; or if the price moves by a million ticks within the lifetime of an order.
    """
    positive(market_rate=market_rate, limit_rate=limit_rate, cancel_rate=cancel_rate, length=length)
    if not 1 <= window <= 10_000:
        raise ValueError(f"window must be from 1 to 10,000 ticks, not {window}")
    if batches < 2:
        raise ValueError(f"batches must be at least 2, not {batches}")
    warm_up, rng = _LIFETIMES / cancel_rate, np.random.default_rng(seed)
    sums = _compiled()(rng, market_rate, limit_rate, cancel_rate, window, warm_up, length / batches, batches)
    if not sums[1].all():
        raise ValueError("a side was empty for a whole batch: use a greater length, fewer batches, or a wider window")
    means = sums[0] / sums[1]
    mean, error = float(means.mean()), float(means.std(ddof=1)) / math.sqrt(batches)
    return SpreadEstimate(mean, error, mean * limit_rate / market_rate, error * limit_rate / market_rate)


@functools.cache
def _compiled() -> Callable[..., Any]:
    from sim.core.compiled import njit

    return njit(_sums_of_batches, cached=False)


def _sums_of_batches(  # long: one loop over events; its parts would have to pass twelve numbers to one another
    rng: np.random.Generator,
    market_rate: float,
    limit_rate: float,
    cancel_rate: float,
    window: int,
    warm_up: float,
    batch: float,
    batches: int,
) -> NDArray[np.float64]:
    """Sums of spread times time, and of time, over the states in which both sides are quoted: shape (2, batches).

    Prices are places on a ring of ticks. A market order reduces `resting` but leaves an entry in the list of orders. An
    entry that is drawn from the list still exists with probability resting / listed at its price. So orders are
    cancelled at the right rate without a search for the order that traded.
    """
    placing, mask = 2.0 * limit_rate * window, _RING - 1
    most = placing / cancel_rate + 20.0 * math.sqrt(placing / cancel_rate) + 100.0  # Poisson: never reached
    entries, count = np.empty(int(most), np.int64), 0
    listed, resting, price_at = np.zeros(_RING, np.int64), np.zeros(_RING, np.int64), np.zeros(_RING, np.int64)
    bid, ask, bids, asks = 0, 0, 0, 0
    last_bid, last_ask = -1, 1
    sums = np.zeros((2, batches))
    clock, part = -warm_up, -1
    while True:
        total = 2.0 * market_rate + placing + cancel_rate * count
        if bids > 0 and asks > 0 and part >= 0:
            sums[0, part] += (ask - bid) / total
            sums[1, part] += 1.0 / total
        clock += 1.0 / total
        while clock >= 0.0:
            clock -= batch
            part += 1
        if part >= batches:
            return sums

        event = rng.random() * total
        if event < placing:
            if bids > 0:
                last_bid = bid
            if asks > 0:
                last_ask = ask
            away = 1 + int(rng.random() * window)
            if event < 0.5 * placing:
                price = last_ask - away
                bid = price if bids == 0 else max(bid, price)
                bids += 1
            else:
                price = last_bid + away
                ask = price if asks == 0 else min(ask, price)
                asks += 1
            at = price & mask
            if listed[at] > 0 and price_at[at] != price:
                raise ValueError(
                    "the price moved by a million ticks within an order's lifetime: use a higher cancel_rate"
                )
            price_at[at] = price
            listed[at] += 1
            resting[at] += 1
            entries[count] = price
            count += 1
            continue

        if event < placing + 2.0 * market_rate:
            buys = event < placing + market_rate
            if (asks if buys else bids) == 0:
                continue
            price = ask if buys else bid
        else:
            drawn = int(rng.random() * count)
            price = entries[drawn]
            count -= 1
            entries[drawn] = entries[count]
            at = price & mask
            alive = rng.random() * listed[at] < resting[at]
            listed[at] -= 1
            if not alive:
                continue
        resting[price & mask] -= 1
        if bids > 0 and price <= bid:
            bids -= 1
            while bids > 0 and resting[bid & mask] == 0:
                bid -= 1
        else:
            asks -= 1
            while asks > 0 and resting[ask & mask] == 0:
                ask += 1
