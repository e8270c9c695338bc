"""Backtests of value at risk and expected shortfall on recorded daily returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from analysis.reading.measures import Measurement
from analysis.recorded.board import PROBABILITY, Board, Word
from analysis.risk.risk_backtest import (
    Draw,
    christoffersen,
    conditional_coverage,
    exceptions,
    expected_shortfall_test,
    kupiec,
    traffic_light,
    transitions,
)
from analysis.risk.stylised_facts import Facts
from analysis.risk.tail_risk import Floats, Forecasts, filtered, fit_student, rolling, student_tail
from sim.core.errors import RunError

LEVELS = (0.95, 0.99)
WINDOW, EVERY = 250, 20  # days that are learnt from, and between two fits of Student's t
_REPEATS = 1_000
_NOTE = (
    f"Forecasts are for one day ahead, from the {WINDOW} days before. The columns are the sample itself, the normal "
    f"law, Student's t of greatest likelihood (fitted every {EVERY} days), and Cornish and Fisher's expansion. EWMA "
    "uses RiskMetrics' weights with a normal tail; EWMA hist. uses the tail of all earlier standardised returns. p "
    "is the probability of a result at least as extreme if the forecasts are right. It is given for the number of "
    "exceptions (Kupiec), for exceptions that follow one another (Christoffersen), for both, and for the shortfall "
    "(the second test of Acerbi and Szekely). This last p takes losses beyond the value at risk as exponential "
    "with the forecast mean. The zone is the Basel Committee's rule, applied to all days at once."
)
_READING = (
    "A normal tail at 99 % is exceeded about twice as often as it should be, or more often, and its shortfall is "
    "far too small. Forecasts from last year's sample come nearer to the right number, but their exceptions "
    "cluster, because these forecasts react late when volatility rises. Exponential weights remove the clusters. "
    "Together with the tail of earlier standardised returns, they also remove the excess at 95 %, and about half "
    "of the excess at 99 %. Student's t is symmetric, and an index falls faster than it rises. So Student's t "
    "gives too little risk at 95 %, even less than the normal law, whose deviation is made larger by the falls. A "
    "fit on every day does not change this. Bitcoin's large falls are no larger than its large rises, and its data "
    "cover fewer years, so fewer forecasts are rejected."
)


def student_forecasts(
    returns: Floats, levels: Sequence[float], window: int = WINDOW, every: int = EVERY
) -> list[Forecasts]:
    """Risks of every return, level by level, from Student's t fitted anew so many days apart to the returns before.

    Parameters
    ----------
    returns : float64 (n,), finite.
    window : returns that a fit sees.
    every : days for which a fit is kept, 1 for :func:`analysis.risk.value_at_risk.rolling`'s.

    Returns
    -------
    The first `window` are nan; the deviation is that of the window at the fit.

    Raises
    ------
    ValueError
        If window is below 4, every is below 1, a level is not between 0 and 1, or as `fit_student` does.
    """
    if window < 4 or every < 1:
        raise ValueError(f"window must be at least 4 and every at least 1, not {window} and {every}")
    found = np.full((len(levels), 3, len(returns)), np.nan)
    for first in range(window, len(returns), every):
        before = returns[first - window : first]
        degrees, location, scale = fit_student(before)
        for place, level in enumerate(levels):
            tail = student_tail(level, degrees).of(location, scale)
            found[place, :, first : first + every] = np.array([*tail, before.std(ddof=1)])[:, None]
    return [Forecasts(*each) for each in found]


def forecasts(returns: Floats, levels: Sequence[float]) -> list[dict[str, Forecasts]]:
    """Every method's, level by level; all of them have forecasts from day ``WINDOW`` on."""
    return [
        {
            "historical": rolling(returns, level, WINDOW, "historical"),
            "normal": rolling(returns, level, WINDOW, "normal"),
            "Student": student,
            "Cornish-F.": rolling(returns, level, WINDOW, "cornish_fisher"),
            "EWMA": filtered(returns, level),
            "EWMA hist.": filtered(returns, level, law="historical"),
        }
        for level, student in zip(levels, student_forecasts(returns, levels), strict=True)
    ]


def exponential_tail(found: Forecasts, level: float) -> Draw:
    """Returns as any forecaster of both risks must believe in them, as far as a test of exceptions asks.

    With probability 1 - level the loss is beyond the value at risk, by an exponential amount whose mean is the expected
    shortfall less the value at risk; otherwise it is 0. So nothing of a method is needed but what it forecast.

    Parameters
    ----------
    found : all finite.
    level : of both risks.
    """
    risk, beyond = found.value_at_risk, np.maximum(found.expected_shortfall - found.value_at_risk, 0.0)

    def draw(generator: np.random.Generator, count: int) -> Floats:
        returns = np.zeros((count, len(risk)))
        sample, day = np.nonzero(generator.random(returns.shape) < 1.0 - level)
        returns[sample, day] = -risk[day] - beyond[day] * generator.standard_exponential(len(day)) - 1e-12 * risk[day]
        return returns

    return draw


def backtested(returns: Floats, found: Forecasts, level: float, repeats: int = _REPEATS) -> list[Measurement | Word]:
    """Backtests of forecasts, without the first ``WINDOW`` days and those for which there is none.

    Parameters
    ----------
    returns : float64 (n,), finite.
    found : forecasts of them at this level.
    repeats : simulated samples behind the shortfall's probability.

    Raises
    ------
    RunError
        If no day has a forecast.
    """
    later = Forecasts(*(each[WINDOW:] for each in found))
    known = np.isfinite(later.value_at_risk) & np.isfinite(later.expected_shortfall)
    known &= (later.value_at_risk > 0) & (later.expected_shortfall > 0)
    mine, later = returns[WINDOW:][known], Forecasts(*(each[known] for each in later))
    days = len(mine)
    if not days:
        raise RunError(f"{len(returns):,} daily returns are too few for forecasts from {WINDOW} — give a longer series")
    flags = exceptions(mine, later.value_at_risk)
    count, rare = int(flags.sum()), 1.0 - level
    light = traffic_light(count, days, rare)
    shortfall = expected_shortfall_test(
        mine,
        later.value_at_risk,
        later.expected_shortfall,
        level,
        exponential_tail(later, level),
        np.random.default_rng(0),
        repeats,
    )
    return [
        Measurement("days", float(days), None, "", "that have a forecast"),
        Measurement("expected", rare * days, None, "", "exceptions if the forecasts are right"),
        Measurement("exceptions", float(count), None, "", "losses beyond the value at risk"),
        Measurement("p, number", kupiec(count, days, rare).p_value, None, PROBABILITY, "Kupiec's test"),
        Measurement(
            "p, clusters", christoffersen(*transitions(flags)).p_value, None, PROBABILITY, "Christoffersen's test"
        ),
        Measurement("p, both", conditional_coverage(flags, rare).p_value, None, PROBABILITY, "conditional coverage"),
        Word("zone", light.zone, "of the Basel Committee's rule, over all days"),
        Measurement("shortfall Z", shortfall.statistic, None, "", "0 on average, below 0 if losses were greater"),
        Measurement(
            "p, shortfall", shortfall.p_value, None, PROBABILITY, "Acerbi and Szekely's second test, one-sided"
        ),
    ]


def boards(daily: Mapping[str, Facts], levels: Sequence[float] = LEVELS) -> list[Board]:
    """The tables of several series: one for each level, a method a column."""
    found: list[Board] = []
    for name, facts in daily.items():
        for level, made in zip(levels, forecasts(facts.returns, levels), strict=True):
            columns: dict[str, list[Measurement | Word]] = {
                method: backtested(facts.returns, each, level) for method, each in made.items()
            }
            first = not found
            found.append(
                Board(f"Backtests of risk: {name}, {100 * level:g} %", _NOTE if first else "", columns, errors=False,
                      reading=_READING if first else "")
            )  # fmt: skip
    return found
