"""Prices of options and all their derivatives with more digits than a float has, from the formulas alone."""

from __future__ import annotations

from collections.abc import Callable

import mpmath

GREEKS = {  # order of the derivative by spot, volatility, time left and rate; the sign
    "price": ((0, 0, 0, 0), 1),
    "delta": ((1, 0, 0, 0), 1),
    "gamma": ((2, 0, 0, 0), 1),
    "vega": ((0, 1, 0, 0), 1),
    "theta": ((0, 0, 1, 0), -1),
    "rho": ((0, 0, 0, 1), 1),
    "vanna": ((1, 1, 0, 0), 1),
    "volga": ((0, 2, 0, 0), 1),
}
Price = Callable[..., mpmath.mpf]


def black(side: int, forward: float, strike: float, s: float, digits: int = 400) -> mpmath.mpf:
    """Black's price on a forward price, undiscounted."""
    with mpmath.workdps(digits):
        f, k, deviation = mpmath.mpf(forward), mpmath.mpf(strike), mpmath.mpf(s)
        d1 = mpmath.log(f / k) / deviation + deviation / 2
        return side * (f * mpmath.ncdf(side * d1) - k * mpmath.ncdf(side * (d1 - deviation)))


def black_scholes(side: int, strike: float, dividend: float) -> Price:
    """The price as a function of spot, volatility, time and rate."""

    def price(spot: mpmath.mpf, volatility: mpmath.mpf, time: mpmath.mpf, rate: mpmath.mpf) -> mpmath.mpf:
        forward, s = spot * mpmath.exp((rate - dividend) * time), volatility * mpmath.sqrt(time)
        d1 = mpmath.log(forward / strike) / s + s / 2
        paid = side * (forward * mpmath.ncdf(side * d1) - strike * mpmath.ncdf(side * (d1 - s)))
        return mpmath.exp(-rate * time) * paid

    return price


def bachelier(side: int, strike: float, dividend: float) -> Price:
    """The price as a function of spot, volatility, time and rate."""

    def price(spot: mpmath.mpf, volatility: mpmath.mpf, time: mpmath.mpf, rate: mpmath.mpf) -> mpmath.mpf:
        forward, s = spot * mpmath.exp((rate - dividend) * time), volatility * mpmath.sqrt(time)
        d = side * (forward - strike) / s
        return mpmath.exp(-rate * time) * s * (d * mpmath.ncdf(d) + mpmath.npdf(d))

    return price


def greeks(price: Price, spot: float, volatility: float, time: float, rate: float) -> dict[str, float]:
    """The price and its derivatives, by differences of fifty digits."""
    with mpmath.workdps(50):
        at = tuple(map(mpmath.mpf, (spot, volatility, time, rate)))
        found = {}
        for name, (orders, sign) in GREEKS.items():
            found[name] = float(sign * (mpmath.diff(price, at, orders) if any(orders) else price(*at)))
        return found
