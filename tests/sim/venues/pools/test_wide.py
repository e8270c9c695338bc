"""Products of 128 bits, compiled, against Python's whole numbers."""

from __future__ import annotations

import numpy as np
import pytest

from sim.core.compiled import njit
from sim.venues.pools.wide import product_quotient


@njit
def _all(rows, found):
    for i in range(len(rows)):
        row = rows[i]
        found[i] = product_quotient(row[0], row[1], row[2], row[3], row[4])


@pytest.mark.parametrize("count", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_quotients_of_wide_products_are_exact(count: int) -> None:
    rng = np.random.default_rng(count)
    bits = rng.integers(0, [62, 62, 54, 21, 52], (2 * count, 5))
    rows = 1 + (rng.random((2 * count, 5)) * 2.0**bits).astype(np.int64)
    guess = rows[:, 0] * 1.0 * rows[:, 1] / (rows[:, 2] * 1.0 * rows[:, 3] + rows[:, 4])
    rows = rows[guess < 2.0**61][:count]
    assert len(rows) > 0.8 * count
    found = np.zeros(len(rows), np.int64)
    _all(rows, found)
    exact = [int(a) * int(b) // (int(c) * int(d) + int(e)) for a, b, c, d, e in rows.tolist()]
    np.testing.assert_array_equal(found, exact)


@pytest.mark.parametrize(
    "row",
    [
        (0, 5, 1, 1, 0),
        (2**61, 2**61, 2**61, 1, 0),
        (2**61, 2**61, 2**61, 1, 1),
        (2**61 - 1, 2**61 - 1, 2**62 - 1, 1, 0),
        (3, 5, 15, 1, 0),
        (3, 5, 16, 1, 0),
        (2**62 - 1, 2**20, 2**53, 10**6, 2**51),
    ],
)
def test_at_the_edges_too(row: tuple[int, ...]) -> None:
    found = np.zeros(1, np.int64)
    _all(np.array([row], np.int64), found)
    a, b, c, d, e = row
    assert found[0] == a * b // (c * d + e)
