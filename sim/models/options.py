"""Options in formulas: prices, greeks and implied volatility, for the engine, strategies and measures alike.

Black 1976 on a forward price (Black and Scholes 1973, Merton 1973), Bachelier 1900 on a value that moves by
differences, an option settled at a mean of several steps, and the expected mean variance of Heston 1993. All functions
are pure, compiled, and finite for every finite argument that they accept; none checks its arguments.

Units: time in years with rates and volatility per year, or in steps with both per step. ``volatility`` is relative
under Black and in currency under Bachelier. ``side`` is +1 of a call and −1 of a put.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from sim.core.compiled import njit
from sim.models.normal import FAR, below, density, mills, tails

CALL: Any = np.int64(1)  # no literal, for each of which Numba would compile everything anew
PUT: Any = np.int64(-1)
_REST = 1e-100  # a standard deviation that is none: derivatives stay finite
_FURTHEST = 1e8  # standard deviations, whose density is 0
_SMALL, _NEAR = 0.2, 4.0  # half deviation, and its product with the distance, up to which the series is used


class Greeks(NamedTuple):
    """The price of one option, and how it changes.

    Attributes
    ----------
    price : currency.
    delta, gamma : with the spot price, once and twice.
    vega, volga : with volatility, once and twice; per 1, not per cent.
    theta : as time passes; per unit of time.
    rho : with the rate; per 1.
    vanna : with the spot price and volatility.
    """

    price: float
    delta: float
    gamma: float
    vega: float
    theta: float
    rho: float
    vanna: float
    volga: float


class Slopes(NamedTuple):
    """An undiscounted price, and its derivatives by the forward price F and by the standard deviation s at expiry."""

    price: float
    by_f: float
    by_ff: float
    by_s: float
    by_fs: float
    by_ss: float


class Terms(NamedTuple):
    """What an option pays on, for :func:`greeks_of`: max(side · (what is not yet fixed − strike), 0).

    Attributes
    ----------
    of : forward price per spot price: its growth until the settlement, times the share that is not yet fixed.
    strike : less what is already fixed.
    time : of the variance: the variance of the logarithm of what is not yet fixed is volatility² · time.
    payment : time until it is paid.
    growth : mean time for which the forward price grows.
    """

    of: float
    strike: float
    time: float
    payment: float
    growth: float


@njit
def _exercised(gain: float) -> float:
    """Probability that an option pays whose price no longer moves: one half at the strike itself, as in the limit."""
    return 0.5 if gain == 0.0 else 1.0 if gain > 0.0 else 0.0


# --- prices on a forward --------------------------------------------------------------------------------------------


@njit
def log_moneyness(low: float, high: float) -> float:
    """ln(low / high) ≤ 0 of positive prices, exact to the last digits near 0 too."""
    return math.log1p((low - high) / high) if high < 2.0 * low else math.log(low) - math.log(high)


@njit
def time_value(x: float, s: float) -> tuple[float, float]:
    """Out-of-the-money price over √(F·K), and its derivative by s; both keep their digits in far wings.

    Parameters
    ----------
    x : −|ln(F/K)|.
    s : standard deviation of the logarithm at expiry, not negative.

    Notes
    -----
    With h = |x|/s, t = s/2 and density φ the price is φ(h)e^{−t²/2} times the difference of Mills' ratio at h − t and
    h + t (Jäckel 2017, Let's be rational). Where these nearly cancel, it is summed as a series in t instead.
    """
    if s < _REST:
        return 0.0, (density(0.0) if x == 0.0 else 0.0)
    h, t = min(-x / s, _FURTHEST), min(0.5 * s, _FURTHEST)
    if t > _SMALL or h * t > _NEAR:
        slope = density(h) * math.exp(-0.5 * t * t)
        if h - t > FAR:
            return slope * (mills(h - t) - mills(h + t)), slope
        half = math.exp(0.5 * x)
        return max(0.0, half * below(t - h) - below(-t - h) / half), slope
    height, last, moment = tails(h)
    factor = math.exp(-0.5 * t * t)
    square, term, total = t * t, t, t * moment
    for n in range(1, 13, 2):  # moments of Z − h above h over factorials: each follows from the two before
        last = n * last - h * moment
        moment = (n + 1) * moment - h * last
        term *= square / ((n + 1) * (n + 2))
        total += term * moment
    return 2.0 * factor * total, height * factor


@njit
def black(side: int, forward: float, strike: float, s: float) -> Slopes:
    """Black's price on a forward price, undiscounted.

    Parameters
    ----------
    forward : positive.
    strike : where it is not positive, a call is sure to pay and a put is not.
    s : standard deviation of the logarithm at expiry. At 0 the price is what the forward price pays; at the strike
        itself, where gamma and volga have no bound, they are 0.
    """
    inside = max(side * (forward - strike), 0.0)
    if strike <= 0.0:
        return Slopes(inside, max(float(side), 0.0), 0.0, 0.0, 0.0, 0.0)
    x = log_moneyness(min(forward, strike), max(forward, strike))
    scale = math.sqrt(forward) * math.sqrt(strike)
    outside, slope = time_value(x, s)
    if forward < strike:
        x = -x  # from here on ln(strike / forward)
    if s < _REST:
        share = _exercised(-side * x)
        by_s = scale * slope
        return Slopes(inside, side * share, 0.0, by_s, 0.5 * by_s / forward, 0.0)
    middle = max(-_FURTHEST, min(_FURTHEST, -x / s))
    t = min(0.5 * s, _FURTHEST)
    d1, d2 = middle + t, middle - t
    by_s = scale * slope
    by_d = by_s / s
    return Slopes(
        inside + scale * outside,
        side * below(side * d1),
        by_d / forward / forward,
        by_s,
        -by_d * d2 / forward,
        by_d * d1 * d2,
    )


@njit
def black_price(side: int, forward: float, strike: float, s: float) -> float:
    """The price alone of :func:`black`."""
    inside = max(side * (forward - strike), 0.0)
    if strike <= 0.0:
        return inside
    x = log_moneyness(min(forward, strike), max(forward, strike))
    return inside + math.sqrt(forward) * math.sqrt(strike) * time_value(x, s)[0]


@njit
def bachelier_price(side: int, forward: float, strike: float, s: float) -> float:
    """The price alone of :func:`bachelier`."""
    away = forward - strike
    inside = max(side * away, 0.0)
    if s < _REST:
        return inside
    return inside + s * tails(min(abs(away / s), _FURTHEST))[2]


@njit
def bachelier(side: int, forward: float, strike: float, s: float) -> Slopes:
    """Bachelier's price on a forward price, undiscounted; neither price need be positive.

    Parameters
    ----------
    s : standard deviation at expiry, in currency. At 0 as in :func:`black`.
    """
    away = forward - strike
    inside = max(side * away, 0.0)
    if s < _REST:
        share = _exercised(side * away)
        return Slopes(inside, side * share, 0.0, density(0.0) if away == 0.0 else 0.0, 0.0, 0.0)
    d = max(-_FURTHEST, min(_FURTHEST, away / s))
    height, _, excess = tails(abs(d))
    return Slopes(inside + s * excess, side * below(side * d), height / s, height, -height * d / s, height * d * d / s)


# --- prices and greeks on a spot price ------------------------------------------------------------------------------


@njit
def greeks_of(
    normal: bool, side: int, spot: float, terms: Terms, rate: float, dividend: float, volatility: float
) -> Greeks:
    """Price and greeks of an option whose terms are stated: the chain rule, the same under both laws.

    Parameters
    ----------
    normal : whether the law is Bachelier's, else it is Black's.
    rate, dividend : continuous, per unit of time.
    """
    root = math.sqrt(terms.time)
    forward, s = spot * terms.of, volatility * root
    found = bachelier(side, forward, terms.strike, s) if normal else black(side, forward, terms.strike, s)
    discount = math.exp(-rate * terms.payment)
    price = discount * found.price
    by_forward = discount * found.by_f * forward
    decay = 0.5 * discount * found.by_s * volatility / root if s >= _REST else 0.0
    return Greeks(
        price,
        discount * found.by_f * terms.of,
        discount * found.by_ff * terms.of * terms.of,
        discount * found.by_s * root,
        rate * price - (rate - dividend) * by_forward - decay,
        terms.growth * by_forward - terms.payment * price,
        discount * found.by_fs * terms.of * root,
        discount * found.by_ss * terms.time,
    )


@njit
def price_of(normal: bool, side: int, spot: float, terms: Terms, rate: float, volatility: float) -> float:
    """The price alone of :func:`greeks_of`, which needs no dividend: the terms' forward price has it."""
    forward, s = spot * terms.of, volatility * math.sqrt(terms.time)
    found = bachelier_price(side, forward, terms.strike, s) if normal else black_price(side, forward, terms.strike, s)
    return math.exp(-rate * terms.payment) * found


@njit
def terms_at_end(strike: float, time: float, rate: float, dividend: float) -> Terms:
    """Terms of an option that is settled at the price at the end of ``time``."""
    return Terms(math.exp((rate - dividend) * time), strike, time, time, time)


@njit
def greeks(
    side: int, spot: float, strike: float, time: float, rate: float, dividend: float, volatility: float
) -> Greeks:
    """Black–Scholes price and greeks; under a variance that moves, of the root of its expected mean.

    Parameters
    ----------
    spot, strike : positive.
    time, volatility : not negative.
    """
    return greeks_of(False, side, spot, terms_at_end(strike, time, rate, dividend), rate, dividend, volatility)


@njit
def normal_greeks(
    side: int, spot: float, strike: float, time: float, rate: float, dividend: float, volatility: float
) -> Greeks:
    """Bachelier price and greeks; volatility in currency."""
    return greeks_of(True, side, spot, terms_at_end(strike, time, rate, dividend), rate, dividend, volatility)


@njit
def price(side: int, spot: float, strike: float, time: float, rate: float, dividend: float, volatility: float) -> float:
    """The Black–Scholes price alone."""
    return price_of(False, side, spot, terms_at_end(strike, time, rate, dividend), rate, volatility)


@njit
def terms_at_mean(
    strike: float, first: int, left: int, count: int, fixed: float, rate: float, dividend: float
) -> Terms:
    """Terms of an option settled at the mean of the last ``count`` steps, of which ``left`` are to come.

    It is valued as an option on spot · left / count with the strike less fixed / count. The variance of the mean of the
    steps to come is σ² ΣΣ min(i, j) / left², in closed form below. Rho takes them as if all grew for their mean time.

    Parameters
    ----------
    first : steps until the first of the steps to come; they end at first + left − 1, when it is settled.
    fixed : sum of the prices of the ``count − left`` steps that are past.
    rate, dividend : per step.
    """
    middle, growth = first + 0.5 * (left - 1), rate - dividend
    factor = 1.0 if growth == 0.0 else math.exp(growth * first) * math.expm1(growth * left) / math.expm1(growth) / left
    time = first + (left - 1) * (2 * left - 1) / (6.0 * left)
    return Terms(factor * left / count, strike - fixed / count, time, first + left - 1.0, middle)


@njit
def mean_variance(time: float, variance: float, reversion: float, long_run: float) -> float:
    """Expected mean variance over ``time`` under Heston 1993, which starts at ``variance``."""
    pull = reversion * time
    share = -math.expm1(-pull) / pull if pull > 0.0 else 1.0
    return long_run + (variance - long_run) * share
