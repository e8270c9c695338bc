"""Risk of what traders hold: drawdowns, Sharpe ratios, inventories, losses under shocks.

``spreadgame measure positions RUN [--shocks -0.3,-0.1,0.1]`` measures each population from the samples of its
agents.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.reading.columns import columns
from analysis.reading.measures import Measurement, measure_of
from analysis.reading.registry import Option, measure
from analysis.reading.trades import trades_of
from analysis.stats.arguments import checked, refuse
from analysis.stats.estimates import Estimate, mean, ratio
from analysis.stats.regression import long_run_variance
from sim.core.errors import RunError
from sim.core.wording import near_or_all, shown
from sim.runs.result import Run

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_NOTHING = Estimate(math.nan, math.nan)
_IDLE = "nothing was held when it was sampled, or no trades were kept"
_STAYS = "deviations do not shrink, or samples are too few"
SHOCKS = (-0.2, -0.1, 0.1, 0.2)  # relative moves of all prices


class Drawdown(NamedTuple):
    """The deepest fall of wealth below what it had been."""

    depth: float  # in the unit of wealth, not negative
    peak: int  # sample at which it began
    trough: int  # sample at which it was deepest
    longest: int  # samples of the longest stay below an earlier wealth, this fall or another


class Inventory(NamedTuple):
    """How one trader, or one population, holds an instrument."""

    mean: Estimate  # lots, negative when short; the error allows for dependence between samples
    size: float  # mean of |lots|
    directional: float  # mean over size: ±1 for one who only ever holds one side
    turnover: float  # lots traded for each lot held on average
    half_life: Estimate  # of a deviation from the mean, in intervals between samples
    at_limit: float  # share of samples at or beyond the limit


# --- wealth ---------------------------------------------------------------------------------------------------------


@checked("wealth")
def drawdown(wealth: ArrayLike) -> Drawdown:
    """The deepest fall of a path of wealth, (samples,), and the longest stay below a peak.

    nan of an empty path, and of one that is not known throughout.
    """
    w = np.asarray(wealth, float)
    if not len(w) or np.isnan(w).any():
        return Drawdown(math.nan, 0, 0, 0)
    highest = np.maximum.accumulate(w)
    trough = int(np.argmax(highest - w))
    peak = int(np.argmax(w[: trough + 1]))
    at_peak = np.flatnonzero(w == highest)
    stays = np.diff(np.append(at_peak, len(w))) - 1
    return Drawdown(float(highest[trough] - w[trough]), peak, trough, int(stays.max()))


@checked("returns")
def sharpe_ratio(returns: ArrayLike, benchmark: float = 0.0, lags: int = 0, normal: bool = False) -> Estimate:
    """Mean excess return over standard deviation, for one period.

    The error is √(V / n). For independent normal returns V = 1 + S² / 2 (Lo 2002). Without normality
    V = 1 + S² / 2 - γ3 S + (γ4 - 3) S² / 4 (Mertens 2002, Opdyke 2007), with `lags` plus autocovariances of what
    each return adds to the ratio, with weights that fall to 0 (Newey and West 1987; Lo 2002).

    Parameters
    ----------
    returns : (n,), in any unit.
    benchmark : subtracted from each.
    lags : up to which returns may depend on one another.
    normal : whether to take them as independent and normal.

    Returns
    -------
    nan of fewer than two returns, or if they do not differ. S of m independent periods is √m times as large.
    """
    x = np.asarray(returns, float) - benchmark
    n = len(x)
    if n < 2 or np.ptp(x) <= 1e-13 * np.abs(x).max():
        return _NOTHING
    ratio = float(x.mean() / x.std(ddof=1))
    if normal:
        return Estimate(ratio, math.sqrt((1.0 + 0.5 * ratio**2) / n))
    z = (x - x.mean()) / x.std()
    influence = z - 0.5 * ratio * (z**2 - 1.0)
    return Estimate(ratio, math.sqrt(long_run_variance(influence - influence.mean(), lags) / n))


# --- what is held ---------------------------------------------------------------------------------------------------


@checked("lots", labels=["episodes"])
def half_life(lots: ArrayLike, episodes: ArrayLike | None = None) -> Estimate:
    """Intervals in which half of a deviation from the mean is gone: ln ½ / ln φ, with φ of an AR(1).

    φ is the slope of a least-squares line through successive samples of the same episode; the error is that of the
    slope, by linearisation. A short sample makes φ, and so the half-life, too small. nan unless 0 < φ < 1.

    Parameters
    ----------
    lots : (samples,), in order of time.
    episodes : of each sample; None if all are of one.
    """
    x = np.asarray(lots, float)
    same = np.ones(max(len(x) - 1, 0), bool) if episodes is None else np.diff(np.asarray(episodes)) == 0
    before, after = x[:-1][same], x[1:][same]
    if len(before) < 3 or np.ptp(before) == 0.0:
        return _NOTHING
    away, next_away = before - before.mean(), after - after.mean()
    square = float(away @ away)
    slope = float(away @ next_away) / square
    if not 0.0 < slope < 1.0:
        return _NOTHING
    left = next_away - slope * away
    error = math.sqrt(float(left @ left) / (len(before) - 2) / square)
    logarithm = math.log(slope)
    return Estimate(math.log(0.5) / logarithm, math.log(2.0) / (slope * logarithm**2) * error)


@checked("lots", labels=["episodes"])
def inventory(
    lots: ArrayLike, traded: float, limit: float = math.nan, episodes: ArrayLike | None = None, lags: int | None = None
) -> Inventory:
    """How one holder's inventory behaves; nan of no samples.

    Parameters
    ----------
    lots : (samples,), evenly spaced in time.
    traded : lots traded over the same time, bought and sold.
    limit : most lots held either way; nan where there is none.
    episodes : of each sample; None if all are of one.
    lags : samples over which the error of the mean allows for dependence; None for 4 (n / 100)^(2/9).
    """
    x = np.asarray(lots, float)
    if len(x) == 0:
        return Inventory(_NOTHING, math.nan, math.nan, math.nan, _NOTHING, math.nan)
    average = Estimate(float(x.mean()), math.sqrt(long_run_variance(x - x.mean(), lags) / len(x)))
    size = float(np.abs(x).mean())
    return Inventory(
        average,
        size,
        average.value / size if size else math.nan,
        traded / size if size else math.nan,
        half_life(x, episodes),
        float((np.abs(x) >= limit).mean()) if limit > 0 else math.nan,
    )


def stress(exposures: ArrayLike, shocks: ArrayLike) -> Floats:
    """Losses under each shock if positions cannot be changed: -Σ exposure · shock over instruments.

    Parameters
    ----------
    exposures : (…, instruments), lots times units per lot times mark. Currency.
    shocks : relative moves of prices, (shocks,) for all instruments alike or (shocks, instruments).

    Returns
    -------
    (…, shocks), positive where money is lost. Currency.
    """
    held, moves = np.asarray(exposures, float), np.asarray(shocks, float)
    refuse("shocks", moves, ~np.isfinite(moves), "a shock is a relative move of prices, such as -0.1")
    if not held.ndim or moves.ndim not in (1, 2) or (moves.ndim == 2 and moves.shape[1] != held.shape[-1]):
        shapes = f"exposures {held.shape} and shocks {moves.shape}"
        raise ValueError(f"{shapes} — give (…, instruments) and (shocks,) or (shocks, instruments)")
    if moves.ndim == 1:
        moves = np.repeat(moves[:, None], held.shape[-1], axis=1)
    losses: Floats = 0.0 - held @ moves.T
    return losses


# --- of a run -------------------------------------------------------------------------------------------------------


def check_sampled(run: Run) -> None:
    """Raises RunError if the run has no samples of its agents."""
    if run.agents.empty:
        raise RunError(
            f"{run.folder or 'this run'}: agents were not sampled — set record.agents and record.agents_every and run "
            "it again"
        )


def chosen(run: Run, population: str | None) -> list[Any]:
    """The populations that are asked for: the one of this name, all if it is None. Raises RunError if it is none."""
    names = [each.name for each in run.scenario.populations]
    if population is not None and population not in names:
        raise RunError(f"{run.folder or 'this run'}: there is no population {shown(population)} — "
                       f"{near_or_all(population, names)}")  # fmt: skip
    return [each for each in run.scenario.populations if population in (None, each.name)]


def between_samples(run: Run) -> str:
    """Over what time wealth changes from sample to sample, in words."""
    every = int(run.manifest["sampling"]["agents_every"])
    return f"from sample to sample, {every:,} step{'s' if every != 1 else ''}"


def samples_of(run: Run, population: str) -> pd.DataFrame:
    """A population's cash, wealth and lots, all its members together: a row for each sample, in order of time."""
    rows = run.agents
    mine = rows[rows["population"] == population].drop(columns=["population", "agent", "seconds"])
    whole: pd.DataFrame = mine.groupby(["episode", "step"], as_index=False, sort=True).sum()
    return whole


def exposures_of(run: Run, population: str) -> Floats:
    """What a population's positions are worth at the marks, (samples, instruments). Currency.

    The mark is that of the last sample of the book in the episode; nan before the first, unless nothing is held.
    """
    rows = samples_of(run, population)
    worth = np.zeros((len(rows), len(run.scenario.instruments)))
    for place, instrument in enumerate(run.scenario.instruments):
        venues = [venue.name for venue in run.scenario.venues if venue.instrument == instrument.name]
        book = columns(run, "book", ["episode", "step", "venue", "mark"])
        book = book[book["venue"].isin(venues[:1])][["episode", "step", "mark"]]
        merged = pd.merge_asof(rows.sort_values("step", kind="stable").reset_index(), book.sort_values("step"),
                               on="step", by="episode").sort_values("index")  # fmt: skip
        lots = rows[f"inventory.{instrument.name}"].to_numpy(float)
        worth[:, place] = np.where(lots == 0.0, 0.0, lots * instrument.lot_size * merged["mark"].to_numpy(float))
    return worth


def traded_of(run: Run, population: str, instrument: str) -> float:
    """Lots of an instrument that a population's members traded, as makers or takers; nan where no trades were kept."""
    if not run.scenario.record.trades:
        return math.nan
    count = int(trades_of(run, instrument).episodes[-1:].sum()) + 1
    return float(_traded(run, population, instrument, count).sum())


POPULATION = Option(None, "the only one that is measured (default: all)")


@measure(
    "positions",
    summary="what each population risked: drawdowns, Sharpe ratios, inventories, losses under shocks",
    source="Lo 2002, Financial Analysts Journal 58, 36 (error of the Sharpe ratio)",
    chapter="Risk",
    place=1,
    needs=("agents",),
    options={
        "shocks": Option(SHOCKS, "relative moves of all prices, from -1, which leaves nothing, to 100", float, -1, 100),
        "population": POPULATION,
    },
    without_error={
        "directional": "it is a ratio of the two before it",
        "under_water": "it is the longest there was",
        ".loss.": "it is what that sample's positions come to",
        ".worst.": "it is the worst there was",
    },
)
def measures(run: Run, shocks: Sequence[float] = SHOCKS, population: str | None = None) -> list[Measurement]:
    """Drawdown, Sharpe ratio, inventories and stress of each population that was sampled.

    Raises
    ------
    RunError
        If none was, or there is no population of this name.
    """
    check_sampled(run)
    found: list[Measurement] = []
    for each in chosen(run, population):
        rows = samples_of(run, each.name)
        if rows.empty:
            continue
        paths = [part["wealth"].to_numpy(float) for _, part in rows.groupby("episode")]
        falls = [drawdown(path) for path in paths]
        gains = np.concatenate([np.diff(path) for path in paths])
        name = each.name
        found += [
            measure_of(f"{name}.drawdown", mean([fall.depth for fall in falls]), "currency",
                       "deepest fall of wealth below its peak, mean of episodes"),
            Measurement(f"{name}.under_water", float(max(fall.longest for fall in falls)), None, "samples",
                    f"longest stay of wealth below its peak; {between_samples(run)}"),
            measure_of(f"{name}.sharpe_ratio", sharpe_ratio(gains, lags=_lags(len(gains))), "",
                       f"mean over deviation of the change of wealth {between_samples(run)}"),
        ]  # fmt: skip
        traded = {venue.instrument for venue in run.scenario.venues if venue.name in each.venues}
        for instrument in run.scenario.instruments:
            if instrument.name in traded or not each.venues:
                found += _holding(run, each, instrument.name, rows)
        losses = stress(exposures_of(run, name), shocks)
        for shock, worst, last in zip(shocks, np.nanmax(losses, axis=0, initial=-math.inf), losses[-1], strict=True):
            move = f"if all prices move by {100 * shock:+g} %"
            found += [
                Measurement(
                    f"{name}.loss.{100 * shock:+g}_percent", float(last), None, "currency", f"of the last sample {move}"
                ),
                Measurement(
                    f"{name}.worst.{100 * shock:+g}_percent", float(worst), None, "currency", f"of any sample {move}"
                ),
            ]
    return found


def _holding(run: Run, population: Any, instrument: str, rows: pd.DataFrame) -> list[Measurement]:
    name, column = population.name, f"inventory.{instrument}"
    found = inventory(rows[column], math.nan, episodes=rows["episode"].to_numpy())
    episodes, sizes = _sizes(rows["episode"].to_numpy(), rows[column].to_numpy(float))
    size, turnover = mean(sizes), _NOTHING
    if run.scenario.record.trades and size.value:
        turnover = ratio(_traded(run, name, instrument, int(episodes[-1]) + 1)[episodes], sizes)
    interval = float(run.manifest["sampling"]["agents_every"])
    life = Estimate(*(interval * each for each in found.half_life))
    what = f"{name}.{instrument}" if len(run.scenario.instruments) > 1 else name
    return [
        measure_of(f"{what}.inventory", found.mean, "lots", "mean of what it holds"),
        measure_of(f"{what}.size", size, "lots", "mean of what it holds either way"),
        Measurement(
            f"{what}.directional", found.directional, None, "", "the first over the second: ±1 is always one side"
        ),
        measure_of(f"{what}.turnover", turnover, "", "lots traded an episode for each lot held either way", _IDLE),
        measure_of(f"{what}.half_life", life, "steps", "of a deviation of inventory from its mean, AR(1)", _STAYS),
        Measurement(f"{what}.at_limit", _at_limit(run, population, column), None, "share",
                "samples of its members at their inventory_limit; none without one"),
    ]  # fmt: skip


def _sizes(labels: Integers, lots: Floats) -> tuple[Integers, Floats]:
    """Episodes that were sampled, and the mean of |lots| in each, (episodes,)."""
    episodes, places = np.unique(labels, return_inverse=True)
    return episodes, np.bincount(places, np.abs(lots)) / np.bincount(places)


def _traded(run: Run, population: str, instrument: str, count: int) -> Floats:
    """Lots that a population's members traded in each of the first so many episodes, float64 (count,)."""
    trades = trades_of(run, instrument)
    place, lots = trades.populations.index(population), np.zeros(count)
    for side in (trades.maker_populations, trades.taker_populations):
        mine = (side == place) & (trades.episodes < count)
        lots += np.bincount(trades.episodes[mine], trades.quantities[mine], count)
    return lots


def _at_limit(run: Run, population: Any, column: str) -> float:
    limit = int(population.params.get("inventory_limit", 0))
    rows = run.agents[run.agents["population"] == population.name]
    if not limit or (population.count > 1 and bool(rows["agent"].isna().any())):
        return math.nan
    return float((rows[column].abs() >= limit).mean())


def _lags(samples: int) -> int:
    return int(4 * (max(samples, 1) / 100) ** (2 / 9))
