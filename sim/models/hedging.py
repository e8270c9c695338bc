"""What a hedge of an option leaves, what is traded for it, and what that costs.

An option on a lognormal price without drift is sold and hedged ``count`` times at equal distances, first when it is
sold, by holding its delta of Black and Scholes. The rate is 0. Time is in years and volatility per √year, or both in
steps.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

_WIDEST, _FINE, _COARSE, _NODES = 9.0, 601, 201, 20  # standard deviations; points on them; nodes beside a kink
Numbers = NDArray[np.float64]


class Option(NamedTuple):
    """A call and the price that it is on.

    Attributes
    ----------
    spot, strike : currency.
    time : until it expires.
    volatility : of the price, per √time.
    """

    spot: float = 100.0
    strike: float = 100.0
    time: float = 1.0 / 12.0
    volatility: float = 0.2


def _checked(option: Option, **counts: int) -> None:
    """Raises ValueError if an argument is not positive."""
    for name, value in (option._asdict() | counts).items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} must be above 0, not {value}")


def _distance(spots: Numbers, strike: float, deviation: float) -> Numbers:
    """d₁ of Black's formula."""
    found: Numbers = np.log(spots / strike) / deviation + 0.5 * deviation
    return found


def _price(spots: Numbers, strike: float, deviation: float) -> Numbers:
    near = _distance(spots, strike, deviation)
    found: Numbers = spots * ndtr(near) - strike * ndtr(near - deviation)
    return found


def _grid(option: Option, elapsed: float, points: int) -> tuple[Numbers, Numbers]:
    """Prices after a time, (points,), and their probabilities by the trapezoidal rule."""
    if elapsed == 0.0:
        return np.array([option.spot]), np.ones(1)
    z = np.linspace(-_WIDEST, _WIDEST, points)
    weights = np.exp(-0.5 * z * z)
    deviation = option.volatility * math.sqrt(elapsed)
    return option.spot * np.exp(deviation * z - 0.5 * deviation**2), weights / weights.sum()


def error_deviation(option: Option, count: int) -> float:
    """Standard deviation of what is left of a call that is hedged ``count`` times.

    The errors of different intervals are uncorrelated. In an interval the variance of C′ − C − δ (S′ − S) is
    E C′² − E C² − 2 E δ (S′ − S) C′ + E δ² (S′ − S)². The first two telescope to the variance of what the call pays.
    Weighted by S′, the mean of C′ is the call's price at a forward price that is higher by exp(σ² Δt) (Bertsimas, Kogan
    and Lo 2000 have the limit of many hedges; Derman and Kamal 1999 its approximation).

    Raises
    ------
    ValueError
        If a number of the option, or ``count``, is not positive.
    """
    _checked(option, count=count)
    interval = option.time / count
    growth = math.expm1(option.volatility**2 * interval)
    total = _variance_of_payment(option)
    for number in range(count):
        spots, weights = _grid(option, number * interval, _FINE)
        deviation = option.volatility * math.sqrt(option.time - number * interval)
        delta = ndtr(_distance(spots, option.strike, deviation))
        gain = _price(spots * (1.0 + growth), option.strike, deviation) - _price(spots, option.strike, deviation)
        total -= float((weights * delta * spots * (2.0 * gain - delta * spots * growth)).sum())
    return math.sqrt(total)


def _variance_of_payment(option: Option) -> float:
    deviation = option.volatility * math.sqrt(option.time)
    spot, strike, variance = option.spot, option.strike, deviation**2
    near = math.log(spot / strike) / deviation + 0.5 * deviation
    square = (
        spot**2 * math.exp(variance) * ndtr(near + deviation)
        - 2.0 * spot * strike * ndtr(near)
        + strike**2 * ndtr(near - deviation)
    )
    return float(square - (spot * ndtr(near) - strike * ndtr(near - deviation)) ** 2)


def turnover(option: Option, count: int, hedged_at: float | None = None, in_money: bool = False) -> float:
    """Expected units that are traded after the first hedge, E Σ |δ′ − δ|; what ends the hedge at expiry not counted.

    Parameters
    ----------
    hedged_at : volatility of the deltas; None for the option's own.
    in_money : count what is paid and received, E Σ |δ′ − δ| S′, currency.

    Raises
    ------
    ValueError
        As :func:`error_deviation`.
    """
    _checked(option, count=count)
    stated = option.volatility if hedged_at is None else hedged_at
    interval = option.time / count
    deviation = option.volatility * math.sqrt(interval)
    total = 0.0
    for number in range(count - 1):
        spots, weights = _grid(option, number * interval, _COARSE)
        left = option.time - number * interval
        before = _distance(spots, option.strike, stated * math.sqrt(left))
        after = stated * math.sqrt(left - interval)
        same = option.strike * np.exp(after * before - 0.5 * after**2)  # the price at which delta has not changed
        kink = np.clip(np.log(same / spots) / deviation + 0.5 * deviation, -_WIDEST, _WIDEST)
        z, shares = _either_side(kink)
        later = spots[:, None] * np.exp(deviation * z - 0.5 * deviation**2)
        traded = np.abs(ndtr(_distance(later, option.strike, after)) - ndtr(before)[:, None])
        total += float((weights * (shares * traded * (later if in_money else 1.0)).sum(axis=1)).sum())
    return total


def _either_side(kinks: Numbers) -> tuple[Numbers, Numbers]:
    """Nodes of a standard normal number on both sides of each kink, (kinks, nodes), and their probabilities."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    near, far = np.maximum(kinks - 6.0, -_WIDEST), np.minimum(kinks + 6.0, _WIDEST)
    below = near[:, None] + 0.5 * (kinks - near)[:, None] * (nodes + 1.0)
    above = kinks[:, None] + 0.5 * (far - kinks)[:, None] * (nodes + 1.0)
    z = np.concatenate([below, above], axis=1)
    widths = np.concatenate([np.outer(kinks - near, weights), np.outer(far - kinks, weights)], axis=1)
    return z, 0.5 * widths * np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)


def leland_volatility(volatility: float, round_trip: float, interval: float) -> float:
    """Leland's volatility, at which a call's price pays its hedge: σ² (1 + √(2/π) k / (σ √Δt)).

    Parameters
    ----------
    round_trip : cost of buying and selling again, as a share of the price; one way it is half of that.
    """
    return volatility * math.sqrt(1.0 + math.sqrt(2.0 / math.pi) * round_trip / (volatility * math.sqrt(interval)))


# --- costs and risk aversion ------------------------------------------------------------------------------------------


class Rule(NamedTuple):
    """When a hedge is traded: at the edge of ``band`` times Whalley and Wilmott's band, or every so many looks."""

    band: float = 0.0
    every: int = 0


def hedged_wealth(
    option: Option, looks: int, cost: float, aversion: float, rules: tuple[Rule, ...], paths: int, seed: int
) -> Numbers:
    """What sellers of a call earn above its price, each with a rule, on the same simulated paths: (rules, paths).

    The first hedge costs nothing, and neither does what ends it.

    Parameters
    ----------
    looks : equal intervals until expiry; a rule looks at the end of each but the last.
    cost : of a trade one way, as a share of what is traded.
    aversion : absolute risk aversion γ, per currency; the half-band is (1.5 cost S Γ² / γ)^⅓, Whalley and Wilmott 1997.

    Raises
    ------
    ValueError
        If a number of the option, ``looks`` or ``paths`` is not positive.
    """
    _checked(option, looks=looks, paths=paths)
    random = np.random.default_rng(seed)
    step = option.volatility * math.sqrt(option.time / looks)
    deviation = option.volatility * math.sqrt(option.time)
    spots = np.full(paths, option.spot)
    first = _price(spots[:1], option.strike, deviation)[0]
    held = np.full((len(rules), paths), ndtr(_distance(spots, option.strike, deviation)))
    wealth = np.full((len(rules), paths), first)
    for look in range(1, looks + 1):
        moved = spots * np.exp(step * random.standard_normal(paths) - 0.5 * step * step)
        wealth += held * (moved - spots)
        spots = moved
        if look == looks:
            break
        left = step * math.sqrt(looks - look)
        near = _distance(spots, option.strike, left)
        delta = ndtr(near)
        gamma = np.exp(-0.5 * near * near) / (math.sqrt(2.0 * math.pi) * spots * left)
        band = np.cbrt(1.5 * cost * spots * gamma**2 / aversion)
        for place, rule in enumerate(rules):
            if rule.every and look % rule.every:
                continue
            edge = rule.band * band
            target = np.clip(held[place], delta - edge, delta + edge)
            wealth[place] -= cost * spots * np.abs(target - held[place])
            held[place] = target
    found: Numbers = wealth - np.maximum(spots - option.strike, 0.0)
    return found
