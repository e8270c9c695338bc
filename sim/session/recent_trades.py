"""The last trades of a market in progress: so many of those since somebody asked, whatever their number."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.core.world import TRADE


class RecentTrades:
    """A sink that keeps the last trades, and nothing else.

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

    def messages(self, rows: Any) -> None:
        """Drop messages."""

    def book(self, rows: Any, ladder: Any) -> None:
        """Drop samples of the book."""

    def agents(self, rows: Any, lots: Any, greeks: Any, risks: Any) -> None:
        """Drop samples of agents."""

    def episodes(self, rows: Any, lots: Any) -> None:
        """Drop results of episodes."""

    def settlements(self, rows: Any) -> None:
        """Drop what instruments came to."""

    def limits(self, rows: Any) -> None:
        """Drop what became of limits."""

    def margin_calls(self, rows: Any) -> None:
        """Drop what happened to accounts under margin."""
