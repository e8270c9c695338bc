"""Tails of returns: value at risk and expected shortfall of samples and of distributions, and forecasts of both.

Arguments are returns or profits in any unit. Risks have the same unit, and a positive risk is a loss. With the quantile
function q of losses, VaR = q(level) and ES = (1 - level)⁻¹ ∫ q(u) du from level to 1 (Acerbi and Tasche 2002).
Parametric risks are those of a standard distribution, shifted and scaled.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.stats.arguments import checked

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Law = Literal["normal", "student", "historical"]
RISKMETRICS = 0.94  # decay of daily variances, J.P. Morgan 1996
_LEAST_SCALE, _LEAST_EXCESS = -12.0, -6.0  # logarithms of the smallest scale and the smallest degrees - 1 of a fit


class TailRisk(NamedTuple):
    """A loss exceeded with probability 1 - level, and the mean loss beyond it; in the unit of returns."""

    value_at_risk: float
    expected_shortfall: float

    def of(self, mean: float, deviation: float) -> TailRisk:
        """The risks of returns that are ``mean`` plus ``deviation`` times these returns."""
        return TailRisk(*(deviation * risk - mean + 0.0 for risk in self))


class Forecasts(NamedTuple):
    """Risks forecast for each of n returns from the earlier ones, float64 (n,); nan if there is no forecast."""

    value_at_risk: Floats
    expected_shortfall: Floats
    deviation: Floats


NOTHING = TailRisk(math.nan, math.nan)


def normal_tail(level: float) -> TailRisk:
    """Risks of a standard normal: z and φ(z) / (1 - level). Raises ValueError unless level is between 0 and 1."""
    _check_level(level)
    from scipy.special import ndtri

    z = float(ndtri(level))
    return TailRisk(z, _density(z) / (1.0 - level))


def student_tail(level: float, degrees: float, unit_variance: bool = False) -> TailRisk:
    """Risks of Student's t: its quantile t, and f(t) / (1 - level) · (ν + t²) / (ν - 1).

    Parameters
    ----------
    level : between 0 and 1.
    degrees : ν, above 1 for the mean to exist, above 2 for the variance.
    unit_variance : whether t is scaled by √((ν - 2) / ν), so that its variance is 1.

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """
    _check_level(level)
    if not degrees > (2.0 if unit_variance else 1.0):
        raise ValueError(f"degrees must be above {2 if unit_variance else 1}, not {degrees}")
    if math.isinf(degrees):
        return normal_tail(level)
    from scipy.special import gammaln, stdtrit

    t = float(stdtrit(degrees, level))
    log_norm = float(gammaln(0.5 * (degrees + 1.0)) - gammaln(0.5 * degrees)) - 0.5 * math.log(degrees * math.pi)
    density = math.exp(log_norm - 0.5 * (degrees + 1.0) * math.log1p(t * t / degrees))
    scale = math.sqrt((degrees - 2.0) / degrees) if unit_variance else 1.0
    return TailRisk(scale * t, scale * density / (1.0 - level) * (degrees + t * t) / (degrees - 1.0))


def cornish_fisher_tail(level: float, skewness: float, excess_kurtosis: float) -> TailRisk:
    """Risks of returns with unit variance, corrected for skewness and excess kurtosis (Cornish and Fisher 1938).

    Arguments are moments of RETURNS. Losses have S = -skewness and K = excess_kurtosis. The quantile is
    z + S (z² - 1) / 6 + K (z³ - 3 z) / 24 - S² (2 z³ - 5 z) / 36. The shortfall is its integral,
    φ(z) / (1 - level) · (1 + S z / 6 + K (z² - 1) / 24 - S² (2 z² - 1) / 36) (Maillard 2012). A quantile must rise with
    the level; the corrected one does so only if the moments are moderate.

    Raises ValueError unless level is between 0 and 1.
    """
    z, shortfall = normal_tail(level)
    s, k = -skewness, excess_kurtosis
    quantile = z + s * (z**2 - 1) / 6 + k * (z**3 - 3 * z) / 24 - s**2 * (2 * z**3 - 5 * z) / 36
    return TailRisk(quantile, shortfall * (1 + s * z / 6 + k * (z**2 - 1) / 24 - s**2 * (2 * z**2 - 1) / 36))


@checked("returns", infinite=True)
def historical(returns: ArrayLike, level: float) -> TailRisk:
    """Risks of the sample itself: an order statistic of the losses, and the mean of the losses beyond it.

    Value at risk is the smallest loss that at least a share `level` of the losses do not exceed. The losses beyond it
    have the total weight 1 - level, so the loss at the border counts in part. The result is nan if there are no
    returns. Raises ValueError unless level is between 0 and 1.
    """
    _check_level(level)
    losses = np.sort(0.0 - _finite(returns))[::-1]
    return worst(losses, np.ones(len(losses), np.int64), level) if len(losses) else NOTHING


@checked("returns", infinite=True)
def normal(returns: ArrayLike, level: float) -> TailRisk:
    """Risks of a normal with the mean and standard deviation of the sample; nan if there are fewer than two returns.

    Raises ValueError as `normal_tail` does.
    """
    x = _finite(returns)
    tail = normal_tail(level)
    return tail.of(float(x.mean()), float(x.std(ddof=1))) if len(x) > 1 else NOTHING


@checked("returns", infinite=True)
def student(returns: ArrayLike, level: float, degrees: float | None = None) -> TailRisk:
    """Risks of a Student's t that is fitted by maximum likelihood.

    Location and scale are fitted, and the degrees of freedom too if ``degrees`` is None. The result is nan if there are
    fewer than four returns, or if the likelihood has no maximum, for example because most returns are equal. If all
    returns are equal, both risks are the negative of this return. Raises ValueError as `student_tail` does.
    """
    x = _finite(returns)
    _check_level(level)
    if degrees is not None:
        student_tail(level, degrees)  # for its check
    if len(x) < 4:
        return NOTHING
    if np.ptp(x) == 0.0:
        return TailRisk(0.0 - float(x[0]), 0.0 - float(x[0]))
    try:
        fitted, location, scale = fit_student(x, degrees)
    except ValueError:
        return NOTHING
    return student_tail(level, fitted).of(location, scale)


@checked("returns", infinite=True)
def fit_student(returns: ArrayLike, degrees: float | None = None) -> tuple[float, float, float]:
    """Degrees of freedom, location and scale of a Student's t by maximum likelihood.

    Degrees that are fitted are above 1. Raises ValueError if no maximum of the likelihood is found, for example because
    all or most returns are equal.
    """
    from scipy.optimize import minimize
    from scipy.special import gammaln

    x = _finite(returns)
    spread = float(x.std()) if len(x) else 0.0
    if spread == 0.0:
        raise ValueError("all returns are equal, so they have no scale")
    middle = float(np.median(x))
    z = (x - middle) / spread

    def unlikelihood(given: Floats) -> float:
        nu = 1.0 + math.exp(given[2]) if degrees is None else degrees
        away = (z - given[0]) * math.exp(-given[1])
        constant = float(gammaln(0.5 * (nu + 1)) - gammaln(0.5 * nu)) - 0.5 * math.log(nu * math.pi)
        return 0.5 * (nu + 1) * float(np.log1p(away**2 / nu).mean()) + float(given[1]) - constant

    start = [0.0, -0.3] + ([math.log(4.0)] if degrees is None else [])
    bounds = [(-10.0, 10.0), (_LEAST_SCALE, 3.0)] + ([(_LEAST_EXCESS, math.log(1e4))] if degrees is None else [])
    found = minimize(unlikelihood, start, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-13, "gtol": 1e-8})
    least = _LEAST_SCALE, _LEAST_EXCESS
    if not np.isfinite(found.fun) or np.any(found.x[1:] < np.add(least, 0.1)[: len(found.x) - 1]):
        raise ValueError("the likelihood of Student's t has no maximum here")
    nu = 1.0 + math.exp(float(found.x[2])) if degrees is None else float(degrees)
    return nu, middle + spread * float(found.x[0]), spread * math.exp(float(found.x[1]))


@checked("returns", infinite=True)
def cornish_fisher(returns: ArrayLike, level: float) -> TailRisk:
    """`cornish_fisher_tail` with the first four moments of the sample; nan if there are fewer than four returns.

    Raises ValueError as `normal_tail` does.
    """
    x = _finite(returns)
    _check_level(level)
    if len(x) < 4:
        return NOTHING
    deviation = float(x.std(ddof=1))
    if np.ptp(x) == 0.0:
        return TailRisk(0.0 - float(x[0]), 0.0 - float(x[0]))
    z = (x - x.mean()) / x.std()
    return cornish_fisher_tail(level, float((z**3).mean()), float((z**4).mean()) - 3.0).of(float(x.mean()), deviation)


@checked("returns")
def ewma_deviations(returns: ArrayLike, decay: float = RISKMETRICS) -> Floats:
    """Standard deviation forecast for each return from the earlier ones, and for the next return: float64 (n + 1,).

    σ²_t = Σ λ^i r²_{t-1-i} / Σ λ^i, with a mean of 0, as in RiskMetrics. The sums are over the returns before t, so a
    forecast does not use later returns. The first one is nan. Raises ValueError unless decay is between 0 and 1.
    """
    if not 0.0 < decay < 1.0:
        raise ValueError(f"decay must be between 0 and 1, not {decay}")
    from scipy.signal import lfilter

    x = np.asarray(returns, float)
    variances = np.full(len(x) + 1, math.nan)
    if len(x):
        weights = 1.0 - decay ** np.arange(1, len(x) + 1)
        variances[1:] = lfilter([1.0 - decay], [1.0, -decay], x**2) / weights
    deviations: Floats = np.sqrt(variances)
    return deviations


@checked("returns")
def filtered(
    returns: ArrayLike, level: float, decay: float = RISKMETRICS, law: Law = "normal", degrees: float = 5.0
) -> Forecasts:
    """Risks of every return from the earlier ones: the exponentially weighted deviation times a tail of unit variance.

    Parameters
    ----------
    returns : float64 (n,).
    level : of both risks, between 0 and 1.
    decay : as for `ewma_deviations`.
    law : "normal" (RiskMetrics); "student", with these degrees of freedom; or "historical", the empirical tail of the
        earlier standardised returns, of which there must be at least 1 / (1 - level) (filtered historical simulation,
        Barone-Adesi et al. 1999).

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """
    x = np.asarray(returns, float)
    deviations = ewma_deviations(x, decay)[:-1]
    if law == "historical":
        tails = _tails_so_far(x, deviations, level)
    elif law in ("normal", "student"):
        tail = normal_tail(level) if law == "normal" else student_tail(level, degrees, unit_variance=True)
        tails = np.broadcast_to(np.array(tail), (len(x), 2))
    else:
        raise ValueError(f"law must be normal, student or historical, not {law!r}")
    return Forecasts(deviations * tails[:, 0], deviations * tails[:, 1], deviations)


@checked("returns")
def rolling(
    returns: ArrayLike, level: float, window: int, method: Literal["historical", "normal", "student", "cornish_fisher"]
) -> Forecasts:
    """Risks of every return from the `window` returns before it; the first `window` forecasts are nan.

    Raises ValueError if window is below 2, the method is unknown, or level is not between 0 and 1.
    """
    measures = {"historical": historical, "normal": normal, "student": student, "cornish_fisher": cornish_fisher}
    if method not in measures:
        raise ValueError(f"method must be one of {', '.join(measures)}, not {method!r}")
    if window < 2:
        raise ValueError(f"window must be at least 2, not {window}")
    x = np.asarray(returns, float)
    result = np.full((3, len(x)), math.nan)
    for t in range(window, len(x)):
        before = x[t - window : t]
        result[:, t] = *measures[method](before, level), before.std(ddof=1)
    return Forecasts(*result)


def worst(losses: Floats, counts: Integers, level: float) -> TailRisk:
    """`historical` of losses (n,) in descending order, each of which occurs ``counts`` times, (n,)."""
    so_far = np.cumsum(counts)
    count = int(so_far[-1])
    below = count * level
    border = min(max(math.ceil(below - 1e-9 * count) - 1, 0), count - 1)  # place in ascending order
    above = count - 1 - border
    place = int(np.searchsorted(so_far, above, side="right"))
    risk, whole = float(losses[place]), slice(place)
    beyond = float(counts[whole] @ losses[whole]) + (above - int(so_far[place] - counts[place])) * risk
    return TailRisk(risk, (beyond + (border + 1 - below) * risk) / (count - below))


def _tails_so_far(x: Floats, deviations: Floats, level: float) -> Floats:
    """`historical` of the standardised returns before each return: float64 (n, 2)."""
    _check_level(level)
    with np.errstate(divide="ignore", invalid="ignore"):
        standard = x / deviations
    tails = np.full((len(x), 2), math.nan)
    for t in range(math.ceil(1.0 / (1.0 - level) - 1e-9) + 1, len(x)):
        tails[t] = historical(standard[1:t], level)
    return tails


def _finite(returns: ArrayLike) -> Floats:
    x = np.asarray(returns, float).ravel()
    known: Floats = x[np.isfinite(x)]
    return known


def _density(z: float) -> float:
    return math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)


def _check_level(level: float) -> None:
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must be between 0 and 1, not {level}")
