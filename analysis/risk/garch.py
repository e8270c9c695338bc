"""Volatility clustering: GARCH(1, 1) by maximum likelihood (Bollerslev 1986, J. Econometrics 31, 307).

Returns r_t, float64 (n,), may have any unit. Given the past they are normal, with mean μ and variance

    h_t = ω + α e²_{t-1} + β h_{t-1},    e_t = r_t - μ.

The values of e² and h before the first return are both set to a weighted mean of the first 75 values of e²; each weight
is 0.94 times the one before. Standard errors are those of quasi-maximum likelihood, which are valid even if returns are
not normal (Bollerslev and Wooldridge 1992).

``spreadgame measure garch RUN`` fits the returns of the mid of each book of a run.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.signal import lfilter

from analysis.reading.measures import Measurement, measure_of
from analysis.reading.registry import measure
from analysis.risk.stylised_facts import facts_of
from analysis.stats.arguments import checked
from analysis.stats.estimates import NOTHING, Estimate, half_life_of
from sim.core.errors import RunError
from sim.runs.result import Run

Floats = NDArray[np.float64]
_FEWEST = 50  # returns
_STARTS = ((0.05, 0.90), (0.1, 0.8), (0.02, 0.97), (0.2, 0.5))  # α and β
_DECAY, _FIRST = 0.94, 75
_STEP = 1e-4  # of derivatives, relative
_STATIONARY = 1.0 - 1e-6  # the most that α + β may be
_LEAST = 1e-8  # ω of returns of unit variance
_NO_WEIGHT, _UNIT_ROOT = 1e-6, 1e-4  # distances to 0, and to 1 from below, that count as the border


@dataclass(frozen=True)
class Garch:
    """A fitted GARCH(1, 1)."""

    mean: Estimate  # μ, in the unit of returns
    constant: Estimate  # ω, in the squared unit of returns
    news: Estimate  # α
    memory: Estimate  # β
    persistence: Estimate  # α + β
    half_life: Estimate  # of a shock to the variance, in returns: ln ½ / ln (α + β)
    likelihood: float  # log-likelihood
    variances: Floats  # h, (n + 1,): of each return given the earlier ones, and of the next return
    reason: str = ""  # why there is no fit, or why it has no errors


@checked(amounts=["squares"])
def variances(squares: ArrayLike, constant: float, news: float, memory: float, before: float) -> Floats:
    """The variance h of each of n innovations given the earlier ones, and of the next one, float64 (n + 1,).

    Parameters
    ----------
    squares : squared innovations e², (n,).
    constant, news, memory : ω, α and β.
    before : the value of both e² and h before the first innovation.
    """
    x = np.concatenate([[before], np.asarray(squares, float)])
    found, _ = lfilter([1.0], [1.0, -memory], constant + news * x, zi=[memory * before])
    return np.asarray(found, float)


@checked(amounts=["squares"])
def backcast(squares: ArrayLike) -> float:
    """The value of e² and h before the first of (n,) squared innovations; nan if there are none."""
    first = np.asarray(squares, float)[:_FIRST]
    if not len(first):
        return math.nan
    weights = _DECAY ** np.arange(len(first))
    return float(weights @ first / weights.sum())


@checked("returns", infinite=True)
def garch(returns: ArrayLike) -> Garch:
    """Fit a GARCH(1, 1) to returns (n,); returns that are not finite are left out.

    All results are nan if there are fewer than 50 returns, or if all returns are equal; ``reason`` then says why. The
    likelihood may be greatest at a border of ω > 0, α, β ≥ 0, α + β < 1. Then the values are given, but the usual
    standard errors are not valid: they and the half-life are nan, and ``reason`` names the border.
    """
    r = np.asarray(returns, float)
    r = r[np.isfinite(r)]
    n = len(r)
    if n < _FEWEST:
        return _unfit(n, f"fewer than {_FEWEST} returns")
    scale = float(r.std())
    if not scale > 1e-12 * float(np.abs(r).max()):
        return _unfit(n, "returns do not differ")
    x = r / scale

    def path(given: Floats) -> tuple[Floats, Floats]:
        squares = (x - given[0]) ** 2
        return squares, variances(squares, given[1], given[2], given[3], backcast(squares))

    def each(given: Floats) -> Floats:
        """Minus the logarithm of each return's density, (n,)."""
        squares, h = path(given)
        return 0.5 * (math.log(2 * math.pi) + np.log(h[:-1]) + squares / h[:-1])

    def total(given: Floats) -> float:
        value = float(each(given).mean())
        return value if math.isfinite(value) else 1e10

    bounds = [(-10.0, 10.0), (_LEAST, 10.0), (0.0, 1.0), (0.0, 1.0)]
    limit = {"type": "ineq", "fun": lambda given: _STATIONARY - given[2] - given[3]}
    fits = [
        minimize(total, [float(x.mean()), 1.0 - a - b, a, b], method="SLSQP", bounds=bounds, constraints=[limit],
                 options={"ftol": 1e-12, "maxiter": 500})
        for a, b in _STARTS
    ]  # fmt: skip
    best = min(fits, key=lambda fit: float(fit.fun))
    values = np.asarray(best.x, float)
    _, h = path(values)
    likelihood = -n * float(best.fun) - n * math.log(scale)
    border = _border(values)
    errors = np.full(5, math.nan) if border else _errors(each, values)
    mean, constant, news, memory, persistence = (
        Estimate(float(value), float(error))
        for value, error in zip([*values, values[2] + values[3]], errors, strict=True)
    )
    reason = f"the likelihood is greatest at the border {border}, where standard errors are not valid" if border else ""
    life = NOTHING if border else half_life_of(persistence)
    return Garch(
        Estimate(mean.value * scale, mean.standard_error * scale),
        Estimate(constant.value * scale**2, constant.standard_error * scale**2),
        news, memory, persistence, life, likelihood, h * scale**2, reason,
    )  # fmt: skip


def _unfit(count: int, reason: str) -> Garch:
    n = NOTHING
    return Garch(n, n, n, n, n, n, math.nan, np.full(count + 1, math.nan), reason)


def _border(values: Floats) -> str:
    """The border at which the parameters of a fit to returns of unit variance lie; an empty string if inside."""
    _, constant, news, memory = values.tolist()
    borders = {
        "alpha + beta = 1": news + memory >= 1.0 - _UNIT_ROOT,
        "alpha = 0": news <= _NO_WEIGHT,
        "beta = 0": memory <= _NO_WEIGHT,
        "omega = 0": constant <= 2 * _LEAST,
    }
    return ", ".join(name for name, reached in borders.items() if reached)


def _errors(each: Callable[[Floats], Floats], values: Floats) -> Floats:
    """Standard errors of the four parameters and of α + β, (5,): Hessian and outer product of scores (sandwich)."""
    count = len(values)
    steps = np.maximum(_STEP * np.abs(values), 1e-6)

    def moved(*places: tuple[int, int]) -> Floats:
        there = values.copy()
        for place, sign in places:
            there[place] += sign * steps[place]
        return each(there)

    n = len(moved())
    scores = np.column_stack([(moved((i, 1)) - moved((i, -1))) / (2 * steps[i]) for i in range(count)])
    hessian = np.empty((count, count))
    middle = float(moved().mean())
    for i in range(count):
        for j in range(i, count):
            if i == j:
                value = (moved((i, 1)).mean() - 2 * middle + moved((i, -1)).mean()) / steps[i] ** 2
            else:
                corners = [moved((i, a), (j, b)).mean() * a * b for a in (1, -1) for b in (1, -1)]
                value = sum(corners) / (4 * steps[i] * steps[j])
            hessian[i, j] = hessian[j, i] = value
    try:
        inverse = np.linalg.inv(hessian)
    except np.linalg.LinAlgError:
        return np.full(count + 1, math.nan)
    covariance = inverse @ (scores.T @ scores / n) @ inverse / n
    whole = np.append(np.diag(covariance), covariance[2, 2] + covariance[3, 3] + 2 * covariance[2, 3])
    return np.sqrt(np.where(whole > 0, whole, math.nan))


@measure(
    "garch",
    summary="whether volatility comes in clusters: GARCH(1, 1)",
    source="Bollerslev 1986, J. Econometrics 31, 307; Bollerslev and Wooldridge 1992, Econometric Reviews 11, 143",
    chapter="Stylised facts",
    place=2,
    needs=("book",),
)
def measures(run: Run) -> list[Measurement]:
    """Fit the returns of each venue's mid, from one sample of its book to the next.

    Raises
    ------
    RunError
        If no book was sampled.
    """
    found: list[Measurement] = []
    if not run.scenario.record.levels:
        raise RunError(f"{run.folder or 'this run'}: it kept no book — set record.levels = 1 and run it again")
    for venue in run.scenario.venues:
        fit = garch(facts_of(run, venue.name).returns)
        name = f"{venue.name}." if len(run.scenario.venues) > 1 else ""
        rows = (
            ("news", fit.news, "", "weight of the last squared return, alpha"),
            ("memory", fit.memory, "", "weight of the last variance, beta"),
            ("persistence", fit.persistence, "", "of a shock to the variance"),
            ("half_life", fit.half_life, "samples", "of a shock to the variance"),
        )
        for short, estimate, unit, meaning in rows:
            found.append(measure_of(f"{name}garch.{short}", estimate, unit, meaning, fit.reason, unsure=fit.reason))
    return found
