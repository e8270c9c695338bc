"""Risk of positions: drawdowns, Sharpe ratios, inventories, losses under shocks.

``spreadgame measure positions RUN [--shocks -0.3,-0.1,0.1]`` measures each population from the samples of its agents.
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
from analysis.stats.estimates import NOTHING, Estimate, half_life_of, mean, ratio
from analysis.stats.regression import long_run_variance, usual_lags
from sim.core.errors import RunError
from sim.core.wording import near_or_all, shown
from sim.runs.result import Run
from sim.scenario.tables.derivatives import Call, Put

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_IDLE = "nothing was held when it was sampled, or no trades were kept"
_STAYS = "deviations do not shrink, or samples are too few"
SHOCKS = (-0.2, -0.1, 0.1, 0.2)  # relative moves of all prices


class Drawdown(NamedTuple):
    """The deepest fall of wealth below its earlier maximum."""

    depth: float  # in the unit of wealth, not negative
    peak: int  # sample at which it began
    trough: int  # sample at which it was deepest
    longest: int  # length in samples of the longest time below an earlier maximum, in this fall or another


class Inventory(NamedTuple):
    """How one trader, or one population, holds an instrument."""

    mean: Estimate  # lots, negative when short; the error allows for dependence between samples
    size: float  # mean of |lots|
    directional: float  # mean over size: ±1 if the position never changes its side
    turnover: float  # lots traded per lot of mean size
    half_life: Estimate  # of a deviation from the mean, in intervals between samples
    at_limit: float  # share of samples at or beyond the limit


# --- wealth ---------------------------------------------------------------------------------------------------------


@checked("wealth")
def drawdown(wealth: ArrayLike) -> Drawdown:
    """The deepest fall of a path of wealth, (samples,), and the longest time below a peak.

    The depth is nan if the path is empty or has a nan.
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
    """The Sharpe ratio S of one period: the mean excess return over its standard deviation.

    The standard error is √(V / n). If returns are independent and normal, V = 1 + S² / 2 (Lo 2002). If they are not
    normal, V = 1 + S² / 2 - γ3 S + (γ4 - 3) S² / 4 (Mertens 2002, Opdyke 2007). With `lags`, V also has the
    autocovariances of the returns' influences on S, with weights that fall to 0 (Newey and West 1987; Lo 2002).

    Parameters
    ----------
    returns : (n,), in any unit.
    benchmark : subtracted from each return.
    lags : largest lag at which returns may depend on one another.
    normal : whether to assume that returns are independent and normal.

    Returns
    -------
    The ratio of one period; that of m independent periods is √m times as large. It is nan if there are fewer than two
    returns, or if all returns are equal.
    """
    x = np.asarray(returns, float) - benchmark
    n = len(x)
    if n < 2 or np.ptp(x) <= 1e-13 * np.abs(x).max():
        return NOTHING
    ratio = float(x.mean() / x.std(ddof=1))
    if normal:
        return Estimate(ratio, math.sqrt((1.0 + 0.5 * ratio**2) / n))
    z = (x - x.mean()) / x.std()
    influence = z - 0.5 * ratio * (z**2 - 1.0)
    return Estimate(ratio, math.sqrt(long_run_variance(influence - influence.mean(), lags) / n))


# --- what is held ---------------------------------------------------------------------------------------------------


@checked("lots", labels=["episodes"])
def half_life(lots: ArrayLike, episodes: ArrayLike | None = None) -> Estimate:
    """The half-life of a deviation from the mean, in intervals between samples: ln ½ / ln φ, with φ of an AR(1).

    φ is the slope of a least-squares line through successive samples of the same episode. The standard error follows
    from that of the slope by linearisation. In short samples φ, and so the half-life, is estimated too small. The
    result is nan unless 0 < φ < 1.

    Parameters
    ----------
    lots : (samples,), in the order of time.
    episodes : the episode of each sample, (samples,); None for a single episode.
    """
    x = np.asarray(lots, float)
    same = np.ones(max(len(x) - 1, 0), bool) if episodes is None else np.diff(np.asarray(episodes)) == 0
    before, after = x[:-1][same], x[1:][same]
    if len(before) < 3 or np.ptp(before) == 0.0:
        return NOTHING
    away, next_away = before - before.mean(), after - after.mean()
    square = float(away @ away)
    slope = float(away @ next_away) / square
    if not 0.0 < slope < 1.0:
        return NOTHING
    left = next_away - slope * away
    error = math.sqrt(float(left @ left) / (len(before) - 2) / square)
    return half_life_of(Estimate(slope, error))


@checked("lots", labels=["episodes"])
def inventory(
    lots: ArrayLike, traded: float, limit: float = math.nan, episodes: ArrayLike | None = None, lags: int | None = None
) -> Inventory:
    """Measures of one holder's inventory; nan if there are no samples.

    Parameters
    ----------
    lots : (samples,), evenly spaced in time.
    traded : lots bought and lots sold over the same time, added up.
    limit : largest number of lots that may be held, long or short; nan if there is no limit.
    episodes : the episode of each sample, (samples,); None for a single episode.
    lags : largest lag, in samples, at which the error of the mean allows for dependence; None for 4 (n / 100)^(2/9).
    """
    x = np.asarray(lots, float)
    if len(x) == 0:
        return Inventory(NOTHING, math.nan, math.nan, math.nan, NOTHING, math.nan)
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
    exposures : (…, instruments): lots times units per lot times mark. Currency.
    shocks : relative moves of prices: (shocks,) if they are the same for all instruments, or (shocks, instruments).

    Returns
    -------
    Losses, (…, shocks), in currency; a gain is negative.

    Raises
    ------
    ValueError
        If a shock is not finite, or the shapes do not fit.
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
    """Raise RunError if the run has no samples of its agents."""
    if run.agents.empty:
        raise RunError(
            f"{run.folder or 'this run'}: agents were not sampled — set record.agents and record.agents_every and run "
            "it again"
        )


def chosen(run: Run, population: str | None) -> list[Any]:
    """The population of this name, or all populations if it is None. Raises RunError if there is no such population."""
    names = [each.name for each in run.scenario.populations]
    if population is not None and population not in names:
        raise RunError(f"{run.folder or 'this run'}: there is no population {shown(population)} — "
                       f"{near_or_all(population, names)}")  # fmt: skip
    return [each for each in run.scenario.populations if population in (None, each.name)]


def between_samples(run: Run) -> str:
    """The time between two samples of agents, in words."""
    every = int(run.manifest["sampling"]["agents_every"])
    return f"from sample to sample, {every:,} step{'s' if every != 1 else ''}"


def samples_of(run: Run, population: str) -> pd.DataFrame:
    """Cash, wealth and lots of all members of a population together: one row per sample, in the order of time."""
    rows = run.agents
    mine = rows[rows["population"] == population].drop(columns=["population", "agent", "seconds"])
    whole: pd.DataFrame = mine.groupby(["episode", "step"], as_index=False, sort=True).sum()
    return whole


def exposures_of(run: Run, population: str) -> Floats:
    """The value of a population's positions at the marks, (samples, instruments). Currency.

    The mark is that of the last sample of the book in the same episode. Before the first sample the value is nan,
    unless the position is 0.
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
    """Lots of an instrument that a population's members traded, as makers or takers; nan if no trades were kept."""
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
    """Drawdown, Sharpe ratio, inventories and losses under shocks of each population that was sampled.

    Raises
    ------
    RunError
        If no population was sampled, or there is no population of this name.
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
            measure_of(f"{name}.sharpe_ratio", sharpe_ratio(gains, lags=usual_lags(len(gains))), "",
                       f"mean over deviation of the change of wealth {between_samples(run)}"),
        ]  # fmt: skip
        traded = {venue.instrument for venue in run.scenario.venues if venue.name in each.venues}
        for instrument in run.scenario.instruments:
            if instrument.name in traded or not each.venues:
                found += _holding(run, each, instrument.name, rows)
        losses = stress(exposures_of(run, name), shocks)
        options = [each.name for each in run.scenario.instruments if isinstance(each.derivative, Call | Put)]
        if any(rows[f"inventory.{option}"].any() for option in options):
            losses[:] = math.nan
        for shock, worst, last in zip(
            shocks, np.fmax.reduce(losses, axis=0, initial=-math.inf), losses[-1], strict=True
        ):
            move = f"if all prices move by {100 * shock:+g} %"
            if math.isnan(last):
                worst, move = math.nan, f"{move}; none: it held options, whose prices do not move in proportion"
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
    size, turnover = mean(sizes), NOTHING
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
    """The episodes that have samples, and the mean of |lots| in each of them, (episodes,)."""
    episodes, places = np.unique(labels, return_inverse=True)
    return episodes, np.bincount(places, np.abs(lots)) / np.bincount(places)


def _traded(run: Run, population: str, instrument: str, count: int) -> Floats:
    """Lots that a population's members traded in each of the first ``count`` episodes, float64 (count,)."""
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
