"""Pinning: who hedges calls in the market in which they are settled moves the price to the strike, or away from it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

STRIKE = 100.0  # currency


def _delta(prices: NDArray[np.float64], deviation: float) -> NDArray[np.float64]:
    """Black's delta of a call, if the price will have moved by so much at expiry, currency at the strike."""
    relative = deviation / STRIKE
    found: NDArray[np.float64] = ndtr(np.log(prices / STRIKE) / relative + 0.5 * relative)
    return found


def final_prices(
    strength: float, start: float, paths: int, seed: int, noise: float = 0.2, steps: int = 100
) -> NDArray[np.float64]:
    """Prices at which a call with a strike of 100 is settled after auctions with a dealer who hedges it, (paths,).

    The dealer holds n calls and comes hedged. Before each auction it hedges by the last price, and each lot moves the
    price by λ: p′ = p + noise − λ n (δ − δ before). Avellaneda and Lipkin 2003 have a model in continuous time. The map
    has no solution in closed form, so it is simulated.

    Parameters
    ----------
    strength : λ n; negative for a dealer who has sold calls.
    noise : standard deviation of what others move the price by in an auction, currency.

    Raises
    ------
    ValueError
        If there is nothing to simulate.
    """
    if paths < 1 or steps < 1 or noise <= 0.0:
        raise ValueError(f"paths, steps and noise must be above 0, not {paths}, {steps} and {noise}")
    random = np.random.default_rng(seed)
    prices = np.full(paths, start)
    first = _delta(prices[:1], noise * math.sqrt(steps))[0]
    without = np.full(paths, start)
    for auction in range(steps):
        delta = _delta(prices, noise * math.sqrt(steps - auction))
        without += noise * random.standard_normal(paths)
        prices = without - strength * (delta - first)
    return prices
