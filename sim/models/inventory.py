"""Makers with inventory costs: their optimal quotes around the value, and the exact moments of their profit.

In all models the maker knows the value and trades one lot at a time. The farther from the value a quote is, the less
often it is filled. Distances are in currency from the value; a bid below the value and an ask above it have positive
distances. Time is in steps: volatility is in currency per √step, and a rate is in fills per step.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.models.ranges import not_negative, positive

Floats = NDArray[np.float64]

_STATIONARY = 1e-13  # distances are stationary if they change by less in one step, times the decay


def avellaneda_stoikov(
    risk_aversion: float, volatility: float, decay: float, steps_left: float, inventory: float
) -> tuple[float, float]:
    """Distances of bid and ask from the value, in currency (Avellaneda and Stoikov 2008).

    The reservation price is the value less inventory * risk_aversion * volatility² * steps_left. The spread around it
    is risk_aversion * volatility² * steps_left + (2 / risk_aversion) ln(1 + risk_aversion / decay).

    Parameters
    ----------
    risk_aversion : per currency, 0 for a risk-neutral maker.
    volatility : currency per √step.
    decay : rate at which the probability of a fill falls with distance, per currency.
    steps_left : steps until the end.
    inventory : in lots.

    Raises
    ------
    ValueError
        If decay is not positive, or risk_aversion, volatility or steps_left is negative.
    """
    positive(decay=decay)
    not_negative(risk_aversion=risk_aversion, volatility=volatility, steps_left=steps_left)
    risk = risk_aversion * volatility**2 * steps_left
    half_spread = risk / 2 + _markup(risk_aversion, decay)
    return half_spread + inventory * risk, half_spread - inventory * risk


def gueant_lehalle_tapia(
    risk_aversion: float, volatility: float, decay: float, rate: float, limit: int, steps: int
) -> Floats:
    """Optimal distances of a risk-averse maker with an inventory limit, for every step to the end.

    Guéant, Lehalle and Fernandez-Tapia (2013): c = ln(1 + γ/k) / γ, and v = exp(-M τ) 1, where M is a tridiagonal
    matrix with γ k σ² q² / 2 on the diagonal and -A (1 + γ/k)^-(1 + k/γ) next to it. At inventory q the distance of the
    bid is c + ln(v_q / v_{q+1}) / k, and that of the ask is c + ln(v_q / v_{q-1}) / k.

    Parameters
    ----------
    risk_aversion : γ, per currency, 0 for a risk-neutral maker.
    volatility : σ, currency per √step.
    decay : k, per currency; the rate of fills is rate * exp(-decay * distance).
    rate : A, fills per step of a quote at the value.
    limit : largest inventory, long or short, in lots; at least 1.
    steps : steps until the end.

    Returns
    -------
    Distances in currency, shape (rows, 2 * limit + 1, 2). Row r is r steps before the end, the second index is
    inventory + limit, and the third is bid, ask. A distance is +inf if the limit forbids the side. There are at most
    steps + 1 rows. If the distances become stationary there are fewer, and the last row holds for all earlier steps.

    Raises
    ------
    ValueError
        If decay or rate is not positive, risk_aversion, volatility or steps is negative, limit is below 1, or limit is
        so large that v underflows there.
    """
    positive(decay=decay, rate=rate)
    not_negative(risk_aversion=risk_aversion, volatility=volatility)
    penalty = risk_aversion * decay * volatility**2 / 2
    return _distances(
        penalty, _intensity(risk_aversion, decay, rate), 0.0, _markup(risk_aversion, decay), decay, limit, steps
    )


def gueant_lehalle_tapia_asymptotic(
    risk_aversion: float, volatility: float, decay: float, rate: float, inventory: float
) -> tuple[float, float]:
    """Closed form that approximates `gueant_lehalle_tapia` far from the end and from the limit: bid, ask, in currency.

    The distances are c + (1 ± 2 inventory) ξ / 2 with ξ = √(σ² γ (1 + γ/k)^(1 + k/γ) / (2 k A)) (Guéant, Lehalle and
    Fernandez-Tapia 2013). Arguments are those of `gueant_lehalle_tapia`, with inventory in lots.

    Raises
    ------
    ValueError
        If decay or rate is not positive, or risk_aversion or volatility is negative.
    """
    positive(decay=decay, rate=rate)
    not_negative(risk_aversion=risk_aversion, volatility=volatility)
    skew = volatility * math.sqrt(risk_aversion / (2 * decay * _intensity(risk_aversion, decay, rate)))
    markup = _markup(risk_aversion, decay)
    return markup + (1 + 2 * inventory) / 2 * skew, markup + (1 - 2 * inventory) / 2 * skew


def cartea_jaimungal(
    rate: float, decay: float, running_penalty: float, terminal_penalty: float, limit: int, steps: int
) -> Floats:
    """Optimal distances of a risk-neutral maker with penalties on inventory, for every step to the end.

    Cartea, Jaimungal and Penalva (2015, chapter 10): w = exp(A τ) z, where A is a tridiagonal matrix with
    -decay * running_penalty * q² on the diagonal and rate / e next to it, and z = exp(-decay * terminal_penalty * q²).
    The distance of the ask is 1 / decay + ln(w_q / w_{q-1}) / decay; for the bid q - 1 becomes q + 1.

    Parameters
    ----------
    rate, decay : the rate of fills is rate * exp(-decay * distance) per step.
    running_penalty : currency per step and lot².
    terminal_penalty : currency per lot² held at the end.
    limit, steps : as in `gueant_lehalle_tapia`.

    Returns
    -------
    Array as `gueant_lehalle_tapia` returns it.

    Raises
    ------
    ValueError
        If decay or rate is not positive, a penalty or steps is negative, limit is below 1, or limit is so large that w
        underflows there.
    """
    positive(decay=decay, rate=rate)
    not_negative(running_penalty=running_penalty, terminal_penalty=terminal_penalty)
    return _distances(decay * running_penalty, rate / math.e, decay * terminal_penalty, 1 / decay, decay, limit, steps)


def fill_probability(distance: ArrayLike, decay: float, offset: float) -> Floats:
    """Probability that a taker takes a quote, if its reservation distance is offset plus an exponential variable.

    It is min(1, exp(-decay * (distance - offset))), of the shape of distance, and 0 at infinity.

    Parameters
    ----------
    distance : distance of the quote from the value, in currency.
    decay : per currency.
    offset : in currency; see `offset_of`.

    Raises
    ------
    ValueError
        If decay is not positive.
    """
    positive(decay=decay)
    return np.exp(np.minimum(0.0, -decay * (np.asarray(distance, dtype=np.float64) - offset)))


def offset_of(rate: float, decay: float) -> float:
    """Offset, in currency, at which one taker per step fills with probability rate * exp(-decay * distance), at most 1.

    It is ln(rate) / decay. Raises ValueError if rate (per step) or decay (per currency) is not positive.
    """
    positive(rate=rate, decay=decay)
    return math.log(rate) / decay


@dataclass(frozen=True)
class Moments:
    """Exact moments of a maker's profit and inventory."""

    profit: float  # mean, in currency
    profit_deviation: float  # standard deviation, in currency
    inventory_deviation: float  # standard deviation at the end, in lots
    spread: float  # mean over the quotes with both sides, in currency
    fills: float  # mean number of fills, both sides


def moments(
    distances: Callable[[int, NDArray[np.int64]], tuple[ArrayLike, ArrayLike]],
    fill: Callable[[Floats], Floats],
    volatility: float,
    steps: int,
    most: int,
) -> Moments:
    """Exact moments of a maker's profit, by recursion over steps and inventories.

    In each step the value moves up or down by ``volatility``, with probability 1/2 each. The maker quotes one lot per
    side around the value. One buyer and one seller arrive, and each trades with the probability that belongs to the
    distance. At the end the inventory is settled at the value. The profit is the sum of the distances of the fills,
    plus inventory times the later moves of the value.

    Parameters
    ----------
    distances : a function of the step (the first is 0) and of the array of inventories from -most to most. It returns
        the distances of bid and ask from the value, in currency: numbers, or arrays of that shape; +inf for no quote.
    fill : a function from an array of distances to fill probabilities of the same shape.
    volatility : currency per step.
    steps : number of steps.
    most : largest inventory, long or short, in lots. The maker does not bid at most, nor ask at -most. If most equals
        steps, this limit has no effect.

    Raises
    ------
    ValueError
        If volatility is negative, steps or most is below 1, or a distance is nan or -inf.
    """
    not_negative(volatility=volatility)
    if steps < 1 or most < 1:
        raise ValueError(f"steps and most must be at least 1, not {steps} and {most}")
    inventory = np.arange(-most, most + 1)
    state = np.zeros((3, 2 * most + 1))  # E[W⁰; q], E[W; q], E[W²; q]: W the profit so far
    state[0, most] = 1.0
    fills = spreads = quoted = 0.0
    for step in range(steps):
        state[2] += (volatility * inventory) ** 2 * state[0]
        bid, ask = (np.array(np.broadcast_to(side, inventory.shape), float) for side in distances(step, inventory))
        bid[-1] = ask[0] = np.inf
        if not (bid.min() > -np.inf and ask.min() > -np.inf):
            raise ValueError(f"distances in step {step} must be numbers or +inf")
        both = np.isfinite(bid) & np.isfinite(ask)
        quoted += state[0, both].sum()
        spreads += state[0, both] @ (bid + ask)[both]
        (bought, bid), (sold, ask) = (_offered(side, fill) for side in (bid, ask))
        fills += state[0] @ (bought + sold)
        after = state * (1 - bought) * (1 - sold) + _gained(state, bought * sold, bid + ask)
        after[:, 1:] += _gained(state, bought * (1 - sold), bid)[:, :-1]
        after[:, :-1] += _gained(state, sold * (1 - bought), ask)[:, 1:]
        state = after
    chance, profit, square = state
    mean, held = float(profit.sum()), float(chance @ inventory)
    return Moments(
        profit=mean,
        profit_deviation=math.sqrt(max(0.0, float(square.sum()) - mean**2)),
        inventory_deviation=math.sqrt(max(0.0, float(chance @ inventory**2) - held**2)),
        spread=float(spreads / quoted) if quoted else math.nan,
        fills=float(fills),
    )


def _offered(distance: Floats, fill: Callable[[Floats], Floats]) -> tuple[Floats, Floats]:
    """Probability of a fill and its distance, both 0 if nothing is quoted."""
    quoted = np.isfinite(distance)
    return np.where(quoted, fill(distance), 0.0), np.where(quoted, distance, 0.0)


def _gained(state: Floats, chance: Floats, gain: Floats) -> Floats:
    """The moments, times the probability of an event that adds ``gain`` to the profit; shape of ``state``."""
    weight, profit, square = state * chance
    return np.stack([weight, profit + gain * weight, square + gain * (2 * profit + gain * weight)])


def _markup(risk_aversion: float, decay: float) -> float:
    """Half-spread of a maker without inventory at the end, in currency: ln(1 + γ/k) / γ, or 1/k if γ = 0."""
    return math.log1p(risk_aversion / decay) / risk_aversion if risk_aversion else 1 / decay


def _intensity(risk_aversion: float, decay: float, rate: float) -> float:
    """A (1 + γ/k)^-(1 + k/γ), per step; A / e if γ = 0."""
    return rate * math.exp(-(risk_aversion + decay) * _markup(risk_aversion, decay))


def _distances(
    penalty: float, intensity: float, terminal: float, markup: float, decay: float, limit: int, steps: int
) -> Floats:
    """Distances as `gueant_lehalle_tapia` returns them, from v' = penalty q² v - intensity (v_{q-1} + v_{q+1}).

    The terminal condition is v = exp(-terminal q²).
    """
    if limit < 1 or steps < 0:
        raise ValueError(f"limit must be at least 1 and steps not negative, not {limit} and {steps}")
    propagator = _propagator(penalty, intensity, limit)
    value = np.exp(-terminal * np.arange(-limit, limit + 1.0) ** 2)
    slopes: list[Floats] = []
    while len(slopes) <= steps:
        if value.min() < np.finfo(np.float64).tiny:
            raise ValueError(f"limit {limit} is too large to compute with: choose a smaller one")
        slopes.append(np.diff(np.log(value)))
        if len(slopes) > 1 and np.abs(slopes[-1] - slopes[-2]).max() < _STATIONARY:
            break
        value = propagator @ value
        value /= value.max()
    skew = np.array(slopes) / decay
    distances = np.full((len(slopes), 2 * limit + 1, 2), np.inf)
    distances[:, :-1, 0] = markup - skew
    distances[:, 1:, 1] = markup + skew
    return distances


def _propagator(penalty: float, intensity: float, limit: int) -> Floats:
    """The matrix that moves v by one step, up to a positive factor: the exponential of a tridiagonal matrix.

    A multiple of the identity is added to make the matrix nonnegative. Then its Taylor sum and the squarings add only
    nonnegative numbers, so every entry is accurate, even entries that are much smaller than others.
    """
    diagonal = penalty * (limit**2 - np.arange(-limit, limit + 1.0) ** 2)
    squarings = max(0, math.ceil(math.log2(diagonal.max() + 2 * intensity)))
    diagonal, beside = diagonal / 2**squarings, intensity / 2**squarings
    term = total = np.eye(2 * limit + 1)
    order = 0
    while (term > np.finfo(np.float64).eps * total).any():
        order += 1
        following = term * diagonal
        following[:, 1:] += beside * term[:, :-1]
        following[:, :-1] += beside * term[:, 1:]
        term = following / order
        total = total + term
    for _ in range(squarings):
        total = total @ total
        total /= total.max()
    return total
