"""Copeland and Galai (1983): a quote gives the informed a free option, and the other traders pay for it."""

from __future__ import annotations

import math

from sim.models.ranges import positive, probability_below_one


def quotes(price: float, deviation: float, informed_share: float) -> tuple[float, float]:
    """Break-even bid and ask, in currency, before a lognormal jump of the price that only the informed know.

    The ask A solves (1 - informed_share) / 2 (A - price) = informed_share C(A), where C(A) = E[(V - A)+] is the value
    of a call with strike A on the price V after the jump. The bid solves the same equation with a put. For a lognormal
    price E[(V - A)+] = A / price E[(price² / A - V)+], so bid = price² / ask.

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
    positive(price=price, deviation=deviation)
    probability_below_one(informed_share=informed_share)
    from scipy.optimize import brentq

    paid, lost = (1 - informed_share) / 2, informed_share
    markup = float(brentq(lambda m: paid * m - lost * _call(1 + m, deviation), 0.0, lost / paid, xtol=1e-15))
    return price / (1 + markup), price * (1 + markup)


def spread(price: float, deviation: float, informed_share: float) -> float:
    """Ask less bid of `quotes`, in currency. Arguments and errors are the same."""
    bid, ask = quotes(price, deviation, informed_share)
    return ask - bid


def profit(price: float, deviation: float, informed_share: float, width: float = 1.0) -> float:
    """Makers' expected profit per trader, in currency, if quotes are ``width`` times as far from the price as `quotes`.

    Noise traders pay the distance, and the informed exercise the option. The profit is 0 at width 1. Other arguments
    and errors are those of `quotes`.
    """
    bid, ask = (price + width * (quote - price) for quote in quotes(price, deviation, informed_share))
    put = _call(bid / price, deviation) - 1 + bid / price  # put-call parity
    paid = (1 - informed_share) / 2 * (ask - bid)
    return paid - informed_share * price * (_call(ask / price, deviation) + put)


def _call(strike: float, deviation: float) -> float:
    """E[(V - strike)+] of a lognormal V with mean 1 (Black and Scholes 1973, without interest)."""
    distance = math.log(strike) / deviation
    exercised = _normal_above(distance + deviation / 2)
    return _normal_above(distance - deviation / 2) - strike * exercised


def _normal_above(threshold: float) -> float:
    return math.erfc(threshold / math.sqrt(2)) / 2
