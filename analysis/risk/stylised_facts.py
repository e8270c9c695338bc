"""Stylised facts of returns: fat tails, no autocorrelation of returns, long memory of their size (Cont 2001).

Functions take arrays of prices, returns or volumes from any source. ``spreadgame measure stylised_facts RUN`` takes the
mids of each book of a run, and ``figure`` draws the facts. The error of a correlation is 1 / √n, which holds for
independent series.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from analysis.output.style import GREY, style, style_axes
from analysis.reading.columns import columns
from analysis.reading.measures import Measurement, measure_of
from analysis.reading.registry import measure
from analysis.reading.trades import trades_of
from analysis.risk.tails import excess_kurtosis, hill
from analysis.stats.arguments import array_of, at_least, checked, refuse, whole
from analysis.stats.estimates import NOTHING, Estimate
from sim.core.errors import RunError
from sim.runs.result import Run

Floats = NDArray[np.float64]
LAGS = (1, 5, 20, 50)
HORIZONS = (1, 4, 16, 64)


class LjungBox(NamedTuple):
    """A test of the hypothesis that all autocorrelations up to a lag are 0."""

    statistic: float
    p_value: float


class Decay(NamedTuple):
    """A power law: correlation = level · lag^-exponent."""

    level: float
    exponent: Estimate


class Facts(NamedTuple):
    """Returns of one venue and the lots traded in the same intervals, each (intervals,)."""

    returns: Floats  # log returns if all prices are positive, else differences; nan between episodes
    volumes: Floats  # lots traded in each interval
    signed: Floats  # lots bought less lots sold by takers


# --- numbers --------------------------------------------------------------------------------------------------------


@checked("prices")
def returns_of(prices: ArrayLike) -> Floats:
    """Log returns of prices (n,), or differences if a price is not positive, (n - 1,); nan next to a nan."""
    p = np.asarray(prices, float)
    moves: Floats = np.diff(p if np.any(p <= 0) else np.log(p))
    return moves


@checked("series")
def autocorrelation(series: ArrayLike, lags: ArrayLike) -> Floats:
    """Autocorrelations of a series (n,) at these lags, in samples, (lags,); pairs with a nan are left out.

    Σ (x_t - m)(x_{t+k} - m) / n over the variance. It is nan if the series is constant, or a lag is not below n.
    """
    x = np.asarray(series, float)
    return cross_correlation(x, x, lags)


@checked("first", "second")
def cross_correlation(first: ArrayLike, second: ArrayLike, lags: ArrayLike) -> Floats:
    """Correlations of first at t with second at t + lag, (lags,), as in `autocorrelation`. Lags may be negative."""
    x, y = (np.asarray(each, float) for each in (first, second))
    places = _lags(lags)
    known = np.isfinite(x).sum()
    if known == 0 or np.isfinite(y).sum() == 0:
        return np.full(len(places), math.nan)
    a, b = x - np.nanmean(x), y - np.nanmean(y)
    scale = math.sqrt(float(np.nanmean(a**2)) * float(np.nanmean(b**2)))
    if scale <= 1e-13 * max(float(np.nanmax(np.abs(x))) * float(np.nanmax(np.abs(y))), 1e-300):
        return np.full(len(places), math.nan)
    n = len(x)
    result = np.full(len(places), math.nan)
    for place, lag in enumerate(places.tolist()):
        if abs(lag) < n:
            early, late = (a[: n - lag], b[lag:]) if lag >= 0 else (a[-lag:], b[: n + lag])
            result[place] = float(np.nansum(early * late)) / known / scale
    return result


@checked("first", "second", infinite=True)
def correlation(first: ArrayLike, second: ArrayLike) -> Estimate:
    """The correlation ρ of pairs, without those that have a nan; its standard error is (1 - ρ²) / √(n - 1).

    It is nan if a series does not vary, or if there are fewer than three pairs.
    """
    x, y = (np.asarray(each, float) for each in (first, second))
    both = np.isfinite(x) & np.isfinite(y)
    n = int(both.sum())
    if n < 3:
        return NOTHING
    rho = float(cross_correlation(x[both], y[both], 0)[0])
    return Estimate(rho, (1.0 - rho**2) / math.sqrt(n - 1))


@checked("returns")
def aggregated(returns: ArrayLike, horizon: int) -> Floats:
    """Sums of `horizon` successive returns, without overlap; an incomplete last sum is left out.

    A sum is nan if one of its returns is. Raises ValueError if horizon is below 1.
    """
    x = np.asarray(returns, float)
    at_least("horizon", horizon, 1)
    whole = len(x) // horizon
    sums: Floats = x[: whole * horizon].reshape(whole, horizon).sum(axis=1)
    return sums


@checked("series", infinite=True)
def ljung_box(series: ArrayLike, lags: int) -> LjungBox:
    """The test n (n + 2) Σ ρ_k² / (n - k), chi-squared with `lags` degrees of freedom (Ljung and Box 1978).

    Applied to absolute returns, it tests for volatility clustering. The result is nan if the series is constant, or not
    longer than lags. Raises ValueError if lags is below 1.
    """
    from scipy.special import chdtrc

    at_least("lags", lags, 1)
    x = np.asarray(series, float)
    x = x[np.isfinite(x)]
    n, places = len(x), np.arange(1, lags + 1)
    if n <= lags:
        return LjungBox(math.nan, math.nan)
    statistic = n * (n + 2) * float((autocorrelation(x, places) ** 2 / (n - places)).sum())
    return LjungBox(statistic, float(chdtrc(lags, statistic)))


@checked("series")
def power_law(series: ArrayLike, lags: ArrayLike) -> Decay:
    """A power law of the autocorrelations ρ: a line through ln ρ over ln lag, at the lags where ρ is positive.

    The error of the exponent is that of the line. It treats correlations as independent, which they are not. The result
    is nan if fewer than three lags have a positive correlation. Raises ValueError if a lag is below 1.
    """
    places = _lags(lags)
    refuse("lags", places, places < 1, "lags of a power law begin at 1")
    rho = autocorrelation(series, places)
    kept = rho > 0.0
    if len(np.unique(places[kept])) < 3:
        return Decay(math.nan, NOTHING)
    x, y = np.log(places[kept]), np.log(rho[kept])
    away = x - x.mean()
    slope = float(away @ y / (away @ away))
    left = y - y.mean() - slope * away
    error = math.sqrt(float(left @ left) / (len(x) - 2) / float(away @ away))
    return Decay(math.exp(float(y.mean()) - slope * float(x.mean())), Estimate(-slope, error))


def _lags(given: ArrayLike) -> NDArray[np.int64]:
    """Lags as whole numbers, (lags,)."""
    lags = array_of("lags", np.atleast_1d(np.asarray(given)))
    whole("lags", lags, counted=False)
    return lags.astype(np.int64)


@checked("returns")
def leverage(returns: ArrayLike, lags: ArrayLike) -> Floats:
    """Correlations of a return with |return| at later lags, (lags,); negative if volatility rises after falls."""
    x = np.asarray(returns, float)
    return cross_correlation(x, np.abs(x), lags)


def facts(
    returns: ArrayLike,
    volumes: ArrayLike | None = None,
    signed: ArrayLike | None = None,
    lags: Sequence[int] = LAGS,
    horizons: Sequence[int] = HORIZONS,
    share: float = 0.05,
) -> list[Measurement]:
    """All facts of one series of returns, as a table.

    Parameters
    ----------
    returns : (n,); nan if there is no return, for example between episodes.
    volumes, signed : lots traded, and lots bought less lots sold by takers, over the same intervals, (n,); None if
        unknown.
    lags : lags of the correlations, in samples.
    horizons : numbers of successive returns that are summed for the kurtosis.
    share : share of returns in the tail, as in `hill`.
    """
    r = np.asarray(returns, float)
    size = np.abs(r)
    known = int(np.isfinite(r).sum())
    error = 1.0 / math.sqrt(known) if known else math.nan

    def correlations(name: str, values: Floats, meaning: str) -> list[Measurement]:
        return [
            measure_of(f"{name} lag {lag}", Estimate(float(value), error), "", meaning)
            for lag, value in zip(lags, values, strict=True)
        ]

    box = ljung_box(size, 20)
    decay = power_law(size, np.arange(1, max(lags) + 1))
    found = [
        Measurement("returns", float(known), None, "number", "that were observed; no error: they are counted"),
        measure_of("tail index", hill(r, share), "", f"Hill's exponent of the largest {100 * share:g} % of |returns|"),
        *(
            measure_of(f"kurtosis {horizon}", excess_kurtosis(aggregated(r, horizon)), "",
                       f"excess, of returns over {horizon} samples")
            for horizon in horizons
        ),
        *correlations("returns", autocorrelation(r, lags), "autocorrelation of returns"),
        *correlations("|returns|", autocorrelation(size, lags), "autocorrelation of absolute returns"),
        measure_of("decay", decay.exponent, "", "exponent at which autocorrelations of |returns| fall with the lag"),
        Measurement("Ljung-Box 20", box.statistic, None, "", "of |returns|, χ²(20) without clusters of volatility"),
        Measurement("Ljung-Box p", box.p_value, None, "", "probability of as much without clusters"),
        *correlations("leverage", leverage(r, lags), "correlation of a return with later |returns|"),
    ]  # fmt: skip
    if volumes is not None:
        found.append(
            measure_of("volume-volatility", correlation(volumes, size), "", "correlation of volume and |returns|")
        )
    if signed is not None:
        flow = np.asarray(signed, float)
        found += correlations("signed volume", autocorrelation(flow, lags), "autocorrelation of lots bought less sold")
        found.append(measure_of("flow-return", correlation(flow, r), "", "correlation of signed volume and returns"))
    return found


# --- of a run -------------------------------------------------------------------------------------------------------


def facts_of(run: Run, venue: str) -> Facts:
    """Returns of a venue's mid from one sample to the next, and the lots traded between the two samples.

    If a side of the book is empty, the mark replaces the mid. Between two episodes all values are nan.

    Raises
    ------
    RunError
        If there is no such venue.
    """
    names = [each.name for each in run.scenario.venues]
    if venue not in names:
        raise RunError(f"this run has no venue {venue!r}; there are {', '.join(names)}")
    book = columns(run, "book", ["episode", "step", "venue", "bid", "ask", "mark"])
    book = book[book["venue"] == venue].sort_values(["episode", "step"])
    mids = (0.5 * (book["bid"] + book["ask"])).fillna(book["mark"]).to_numpy(float)
    episode, step = book["episode"].to_numpy(), book["step"].to_numpy()
    same = np.diff(episode) == 0
    returns = np.where(same, returns_of(mids), math.nan)
    volumes, signed = np.zeros(len(returns)), np.zeros(len(returns))
    if run.scenario.record.trades and len(returns):
        trades = trades_of(run, next(each.instrument for each in run.scenario.venues if each.name == venue))
        lots = trades.quantities
        if len(trades.venues) > 1:
            lots = np.where(trades.venue == trades.venues.index(venue), lots, 0)
        ends = np.searchsorted(trades.keys, episode * run.scenario.run.steps + step, side="right")
        volumes, signed = (
            np.diff(np.append(0, np.cumsum(each))[ends]).astype(float) for each in (lots, trades.signs * lots)
        )
        volumes, signed = (np.where(same, each, math.nan) for each in (volumes, signed))
    return Facts(returns, volumes, signed)


@measure(
    "stylised_facts",
    summary="what returns of real markets have in common, of the mids of each book",
    source="Cont 2001, Quantitative Finance 1, 223; Hill 1975, Annals of Statistics 3, 1163; Ljung and Box 1978, "
    "Biometrika 65, 297",
    chapter="Stylised facts",
    place=1,
    needs=("book",),
    without_error={"Ljung-Box": "statistics of tests have probabilities"},
)
def measures(run: Run) -> list[Measurement]:
    """`facts` of each venue, with returns from one sample of its book to the next."""
    found = []
    several = len(run.scenario.venues) > 1
    for venue in run.scenario.venues:
        mine = facts_of(run, venue.name)
        traded = (mine.volumes, mine.signed) if run.scenario.record.trades else (None, None)
        for each in facts(mine.returns, *traded):
            name = f"{venue.name} {each.name}" if several else each.name
            found.append(Measurement(name, each.value, each.standard_error, each.unit, each.meaning))
    return found


def table(run: Run) -> pd.DataFrame:
    """The result of `measures` as a DataFrame: name, value, standard_error, unit, meaning."""
    return pd.DataFrame([vars(each) for each in measures(run)])


@checked("returns", "volumes")
def figure(returns: ArrayLike, volumes: ArrayLike | None = None, longest: int = 100) -> Figure:
    """Draw four panels: the tail, kurtosis by horizon, autocorrelations, leverage.

    Parameters
    ----------
    returns, volumes : as in `facts`; the autocorrelations of volumes are drawn if they are given.
    longest : the largest lag that is drawn.
    """
    r = np.asarray(returns, float)
    known = np.isfinite(r)
    longest = max(1, min(longest, int(known.sum()) // 4))
    lags = np.arange(1, longest + 1)
    band = 2.0 / math.sqrt(max(int(known.sum()), 1))
    with style():
        drawn = Figure(figsize=(11.0, 7.5), layout="constrained")
        (tail, kurtosis), (memory, lever) = drawn.subplots(2, 2)
        deviation = float(np.std(r[known])) if known.any() else 0.0
        if deviation > 0.0:
            sizes = np.sort(np.abs(r[known]))[::-1] / deviation
            sizes = sizes[sizes > 0]
            tail.loglog(sizes, np.arange(1, len(sizes) + 1) / int(known.sum()), ".", ms=3)
        tail.set_xlabel("|return| in standard deviations")
        style_axes(tail, "Tail", "share beyond")
        horizons = [horizon for horizon in (1, 2, 4, 8, 16, 32, 64, 128) if int(known.sum()) >= 8 * horizon]
        kurtosis.semilogx(horizons, [excess_kurtosis(aggregated(r, each)).value for each in horizons], "o-", base=2)
        kurtosis.set_xlabel("samples")
        style_axes(kurtosis, "Kurtosis", "excess")
        lines = [("returns", r), ("|returns|", np.abs(r))]
        lines += [] if volumes is None else [("volume", np.asarray(volumes, float))]
        entries = []
        for name, series in lines:
            (line,) = memory.plot(lags, autocorrelation(series, lags), lw=1.2)
            entries.append((line.get_color(), name))
        memory.set_xlabel("lag, samples")
        style_axes(memory, "Memory", "autocorrelation", entries)
        lever.plot(lags, leverage(r, lags), lw=1.2)
        lever.set_xlabel("lag, samples")
        style_axes(lever, "Leverage", "correlation of return and later |return|")
        for panel in (memory, lever):
            panel.axhspan(-band, band, color=".93", zorder=0)
            panel.axhline(0.0, color=GREY, lw=0.8, zorder=1)
    return drawn
