"""Backtests of risk forecasts: how often losses exceeded them, whether exceptions cluster, and how large they were.

An exception is a loss beyond the value at risk. If the forecasts are right, its probability is 1 - level on every day,
whatever happened before. The likelihood ratios then have a chi-squared distribution in large samples.

``spreadgame measure risk_backtest RUN`` tests exponentially weighted forecasts of the changes of each population's
wealth.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.reading.measures import Measurement
from analysis.reading.registry import measure
from analysis.risk.positions import check_sampled
from analysis.risk.tail_risk import filtered
from analysis.risk.value_at_risk import gains_of
from analysis.stats.arguments import checked, refuse
from sim.core.errors import RunError
from sim.runs.result import Run

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Draw = Callable[[np.random.Generator, int], Floats]
_PLUS_FACTORS = (0.40, 0.50, 0.65, 0.75, 0.85)  # for five to nine exceptions in 250 returns (Basel Committee 1996)
_CELLS = 2_000_000  # simulated returns that are in memory at the same time
_FEWEST_REPEATS, _DRAWS = 200, 4_000_000  # of a run's shortfall test; long series are simulated fewer times


class TestResult(NamedTuple):
    """A statistic, and the probability of a statistic at least as extreme if the forecasts are right."""

    statistic: float
    p_value: float


class TrafficLight(NamedTuple):
    """The Basel zone, the probability of at most this number of exceptions, and the addition to the multiplier of 3."""

    zone: Literal["green", "yellow", "red"]
    probability: float
    plus_factor: float


def exceptions(returns: ArrayLike, value_at_risk: ArrayLike) -> Flags:
    """Which returns were losses beyond the forecast: bool (forecasts,). Returns without a forecast are left out."""
    x, risk = _forecasts(returns, value_at_risk)
    known = np.isfinite(x) & np.isfinite(risk)
    flags: Flags = -x[known] > risk[known]
    return flags


def kupiec(count: int, observations: int, probability: float) -> TestResult:
    """Kupiec's 1995 test of the number of exceptions: 2 ln (likelihood at x / n over likelihood at p), χ²(1).

    Parameters
    ----------
    count, observations : x exceptions in n returns.
    probability : p of an exception, 1 - level, between 0 and 1.

    Raises
    ------
    ValueError
        If count is not from 0 to observations, or probability not between 0 and 1.
    """
    if not 0 <= count <= observations:
        raise ValueError(f"exceptions must be from 0 to {observations}, not {count}")
    if not 0.0 < probability < 1.0:
        raise ValueError(f"probability must be between 0 and 1, not {probability}")
    if observations == 0:
        return TestResult(math.nan, math.nan)
    expected = count * math.log(probability) + (observations - count) * math.log1p(-probability)
    return _chi_squared(2.0 * (_log_likelihood(count, observations) - expected), 1)


def kupiec_region(observations: int, probability: float, size: float = 0.05) -> tuple[int, int]:
    """The smallest and the largest number of exceptions that `kupiec` does not reject. Raises ValueError as it does."""
    from scipy.special import chdtri

    critical = float(chdtri(1, size))
    kept = [x for x in range(observations + 1) if not kupiec(x, observations, probability).statistic > critical]
    return kept[0], kept[-1]


@checked(counts=["flags"])
def transitions(flags: ArrayLike) -> tuple[int, int, int, int]:
    """Numbers of pairs of successive days: no exception twice, then one, only the first one, two exceptions."""
    hit = np.asarray(flags, bool)
    n00, n01, n10, n11 = np.bincount(2 * hit[:-1] + hit[1:], minlength=4).tolist()
    return n00, n01, n10, n11


def christoffersen(n00: int, n01: int, n10: int, n11: int) -> TestResult:
    """Christoffersen's 1998 test that exceptions are independent of the day before, χ²(1).

    The statistic is 2 ln (likelihood of a two-state Markov chain over likelihood of independent draws). The arguments
    are those that `transitions` returns; the result is nan if all are 0.
    """
    if n00 + n01 + n10 + n11 == 0:
        return TestResult(math.nan, math.nan)
    chain = _log_likelihood(n01, n00 + n01) + _log_likelihood(n11, n10 + n11)
    return _chi_squared(2.0 * (chain - _log_likelihood(n01 + n11, n00 + n01 + n10 + n11)), 1)


@checked(counts=["flags"])
def conditional_coverage(flags: ArrayLike, probability: float) -> TestResult:
    """Joint test of the number and the independence of exceptions: `kupiec` plus `christoffersen`, χ²(2)."""
    hit = np.asarray(flags, bool)
    together = kupiec(int(hit.sum()), len(hit), probability).statistic + christoffersen(*transitions(hit)).statistic
    return _chi_squared(together, 2)


def traffic_light(count: int, observations: int = 250, probability: float = 0.01) -> TrafficLight:
    """The zone of the Basel Committee's 1996 backtest.

    The yellow zone begins at the number of exceptions whose cumulative probability reaches 95 %, the red zone where it
    reaches 99.99 %. Plus factors are those for 250 returns at 99 %; for other numbers, they are nan in the yellow zone.
    Raises ValueError as `kupiec` does.
    """
    kupiec(count, observations, probability)  # for its checks
    from scipy.special import bdtr

    below = float(bdtr(count, observations, probability))
    if below < 0.95:
        return TrafficLight("green", below, 0.0)
    if below >= 0.9999:
        return TrafficLight("red", below, 1.0)
    official = observations == 250 and probability == 0.01
    return TrafficLight("yellow", below, _PLUS_FACTORS[count - 5] if official else math.nan)


def scaled_draw(deviations: ArrayLike, degrees: float = math.inf) -> Draw:
    """A sampler of returns under the forecasts, for `expected_shortfall_test`: independent, with mean 0.

    Parameters
    ----------
    deviations : standard deviation of each return, (T,).
    degrees : infinity for normal returns; else degrees of freedom, above 2, of a Student's t that is scaled to these
        deviations.

    Raises
    ------
    ValueError
        If degrees is not above 2.
    """
    scale = np.asarray(deviations, float)
    if not degrees > 2.0:
        raise ValueError(f"degrees must be above 2, not {degrees}")

    def draw(generator: np.random.Generator, count: int) -> Floats:
        if math.isinf(degrees):
            return scale * generator.standard_normal((count, len(scale)))
        wide = generator.standard_t(degrees, (count, len(scale)))
        return scale * math.sqrt((degrees - 2.0) / degrees) * wide

    return draw


def shortfall_statistic(
    returns: ArrayLike, value_at_risk: ArrayLike, expected_shortfall: ArrayLike, level: float
) -> Floats:
    """Z2 = Σ r I / (T (1 - level) ES) + 1 of Acerbi and Szekely 2014, where I is 1 for an exception, else 0.

    Its mean is 0 if the forecasts are right, and below 0 if the risks were larger than forecast.

    Parameters
    ----------
    returns : (…, T).
    value_at_risk, expected_shortfall : forecasts, (T,), all finite.

    Returns
    -------
    The statistic of each row of returns, (…).

    Raises
    ------
    ValueError
        If shapes do not fit, something is not finite, or a forecast of expected shortfall is 0.
    """
    x, risk, shortfall = _forecasts(returns, value_at_risk, expected_shortfall)
    if not x.shape[-1]:
        return np.full(x.shape[:-1], math.nan)
    for name, array in (("returns", x), ("value_at_risk", risk), ("expected_shortfall", shortfall)):
        refuse(name, array, ~np.isfinite(array), "leave out what has no forecast")
    refuse("expected_shortfall", shortfall, shortfall == 0, "a forecast of 0 says nothing")
    z: Floats = np.where(-x > risk, x / shortfall, 0.0).mean(axis=-1) / (1.0 - level) + 1.0
    return z


def expected_shortfall_test(
    returns: ArrayLike,
    value_at_risk: ArrayLike,
    expected_shortfall: ArrayLike,
    level: float,
    draw: Draw,
    generator: np.random.Generator,
    repeats: int = 5_000,
) -> TestResult:
    """Acerbi and Szekely's second test of expected shortfall. Its one-sided p-value is simulated under the forecasts.

    Parameters
    ----------
    returns, value_at_risk, expected_shortfall : (T,), all finite.
    level : level of both risks, for example 0.975.
    draw : draws (count, T) returns from the distributions behind the forecasts, as `scaled_draw` does.
    generator : of the random draws.
    repeats : number of simulated samples.

    Returns
    -------
    `shortfall_statistic`, and the share of samples, the observed one included, whose statistic is at least as low. Both
    are nan if there are no returns.

    Raises
    ------
    ValueError
        If level is not between 0 and 1, repeats is below 1, or something is not finite.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must be between 0 and 1, not {level}")
    if repeats < 1:
        raise ValueError(f"repeats must be at least 1, not {repeats}")
    x, risk, shortfall = _forecasts(returns, value_at_risk, expected_shortfall)
    if x.ndim != 1:
        raise ValueError(f"returns and forecasts have shape {x.shape} — give arrays of shape (T,)")
    if not all(np.all(np.isfinite(each)) for each in (x, risk, shortfall)):
        raise ValueError("returns and forecasts must be finite: leave out those without a forecast")
    if len(x) == 0:
        return TestResult(math.nan, math.nan)
    observed = float(shortfall_statistic(x, risk, shortfall, level))
    as_low, left = 0, repeats
    while left > 0:
        count = min(left, max(1, _CELLS // len(x)))
        simulated = shortfall_statistic(draw(generator, count), risk, shortfall, level)
        as_low += int((simulated <= observed).sum())
        left -= count
    return TestResult(observed, (as_low + 1) / (repeats + 1))


@measure(
    "risk_backtest",
    summary="whether forecasts of each population's risk held",
    source="Kupiec 1995, J. Derivatives 3, 73; Christoffersen 1998, International Economic Review 39, 841; Acerbi and "
    "Székely 2014, Risk 27, 76",
    chapter="Risk",
    place=3,
    needs=("agents",),
    without_error={"": "statistics of tests have probabilities"},
)
def measures(run: Run, level: float = 0.975, settle: int = 50, repeats: int = 1_000) -> list[Measurement]:
    """All tests of normal, exponentially weighted forecasts of each population's change of wealth between samples.

    The first `settle` changes are used for forecasts only. The test of shortfall simulates ``repeats`` samples, or
    fewer if samples are long.

    Raises
    ------
    RunError
        If agents were not sampled, or if no population has a forecast above 0 after its first `settle` changes.
    """
    check_sampled(run)
    found = []
    for population in run.scenario.populations:
        gains = gains_of(run, population.name)
        risk, shortfall, deviation = (each[settle:] for each in filtered(gains, level))
        gains = gains[settle:]
        known = (risk > 0) & (shortfall > 0)
        gains, risk, shortfall, deviation = (each[known] for each in (gains, risk, shortfall, deviation))
        if len(gains) == 0:
            continue
        flags, name = exceptions(gains, risk), population.name
        times = min(repeats, max(_FEWEST_REPEATS, _DRAWS // len(gains)))
        tests = (
            ("kupiec", "number of exceptions", kupiec(int(flags.sum()), len(flags), 1.0 - level)),
            ("independence", "whether exceptions cluster", christoffersen(*transitions(flags))),
            ("coverage", "both at once", conditional_coverage(flags, 1.0 - level)),
            (
                "shortfall",
                "size of exceptions, Acerbi and Szekely's Z2",
                expected_shortfall_test(
                    gains, risk, shortfall, level, scaled_draw(deviation), np.random.default_rng(0), times
                ),
            ),
        )
        found.append(
            Measurement(
                f"{name}.exceptions", float(flags.mean()), None, "share", f"{1 - level:.2g} if forecasts are right"
            )
        )
        for short, what, test in tests:
            found.append(Measurement(f"{name}.{short}", test.statistic, None, "", what))
            found.append(
                Measurement(
                    f"{name}.{short}.p_value", test.p_value, None, "", "probability of as much if they are right"
                )
            )
    if not found:
        raise RunError(
            f"{run.folder or 'this run'}: no wealth changed after its first {settle} changes between samples — set a "
            "smaller record.agents_every and run it again"
        )
    return found


def _forecasts(*given: ArrayLike) -> list[Floats]:
    """Returns and their forecasts as arrays of one shape, with at least one dimension."""
    arrays = [np.atleast_1d(np.asarray(each, float)) for each in given]
    try:
        return list(np.broadcast_arrays(*arrays))
    except ValueError:
        shapes = ", ".join(str(each.shape) for each in arrays)
        raise ValueError(f"returns and forecasts have shapes {shapes} — give a forecast for each return") from None


def _log_likelihood(count: int, observations: int) -> float:
    """Log-likelihood of ``count`` successes at the observed frequency, with 0 ln 0 = 0."""
    misses = observations - count
    return sum(each * math.log(each / observations) for each in (count, misses) if each)


def _chi_squared(statistic: float, degrees: int) -> TestResult:
    from scipy.special import chdtrc

    return TestResult(
        max(statistic, 0.0) if statistic == statistic else statistic, float(chdtrc(degrees, max(statistic, 0.0)))
    )
