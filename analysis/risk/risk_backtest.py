"""Whether forecasts of risk held: how often losses exceeded them, whether in clusters, and by how much.

An exception is a loss beyond the value at risk; its probability should be 1 - level, each day anew. Likelihood ratios
are asymptotically chi-squared under the forecasts.

``spreadgame measure risk_backtest RUN`` holds forecasts of each population's wealth by exponential weights against
it.
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
_PLUS_FACTORS = (0.40, 0.50, 0.65, 0.75, 0.85)  # of five to nine exceptions of 250 (Basel Committee 1996)
_CELLS = 2_000_000  # simulated returns held at once
_FEWEST_REPEATS, _DRAWS = 200, 4_000_000  # of a run's shortfall test; long series are drawn less often


class TestResult(NamedTuple):
    """A statistic, and the probability of one at least as far out if the forecasts are right."""

    statistic: float
    p_value: float


class TrafficLight(NamedTuple):
    """The Basel zone, the probability of at most so many exceptions, and what is added to the multiplier of 3."""

    zone: Literal["green", "yellow", "red"]
    probability: float
    plus_factor: float


def exceptions(returns: ArrayLike, value_at_risk: ArrayLike) -> Flags:
    """Which returns were losses beyond their forecast, without those that have none: bool (forecasts,)."""
    x, risk = _forecasts(returns, value_at_risk)
    known = np.isfinite(x) & np.isfinite(risk)
    flags: Flags = -x[known] > risk[known]
    return flags


def kupiec(count: int, observations: int, probability: float) -> TestResult:
    """Kupiec's 1995 test of the number of exceptions: 2 ln of its likelihood at x / n over that at p; χ²(1).

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
    """The least and the greatest number of exceptions that `kupiec` does not reject. Raises as it does."""
    from scipy.special import chdtri

    critical = float(chdtri(1, size))
    kept = [x for x in range(observations + 1) if not kupiec(x, observations, probability).statistic > critical]
    return kept[0], kept[-1]


@checked(counts=["flags"])
def transitions(flags: ArrayLike) -> tuple[int, int, int, int]:
    """How often a quiet day was followed by a quiet day, by an exception, an exception by a quiet day, by another."""
    hit = np.asarray(flags, bool)
    n00, n01, n10, n11 = np.bincount(2 * hit[:-1] + hit[1:], minlength=4).tolist()
    return n00, n01, n10, n11


def christoffersen(n00: int, n01: int, n10: int, n11: int) -> TestResult:
    """Christoffersen's 1998 test that an exception does not make another likelier; χ²(1).

    Twice the logarithm of the likelihood of a two-state chain over that of independent draws. Takes `transitions`; nan
    of none.
    """
    if n00 + n01 + n10 + n11 == 0:
        return TestResult(math.nan, math.nan)
    chain = _log_likelihood(n01, n00 + n01) + _log_likelihood(n11, n10 + n11)
    return _chi_squared(2.0 * (chain - _log_likelihood(n01 + n11, n00 + n01 + n10 + n11)), 1)


@checked(counts=["flags"])
def conditional_coverage(flags: ArrayLike, probability: float) -> TestResult:
    """Number and independence of exceptions at once: the sum of `kupiec` and `christoffersen`; χ²(2)."""
    hit = np.asarray(flags, bool)
    together = kupiec(int(hit.sum()), len(hit), probability).statistic + christoffersen(*transitions(hit)).statistic
    return _chi_squared(together, 2)


def traffic_light(count: int, observations: int = 250, probability: float = 0.01) -> TrafficLight:
    """The zone of the Basel Committee's 1996 backtest.

    Yellow begins with the number of exceptions whose cumulative probability reaches 95 %, red with that which reaches
    99.99 %. Plus factors are those for 250 returns at 99 %, else nan in the yellow zone. Raises ValueError as `kupiec`.
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
    """Returns as a forecaster believes in them, for `expected_shortfall_test`: independent, mean 0, these deviations.

    Normal, or Student's t with so many degrees of freedom, above 2, and unit variance before it is stretched.
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
    """Z2 = Σ r I / (T (1 - level) ES) + 1 of Acerbi and Szekely 2014: 0 on average, below 0 if risks were greater.

    Parameters
    ----------
    returns : (…, T); I marks exceptions.
    value_at_risk, expected_shortfall : forecasts, (T,), all finite.

    Returns
    -------
    (…).
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
    """Acerbi and Szekely's second test of expected shortfall, its one-sided p-value by simulation of the forecasts.

    Parameters
    ----------
    returns, value_at_risk, expected_shortfall : (T,), all finite.
    level : of both risks, as 0.975.
    draw : gives (count, T) returns drawn from the laws behind the forecasts, as `scaled_draw` does.
    repeats : simulated samples.

    Returns
    -------
    `shortfall_statistic`, and the share of samples, this one included, with one as low; nan of no returns.

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

    The first `settle` changes are only learnt from. ``repeats`` samples are simulated, fewer where these are long.

    Raises
    ------
    RunError
        If agents were not sampled, or no population has more than `settle` changes of wealth with a risk.
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
    """Returns and their forecasts, of one shape, at least (1,)."""
    arrays = [np.atleast_1d(np.asarray(each, float)) for each in given]
    try:
        return list(np.broadcast_arrays(*arrays))
    except ValueError:
        shapes = ", ".join(str(each.shape) for each in arrays)
        raise ValueError(f"returns and forecasts have shapes {shapes} — give a forecast for each return") from None


def _log_likelihood(count: int, observations: int) -> float:
    """Of so many successes at their own frequency; 0 ln 0 is 0."""
    misses = observations - count
    return sum(each * math.log(each / observations) for each in (count, misses) if each)


def _chi_squared(statistic: float, degrees: int) -> TestResult:
    from scipy.special import chdtrc

    return TestResult(
        max(statistic, 0.0) if statistic == statistic else statistic, float(chdtrc(degrees, max(statistic, 0.0)))
    )
