"""Price impact: Kyle's lambda, Hasbrouck's impulse response, impact by size, Amihud's illiquidity.

Arrays are float64. Signed volume is in lots, positive if takers bought more than they sold. Standard errors are those
of :mod:`analysis.stats.regression`; for impact by size they are those of :mod:`analysis.stats.clusters`. If the data do
not determine a number, it is nan, and no error is raised.

``spreadgame measure price_impact RUN`` prints all of them. Intervals are single steps, or a thousandth of the run if
that is longer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.reading.measures import Measurement, measure_of
from analysis.reading.registry import measure
from analysis.reading.trades_and_quotes import Quotes, Tape, by_venue, consecutive, quotes_of, tape_of
from analysis.stats.arguments import at_least, checked
from analysis.stats.clusters import Clustered, clusters_of, group_means
from analysis.stats.estimates import NOTHING, Estimate
from analysis.stats.regression import Floats, estimate, estimates, joined, least_squares, means
from sim.runs.result import Run

_LAGS, _HORIZON, _BINS = 5, 20, 10
_INTERVALS = 1000


@dataclass(frozen=True)
class TradeResponse:
    """The response of the mid to a trade that earlier trades did not predict (Hasbrouck 1991)."""

    cumulative: list[Estimate]  # after 0, 1, 2, … more trades; currency per unit of the trade variable
    permanent: Estimate  # after infinitely many
    reason: str = ""


@dataclass(frozen=True)
class ImpactCurve:
    """Mean impact by size of the order, and a power law that is fitted to it."""

    sizes: Floats  # lots, the geometric mean of each bin, (bins,)
    impacts: list[Estimate]  # currency, the mean of each bin
    exponent: Estimate
    scale: Estimate  # impact of one lot by the power law, currency
    reason: str = ""  # why there is no power law, or which bins it leaves out


@checked("price_changes", "signed_volumes", infinite=True)
def kyle_lambda(price_changes: ArrayLike, signed_volumes: ArrayLike) -> Estimate:
    """Slope of the price change on the signed volume of the same interval, each (intervals,). Currency per lot.

    Kyle 1985, Econometrica 53, 1315. It is nan if signed volume does not vary.
    """
    change, flow = np.asarray(price_changes, float), np.asarray(signed_volumes, float)
    known = np.isfinite(change) & np.isfinite(flow)
    return estimates(least_squares(change[known], flow[known]))[1]


@checked("returns", amounts=["money"], infinite=True)
def amihud(returns: ArrayLike, money: ArrayLike) -> Estimate:
    """Mean of |return| / money traded, each (intervals,), over the intervals with trades. Unit: 1 / currency.

    Amihud 2002, J. Financial Markets 5, 31.
    """
    r, traded = np.asarray(returns, float), np.asarray(money, float)
    known = np.isfinite(r) & (traded > 0) & np.isfinite(traded)
    return estimate(means(np.abs(r[known]) / traded[known]))


@checked("changes", "trades", labels=["episodes"], infinite=True)
def trade_response(
    changes: ArrayLike,
    trades: ArrayLike,
    lags: int = _LAGS,
    horizon: int = _HORIZON,
    episodes: ArrayLike | None = None,
) -> TradeResponse:
    """Response of the mid to one unit of the trade variable (Hasbrouck 1991, J. Finance 46, 179).

    r_t is the change of the mid after trade t, x_t is the trade's sign or signed size, and i = 1 … lags. Least squares
    fits

        r_t = Σ a_i r_{t-i} + b_0 x_t + Σ b_i x_{t-i} + v_t,    x_t = Σ c_i r_{t-i} + Σ d_i x_{t-i} + u_t.

    The response is the sum of r after a shock u = 1. The permanent impact is B / ((1 - A)(1 - D) - C B), where capital
    letters are sums over the lags.

    Parameters
    ----------
    changes, trades : r and x, (trades,). Rows that are nan are left out, and so are rows whose lags are nan.
    lags : at least 1.
    horizon : number of later trades over which the response is summed.
    episodes : (trades,). Lags do not reach into another episode.
    """
    at_least("lags", lags, 1)
    at_least("horizon", horizon, 0)
    r, x = np.asarray(changes, float), np.asarray(trades, float)
    nothing = TradeResponse([NOTHING] * (horizon + 1), NOTHING, "too few trades, or no variation in them")
    rows = max(len(r) - lags, 0)
    if not rows:
        return nothing

    def lagged(values: NDArray[Any], lag: int) -> NDArray[Any]:
        return values[lags - lag : len(values) - lag]

    past = [lagged(each, lag) for each in (r, x) for lag in range(1, lags + 1)]
    change, trade, known = lagged(r, 0), lagged(x, 0), np.isfinite(r) & np.isfinite(x)
    where = consecutive(len(r), lags, episodes)
    for lag in range(lags + 1):
        where &= lagged(known, lag)
    first, second = least_squares(change, *past, trade, where=where), least_squares(trade, *past, where=where)
    if not (np.all(np.isfinite(first.values)) and np.all(np.isfinite(second.values))):
        return nothing
    fit = joined(first.columns(range(1, 2 * lags + 2)), second.columns(range(1, 2 * lags + 1)))

    def responses(v: Floats) -> Floats:
        a, b, now, c, d = v[:lags], v[lags : 2 * lags], v[2 * lags], v[2 * lags + 1 : 3 * lags + 1], v[3 * lags + 1 :]
        move, flow = np.zeros(lags + horizon + 1), np.zeros(lags + horizon + 1)  # the first `lags` are the past
        for t in range(lags, lags + horizon + 1):
            before = slice(t - lags, t)
            flow[t] = 1.0 if t == lags else c @ move[before][::-1] + d @ flow[before][::-1]
            move[t] = now * flow[t] + a @ move[before][::-1] + b @ flow[before][::-1]
        whole = now + b.sum()
        limit = whole / ((1 - a.sum()) * (1 - d.sum()) - c.sum() * whole)
        return np.append(np.cumsum(move[lags:]), limit)

    found = estimates(fit, responses)
    return TradeResponse(found[:-1], found[-1])


@checked("impacts", amounts=["quantities"], labels=["episodes"], infinite=True)
def impact_curve(
    quantities: ArrayLike, impacts: ArrayLike, bins: int = _BINS, episodes: ArrayLike | None = None
) -> ImpactCurve:
    """Mean impact by size, and the exponent δ of impact = Y size^δ, fitted by a line through the bins' logarithms.

    All bins hold about the same number of trades. If there are no more sizes than bins, each size is a bin. The line
    weighs a bin by its error. It leaves out bins whose mean impact is not above 0 (they have no logarithm) and bins
    without an error. Errors are those of :mod:`analysis.stats.clusters`: they allow trades that are near in time to
    depend on one another, within a bin and between bins.

    Parameters
    ----------
    quantities : lots, (trades,), above 0, in the order of time.
    impacts : sign times the change of the mid, currency, (trades,). Rows that are nan are left out.
    bins : the largest number of bins.
    episodes : the episode of each trade, (trades,), never falling; None for a single episode.
    """
    at_least("bins", bins, 1)
    from pandas import unique  # it hashes; NumPy's unique would sort millions of sizes

    sizes, moved = np.asarray(quantities, float), np.asarray(impacts, float)
    labels = np.zeros(len(sizes), np.int64) if episodes is None else np.asarray(episodes, np.int64)
    known = np.isfinite(moved) & (sizes > 0) & np.isfinite(sizes)
    if not known.all():
        sizes, moved, labels = sizes[known], moved[known], labels[known]
    distinct = np.sort(unique(sizes))
    if len(distinct) <= bins:
        edges = distinct
    else:
        edges = np.unique(np.quantile(sizes, np.arange(bins) / bins, method="inverted_cdf"))
    which = np.searchsorted(edges, sizes, side="right") - 1
    clusters = clusters_of(labels)
    value, error, trades, _ = Clustered(clusters, which, len(edges)).means(moved)
    middles = np.exp(np.bincount(which, np.log(sizes), len(edges)) / trades)
    found = [Estimate(*each) for each in zip(value.tolist(), error.tolist(), strict=True)]
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = error / value
    usable = (value > 0) & np.isfinite(relative)
    left_out = len(edges) - int(usable.sum())
    reason = f"{left_out} of {len(edges)} bins of size have no mean above 0, or no error of it" if left_out else ""
    if usable.sum() < 2:
        return ImpactCurve(middles, found, NOTHING, NOTHING, reason or "fewer than two sizes were traded")
    weights = 1 / np.maximum(relative[usable], 1e-12)
    x = np.column_stack([np.ones(len(weights)), np.log(middles[usable])]) * weights[:, None]
    back = np.linalg.inv(x.T @ x) @ (x.T * weights)  # from the bins' logarithms to level and exponent
    level, exponent = back @ np.log(value[usable])
    moves = np.zeros((2, len(edges)))  # change of level and exponent per unit of a trade's distance from the bin's mean
    moves[:, usable] = back / value[usable] * (len(which) / trades[usable])
    away = moved - value[which]
    level_error, exponent_error = (float(group_means(each[which] * away, clusters).errors[0]) for each in moves)
    scale = math.exp(level)
    return ImpactCurve(
        middles, found, Estimate(float(exponent), exponent_error), Estimate(scale, scale * level_error), reason
    )


# --- the command ----------------------------------------------------------------------------------------------------


def intervals(tape: Tape, quotes: Quotes, length: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Changes of the mid, returns, signed lots and money traded in intervals of ``length`` steps, each (intervals,).

    The mid of an interval is the last known mid in it. The first interval of an episode is left out, because it has no
    change. The change is nan if the interval, or the one before, has no mid.
    """
    most = int(max(quotes.steps.max(initial=0), tape.steps.max(initial=0))) // length + 1
    count = int(max(quotes.episodes.max(initial=0), tape.episodes.max(initial=0))) + 1
    place = tape.episodes * most + tape.steps // length
    lots = np.bincount(place, tape.signs * tape.quantities, count * most)
    money = np.bincount(place, tape.prices * tape.quantities, count * most)
    mids = np.full(count * most, np.nan)
    known = np.isfinite(quotes.mids)
    mids[(quotes.episodes * most + quotes.steps // length)[known]] = quotes.mids[known]  # later samples write over
    table = mids.reshape(count, most)
    change = np.diff(table)

    def later(totals: ArrayLike) -> Floats:
        return np.asarray(totals, float).reshape(count, most)[:, 1:].ravel()

    return change.ravel(), (change / table[:, :-1]).ravel(), later(lots), later(money)


def following_changes(tape: Tape) -> Floats:
    """Change of the mid from just before each trade to just before the next, (trades,); nan at an episode's last."""
    changes = np.full(len(tape.mids), np.nan)
    np.subtract(tape.mids[1:], tape.mids[:-1], out=changes[:-1], where=consecutive(len(changes), 1, tape.episodes))
    return changes


@measure(
    "price_impact",
    summary="what trading does to the price",
    source="Kyle 1985, Econometrica 53, 1315 (lambda); Hasbrouck 1991, J. Finance 46, 179 (response to a trade); "
    "Amihud 2002, J. Financial Markets 5, 31 (illiquidity)",
    chapter="Price impact",
    place=1,
    needs=("trades",),
)
def measures(run: Run) -> list[Measurement]:
    """All measures, venue by venue."""
    return by_venue(run, _measures)


def _measures(run: Run, venue: str) -> list[Measurement]:
    tape, quotes = tape_of(run, venue), quotes_of(run, venue)
    length = max(1, run.scenario.run.steps * run.scenario.run.episodes // _INTERVALS)
    changes, returns, lots, money = intervals(tape, quotes, min(length, max(1, run.scenario.run.steps // 2)))
    following = following_changes(tape)
    response = trade_response(following, tape.signs, episodes=tape.episodes)
    curve = impact_curve(tape.quantities, tape.signs * following, episodes=tape.episodes)
    partly = f"; {curve.reason}, and are left out" if curve.reason and math.isfinite(curve.exponent.value) else ""
    no_money = "no trades, or no two mids"
    none = "signed volume and mid do not vary enough"
    return [
        measure_of("kyle_lambda", kyle_lambda(changes, lots), "currency/lot", "price change by signed volume", none),
        measure_of("amihud", amihud(returns, money), "1/currency", "|return| over money traded", no_money),
        measure_of(
            "hasbrouck.first", response.cumulative[0], "currency", "impact of a trade, at once", response.reason
        ),
        measure_of(
            "hasbrouck.permanent", response.permanent, "currency", "impact of a trade, for good", response.reason
        ),
        measure_of(
            "impact.exponent", curve.exponent, "", f"of the size of an order, in its impact{partly}", curve.reason
        ),
        measure_of("impact.scale", curve.scale, "currency", f"impact of one lot{partly}", curve.reason),
    ]
