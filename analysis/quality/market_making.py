"""Who makes the market: shares of making and taking, concentration, and presence in the book.

Each traded lot has a maker (the trader whose order rested) and a taker (the trader whose order arrived). With s the
shares of making, the Herfindahl index is H = Σ s² (Hirschman 1964, American Economic Review 54, 761). 1 / H is the
number of equal makers with the same index. Errors come from resampling the tape: whole episodes if there are many,
otherwise stretches of the tape by the stationary bootstrap. The index is resampled too, instead of a linear
approximation, because its slope at equal shares is 0.

Presence comes from the message log (:mod:`analysis.reading.orders`), because trades do not show it.

``spreadgame measure market_making RUN`` prints all of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.quality.presence import holders, presence_of
from analysis.reading.columns import columns
from analysis.reading.measures import Measurement, measure_of
from analysis.reading.registry import measure
from analysis.reading.trades import trades_of
from analysis.reading.trades_and_quotes import by_venue
from analysis.stats.arguments import checked
from analysis.stats.bootstrap import block_length, stationary_indices
from analysis.stats.clusters import STRETCHES, clusters_of
from analysis.stats.estimates import NOTHING, Estimate, mean
from sim.core.errors import RunError
from sim.runs.result import Run

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
REPEATS = 1000
_SEED = 7
_NOBODY, _NO_RESULTS = "nobody traded", "needs record.episodes, and a whole episode"
_PRESENCE = {
    "two_sided": "of time, with orders on both sides",
    "best": "of time at the best quote, mean of bid and ask",
}
_CHUNK = 1 << 22  # cells of a table that is resampled in one step


@dataclass(frozen=True)
class Shares:
    """Shares of holders, and their concentration."""

    values: Floats  # (holders,), sums to 1; nan if there are no lots
    errors: Floats  # (holders,)
    herfindahl: Estimate
    effective: Estimate  # 1 / H

    def estimate(self, holder: int) -> Estimate:
        """One holder's share."""
        return Estimate(float(self.values[holder]), float(self.errors[holder]))


@checked(counts=["lots", "holders", "episodes"])
def shares_of(lots: ArrayLike, holders: ArrayLike, count: int, episodes: ArrayLike) -> Shares:
    """Shares of holders in lots, with their concentration.

    Parameters
    ----------
    lots, holders, episodes : of each trade, in order of time, (trades,); holders are numbers from 0 to ``count`` - 1.

    Raises
    ------
    ValueError
        If a holder's number is outside the range, or lots are negative.
    """
    traded, who = np.asarray(lots, np.int64), np.asarray(holders, np.int64)
    if len(who) and (who.min() < 0 or who.max() >= count or traded.min() < 0):
        raise ValueError(f"holders must lie between 0 and {count - 1}, and lots must not be negative")
    totals = np.bincount(who, traded, count).astype(float)
    if not totals.sum() > 0:
        return Shares(np.full(count, np.nan), np.full(count, np.nan), NOTHING, NOTHING)
    values = totals / totals.sum()
    active = np.flatnonzero(totals)
    rank = np.zeros(count, np.int64)
    rank[active] = np.arange(len(active))
    clusters, independent = _stretches(episodes)
    number = int(clusters[-1]) + 1
    table = np.bincount(clusters * len(active) + rank[who], traded, number * len(active)).reshape(number, -1)
    errors, squares = np.zeros(count), np.full(REPEATS, np.nan)
    if number > 1:
        errors[active], squares = _drawn_again(table.astype(float), independent)
    else:
        errors[active] = np.inf
    concentration = float(values @ values)
    return Shares(
        values,
        errors,
        Estimate(concentration, _spread(squares)),
        Estimate(1 / concentration, _spread(1 / squares)),
    )


def _stretches(episodes: ArrayLike) -> tuple[Integers, bool]:
    """Stretch of each trade, (trades,), and whether the stretches are whole episodes and so independent."""
    _, clusters = np.unique(clusters_of(episodes), return_inverse=True)
    number = int(clusters[-1]) + 1
    independent = len(np.unique(episodes)) == number
    most = 5 * STRETCHES
    return (clusters * most // number if number > most else clusters), independent


def _drawn_again(table: Floats, independent: bool) -> tuple[Floats, Floats]:
    """Standard errors of each column's share, (columns,), and resampled Herfindahl indices, (REPEATS,)."""
    number = len(table)
    whole = table.sum(axis=1)
    length = 1.0
    if not independent:
        largest = table[:, np.argsort(table.sum(axis=0))[-8:]]  # the small ones have little to say of dependence
        length = max(block_length(each) for each in (whole, *largest.T))
    random = np.random.default_rng(_SEED)
    draws = np.stack(
        [np.bincount(stationary_indices(number, length, random), minlength=number) for _ in range(REPEATS)]
    ).astype(float)
    volume = draws @ whole
    errors, squares = np.zeros(table.shape[1]), np.zeros(REPEATS)
    width = max(1, _CHUNK // REPEATS)
    for first in range(0, table.shape[1], width):
        part = (draws @ table[:, first : first + width]) / volume[:, None]
        errors[first : first + width] = part.std(axis=0, ddof=1)
        squares += (part**2).sum(axis=1)
    return errors, squares


def _spread(drawn: Floats) -> float:
    return float(drawn.std(ddof=1)) if np.isfinite(drawn).all() else math.inf


def makers_of(run: Run, venues: Sequence[str], by: str = "population") -> tuple[Shares, Shares]:
    """Shares of making and of taking on venues of one instrument.

    Holders are those of :func:`analysis.quality.presence.holders`.

    Raises
    ------
    RunError
        If the run kept no trades, the venues trade several instruments, or ``by`` is not ``population`` or ``agent``.
    """
    count = len(holders(run, by))
    traded = {each.instrument for each in run.scenario.venues if each.name in venues}
    if len(traded) != 1:
        raise RunError(f"shares are taken of lots of one instrument, and {', '.join(venues)} trade {len(traded)}")
    trades = trades_of(run, traded.pop())
    own = np.isin(trades.venue, [trades.venues.index(name) for name in venues])
    sides = (
        (trades.maker_populations, trades.taker_populations) if by == "population" else (trades.makers, trades.takers)
    )
    lots, episodes = trades.quantities[own], trades.episodes[own]
    making, taking = (shares_of(lots, who[own], count, episodes) for who in sides)
    return making, taking


def table(run: Run, venue: str, by: str = "agent") -> pd.DataFrame:
    """Who makes the market on a venue, one row per population or agent.

    Columns are ``making`` and ``taking``, their shares of lots, with ``making_standard_error`` and
    ``taking_standard_error``, and where the run kept messages those of :func:`analysis.quality.presence.presence_of`.

    Raises
    ------
    RunError
        As :func:`makers_of` does.
    """
    making, taking = makers_of(run, [venue], by)
    frame = pd.DataFrame(
        {
            "making": making.values,
            "making_standard_error": making.errors,
            "taking": taking.values,
            "taking_standard_error": taking.errors,
        },
        index=holders(run, by),
    )
    return frame.join(presence_of(run, venue, by)) if run.scenario.record.messages else frame


def obligation_kept(run: Run, population: str) -> Estimate:
    """Share of turns in which members kept their obligation, a mean over episodes; nan if the run kept no results."""
    rows = columns(run, "episodes", ["episode", "population", "presence"])
    known = rows[(rows["population"] == population) & rows["presence"].notna()]
    return mean(known.groupby("episode")["presence"].mean()) if len(known) else NOTHING


# --- the command ----------------------------------------------------------------------------------------------------


@measure(
    "market_making",
    summary="who makes the market: shares of making and taking, concentration, presence in the book",
    source="Hirschman 1964, American Economic Review 54, 761 (Herfindahl index)",
    chapter="Who makes the market",
    place=1,
    needs=("trades",),
)
def measures(run: Run) -> list[Measurement]:
    """Making, taking, presence and concentration of every venue, and concentration of venues of one instrument.

    Raises
    ------
    RunError
        If the run kept no trades.
    """
    found = by_venue(run, _measures)
    for instrument in run.scenario.instruments:
        venues = [each.name for each in run.scenario.venues if each.instrument == instrument.name]
        if len(venues) > 1:
            rows = _concentration(run, venues)
            found += [replace(each, name=f"{instrument.name}.all.{each.name}") for each in rows]
    return found


def _measures(run: Run, venue: str) -> list[Measurement]:
    making, taking = makers_of(run, [venue])
    logged = presence_of(run, venue) if run.scenario.record.messages else None
    found = []
    for place, population in enumerate(run.scenario.populations):
        if venue not in population.venues:
            continue
        rows = [
            measure_of("making", making.estimate(place), "share", "of lots, whose resting side was its", _NOBODY),
            measure_of("taking", taking.estimate(place), "share", "of lots, whose arriving side was its", _NOBODY),
        ]
        present = dict.fromkeys(_PRESENCE, NOTHING)
        if logged is not None:
            present = {
                name: Estimate(*(float(logged[column].iloc[place]) for column in (name, f"{name}_standard_error")))
                for name in _PRESENCE
            }
        if making.values[place] > 0 or present["two_sided"].value > 0 or present["best"].value > 0:
            why = "needs record.messages = true" if logged is None else "the book was never seen"
            rows += [measure_of(name, present[name], "share", meaning, why) for name, meaning in _PRESENCE.items()]
        if population.obligation and population.venues[0] == venue:
            kept = obligation_kept(run, population.name)
            rows.append(measure_of("obligation", kept, "share", "of turns in which it was kept", _NO_RESULTS))
        found += [replace(each, name=f"{population.name}.{each.name}") for each in rows]
    return found + _concentration(run, [venue])


def _concentration(run: Run, venues: Sequence[str]) -> list[Measurement]:
    rows, where = [], " on all venues" if len(venues) > 1 else ""
    for by in ("agent", "population"):
        making, _ = makers_of(run, venues, by)
        rows += [
            measure_of(f"herfindahl.{by}s", making.herfindahl, "index", f"of making{where}, over {by}s", _NOBODY),
            measure_of(
                f"makers.{by}s", making.effective, "number", f"of equal {by}s{where} as concentrated: 1/H", _NOBODY
            ),
        ]
    return rows
