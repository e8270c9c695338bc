"""Feedback of price moves with a lag of one step: moves are an autoregression of order one.

Net order flow moves the price permanently, by ``impact`` per lot. Feedback traders trade ``gamma`` lots per unit of the
last move. So a move is ``a`` times the one before, plus news, with ``a = impact * gamma``. This is a discrete form of
Frey and Stremme 1997 and Platen and Schweizer 1998.
"""

from __future__ import annotations

import numpy as np


def _check(a: float) -> None:
    if not -1.0 < a < 1.0:
        raise ValueError(f"a must be between -1 and 1, not {a:g}: otherwise moves grow without limit")


def volatility_ratio(a: float, horizon: int) -> float:
    """Standard deviation of the move over a horizon, divided by that of a market without feedback.

    From the autocovariances of a stationary AR(1), its square is

        (1 + 2 sum over 0 < j < h of (1 - j / h) a^j) / (1 - a^2).

    Raises
    ------
    ValueError
        If a is not between -1 and 1, so that moves grow without limit.
    """
    _check(a)
    lags = np.arange(1, horizon)
    return float(np.sqrt((1.0 + 2.0 * ((1.0 - lags / horizon) * a**lags).sum()) / (1.0 - a * a)))


def ratio_from_rest(a: float, horizon: int) -> float:
    """The same for the first moves after a rest, where no earlier move is fed back yet.

    The news of a step moves the price by the sum of a^j over the steps left; its square is the mean of their squares,
    (1 / h) sum over 0 < i <= h of ((1 - a^i) / (1 - a))^2.

    Raises
    ------
    ValueError
        As :func:`volatility_ratio`.
    """
    _check(a)
    steps = np.arange(1, horizon + 1)
    return float(np.sqrt((((1.0 - a**steps) / (1.0 - a)) ** 2).mean()))


def amplification(a: float, horizon: int) -> float:
    """An order's impact on the price after a horizon, divided by its immediate impact: the sum of a^j."""
    return float((a ** np.arange(horizon + 1)).sum())
