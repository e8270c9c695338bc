"""Copeland and Galai (1983): a quote is a free option to the informed, which all other traders pay for."""

from __future__ import annotations

import math


def quotes(price: float, deviation: float, informed_share: float) -> tuple[float, float]:
    """Break-even bid and ask, in currency, before a lognormal jump of the price that only the informed foresee.

    The ask A solves (1 - informed_share) / 2 (A - price) = informed_share C(A), where C(A) = E[(V - A)+] is the value
    of a call of strike A on the price V after the jump; the bid likewise with the put. Call and put of a lognormal
    price are mirror images, E[(V - A)+] = A / price E[(price² / A - V)+], hence bid = price² / ask.

    Parameters
    ----------
    price : the price before the jump, which is the mean of the price after it.
    deviation : standard deviation of the logarithm of the price after the jump.
    informed_share : probability that a trader is informed, from 0 to below 1; others buy or sell with probability 1/2.

    Raises
    ------
    ValueError
        If price or deviation is not positive or informed_share is outside its range.
    """
    for name, number in (("price", price), ("deviation", deviation)):
        if not 0 < number < math.inf:
            raise ValueError(f"{name} must be positive and finite, not {number}")
    if not 0 <= informed_share < 1:
        raise ValueError(f"informed_share must be from 0 to below 1, not {informed_share}")
    from scipy.optimize import brentq

    paid, lost = (1 - informed_share) / 2, informed_share
    markup = float(brentq(lambda m: paid * m - lost * _call(1 + m, deviation), 0.0, lost / paid, xtol=1e-15))
    return price / (1 + markup), price * (1 + markup)


def spread(price: float, deviation: float, informed_share: float) -> float:
    """Ask less bid of `quotes`, in currency. Arguments and errors are the same."""
    bid, ask = quotes(price, deviation, informed_share)
    return ask - bid


def profit(price: float, deviation: float, informed_share: float, width: float = 1.0) -> float:
    """What makers expect of a trader, in currency, at distances from the price that are width times those of `quotes`.

    Noise pays the distance and the informed take the option. 0 at width 1. Arguments and errors are those of `quotes`.
    """
    bid, ask = (price + width * (quote - price) for quote in quotes(price, deviation, informed_share))
    put = _call(bid / price, deviation) - 1 + bid / price  # put-call parity
    paid = (1 - informed_share) / 2 * (ask - bid)
    return paid - informed_share * price * (_call(ask / price, deviation) + put)


def _call(strike: float, deviation: float) -> float:
    """Mean of what a lognormal variable of mean 1 exceeds the strike by (Black and Scholes 1973, without interest)."""
    distance = math.log(strike) / deviation
    exercised = _normal_above(distance + deviation / 2)
    return _normal_above(distance - deviation / 2) - strike * exercised


def _normal_above(threshold: float) -> float:
    return math.erfc(threshold / math.sqrt(2)) / 2
