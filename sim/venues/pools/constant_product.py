"""The curve on which the product of both reserves stays, fees aside, what it is: Uniswap v2 (Adams et al. 2020).

The fee is a share of what comes in, and stays in the pool; ``kept / whole`` is the rest. With x lots and y units of
money, buying q lots costs floor(whole y q / (kept (x - q))) + 1, and selling them brings floor(kept y q / (whole x +
kept q)): whole numbers, rounded against the trader, as the contract's ``getAmountIn`` and ``getAmountOut`` give them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.core.compiled import inlined, njit
from sim.core.ledger import MOST_MONEY
from sim.core.world import int64
from sim.venues.pools.wide import product_quotient

MOST_RESERVE = 1 << 53  # in reserve: up to there float64 counts lots one by one, and no product passes 128 bits


@njit
def cost(pool: Any, lots: int) -> int:
    """Units of money that buying so many lots costs; -1 where there are not more than those, or nobody could pay."""
    left = pool.lots - lots
    if left <= 0:
        return int64(-1)
    guess = np.float64(pool.whole) * np.float64(lots) * np.float64(pool.cash) / (np.float64(pool.kept) * left)
    if guess > np.float64(MOST_MONEY):
        return int64(-1)
    return product_quotient(lots * pool.whole, pool.cash, left, pool.kept, int64(0)) + 1


@njit
def proceeds(pool: Any, lots: int) -> int:
    """Units of money that selling so many lots brings."""
    counted = lots * pool.kept
    return product_quotient(counted, pool.cash, pool.whole, pool.lots, counted)


@inlined
def bought_within(pool: Any, price: float) -> int:
    """Lots of which each costs at most a price, units of money per lot."""
    x, y, part = np.float64(pool.lots), np.float64(pool.cash), np.float64(pool.kept) / np.float64(pool.whole)
    if price <= 0.0:
        return int64(0)
    return int64(math.floor(x + 0.5 - math.sqrt(x * y / (part * price) + 0.25)))


@inlined
def sold_within(pool: Any, price: float) -> int:
    """Lots of which each brings at least a price, units of money per lot; a great number where all do."""
    x, y, part = np.float64(pool.lots), np.float64(pool.cash), np.float64(pool.kept) / np.float64(pool.whole)
    if price <= 0.0:
        return int64(MOST_RESERVE)
    most = (math.sqrt(part * x * y / price + 0.25 * part * part) - x) / part + 0.5
    return int64(math.floor(min(most, np.float64(MOST_RESERVE))))


@inlined
def trade(pool: Any, side: int, lots: int, money: int) -> None:
    """Move what was traded: the pool keeps the fee, so that its reserves are all that it has."""
    pool.lots -= side * lots
    pool.cash += side * money
