"""How much of the trading is informed: PIN, from the numbers of buys and sells per day, and VPIN, from volume.

PIN is the model of Easley, Kiefer, O'Hara and Paperman (1996, J. Finance 51, 1405). A day has news with probability
``event``, and news is bad with probability ``bad``. The numbers of uninformed buyers and sellers are Poisson, with
rates ``buyers`` and ``sellers`` per day. On a day with news, informed traders arrive too, with rate ``informed``: they
buy after good news and sell after bad news.

``spreadgame measure informed_trading RUN`` prints both. A day of a run is an episode. If a run has fewer than fifty
episodes, each episode is cut into days of equal length, at most fifty in all.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from analysis.reading.measures import Measurement, measure_of
from analysis.reading.registry import measure
from analysis.reading.trades_and_quotes import Tape, by_venue, tape_of
from analysis.stats.arguments import checked, refuse
from analysis.stats.estimates import NOTHING, Estimate
from analysis.stats.regression import Floats, estimate, means
from sim.runs.result import Run

_EDGE = 1e-9  # of a probability to 0 and 1, and of a rate to 0 in units of the mean count
_NEAR = 1e-6  # an estimate so close to a bound lies on it
_STEP = 1e-5  # of the Hessian's differences
_ROUNDS = ((5, 15), (15, 5), (200, 1))  # steps of each search, and how many of the best go on
_MOST_BUCKETS = 100_000_000
_DAYS, _BUCKETS = 50, 50  # of a run
_AT_A_BOUND = "an estimate lies at a bound of what may be"


class Rates(NamedTuple):
    """Parameters of the model."""

    event: float  # probability that a day has news
    bad: float  # probability that news is bad
    informed: float  # orders per day
    buyers: float  # orders per day
    sellers: float  # orders per day

    @property
    def pin(self) -> float:
        """Probability that an order is informed, α μ / (α μ + ε_b + ε_s)."""
        flow = self.event * self.informed
        whole = flow + self.buyers + self.sellers
        return flow / whole if whole else math.nan


@dataclass(frozen=True)
class PinModel:
    """Maximum-likelihood estimates. The standard error of a parameter that lies on a bound is nan."""

    pin: Estimate
    event: Estimate
    bad: Estimate
    informed: Estimate  # orders per day
    buyers: Estimate  # orders per day
    sellers: Estimate  # orders per day
    log_likelihood: float = field(kw_only=True)
    reason: str = field(default="", kw_only=True)

    @property
    def rates(self) -> Rates:
        """The point estimates."""
        parts = (self.event, self.bad, self.informed, self.buyers, self.sellers)
        return Rates(*(each.value for each in parts))


@checked(counts=["buys", "sells"])
def log_likelihood(buys: ArrayLike, sells: ArrayLike, rates: Rates) -> float:
    """Log-likelihood of the numbers of buys and sells per day, each (days,), with the factorials.

    It is the logarithm of
    Π_days (1-α) Po(B; ε_b) Po(S; ε_s) + α δ Po(B; ε_b) Po(S; ε_s + μ) + α (1-δ) Po(B; ε_b + μ) Po(S; ε_s).
    The terms are added as logarithms, so that large numbers of orders do not overflow.
    """
    from scipy.special import gammaln

    b, s = np.asarray(buys, float), np.asarray(sells, float)
    with np.errstate(divide="ignore"):
        total, _ = _kinds(b, s, np.asarray(rates, float))
    return float(np.sum(total - gammaln(b + 1) - gammaln(s + 1)))


@checked(counts=["buys", "sells"])
def pin(buys: ArrayLike, sells: ArrayLike) -> PinModel:
    """Fit the model to the numbers of buys and sells per day, each (days,), by maximum likelihood.

    The fit is the best of many bounded quasi-Newton searches. Their starting points are those of Yan and Zhang 2012
    (J. Banking and Finance 36, 454). Standard errors come from the Hessian of the log-likelihood; that of PIN follows
    by the delta method.

    Raises
    ------
    ValueError
        If a number is not a whole number from 0 on (nan is not), or if the two arrays have different lengths.
    """
    from scipy.optimize import minimize

    b, s = np.asarray(buys, float), np.asarray(sells, float)
    scale = float(b.mean() + s.mean()) / 2 if len(b) else 0.0
    if len(b) < 2 or scale == 0:
        reason = "too few days" if len(b) < 2 else "no trades"
        return PinModel(*[NOTHING] * 6, log_likelihood=math.nan, reason=reason)
    units = np.array([1.0, 1.0, scale, scale, scale])

    def descent(x: Floats) -> tuple[float, Floats]:
        total, gradient = _kinds(b, s, x * units)
        return -float(total.sum()), -gradient.sum(axis=1) * units

    top = max(float(b.max()), float(s.max())) / scale
    bounds = [(_EDGE, 1 - _EDGE)] * 2 + [(_EDGE, 2 * top)] * 3

    def searched(start: Floats, **options: float) -> Any:
        return minimize(descent, start, jac=True, method="SLSQP", bounds=bounds, options=options)

    starts = [np.clip(start / units, *np.transpose(bounds)) for start in _starts(float(b.mean()), float(s.mean()))]
    for most, kept in _ROUNDS:
        found = sorted((searched(start, maxiter=most) for start in starts), key=lambda each: float(each.fun))
        starts = [each.x for each in found[:kept]]
    x = np.asarray(searched(starts[0], ftol=1e-14).x, float)
    covariance = _covariance(descent, x, bounds) * np.outer(units, units)
    values = Rates(*(float(each) for each in x * units))
    slopes = _pin_gradient(values)
    free = np.where(np.isfinite(covariance), covariance, 0.0)
    error = math.sqrt(slopes @ free @ slopes) if np.isfinite(covariance[2, 2]) else math.nan
    parts = [
        Estimate(value, math.sqrt(square)) for value, square in zip(values, np.diag(covariance).tolist(), strict=True)
    ]
    return PinModel(Estimate(values.pin, error), *parts, log_likelihood=log_likelihood(b, s, values))


def _kinds(b: Floats, s: Floats, rates: Floats) -> tuple[Floats, Floats]:
    """Log-likelihood of each day without the factorials, (days,), and its gradient, (5, days)."""
    from scipy.special import xlogy

    event, bad, informed, buyers, sellers = rates
    more_b, more_s = buyers + informed, sellers + informed
    quiet_b, quiet_s = xlogy(b, buyers) - buyers, xlogy(s, sellers) - sellers
    kinds = np.array([quiet_b + quiet_s, quiet_b + xlogy(s, more_s) - more_s, xlogy(b, more_b) - more_b + quiet_s])
    weights = np.array([1 - event, event * bad, event * (1 - bad)])
    highest = kinds.max(axis=0)
    total = highest + np.log(weights @ np.exp(kinds - highest))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        each = np.exp(kinds - total)  # likelihood of each kind of day over that of the day, without the weights
        none, worse, better = each * weights[:, None]
        by_b, by_s, by_more_b, by_more_s = b / buyers - 1, s / sellers - 1, b / more_b - 1, s / more_s - 1
        gradient = [
            bad * each[1] + (1 - bad) * each[2] - each[0],
            event * (each[1] - each[2]),
            worse * by_more_s + better * by_more_b,
            (none + worse) * by_b + better * by_more_b,
            (none + better) * by_s + worse * by_more_s,
        ]
    return total, np.array(gradient)


def _starts(b: float, s: float) -> list[Floats]:
    """Starting points of Yan and Zhang: shares of uninformed orders on a grid, and rates that match mean counts."""
    starts = []
    grid = (0.1, 0.5, 0.9)
    for event, bad, share in itertools.product(grid, grid, grid):
        buyers = share * b
        informed = (b - buyers) / (event * (1 - bad))
        sellers = s - event * bad * informed
        if sellers > 0:
            starts.append(np.array([event, bad, informed, buyers, sellers]))
        sellers = share * s  # the same from the other side
        informed = (s - sellers) / (event * bad)
        buyers = b - event * (1 - bad) * informed
        if buyers > 0:
            starts.append(np.array([event, bad, informed, buyers, sellers]))
    return starts


def _covariance(descent: Any, x: Floats, bounds: list[tuple[float, float]]) -> Floats:
    """The inverse of the Hessian of the parameters that lie inside their bounds; nan for the other parameters."""
    free = [i for i, (low, high) in enumerate(bounds) if low + _NEAR < x[i] < high - _NEAR]
    covariance = np.full((len(x), len(x)), math.nan)
    hessian = np.empty((len(free), len(free)))
    for row, i in enumerate(free):
        above, below = x.copy(), x.copy()
        low, high = bounds[i]
        step = min(_STEP * max(abs(float(x[i])), 0.01), (x[i] - low) / 2, (high - x[i]) / 2)
        above[i] += step
        below[i] -= step
        hessian[row] = ((descent(above)[1] - descent(below)[1]) / (2 * step))[free]
    hessian = (hessian + hessian.T) / 2
    if len(free) and np.linalg.eigvalsh(hessian)[0] > 0:
        covariance[np.ix_(free, free)] = np.linalg.inv(hessian)
    return covariance


def _pin_gradient(rates: Rates) -> Floats:
    event, _, informed, buyers, sellers = rates
    others = buyers + sellers
    whole = event * informed + others
    return np.array([informed * others, 0, event * others, -event * informed, -event * informed]) / whole**2


# --- volume ---------------------------------------------------------------------------------------------------------


@checked(signs=["signs"], amounts=["quantities"])
def imbalances(signs: ArrayLike, quantities: ArrayLike, bucket: float) -> Floats:
    """|V_buy - V_sell| / V of consecutive buckets of ``bucket`` lots, (buckets,). One trade may fill several buckets.

    ``signs`` are +1 and -1, and ``quantities`` are in lots, each (trades,). The last lots are left out if they do not
    fill a bucket.

    Raises
    ------
    ValueError
        If ``bucket`` is not above 0, if it makes more than 100 million buckets, or if a sign or a quantity is not
        known, or a quantity is below 0.
    """
    if not bucket > 0:
        raise ValueError(f"bucket: {bucket} lots — a number above 0")
    lots, side = np.asarray(quantities, float), np.asarray(signs, float)
    refuse("quantities", lots, np.isnan(lots), "leave out what is not known")
    if lots.sum() / bucket > _MOST_BUCKETS:
        raise ValueError(f"bucket: {bucket} lots make more than {_MOST_BUCKETS:,} buckets — take a larger one")
    volume = np.concatenate([[0.0], np.cumsum(lots)])
    signed = np.concatenate([[0.0], np.cumsum(lots * side)])
    ends = bucket * np.arange(int(volume[-1] / bucket * (1 + 1e-12)) + 1)
    return np.asarray(np.abs(np.diff(np.interp(ends, volume, signed))) / bucket, float)


def vpin(signs: ArrayLike, quantities: ArrayLike, bucket: float) -> Estimate:
    """The mean of :func:`imbalances`; nan if no bucket is full.

    Easley, López de Prado and O'Hara 2012, RFS 25, 1457.
    """
    return estimate(means(imbalances(signs, quantities, bucket)))


# --- the command ----------------------------------------------------------------------------------------------------


def counts(tape: Tape, episodes: int, steps: int) -> tuple[Floats, Floats]:
    """Numbers of buy and of sell orders per day, each (days,).

    A day is an episode. If there are fewer than fifty episodes, each is cut into equal parts, at most fifty in all.
    """
    parts = max(1, _DAYS // episodes) if episodes < _DAYS else 1
    days = tape.episodes * parts + np.minimum(tape.steps * parts // max(steps, 1), parts - 1)
    buys = np.bincount(days[tape.signs > 0], minlength=episodes * parts)
    sells = np.bincount(days[tape.signs < 0], minlength=episodes * parts)
    return buys.astype(float), sells.astype(float)


@measure(
    "informed_trading",
    summary="how much of the trading is informed: PIN and VPIN",
    source="Easley, Kiefer, O'Hara and Paperman 1996, J. Finance 51, 1405 (PIN); Easley, López de Prado and O'Hara "
    "2012, Review of Financial Studies 25, 1457 (VPIN)",
    chapter="What the spread is made of",
    place=2,
    needs=("trades",),
    without_error={"log_likelihood": "it is the maximum that the estimates reach"},
)
def measures(run: Run) -> list[Measurement]:
    """PIN with its parameters, and VPIN over fifty buckets of a run's volume, venue by venue."""
    return by_venue(run, _measures)


def _measures(run: Run, venue: str) -> list[Measurement]:
    tape = tape_of(run, venue)
    model = pin(*counts(tape, run.scenario.run.episodes, run.scenario.run.steps))
    volume = float(tape.quantities.sum())
    toxicity = vpin(tape.signs, tape.quantities, volume / _BUCKETS) if volume else NOTHING
    rows = [
        ("pin", model.pin, "probability", "that an order is informed"),
        ("pin.event", model.event, "probability", "that a day has news"),
        ("pin.bad", model.bad, "probability", "that news is bad"),
        ("pin.informed", model.informed, "orders/day", "informed, on a day with news"),
        ("pin.buyers", model.buyers, "orders/day", "uninformed buyers"),
        ("pin.sellers", model.sellers, "orders/day", "uninformed sellers"),
    ]
    found = [measure_of(name, value, unit, meaning, model.reason, _AT_A_BOUND) for name, value, unit, meaning in rows]
    found.append(Measurement("pin.log_likelihood", model.log_likelihood, None, "", "at the estimates"))
    meaning = f"imbalance of volume, over buckets of {volume / _BUCKETS:,.5g} lots"
    return [*found, measure_of("vpin", toxicity, "share", meaning, "no trades")]
