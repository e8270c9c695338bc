"""Makers who dislike inventory: where they quote around the value, and what that earns them, exactly.

In all of them the maker knows the value, trades one lot at a time, and is filled less often the farther from the value
it quotes. Distances are currency from the value, positive outside; time is in steps: volatility is currency per √step
and a rate is fills per step.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_STATIONARY = 1e-13  # change of a distance in one step, times the decay


def avellaneda_stoikov(
    risk_aversion: float, volatility: float, decay: float, steps_left: float, inventory: float
) -> tuple[float, float]:
    """Distances of bid and ask from the value, in currency (Avellaneda and Stoikov 2008).

    The reservation price is inventory * risk_aversion * volatility² * steps_left below the value, and the spread around
    it risk_aversion * volatility² * steps_left + (2 / risk_aversion) ln(1 + risk_aversion / decay).

    Parameters
    ----------
    risk_aversion : per currency, 0 for a maker who does not mind.
    volatility : currency per √step.
    decay : how fast fills become rare with distance, per currency.
    steps_left : steps to the end.
    inventory : in lots.

    Raises
    ------
    ValueError
        If decay is not positive, or risk_aversion, volatility or steps_left is negative.
    """
    _check_positive(decay=decay)
    _check_not_negative(risk_aversion=risk_aversion, volatility=volatility, steps_left=steps_left)
    risk = risk_aversion * volatility**2 * steps_left
    half_spread = risk / 2 + _markup(risk_aversion, decay)
    return half_spread + inventory * risk, half_spread - inventory * risk


def gueant_lehalle_tapia(
    risk_aversion: float, volatility: float, decay: float, rate: float, limit: int, steps: int
) -> Floats:
    """Optimal distances of a risk-averse maker with an inventory limit, for every step to the end.

    Guéant, Lehalle and Fernandez-Tapia (2013): with c = ln(1 + γ/k) / γ and v = exp(-M τ) 1, where M is tridiagonal
    with γ k σ² q² / 2 on the diagonal and -A (1 + γ/k)^-(1 + k/γ) beside it, the bid's distance at inventory q is
    c + ln(v_q / v_{q+1}) / k and the ask's c + ln(v_q / v_{q-1}) / k.

    Parameters
    ----------
    risk_aversion : γ, per currency, 0 for a maker who does not mind.
    volatility : σ, currency per √step.
    decay : k, per currency; fills come at rate * exp(-decay * distance).
    rate : A, fills per step of a quote at the value.
    limit : most lots held either way, at least 1.
    steps : to the end.

    Returns
    -------
    Array of shape (rows, 2 * limit + 1, 2), in currency: row r is r steps before the end, index q + limit the
    inventory, then bid and ask; +inf where the limit forbids the side. There are at most steps + 1 rows; fewer if the
    distances have become stationary, and then the last row holds for anything earlier.

    Raises
    ------
    ValueError
        If decay or rate is not positive, risk_aversion or volatility is negative, limit is below 1, steps negative, or
        the limit so far out that being there is worth nothing in floating point.
    """
    _check_positive(decay=decay, rate=rate)
    _check_not_negative(risk_aversion=risk_aversion, volatility=volatility)
    penalty = risk_aversion * decay * volatility**2 / 2
    return _distances(
        penalty, _intensity(risk_aversion, decay, rate), 0.0, _markup(risk_aversion, decay), decay, limit, steps
    )


def gueant_lehalle_tapia_asymptotic(
    risk_aversion: float, volatility: float, decay: float, rate: float, inventory: float
) -> tuple[float, float]:
    """Closed form that approximates `gueant_lehalle_tapia` far from the end and from the limit: bid, ask, in currency.

    c + (1 ± 2 inventory) ξ / 2 with ξ = √(σ² γ (1 + γ/k)^(1 + k/γ) / (2 k A)) (Guéant, Lehalle and Fernandez-Tapia
    2013). Arguments are as there, inventory in lots.

    Raises
    ------
    ValueError
        If decay or rate is not positive, or risk_aversion or volatility is negative.
    """
    _check_positive(decay=decay, rate=rate)
    _check_not_negative(risk_aversion=risk_aversion, volatility=volatility)
    skew = volatility * math.sqrt(risk_aversion / (2 * decay * _intensity(risk_aversion, decay, rate)))
    markup = _markup(risk_aversion, decay)
    return markup + (1 + 2 * inventory) / 2 * skew, markup + (1 - 2 * inventory) / 2 * skew


def cartea_jaimungal(
    rate: float, decay: float, running_penalty: float, terminal_penalty: float, limit: int, steps: int
) -> Floats:
    """Optimal distances of a risk-neutral maker who pays for inventory, for every step to the end.

    Cartea, Jaimungal and Penalva (2015, chapter 10): with w = exp(A τ) z, where A is tridiagonal with
    -decay * running_penalty * q² on the diagonal and rate / e beside it, and z = exp(-decay * terminal_penalty * q²),
    the ask's distance is 1 / decay + ln(w_q / w_{q-1}) / decay, and the bid's likewise with q + 1.

    Parameters
    ----------
    rate, decay : fills come at rate * exp(-decay * distance) per step.
    running_penalty : currency per step and lot².
    terminal_penalty : currency per lot² held at the end.
    limit, steps : as in `gueant_lehalle_tapia`.

    Returns
    -------
    Array as `gueant_lehalle_tapia` returns it.

    Raises
    ------
    ValueError
        If decay or rate is not positive, a penalty is negative, limit is below 1, steps negative, or the limit so far
        out that being there is worth nothing in floating point.
    """
    _check_positive(decay=decay, rate=rate)
    _check_not_negative(running_penalty=running_penalty, terminal_penalty=terminal_penalty)
    return _distances(decay * running_penalty, rate / math.e, decay * terminal_penalty, 1 / decay, decay, limit, steps)


def fill_probability(distance: ArrayLike, decay: float, offset: float) -> Floats:
    """Probability that a quote is taken by a taker whose reservation distance is offset + Exp(decay).

    min(1, exp(-decay * (distance - offset))), of the shape of distance; 0 at infinity.

    Parameters
    ----------
    distance : of the quote from the value, in currency.
    decay : per currency.
    offset : in currency; see `offset_of`.

    Raises
    ------
    ValueError
        If decay is not positive.
    """
    _check_positive(decay=decay)
    return np.exp(np.minimum(0.0, -decay * (np.asarray(distance, dtype=np.float64) - offset)))


def offset_of(rate: float, decay: float) -> float:
    """Offset, in currency, at which a taker a step fills with probability rate * exp(-decay * distance), at most 1.

    ln(rate) / decay. Raises ValueError if rate (per step) or decay (per currency) is not positive.
    """
    _check_positive(rate=rate, decay=decay)
    return math.log(rate) / decay


@dataclass(frozen=True)
class Moments:
    """What a maker's distances lead to, exactly."""

    profit: float  # mean, in currency
    profit_deviation: float  # standard deviation, in currency
    inventory_deviation: float  # standard deviation at the end, in lots
    spread: float  # mean over the quotes with both sides, in currency
    fills: float  # mean number, both sides


def moments(
    distances: Callable[[int, NDArray[np.int64]], tuple[ArrayLike, ArrayLike]],
    fill: Callable[[Floats], Floats],
    volatility: float,
    steps: int,
    most: int,
) -> Moments:
    """Exact moments of a maker's profit, by recursion over steps and inventories.

    In each step the value moves up or down by volatility with probability 1/2; the maker quotes one lot per side around
    it; one buyer and one seller arrive, and each trades with the probability of the distance. At the end the inventory
    is settled at the value. The profit is the sum of the distances filled and of inventory times the value's later
    moves.

    Parameters
    ----------
    distances : of bid and ask from the value in currency, for a step (the first is 0) and the array of inventories from
        -most to most; each a number or an array of that shape, +inf for no quote.
    fill : from an array of distances to probabilities of the same shape.
    volatility : currency per step.
    steps : how many.
    most : most lots held either way: no bid there, and no ask at -most. With `steps` it binds nobody.

    Raises
    ------
    ValueError
        If volatility is negative, steps or most is below 1, or a distance is not a number or -inf.
    """
    _check_not_negative(volatility=volatility)
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
    """Probability of a fill and what it gains, both 0 where nothing is quoted."""
    quoted = np.isfinite(distance)
    return np.where(quoted, fill(distance), 0.0), np.where(quoted, distance, 0.0)


def _gained(state: Floats, chance: Floats, gain: Floats) -> Floats:
    """The part of the state to which something happens with a probability, when it adds a gain to the profit."""
    weight, profit, square = state * chance
    return np.stack([weight, profit + gain * weight, square + gain * (2 * profit + gain * weight)])


def _markup(risk_aversion: float, decay: float) -> float:
    """Half-spread without inventory and time, in currency: ln(1 + γ/k) / γ, and 1/k for γ = 0."""
    return math.log1p(risk_aversion / decay) / risk_aversion if risk_aversion else 1 / decay


def _intensity(risk_aversion: float, decay: float, rate: float) -> float:
    """A (1 + γ/k)^-(1 + k/γ), per step, and A / e for γ = 0."""
    return rate * math.exp(-(risk_aversion + decay) * _markup(risk_aversion, decay))


def _distances(
    penalty: float, intensity: float, terminal: float, markup: float, decay: float, limit: int, steps: int
) -> Floats:
    """Array of `gueant_lehalle_tapia`, from v' = penalty q² v - intensity (neighbours of v), v = exp(-terminal q²)."""
    if limit < 1 or steps < 0:
        raise ValueError(f"limit must be at least 1 and steps not negative, not {limit} and {steps}")
    propagator = _propagator(penalty, intensity, limit)
    value = np.exp(-terminal * np.arange(-limit, limit + 1.0) ** 2)
    slopes: list[Floats] = []
    while len(slopes) <= steps:
        if value.min() < np.finfo(np.float64).tiny:
            raise ValueError(f"limit {limit} is so far out that being there is worth 0: choose a smaller one")
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
    """One step of v, up to a positive factor: the exponential of a tridiagonal matrix.

    A multiple of the identity makes the matrix nonnegative, so that its exponential, by Taylor sum and squaring, adds
    only what is positive: every entry is accurate, however small beside the others.
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


def _check_positive(**quantities: float) -> None:
    for name, quantity in quantities.items():
        if not 0 < quantity < math.inf:
            raise ValueError(f"{name} must be positive and finite, not {quantity}")


def _check_not_negative(**quantities: float) -> None:
    for name, quantity in quantities.items():
        if not 0 <= quantity < math.inf:
            raise ValueError(f"{name} must not be negative, and finite, not {quantity}")
