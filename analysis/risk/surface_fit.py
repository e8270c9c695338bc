"""Surfaces of implied volatility: an SVI slice for each expiry, without arbitrage within and between them.

The expiries of a currency are fitted in the order of their dates, each above the one before. Beside each slice stands
one flat volatility, that at the money. Where strikes are left out, a second surface is fitted to the others only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.risk.option_quotes import liquid, log_moneyness
from sim.models.options import black
from sim.models.svi import Slice, greatest_crossing, least_butterfly, total_variance
from sim.models.svi_fit import NO_SLICE, REACH, aims, fit

_DENSE = 4_000  # places at which a fitted surface is checked for arbitrage
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Smile:
    """The liquid quotes of one expiry, by strike.

    Attributes
    ----------
    years : until expiry, the mean of the quotes.
    sides, ks, bids, asks : ``(quotes,)``: +1 of a call and −1 of a put, ln(strike / forward price), undiscounted prices
        over the forward price.
    """

    moment: str
    currency: str
    expiry: str
    years: float
    sides: NDArray[np.int64]
    ks: Floats
    bids: Floats
    asks: Floats

    def where(self, kept: NDArray[np.bool_]) -> Smile:
        """Some of its quotes."""
        parts = (self.sides[kept], self.ks[kept], self.bids[kept], self.asks[kept])
        return Smile(self.moment, self.currency, self.expiry, self.years, *parts)

    def fitted(self, before: Slice) -> Slice:
        """The slice that is fitted to its quotes, above the expiry before."""
        wanted, weights = np.empty(len(self.ks)), np.empty(len(self.ks))
        aims(self.sides, self.ks, self.bids, self.asks, wanted, weights)
        return fit(self.ks, wanted, weights, before)

    def prices(self, variance: Callable[[float], float]) -> Floats:
        """Prices of its options, over the forward price, at a total variance by log-moneyness."""
        pairs = zip(self.sides, self.ks, strict=True)
        return np.array([black(side, 1.0, math.exp(k), math.sqrt(max(variance(k), 0.0))).price for side, k in pairs])

    def inside(self, variance: Callable[[float], float]) -> NDArray[np.bool_]:
        """Which of its quotes have the price at that total variance between bid and ask, ends included."""
        prices = self.prices(variance)
        return (self.bids <= prices) & (prices <= self.asks)


@dataclass(frozen=True)
class Surface:
    """What was fitted to one expiry.

    Attributes
    ----------
    slice : SVI, fitted to all quotes.
    inside : which quotes have its price between bid and ask.
    left_out : which strikes were left out of the second fit, none if none was asked for.
    left_out_inside : of those, which have the second fit's price between bid and ask.
    flat_inside : which quotes have the price of the volatility at the money between bid and ask.
    arbitrage_free : both fits, within |k| ≤ 1.5, and against the expiry before.
    """

    smile: Smile
    slice: Slice
    inside: NDArray[np.bool_]
    left_out: NDArray[np.bool_]
    left_out_inside: NDArray[np.bool_]
    flat_inside: NDArray[np.bool_]
    arbitrage_free: bool

    @property
    def at_the_money(self) -> float:
        """Implied volatility at the forward price."""
        return self.volatility(0.0)

    def volatility(self, k: float) -> float:
        """Implied volatility at a log-moneyness."""
        return math.sqrt(total_variance(self.slice, k) / self.smile.years)


@dataclass
class _Chain:
    """The slices of one currency so far: of the fit to all quotes, and of that which leaves strikes out."""

    full: Slice = NO_SLICE
    partial: Slice = NO_SLICE


def smiles_of(table: pd.DataFrame) -> list[Smile]:
    """The liquid quotes of each moment, currency and expiry, in the order of their dates.

    Parameters
    ----------
    table : as :class:`analysis.risk.option_quotes.OptionQuotes` has it.
    """
    made = []
    for (moment, currency, expiry), rows in liquid(table).groupby(["moment", "currency", "expiry"], sort=False):
        by_strike = rows.sort_values("strike", kind="stable")
        parts = (by_strike[name].to_numpy(float) for name in ("bid", "ask"))
        sides = by_strike["side"].to_numpy(np.int64)
        years = float(by_strike["years"].mean())
        made.append(Smile(str(moment), str(currency), str(expiry), years, sides, log_moneyness(by_strike), *parts))
    return sorted(made, key=lambda smile: (smile.moment, smile.currency, smile.years))


def fit_surfaces(table: pd.DataFrame, leave_out: int | None = None) -> list[Surface]:
    """Fit every expiry that has liquid quotes enough.

    Parameters
    ----------
    leave_out : every so many-th strike is left out of a second fit.
    """
    chains: dict[tuple[str, str], _Chain] = {}
    made = []
    for smile in smiles_of(table):
        chain = chains.setdefault((smile.moment, smile.currency), _Chain())
        made.append(_fitted(smile, chain, leave_out))
    return made


def _fitted(smile: Smile, chain: _Chain, leave_out: int | None) -> Surface:
    count = len(smile.ks)
    left_out = np.zeros(count, bool)
    full = smile.fitted(chain.full)
    free = _is_free(full, chain.full)
    left_out_inside = np.zeros(count, bool)
    if leave_out is not None:
        left_out = np.arange(count) % leave_out == leave_out - 1
        partial = smile.where(~left_out).fitted(chain.partial)
        left_out_inside[left_out] = smile.where(left_out).inside(lambda k: total_variance(partial, k))
        free = free and _is_free(partial, chain.partial)
        chain.partial = partial
    chain.full = full
    level = total_variance(full, 0.0)
    inside = smile.inside(lambda k: total_variance(full, k))
    flat_inside = smile.inside(lambda k: level)
    return Surface(smile, full, inside, left_out, left_out_inside, flat_inside, free)


def _is_free(slice: Slice, before: Slice) -> bool:
    """Whether there is no arbitrage within a slice and against the one before, on |k| ≤ 1.5."""
    within = least_butterfly(slice, REACH, _DENSE)[0] >= 0.0
    return within and (before == NO_SLICE or greatest_crossing(slice, before, REACH, _DENSE) <= 0.0)
