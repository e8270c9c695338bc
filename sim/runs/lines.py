"""What the lines of an attribution are made of: formulas of numbers and arrays alike, compiled or not.

:mod:`analysis.money.attribution` says what the lines mean. It takes them of a run's tables; :mod:`sim.runs.attributed`
adds them up trade by trade while a run goes on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

HORIZON = 20  # trades of an instrument: of adverse selection, unless episodes are short
_NEAR = 1e-6  # of a unit of money: so far are halves from what float64 makes of them


def horizon_for(trades: int, episodes: int) -> int:
    """A horizon in trades that fits well into an episode: 20, or a fifth of the trades per episode if that is less.

    Parameters
    ----------
    trades, episodes : of the run; episodes that have ended.
    """
    return int(min(HORIZON, max(1, trades // (5 * max(1, episodes)))))


def counted(units: Any) -> Any:
    """Prices or mids in units of money per lot, of which those that are whole or halves are made exactly so."""
    halves = np.rint(2.0 * units) / 2.0
    return np.where(np.abs(units - halves) < _NEAR, halves, units)


def gain(lots: Any, mark: Any, price: Any) -> Any:
    """What buying lots at a price gains against a mark: z (m - P); of lots sold, negative, what selling them gains."""
    return lots * (mark - price)
