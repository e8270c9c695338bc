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
        self._rows: Any = np.zeros(0, TRADE)
        self._count = 0

    def take(self) -> tuple[Any, int]:
        """The trades since it was last called, records of ``TRADE`` in order of time, and how many more there were."""
        taken = self._rows, self._count - len(self._rows)
        self._rows, self._count = self._rows[:0], 0
        return taken

    def trades(self, rows: Any) -> None:
        """Take rows of the trade tape."""
        self._count += len(rows)
        self._rows = np.concatenate([self._rows, rows])[-self._most :]

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
