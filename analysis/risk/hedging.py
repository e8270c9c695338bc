"""What hedges cost and what they leave: slippage, turnover, variance, basis.

A hedge's order is decided on at the mid m that it finds. It trades lots z at prices P, the first of them at P₀:

    slippage     Σ z (P - m)        what it pays beyond the mid at its decision
    half-spread  Σ z (P₀ - m)       of that, what the best quote was away from the mid
    depth        Σ z (P - P₀)       of that, what it moved through the book

An order that waits for an auction has no best quote, so all of its slippage counts as half-spread; the mid is then the
last one before the clearing. The variance left is that of changes of wealth between samples, as a share of the variance
that these changes would have had without the gains on what was held as a hedge (Ederington 1979). The basis is how the
hedge's mid changes less how the underlying's does, one for one, between samples.

``spreadgame measure hedging RUN`` prints all of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from analysis.reading.columns import columns
from analysis.reading.measures import Measurement, measure_of
from analysis.reading.registry import EACH_ROW, measure
from analysis.reading.trades import Trades, trades_of
from analysis.risk.positions import samples_of
from analysis.stats.estimates import Estimate, deviation, mean
from sim.core.errors import RunError
from sim.runs.result import Run
from sim.scenario.tables.hedging import Hedge
from sim.scenario.tables.market import Population

Floats = NDArray[np.float64]


@measure(
    "hedging",
    summary="what each population's hedge cost against the mid at its decision, and what variance it left",
    source="slippage as in Perold 1988; hedging effectiveness of Ederington 1979",
    unit=EACH_ROW,
    chapter="Hedges",
    needs=("trades",),
)
def measures(run: Run) -> list[Measurement]:
    """For each population with a hedge: orders, turnover, slippage and its parts, fees, variance left, basis.

    Raises
    ------
    RunError
        If no population has a hedge, or the run kept no trades.
    """
    hedged = [each for each in run.scenario.populations if each.hedge is not None]
    if not hedged:
        raise RunError(f"{run.folder or 'this run'}: no population has a hedge — add a hedge table to one, and run it")
    found: list[Measurement] = []
    for population in hedged:
        if population.hedge is not None:
            found += _of(run, population, population.hedge)
    return found


def _of(run: Run, population: Population, hedge: Hedge) -> list[Measurement]:
    name, episodes = population.name, max(1, int(run.manifest["episodes"]))
    instruments = dict.fromkeys(each.instrument for each in run.scenario.venues if each.name in hedge.venues)
    parts = np.zeros((5, episodes))  # orders, units, half-spread, depth, fees: of each episode
    for instrument in instruments:
        parts += _orders(run, trades_of(run, instrument), population, episodes)
    totals = [mean(part) for part in parts]
    slippage = mean(parts[2] + parts[3])
    cost, per = "currency", "mean of an episode"
    return [
        measure_of(f"{name}.orders", totals[0], "", f"orders of its hedge that traded, {per}"),
        measure_of(f"{name}.turnover", totals[1], "units", f"units of the instruments traded by its hedge, {per}"),
        measure_of(f"{name}.slippage", slippage, cost, f"paid beyond the mid at the decision, {per}"),
        measure_of(f"{name}.half_spread", totals[2], cost, f"of the slippage, up to the first price traded, {per}"),
        measure_of(f"{name}.depth", totals[3], cost, f"of the slippage, beyond the first price traded, {per}"),
        measure_of(f"{name}.fees", totals[4], cost, f"fees of the hedge's trades, {per}"),
        *_variance(run, name, list(instruments)),
        *_basis(run, name, hedge, list(instruments)),
    ]


def _orders(run: Run, trades: Trades, population: Population, episodes: int) -> Floats:
    """Orders, units, half-spread, depth and fees of a population's hedge in one instrument, by episode."""
    lot = next(each.lot_size for each in run.scenario.instruments if each.name == trades.instrument)
    place = trades.populations.index(population.name)
    found = np.zeros((5, episodes))
    for bit, who, sign, fees in (
        (1, trades.taker_populations, 1.0, trades.taker_fees),
        (2, trades.maker_populations, -1.0, trades.maker_fees),
    ):
        rows = np.flatnonzero((trades.hedges & bit != 0) & (who == place) & (trades.episodes < episodes))
        if not len(rows):
            continue
        first = trades.first_of_order[rows] if bit == 1 else rows
        units = sign * trades.signs[rows] * trades.quantities[rows] * lot
        decided, price = trades.price_of("mark")[first], trades.prices
        when = trades.episodes[rows]
        for line, amounts in enumerate(
            (
                first == rows,
                np.abs(units),
                units * (price[first] - decided),
                units * (price[rows] - price[first]),
                fees[rows],
            )
        ):
            found[line] += np.bincount(when, np.asarray(amounts, float), episodes)
    return found


def _variance(run: Run, name: str, instruments: list[str]) -> Iterator[Measurement]:
    """The variance of changes of wealth, as a share of what it would be without the gains on the hedge."""
    changes = _changes(run, name, instruments)
    what = "variance of changes of wealth between samples, as a share of that without the hedge's gains"
    if changes is None:
        none = "needs samples of agents and of the book at the same steps: record.agents_every, record.book_every"
        yield Measurement(f"{name}.variance_left", math.nan, None, "", f"{what}; {none}")
        return
    own, without, episodes = changes
    yield measure_of(f"{name}.variance_left", _ratio(own, without, episodes), "", what)


def _ratio(own: Floats, without: Floats, episodes: NDArray[np.int64]) -> Estimate:
    """Ratio of two variances of pairs of changes, its error from leaving out one episode, or one stretch, at a time."""
    groups = episodes if len(np.unique(episodes)) > 1 else np.arange(len(own)) * 20 // max(1, len(own))
    count = int(groups.max(initial=0)) + 1
    sums = np.array(
        [np.bincount(groups, weights, count) for weights in (np.ones(len(own)), own, own**2, without, without**2)]
    )

    def ratio(totals: Floats) -> Floats:
        n, a, aa, b, bb = totals
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Floats = (aa / n - (a / n) ** 2) / (bb / n - (b / n) ** 2)
        return found

    whole = float(ratio(sums.sum(axis=1)))
    left_out = ratio(sums.sum(axis=1)[:, None] - sums)
    used = count if count > 1 else 0
    error = math.sqrt((used - 1) / used * float(((left_out - left_out.mean()) ** 2).sum())) if used else math.inf
    return Estimate(whole, error)


def _changes(run: Run, name: str, instruments: list[str]) -> tuple[Floats, Floats, NDArray[np.int64]] | None:
    """Changes of wealth between samples, those without the gains on the hedge's instruments, and their episodes."""
    if run.scenario.record.agents == "none" or not run.scenario.record.levels:
        return None
    rows = samples_of(run, name)
    book = columns(run, "book", ["episode", "step", "venue", "mark"])
    first = {each: next(v.name for v in run.scenario.venues if v.instrument == each) for each in instruments}
    gains = np.zeros(max(0, len(rows) - 1))
    for instrument in instruments:
        own = book[(book["venue"] == first[instrument]).to_numpy(bool)][["episode", "step", "mark"]]
        both = rows.merge(own, on=["episode", "step"], how="left")
        if len(both) != len(rows) or both["mark"].isna().any() or len(rows) < 3:
            return None
        lot = next(each.lot_size for each in run.scenario.instruments if each.name == instrument)
        held = both[f"inventory.{instrument}"].to_numpy(float) * lot
        gains += held[:-1] * np.diff(both["mark"].to_numpy(float))
    inside = np.diff(rows["episode"].to_numpy(np.int64)) == 0
    change = np.diff(rows["wealth"].to_numpy(float))
    return change[inside], (change - gains)[inside], rows["episode"].to_numpy(np.int64)[1:][inside]


def _basis(run: Run, name: str, hedge: Hedge, instruments: list[str]) -> Iterator[Measurement]:
    """How far the mids of hedge and underlying move apart between samples of the book, one for one."""
    traded = {each.instrument: each.name for each in reversed(run.scenario.venues)}
    if hedge.of not in traded:
        return
    book = columns(run, "book", ["episode", "step", "venue", "mark"])
    pivot = book.pivot_table(index=["episode", "step"], columns="venue", values="mark", observed=True)
    for instrument in instruments:
        if instrument == hedge.of:
            continue
        pair = pivot[[traded[instrument], traded[hedge.of]]].dropna()
        moves = pair.groupby(level="episode").diff().dropna().to_numpy(float)
        apart = moves[:, 0] - moves[:, 1]
        what = f"deviation of changes of the mid of {instrument} less those of {hedge.of}, between samples"
        yield measure_of(f"{name}.basis.{instrument}", deviation(apart), "currency", what)
