"""Which of several venues finds the price of an instrument: information shares and component shares.

Mids p are float64 (times, venues), in the order of time, sampled at the same times. They share one random walk. The
model is

    Δp_t = c + α z_{t-1} + Σ Γ_i Δp_{t-i} + e_t,    z = (p_1 - p_2, p_1 - p_3, …),    Cov e = Ω,

estimated by least squares. The random walk moves by ψ e, with ψ α = 0. Both measures are higher for a fast
venue, and also for a venue with little noise.

``spreadgame measure price_discovery RUN`` prints the shares of every instrument with several venues.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.reading.measures import Measurement, measure_of
from analysis.reading.registry import measure
from analysis.reading.trades_and_quotes import consecutive, quotes_of
from analysis.stats.arguments import at_least, checked
from analysis.stats.estimates import NOTHING, Estimate
from analysis.stats.regression import Fit, Floats, estimates, joined, least_squares, means, residuals
from sim.core.errors import RunError
from sim.runs.result import Run

_LAGS = 10
_MOST_VENUES = 6  # all their orders are tried


@dataclass(frozen=True)
class VenueShare:
    """One venue's share in price discovery. The shares of all venues sum to 1; the bounds do not."""

    component: Estimate  # weight in the common random walk
    lower: Estimate  # information share with the venue last
    upper: Estimate  # information share with the venue first
    midpoint: Estimate  # halfway between the bounds
    reason: str = field(default="", kw_only=True)


@checked(labels=["episodes"], tables=["mids"])
def price_discovery(mids: ArrayLike, lags: int = _LAGS, episodes: ArrayLike | None = None) -> list[VenueShare]:
    """Shares of each venue.

    Information shares are (ψ F)_j² / ψ Ω ψ', with F the Cholesky factor of Ω. If innovations are correlated, the shares
    depend on the order of the venues. So the least and the greatest over all orders are given (Hasbrouck 1995, J.
    Finance 50, 1175). Component shares are ψ scaled to sum to 1 (Gonzalo and Granger 1995; Harris, McInish, Wood 2002).

    Parameters
    ----------
    mids : (times, venues), at most 6 venues. Rows with nan, and all differences that would use them, are left out.
    lags : of price changes.
    episodes : (times,); no difference crosses an episode's end.

    Raises
    ------
    ValueError
        For fewer than two venues or more than six.
    """
    p = np.asarray(mids, float)
    at_least("lags", lags, 0)
    if not 2 <= p.shape[1] <= _MOST_VENUES:
        raise ValueError(f"mids: shape {p.shape} — (times, venues) of 2 to {_MOST_VENUES} venues")
    count = p.shape[1]
    nothing = [VenueShare(*[NOTHING] * 4, reason="too few samples, or mids that do not move apart")] * count
    change = np.diff(p, axis=0)
    rows = len(change) - lags
    if rows < 1:
        return nothing
    gaps = (p[:, :1] - p[:, 1:])[lags:-1]
    past = [change[lags - lag : len(change) - lag] for lag in range(1, lags + 1)]
    now, regressors = change[lags:].T, [column for part in (gaps, *past) for column in part.T]
    known = np.asarray(np.isfinite(change).all(axis=1))
    where = consecutive(len(p), lags + 1, episodes)
    for lag in range(lags + 1):
        where &= known[lags - lag : len(change) - lag]
    lines = [least_squares(each, *regressors, where=where) for each in now]
    if not all(np.all(np.isfinite(line.values)) for line in lines):
        return nothing
    left = [residuals(line, each, *regressors) for line, each in zip(lines, now, strict=True)]
    pairs = list(itertools.combinations_with_replacement(range(count), 2))
    fit = joined(*(_speeds(line, count) for line in lines), means(*(left[i] * left[j] for i, j in pairs), where=where))

    def shares(v: Floats) -> Floats:
        alpha, omega = v[: count * (count - 1)].reshape(count, count - 1), np.empty((count, count))
        for (i, j), value in zip(pairs, v[count * (count - 1) :], strict=True):
            omega[i, j] = omega[j, i] = value
        return _shares(alpha, omega).ravel()

    found = estimates(fit, shares)
    return [VenueShare(*found[4 * venue : 4 * venue + 4]) for venue in range(count)]


def _speeds(line: Fit, count: int) -> Fit:
    """The coefficients of the gaps, which follow the constant's."""
    return line.columns(range(1, count))


def _shares(alpha: Floats, omega: Floats) -> Floats:
    """Component share, lower and upper bound and midpoint of each venue, (venues, 4); nan for singular matrices."""
    count = len(omega)
    try:
        weights = np.linalg.solve(np.column_stack([alpha, np.ones(count)]).T, np.eye(count)[-1])
        parts = []
        for order in itertools.permutations(range(count)):
            ranks = np.argsort(order)
            factor = np.linalg.cholesky(omega[np.ix_(order, order)])
            parts.append(((weights[list(order)] @ factor) ** 2)[ranks])
    except np.linalg.LinAlgError:
        return np.full((count, 4), np.nan)
    whole = float(weights @ omega @ weights)
    lower, upper = np.min(parts, axis=0) / whole, np.max(parts, axis=0) / whole
    return np.column_stack([weights, lower, upper, (lower + upper) / 2])


# --- the command ----------------------------------------------------------------------------------------------------


def mids_of(run: Run, venues: list[str]) -> tuple[Floats, NDArray[np.int64]]:
    """Mids of venues at the ends of steps, (samples, venues), and episodes; the last known mid if a side is empty."""
    import pandas as pd

    columns = {}
    for venue in venues:
        quotes = quotes_of(run, venue)
        index = pd.MultiIndex.from_arrays([quotes.episodes, quotes.steps], names=["episode", "step"])
        columns[venue] = pd.Series(quotes.mids, index=index)
    table = pd.DataFrame(columns)
    table = table.groupby(level="episode").ffill()
    return table.to_numpy(), table.index.get_level_values("episode").to_numpy()


@measure(
    "price_discovery",
    summary="which venue finds the price of an instrument that several trade",
    source="Hasbrouck 1995, J. Finance 50, 1175 (information shares); Gonzalo and Granger 1995, J. Business & Economic "
    "Statistics 13, 27 (component shares)",
    chapter="Prices",
    place=2,
    needs=("book",),
)
def measures(run: Run) -> list[Measurement]:
    """Shares of every venue of every instrument that several venues trade.

    Raises
    ------
    RunError
        If there is no such instrument.
    """
    venues: dict[str, list[str]] = {}
    for venue in run.scenario.venues:
        venues.setdefault(venue.instrument, []).append(venue.name)
    venues = {name: several for name, several in venues.items() if 2 <= len(several) <= _MOST_VENUES}
    if not venues:
        raise RunError(f"{run.folder}: no instrument has two to {_MOST_VENUES} venues — price discovery compares them")
    found = []
    for several in venues.values():
        mids, episodes = mids_of(run, several)
        for name, share in zip(several, price_discovery(mids, episodes=episodes), strict=True):
            found += [replace(each, name=f"{name}.{each.name}") for each in _rows(share)]
    return found


def _rows(share: VenueShare) -> list[Measurement]:
    return [
        measure_of("component_share", share.component, "share", "weight in the common price", share.reason),
        measure_of("information_lower", share.lower, "share", "of the common price's variance, least", share.reason),
        measure_of("information_upper", share.upper, "share", "of the common price's variance, most", share.reason),
        measure_of("information_midpoint", share.midpoint, "share", "halfway between the bounds", share.reason),
    ]
