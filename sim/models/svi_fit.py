"""SVI fitted to the quotes of one expiry without arbitrage: linear in three parameters, a search over the other two.

For a given bend (m, s) the total variance is linear in a, bρ and b, so weighted least squares solves for them at once
(Zeliade Systems 2009, Quasi-explicit calibration of Gatheral's SVI model). What it gives is made flatter until
Durrleman's g is positive, and raised until it does not cross the expiry before. Nelder and Mead's search over the bend
so compares slices without arbitrage only. Slices that fit almost equally well differ in their wings, where nobody
quotes; of these a mild pull prefers bends about as wide as the market itself is.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.core.compiled import njit
from sim.models.implied_volatility import implied_deviation
from sim.models.normal import density
from sim.models.svi import Slice, greatest_crossing, least_butterfly, total_variance

REACH = 1.5  # |ln(strike / forward price)| up to which there is no arbitrage
NO_SLICE = Slice(0.0, 0.0, 0.0, 0.0, 1.0)  # before the first expiry: no variance
_LEAST_G, _LEAST_GAP = 1e-3, 1e-6  # g, and total variance above the expiry before
_LEAST_SHARE = 0.01  # of the mean total variance that is left at the lowest place
_STEEPEST = 0.999  # |ρ|
# Places at which arbitrage is looked for, in the search and at its end. Numba compiles anew for each literal int.
_COARSE: Any = np.int64(40)
_FINE: Any = np.int64(400)
_HALVINGS = 12
_BEND, _BEND_PULL, _PLACE_PULL = 2.0, 1.0, 0.1  # s over the deviation at the money; squares of half-spreads
_NARROWEST, _WIDEST = 0.02, 4.5  # s: of that deviation, and at all
_LOOKS, _CLOSE = 60, 1e-3  # of the search; difference of squares at which it ends


@njit
def aims(sides: Any, ks: Any, bids: Any, asks: Any, wanted: Any, weights: Any) -> int:
    """Total variance at the mid of each quote, and half-spreads per unit of it.

    Parameters
    ----------
    sides, ks, bids, asks : ``(quotes,)``: +1 of a call and −1 of a put, ln(strike / forward price), undiscounted prices
        over the forward price.
    wanted, weights : ``(quotes,)``, filled; a quote without a spread or an implied volatility has the weight 0.

    Returns
    -------
    int
        Number of quotes that count.
    """
    count = 0
    for j in range(len(ks)):
        s = implied_deviation(sides[j], 0.5 * (bids[j] + asks[j]), 1.0, math.exp(ks[j]))
        wanted[j], weights[j] = 0.0, 0.0
        if s > 0.0 and asks[j] > bids[j]:
            wanted[j] = s * s
            weights[j] = density(0.5 * s - ks[j] / s) / (s * (asks[j] - bids[j]))
            count += 1
    return count


@njit
def squares(slice: Slice, ks: Any, wanted: Any, weights: Any) -> float:
    """Sum of the squared distances to the mids, in half-spreads."""
    total = 0.0
    for j in range(len(ks)):
        off = weights[j] * (total_variance(slice, ks[j]) - wanted[j])
        total += off * off
    return total


@njit
def fit(ks: Any, wanted: Any, weights: Any, before: Slice) -> Slice:
    """The slice of an expiry, from nothing but its quotes.

    Parameters
    ----------
    ks, wanted, weights : ``(quotes,)``, as :func:`aims` has them. With fewer than three quotes the slice is flat, with
        none it is :data:`NO_SLICE`.
    before : the slice of the expiry before, which it stays above; or :data:`NO_SLICE`.
    """
    scale = _deviation(wanted, weights)
    if scale <= 0.0:
        return NO_SLICE
    least, m, s = math.inf, 0.0, _BEND * scale
    for i in range(-1, 2):
        for j in range(4):
            cost = _cost(i * scale, math.log(0.3 * 2.5**j * scale), ks, wanted, weights, before, scale)
            if cost < least:
                least, m, s = cost, i * scale, 0.3 * 2.5**j * scale
    for size in (0.5, 0.2):  # the second search starts where the first may have stuck
        m, s = _search(m, s, size, ks, wanted, weights, before, scale)
    return _solved(m, s, ks, wanted, weights, before, _FINE)


@njit
def refit(ks: Any, wanted: Any, weights: Any, before: Slice, start: Slice) -> Slice:
    """As :func:`fit`, from the slice that fitted the quotes of a moment ago."""
    scale = _deviation(wanted, weights)
    if scale <= 0.0:
        return NO_SLICE
    m = max(-REACH, min(REACH, start.m))
    s = max(1.1 * _NARROWEST * scale, min(0.9 * _WIDEST, start.s))
    m, s = _search(m, s, 0.1, ks, wanted, weights, before, scale)
    return _solved(m, s, ks, wanted, weights, before, _FINE)


@njit
def _deviation(wanted: Any, weights: Any) -> float:
    """Standard deviation at expiry, of the weighted mean variance; 0 where no quote counts."""
    total = level = 0.0
    for j in range(len(wanted)):
        total += weights[j] * weights[j]
        level += weights[j] * weights[j] * wanted[j]
    return math.sqrt(level / total) if total > 0.0 else 0.0


# --- the bend is given ------------------------------------------------------------------------------------------------


@njit
def _linear(m: float, s: float, ks: Any, wanted: Any, weights: Any) -> tuple[float, float, float, float]:
    """Weighted least squares at a given bend, with |ρ| < 1 and b ≥ 0.

    Returns
    -------
    mean : of the wanted variance.
    off, c, d : a = mean − off, bρ and b.
    """
    s0 = sx = sr = sy = sxx = sxr = srr = sxy = sry = 0.0
    counted = 0
    for j in range(len(ks)):
        x = ks[j] - m
        r = math.sqrt(x * x + s * s)
        p = weights[j] * weights[j]
        counted += p > 0.0
        px, pr = p * x, p * r
        s0 += p
        sx += px
        sr += pr
        sy += p * wanted[j]
        sxx += px * x
        sxr += px * r
        srr += pr * r
        sxy += px * wanted[j]
        sry += pr * wanted[j]
    mean = sy / s0
    xx, xr, rr = sxx - sx * sx / s0, sxr - sx * sr / s0, srr - sr * sr / s0
    xy, ry = sxy - sx * mean, sry - sr * mean
    base = xx * rr - xr * xr
    if counted < 3 or base <= 1e-14 * xx * rr:
        return mean, 0.0, 0.0, 0.0
    c, d = (xy * rr - ry * xr) / base, (ry * xx - xy * xr) / base
    if not abs(c) <= _STEEPEST * d:
        best, c, d = 0.0, 0.0, 0.0
        for slope in (-_STEEPEST, _STEEPEST):  # one wing is level
            along, across = ry + slope * xy, rr + 2.0 * slope * xr + slope * slope * xx
            if along > 0.0 and across > 0.0 and along * along > best * across:
                best, c, d = along * along / across, slope * along / across, along / across
    return mean, (c * sx + d * sr) / s0, c, d


@njit
def _solved(m: float, s: float, ks: Any, wanted: Any, weights: Any, before: Slice, points: int) -> Slice:
    """The slice of a given bend without arbitrage; a flat one has none."""
    mean, off, c, d = _linear(m, s, ks, wanted, weights)
    rho = c / d if d > 0.0 else 0.0
    high = 2.0 / max(2.0, d + abs(c))  # Lee's bound of the wings
    made = _raised(Slice(mean - high * off, high * d, rho, m, s), before, points)
    if _admitted(made, mean, points):
        return made
    low = 0.0
    made = _raised(Slice(mean, 0.0, 0.0, m, s), before, points)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        tried = _raised(Slice(mean - middle * off, middle * d, rho, m, s), before, points)
        if _admitted(tried, mean, points):
            low, made = middle, tried
        else:
            high = middle
    return made


@njit
def _admitted(slice: Slice, mean: float, points: int) -> bool:
    """Whether a slice has a density, and nowhere so little variance that a grid could miss where it has none."""
    lowest = slice.a + slice.b * slice.s * math.sqrt(1.0 - slice.rho * slice.rho)
    return lowest >= _LEAST_SHARE * mean and least_butterfly(slice, REACH, points)[0] >= _LEAST_G


@njit
def _raised(slice: Slice, before: Slice, points: int) -> Slice:
    """The slice, above the expiry before."""
    if before.a <= 0.0 and before.b <= 0.0:
        return slice
    above = greatest_crossing(slice, before, REACH, points)
    ends = total_variance(before, -REACH) + total_variance(before, REACH)
    gap = _LEAST_GAP * (1.0 + 10.0 * ends)  # more than it may be between two places
    return slice if above <= -gap else Slice(slice.a + above + gap, slice.b, slice.rho, slice.m, slice.s)


# --- the search -------------------------------------------------------------------------------------------------------


@njit
def _cost(m: float, z: float, ks: Any, wanted: Any, weights: Any, before: Slice, scale: float) -> float:
    """Squares of the best slice of a bend (m, e^z), and the pull; inf where the bend cannot be."""
    if abs(m) > REACH or not math.log(_NARROWEST * scale) < z < math.log(_WIDEST):
        return math.inf
    pull = _BEND_PULL * (z - math.log(_BEND * scale)) ** 2 + _PLACE_PULL * (m / scale) ** 2
    return pull + squares(_solved(m, math.exp(z), ks, wanted, weights, before, _COARSE), ks, wanted, weights)


@njit
def _search(
    m: float, s: float, size: float, ks: Any, wanted: Any, weights: Any, before: Slice, scale: float
) -> tuple[float, float]:
    """Nelder and Mead 1965 over m and ln s, from a triangle of a size."""
    points = np.empty((3, 3))  # m, ln s, cost
    for j in range(3):
        points[j, 0] = m + (size * scale if j == 1 else 0.0)
        points[j, 1] = math.log(s) + (size if j == 2 else 0.0)
        points[j, 2] = math.nan  # to be found
    best = 0
    for _ in range(_LOOKS):
        for j in range(3):
            if math.isnan(points[j, 2]):
                points[j, 2] = _cost(points[j, 0], points[j, 1], ks, wanted, weights, before, scale)
        best, worst = 0, 2
        for j in range(3):
            best = j if points[j, 2] < points[best, 2] else best
            worst = j if points[j, 2] > points[worst, 2] else worst
        if best == worst or points[worst, 2] - points[best, 2] <= _CLOSE * (1.0 + points[best, 2]):
            break
        other = 3 - best - worst
        centre_m, centre_z = 0.5 * (points[best, 0] + points[other, 0]), 0.5 * (points[best, 1] + points[other, 1])
        away_m, away_z = centre_m - points[worst, 0], centre_z - points[worst, 1]
        far, gone, least = 1.0, 0.0, points[worst, 2]
        for second in range(2):  # the mirrored place, then further away or nearer
            cost = _cost(centre_m + far * away_m, centre_z + far * away_z, ks, wanted, weights, before, scale)
            if cost < least:
                gone, least = far, cost
            if second == 1 or points[best, 2] <= cost < points[other, 2]:
                break
            far = 2.0 if cost < points[best, 2] else 0.5 if cost < points[worst, 2] else -0.5
        if gone != 0.0:
            points[worst, 0], points[worst, 1], points[worst, 2] = (
                centre_m + gone * away_m,
                centre_z + gone * away_z,
                least,
            )
            continue
        for j in range(3):
            if j != best:
                points[j, 0] = 0.5 * (points[j, 0] + points[best, 0])
                points[j, 1] = 0.5 * (points[j, 1] + points[best, 1])
                points[j, 2] = math.nan
    return points[best, 0], math.exp(points[best, 1])
