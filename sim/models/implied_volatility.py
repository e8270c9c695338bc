"""Volatility that a price implies, to the last digits that the price has: Jäckel 2017, Let's be rational, Wilmott.

The price is taken out of the money, where it has all its digits, and solved for the standard deviation at expiry by
Householder's third-order steps on one of three functions that are nearly straight there: the logarithm of the price in
the wings, the price around the inflection, and the logarithm of what is left to the upper bound.
"""

from __future__ import annotations

import math

from sim.core.compiled import njit
from sim.models.normal import below
from sim.models.options import log_moneyness, time_value

_MOST_STEPS = 40  # three to five suffice
_CLOSE = 1e-5  # relative step after which the next, of fourth order, changes nothing
_ULPS = (
    4.0 * 2.0**-52
)  # of the larger of forward and strike by which a price may lie below what it is worth if exercised
_NOTHING = 1e-305  # a price over √(forward · strike) that has lost its digits
_ROOT_TWO_PI = math.sqrt(2.0 * math.pi)


@njit
def implied_volatility(
    side: int, price: float, spot: float, strike: float, time: float, rate: float, dividend: float
) -> float:
    """Black–Scholes volatility of an option's price; see :func:`implied_deviation` for prices that have none.

    Parameters
    ----------
    side : +1 of a call, −1 of a put.
    spot, strike, time : positive.
    rate, dividend : continuous, per unit of time.
    """
    forward = spot * math.exp((rate - dividend) * time)
    return implied_deviation(side, price * math.exp(rate * time), forward, strike) / math.sqrt(time)


@njit
def implied_deviation(side: int, price: float, forward: float, strike: float) -> float:
    """Standard deviation of the logarithm at expiry under Black, of an undiscounted price.

    Returns
    -------
    float
        0 where the price is what the forward price would pay, to its last digits; nan where it is less than that or not
        less than the upper bound, the forward price of a call and the strike of a put.
    """
    low, high = min(forward, strike), max(forward, strike)
    outside = price - max(side * (forward - strike), 0.0)
    if not outside >= -_ULPS * high or not outside < low:
        return math.nan
    scale = math.sqrt(low) * math.sqrt(high)
    if outside <= _NOTHING * scale:
        return 0.0
    return _solved(log_moneyness(low, high), outside / scale, (low - outside) / scale)


@njit
def _solved(x: float, wanted: float, left: float) -> float:
    """Standard deviation for which the time value is ``wanted``, and the rest to its bound ``left``."""
    s = math.sqrt(-2.0 * x)  # the inflection, where the price is nearest to a straight line
    value, slope = time_value(x, s)
    gap = (wanted - value) / slope if x < 0.0 else wanted * _ROOT_TWO_PI
    wing, top = wanted < value, left < wanted
    lower, upper = s, math.inf
    if wing:  # no price is above that of the same deviation at the money
        lower, upper = wanted * _ROOT_TWO_PI, s
    if wing and gap < -0.5 * s:
        s = max(lower, _wing_guess(x, -math.log(wanted)))
    else:
        s += gap * (1.0 + gap * gap / 6.0) if gap < 1.0 else gap
    for _ in range(_MOST_STEPS):
        value, slope = time_value(x, s)
        if value < wanted:
            lower = max(lower, s)
        else:
            upper = min(upper, s)
        step = _step(x, s, value, slope, wanted, left, wing, top)
        if abs(step) <= _CLOSE * s:
            return s + step
        s += step
        if not lower < s < upper:
            s = math.sqrt(lower) * math.sqrt(upper) if upper < math.inf else 2.0 * lower + 0.1
    return s


@njit
def _wing_guess(x: float, depth: float) -> float:
    """A first guess far out of the money: the price is about s · density / (1 + h²), whose logarithm is −depth."""
    s = -x / math.sqrt(2.0 * depth)
    for _ in range(2):
        h = -x / s
        rest = max(0.5, depth + math.log(s / (_ROOT_TWO_PI * (1.0 + h * h))) - 0.125 * s * s)
        s = -x / math.sqrt(2.0 * rest)
    return s


@njit
def _step(x: float, s: float, value: float, slope: float, wanted: float, left: float, wing: bool, top: bool) -> float:
    """Householder's third-order step towards the root."""
    h = x / s
    second = h * h / s - 0.25 * s  # derivatives of the price by s, over its first
    third = second * second - 3.0 * (h / s) ** 2 - 0.25
    if wing:
        if value <= 0.0 or slope <= 0.0:
            return 0.25 * s
        power, per = math.log(value), slope / value
        newton = math.log(wanted / value) * power / math.log(wanted) / per
        bend = 1.0 + 2.0 / power
        second, third = (
            second - per * bend,
            third + 2.0 * per * per * (1.0 + 3.0 / power * (1.0 + 1.0 / power)) - 3.0 * second * per * bend,
        )
    elif top:
        half = math.exp(0.5 * x)
        rest = half * below(-h - 0.5 * s) + below(h - 0.5 * s) / half
        if rest <= 0.0 or slope <= 0.0:
            return -0.5 * s
        per = slope / rest
        newton = math.log(rest / left) / per
        second, third = second + per, third + per * (3.0 * second + 2.0 * per)
    else:
        newton = (wanted - value) / slope
    return newton * (1.0 + 0.5 * second * newton) / (1.0 + newton * (second + third * newton / 6.0))
