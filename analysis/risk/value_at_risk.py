"""Value at risk and expected shortfall of the changes of populations' wealth, by every method, with errors.

The methods and their formulas are in :mod:`analysis.risk.tail_risk`.

``spreadgame measure value_at_risk RUN`` measures the change of each population's wealth from one sample to the next.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from analysis.reading.measures import Measurement, measure_of
from analysis.reading.registry import measure
from analysis.risk.positions import POPULATION, between_samples, check_sampled, chosen, samples_of
from analysis.risk.tail_risk import (
    NOTHING,
    TailRisk,
    cornish_fisher,
    cornish_fisher_tail,
    ewma_deviations,
    fit_student,
    historical,
    normal,
    normal_tail,
    student,
    student_tail,
    worst,
)
from analysis.stats.bootstrap import multiplicities
from analysis.stats.estimates import Estimate
from sim.core.errors import RunError
from sim.runs.result import Run

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_ROUNDING = 1e-13  # relative: risks that differ by no more are equal
_FLAT = "too few changes, or most of them are equal"


def gains_of(run: Run, population: str) -> Floats:
    """Changes of a population's wealth from one sample to the next, within episodes, (changes,). Currency."""
    return _changes(run, population)[0]


@measure(
    "value_at_risk",
    summary="value at risk and expected shortfall of each population's wealth, by every method",
    source="RiskMetrics 1996 (exponential weights); Cornish and Fisher 1938; Acerbi and Tasche 2002, J. Banking & "
    "Finance 26, 1487 (expected shortfall)",
    chapter="Risk",
    place=2,
    needs=("agents",),
    options={"population": POPULATION},
    without_error={".student.": "its fit is not repeated", ".ewma.": "it is a forecast from the last sample"},
)
def measures(
    run: Run, levels: tuple[float, ...] = (0.95, 0.99), repeats: int = 200, population: str | None = None
) -> list[Measurement]:
    """Risks of each population's wealth by every method, and a forecast of its next change by exponential weights.

    Errors come from `repeats` resampled series, which are the same for all methods. With 30 episodes or more, whole
    episodes are resampled; with fewer, the stationary bootstrap is used. Student's t has no errors, because its fit
    takes long, and the forecast has none either.

    Raises
    ------
    RunError
        If agents were not sampled twice in any episode, or there is no population of this name.
    """
    check_sampled(run)
    found = []
    change = f"of the change of wealth {between_samples(run)}"
    for whose in (each.name for each in chosen(run, population)):
        gains, episodes = _changes(run, whose)
        if len(gains) == 0:
            continue
        errors = _errors(gains, episodes, levels, repeats)
        fits = _students(gains, levels)
        last = float(ewma_deviations(gains)[-1])
        for level, error, fit in zip(levels, errors, fits, strict=True):
            rows = (
                ("historical", historical(gains, level), error[0], change),
                ("normal", normal(gains, level), error[1], change),
                ("student", fit, NOTHING, f"{change}; no error: its fit is not repeated"),
                ("cornish_fisher", cornish_fisher(gains, level), error[2], change),
                ("ewma", normal_tail(level).of(0.0, last), NOTHING, "forecast of the change after the last sample"),
            )
            for name, risks, wrong, what in rows:
                for risk, *each in zip(TailRisk._fields, risks, wrong, strict=True):
                    label = f"{whose}.{name}.{risk}.{100 * level:g}"
                    meaning = f"{risk.replace('_', ' ')} {what}"
                    found.append(measure_of(label, Estimate(*each), "currency", meaning, _FLAT))
    if not found:
        raise RunError(
            f"{run.folder or 'this run'}: no episode has two samples of agents — set a smaller record.agents_every and "
            "run it again"
        )
    return found


def _changes(run: Run, population: str) -> tuple[Floats, Integers]:
    """`gains_of`, and the episode of each change, each (changes,)."""
    rows = samples_of(run, population)
    changes = rows.groupby("episode")["wealth"].diff().to_numpy(float)
    known = ~np.isnan(changes)
    return changes[known], rows["episode"].to_numpy()[known]


def _errors(gains: Floats, episodes: Integers, levels: tuple[float, ...], repeats: int) -> Floats:
    """Standard errors of the historical, normal and Cornish-Fisher risks, float64 (levels, methods, risks)."""
    order = np.argsort(gains)
    losses, flat = 0.0 - gains[order], np.ptp(gains) == 0.0
    centre, scale = (float(gains[0]), 1.0) if flat else (float(gains.mean()), float(gains.std()))
    powers = ((gains - centre) / scale) ** np.arange(1, 5)[:, None]
    drawn = []
    for counts in multiplicities(gains, np.random.default_rng(0), repeats, episodes=episodes):
        moments = _moments(powers @ counts, int(counts.sum()), centre, scale)
        ordered = counts[order]
        drawn.append([[worst(losses, ordered, level), *_of_moments(level, *moments)] for level in levels])
    if repeats < 2:
        return np.full((len(levels), 3, 2), math.inf)
    errors = np.std(drawn, axis=0, ddof=1)
    return np.where(errors <= _ROUNDING * np.abs(drawn).max(axis=0), 0.0, errors)


def _moments(sums: Floats, count: int, centre: float, scale: float) -> tuple[float, float, float, float]:
    """Mean, standard deviation, skewness and excess kurtosis, from the sums of powers of (x - centre) / scale, (4,)."""
    one, two, three, four = (sums / count).tolist()
    variance = two - one**2
    if count < 2 or not variance > _ROUNDING:
        return centre + scale * one, 0.0, 0.0, 0.0
    third = three - 3 * one * two + 2 * one**3
    fourth = four - 4 * one * three + 6 * one**2 * two - 3 * one**4
    deviation = scale * math.sqrt(variance * count / (count - 1))
    return centre + scale * one, deviation, third / variance**1.5, fourth / variance**2 - 3.0


def _of_moments(
    level: float, mean: float, deviation: float, skewness: float, excess_kurtosis: float
) -> tuple[TailRisk, TailRisk]:
    """The normal and the Cornish-Fisher risks of a distribution with these moments."""
    corrected = cornish_fisher_tail(level, skewness, excess_kurtosis)
    return normal_tail(level).of(mean, deviation), corrected.of(mean, deviation)


def _students(gains: Floats, levels: tuple[float, ...]) -> list[TailRisk]:
    """`student` at each level; the distribution is fitted once."""
    try:
        degrees, location, scale = fit_student(gains)
    except ValueError:
        return [student(gains, level) if np.ptp(gains) == 0.0 else NOTHING for level in levels]
    enough = len(gains) >= 4
    return [student_tail(level, degrees).of(location, scale) if enough else NOTHING for level in levels]
