"""Prices that answer their own moves with a lag of one step: moves are an autoregression of order one.

Net flow moves the price for good, by ``impact`` per lot, and somebody trades ``gamma`` lots for each unit of the last
move. So a move is ``a`` times the one before plus news, with ``a = impact * gamma``: the discrete form of Frey and
Stremme 1997 and Platen and Schweizer 1998.
"""

from __future__ import annotations

import numpy as np


def volatility_ratio(a: float, horizon: int) -> float:
    """Standard deviation of the move over a horizon, over that of a market in which nobody feeds back.

    From the autocovariances of a stationary AR(1): the square is

        (1 + 2 sum over 0 < j < h of (1 - j / h) a^j) / (1 - a^2).

    Raises
    ------
    ValueError
        If moves grow without end.
    """
    if not -1.0 < a < 1.0:
        raise ValueError(f"a = {a:g}: a move must bring less than itself")
    lags = np.arange(1, horizon)
    return float(np.sqrt((1.0 + 2.0 * ((1.0 - lags / horizon) * a**lags).sum()) / (1.0 - a * a)))


def amplification(a: float, horizon: int) -> float:
    """What an order has moved the price by after a horizon, over what it moved it by at once: the sum of a^j."""
    return float((a ** np.arange(horizon + 1)).sum())
