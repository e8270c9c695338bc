"""The last trades of a market in progress: so many of those since somebody asked, whatever their number."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.core.world import TRADE
from sim.runs.simulation import Sink


class RecentTrades(Sink):
    """A sink that keeps the last trades, and drops all other rows.

    Parameters
    ----------
    most : trades that are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._parts: list[Any] = []  # as they came, without those of which none would be shown
        self._kept = self._count = 0

    def take(self) -> tuple[Any, int]:
        """The trades since it was last called, records of ``TRADE`` in order of time, and how many more there were."""
        parts, count = self._parts, self._count
        self._parts, self._kept, self._count = [], 0, 0
        rows = parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, TRADE), *parts])
        rows = rows[-self._most :]
        return rows, count - len(rows)

    def trades(self, rows: Any) -> None:
        """Take rows of the trade tape."""
        self._parts.append(rows)
        self._kept += len(rows)
        self._count += len(rows)
        while self._kept - len(self._parts[0]) >= self._most:
            self._kept -= len(self._parts.pop(0))
