"""The last trades since somebody asked: so many of them, in order, and how many more there were."""

from __future__ import annotations

import numpy as np
import pytest

from sim.core.world import TRADE
from sim.session.recent_trades import RecentTrades


@pytest.mark.parametrize("sizes", [[], [3], [10], [25], [4, 4, 4, 4], [30, 1], [1, 30], [10, 10], [0, 5, 0, 7]])
def test_the_last_are_kept_and_the_others_counted(sizes: list[int]) -> None:
    recent, number = RecentTrades(10), 0
    for size in sizes:
        rows = np.zeros(size, TRADE)
        rows["sequence"] = range(number, number + size)
        number += size
        recent.trades(rows)
        assert sum(map(len, recent._parts[1:])) < 10
    rows, left_out = recent.take()
    assert rows["sequence"].tolist() == list(range(number))[-10:]
    assert left_out == max(0, number - 10)
    rows, left_out = recent.take()
    assert (len(rows), left_out) == (0, 0)
