"""The constant product, lot by lot and unit by unit, against whole numbers of any size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.core.compiled import njit
from sim.core.world import POOL
from sim.venues.pools import constant_product

FEES = ((997, 1000), (1, 1), (9995, 10_000), (999_999, 1_000_000), (1, 2))


def pool(lots: int, cash: int, kept: int = 997, whole: int = 1000) -> Any:
    row = np.zeros(1, POOL).view(np.recarray)
    row.lots, row.cash, row.kept, row.whole = lots, cash, kept, whole
    return row


@njit
def _asked(pools, numbers, prices, found):
    for i in range(len(pools)):
        found[i, 0] = constant_product.cost(pools[i], numbers[i])
        found[i, 1] = constant_product.proceeds(pools[i], numbers[i])
        found[i, 2] = constant_product.bought_within(pools[i], prices[i])
        found[i, 3] = constant_product.sold_within(pools[i], prices[i])


def asked(pools: Any, numbers: Any, prices: Any) -> Any:
    found = np.zeros((len(pools), 4), np.int64)
    _asked(pools, np.asarray(numbers, np.int64), np.asarray(prices, float), found)
    return found


# Published: reserves of each side and what comes in, in 1e18, against what leaves; the last is Uniswap's own example.
OUT = (
    (2, 5, 10, 2851015155847869602),
    (2, 10, 5, 831248957812239453),
    (1, 10, 5, 453305446940074565),
    (1, 10, 10, 906610893880149131),
    (1, 1000, 1000, 996006981039903216),
    (1, 5, 10, 1662497915624478906),
)


@pytest.mark.parametrize(("given", "into", "out", "amount"), OUT)
def test_published_swaps_follow_in_whole_lots(given: int, into: int, out: int, amount: int) -> None:
    """Lots of 1e-6: amounts of the contract have 18 digits, of which so many are left."""
    money = asked(pool(into * 10**6, out * 10**9), [given * 10**6], [1.0])[0, 1]
    assert 0 <= amount // 10**9 - money <= 1


@pytest.mark.parametrize("count", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_costs_and_proceeds_are_the_contracts_integers(count: int) -> None:
    rng = np.random.default_rng(count)
    pools = np.zeros(count, POOL).view(np.recarray)
    pools.lots = (2.0 ** rng.uniform(2, 53, count)).astype(np.int64)
    pools.cash = (2.0 ** rng.uniform(2, 53, count)).astype(np.int64)
    which = rng.integers(0, len(FEES), count)
    pools.kept, pools.whole = np.array(FEES)[which].T
    numbers = np.minimum((2.0 ** rng.uniform(0, 31, count)).astype(np.int64), 2**31 - 1)
    found = asked(pools, numbers, np.ones(count))
    for row, lots, (cost, proceeds, *_) in zip(pools, numbers.tolist(), found.tolist(), strict=True):
        x, y, kept, whole = (int(row[name]) for name in ("lots", "cash", "kept", "whole"))
        assert proceeds == kept * lots * y // (whole * x + kept * lots)
        exact = whole * y * lots // (kept * (x - lots)) + 1 if lots < x else -1
        assert cost == exact or (cost == -1 and exact > 3 * 10**18)


def test_a_limit_bounds_the_price_of_every_lot_and_cuts_no_lot_that_it_allows() -> None:
    rng = np.random.default_rng(7)
    x = (2.0 ** rng.uniform(8, 40, 3000)).astype(np.int64)
    y = (2.0 ** rng.uniform(20, 50, 3000)).astype(np.int64)
    pools = np.zeros(3000, POOL).view(np.recarray)
    pools.lots, pools.cash, pools.kept, pools.whole = x, y, 997, 1000
    prices = y / x * rng.uniform(0.7, 1.4, 3000)
    found = asked(pools, np.ones(3000), prices)
    part = 0.997
    for i in range(3000):
        bought, sold = int(found[i, 2]), int(found[i, 3])
        for lots, most in ((bought, prices[i]), (bought + 1, np.inf)):  # the last lot within, the next one beyond
            if 1 <= lots < x[i]:
                price = y[i] / part * (x[i] / ((x[i] - lots) * (x[i] - lots + 1.0)))
                assert price <= most * (1 + 1e-9) if most < np.inf else price > prices[i] * (1 - 1e-9)
        for lots, least in ((sold, prices[i]), (sold + 1, 0.0)):
            if lots >= 1:
                price = part * y[i] * x[i] / ((x[i] + part * lots) * (x[i] + part * (lots - 1.0)))
                assert price >= least * (1 - 1e-9) if least else price < prices[i] * (1 + 1e-9)
