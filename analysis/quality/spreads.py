"""The cost of trading and its parts: effective spread, realised spread and price impact, order by order.

An arriving order with sign q (+1 to buy) trades at P. M is the mid just before the order (one mid for all levels that
it takes), and M' is the mid a horizon later. Then

    effective  2 q (P - M)      realised  2 q (P - M')      impact  2 q (M' - M)      effective = realised + impact

(Huang and Stoll 1996, J. Financial Economics 41, 313). In currency; means are weighted by lots. Another mark, such as
the makers' belief, gives the same parts another meaning: :mod:`analysis.money.marks`.

``spreadgame measure spreads RUN [--mark MARK] [--horizon N] [--unit steps|orders] [--by GROUP]``.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.money.marks import MARKS, MOST_HORIZON, check_horizon, marks_of
from analysis.reading.marked import NEVER
from analysis.reading.registry import Option, measure
from analysis.reading.trades import Floats, Integers, trades_of
from analysis.stats.arguments import checked
from analysis.stats.clusters import Clustered, clusters_of
from analysis.stats.estimates import Estimate
from sim.core.errors import RunError
from sim.core.wording import near_or_all
from sim.runs.result import Run

GROUPS = ("all", "venue", "side", "size", "taker", "maker", "pair")
PARTS = ("effective", "realised", "impact")
HORIZON, UNIT = 5, "orders"
_SIZES = 5  # groups of sizes, at most


class Parts(NamedTuple):
    """The parts of the spread of each order or trade, float64 (rows,), currency; nan if no mid is known."""

    effective: Floats
    realised: Floats
    impact: Floats


@checked("prices", "mids", "later", signs=["signs"], infinite=True)
def decomposed(prices: ArrayLike, signs: ArrayLike, mids: ArrayLike, later: ArrayLike) -> Parts:
    """Effective spread, realised spread and price impact.

    Parameters
    ----------
    prices, signs : of trades, (rows,); signs are +1 if the taker bought, -1 if it sold.
    mids, later : just before the order, and a horizon later, (rows,). Currency.
    """
    p, q, m, after = (np.asarray(each, float) for each in (prices, signs, mids, later))
    return Parts(2 * q * (p - m), 2 * q * (p - after), 2 * q * (after - m))


class Spreads:
    """The parts of the spread of each trade of one instrument, (trades,).

    Parameters
    ----------
    run, instrument : the scenario's first instrument if None.
    mark : one of :data:`analysis.money.marks.MARKS`.
    horizon, unit : that many ``steps`` later, at the step's end, or ``orders`` later, just before the order. A trade
        whose horizon lies beyond its episode has no realised spread and no impact.

    Raises
    ------
    RunError
        If the run kept no trades, has no such mark, or the horizon is below 1 or counted in another unit.
    """

    def __init__(
        self, run: Run, instrument: str | None = None, mark: str = "mid", horizon: int = HORIZON, unit: str = UNIT
    ) -> None:
        self.trades = trades_of(run, instrument)
        self.marks = marks_of(self.trades, mark)
        first = self.trades.first_of_order
        starts = first == np.arange(len(first))
        self.orders: Integers = np.flatnonzero(starts)  # the trade with which each order began
        self.order: Integers = np.cumsum(starts) - 1  # of each trade
        self.parts = self.at(horizon, unit)

    def at(self, horizon: int, unit: str = UNIT) -> Parts:
        """The parts of each trade's spread at another horizon, (trades,). Raises RunError as the class does."""
        check_horizon(horizon, unit, "orders")
        known = self.marks.known[self.trades.episodes[self.orders]]
        before = np.where(known, self.marks.before[self.orders], np.nan)
        later = np.where(known, self._later(horizon, unit), np.nan)
        return decomposed(self.trades.prices, self.trades.signs, before[self.order], later[self.order])

    def _later(self, horizon: int, unit: str) -> Floats:
        """Mark a horizon after each order, (orders,); nan beyond the episode."""
        marks, episodes, count = self.marks, self.trades.episodes[self.orders], len(self.orders)
        if unit == "steps":
            marks.check_steps()
            steps = self.trades.steps[self.orders] + horizon
            length = self.trades.run.scenario.run.steps
            return np.where(steps < length, marks.at(episodes, np.minimum(steps, length - 1)), np.nan)
        later = np.full(count, np.nan)
        if count > horizon:
            same = episodes[horizon:] == episodes[:-horizon]
            later[:-horizon] = np.where(same, marks.before[self.orders[horizon:]], np.nan)
        return later

    @cached_property
    def _clusters(self) -> Integers:
        return clusters_of(self.trades.episodes)

    def groups(self, by: str) -> tuple[Integers, list[str]]:
        """Group of each trade, and the groups' names.

        Parameters
        ----------
        by : one of :data:`GROUPS`: all, the venue, the taker's side, the order's size, the taker's or the maker's
            population, or the pair of both, as taker → maker.
        """
        trades = self.trades
        names = trades.populations
        if by == "all":
            return np.zeros(len(trades), np.int64), ["all"]
        if by == "venue":
            return trades.venue.astype(np.int64), trades.venues
        if by == "side":
            return (trades.signs > 0).astype(np.int64), ["sells", "buys"]
        if by == "taker":
            return trades.taker_populations.astype(np.int64), names
        if by == "maker":
            return trades.maker_populations.astype(np.int64), names
        if by == "pair":
            pairs = trades.maker_populations.astype(np.int64) * len(names) + trades.taker_populations
            return pairs, [f"{taker} → {maker}" for maker in names for taker in names]
        if by == "size":
            return self._sizes()
        raise RunError(f"spreads cannot be grouped by {by!r} — {near_or_all(by, GROUPS)}")

    def _sizes(self) -> tuple[Integers, list[str]]:
        lots = np.bincount(self.order, self.trades.quantities).astype(np.int64)
        distinct = np.unique(lots)
        if len(distinct) > _SIZES:
            shares = np.arange(1, _SIZES) / _SIZES
            distinct = np.unique(np.append(distinct[0], np.quantile(lots, shares, method="inverted_cdf") + 1))
        ends = [*distinct[1:] - 1, int(lots.max(initial=0))]
        names = [
            f"{low:,}" if low == high else f"{low:,} to {high:,}" for low, high in zip(distinct, ends, strict=True)
        ]
        return (np.searchsorted(distinct, lots, side="right") - 1)[self.order], [f"{each} lots" for each in names]

    def mean(self, part: Floats) -> Estimate:
        """Mean of one of the :class:`Parts`, weighed by lots, over trades in which it is known. Currency."""
        known = np.isfinite(part)
        rows = slice(None) if known.all() else known
        return Clustered(self._clusters[rows], weights=self.trades.quantities[rows]).means(part[rows]).estimate()

    def table(self, by: str = "all") -> pd.DataFrame:
        """Means of the parts with their standard errors, one row per group: trades, lots, then currency.

        Only trades whose horizon lies within their episode count, so that in each row the effective spread is the sum
        of the others; ``share`` is the impact's of it.

        Raises
        ------
        RunError
            If there is no such group, or no trade whose horizon lies within its episode.
        """
        return self.table_of(self.parts, by)

    def table_of(self, parts: Parts, by: str = "all") -> pd.DataFrame:
        """:meth:`table` of parts at another horizon."""
        known = np.isfinite(parts.impact)
        if not known.any():
            why = "nobody traded" if not len(known) else "every horizon lies beyond its episode — take a shorter one"
            if len(known) and not self.marks.known[self.trades.episodes].any():
                why = NEVER
            raise RunError(f"{self.trades.run.folder or 'this run'}: {self.trades.instrument}: {why}")
        groups, names = self.groups(by)
        rows = slice(None) if known.all() else known
        clustered = Clustered(self._clusters[rows], groups[rows], len(names), self.trades.quantities[rows])
        found: dict[str, Any] = {"trades": clustered.rows.astype(np.int64)}
        for name, values in zip(PARTS, parts, strict=True):
            means = clustered.means(values[rows])
            found |= {
                "lots": means.weights.astype(np.int64),
                name: means.values,
                f"{name}_standard_error": means.errors,
            }
        with np.errstate(divide="ignore", invalid="ignore"):
            found["share"] = found["impact"] / found["effective"]
        frame = pd.DataFrame(found, index=pd.Index(names, name=by))
        return frame[frame["trades"] > 0]


@measure(
    "spreads",
    summary="what trading cost: effective spread = realised spread + price impact, order by order",
    source="Huang and Stoll 1996, J. Financial Economics 41, 313",
    unit="currency, weighed by lots",
    chapter="What trading cost",
    needs=("trades",),
    options={
        "by": Option("all", "what a row is; pair: taker → maker", choices=GROUPS),
        "mark": Option("mid", "what prices are held against", choices=MARKS),
        "horizon": Option(HORIZON, "at least 1 order, or 0 steps: to the step's end", int, 0, MOST_HORIZON),
        "unit": Option(UNIT, "of the horizon", choices=("steps", "orders")),
    },
    without_error={
        "trades": "they are counted",
        "lots": "they are counted",
        "share": "the impact's of the effective spread; see the errors of both",
    },
)
def tables(run: Run, by: str = "all", mark: str = "mid", horizon: int = HORIZON, unit: str = UNIT) -> pd.DataFrame:
    """:meth:`Spreads.table` of every instrument, one below the other. Parameters and errors are those of `Spreads`."""
    names = [each.name for each in run.scenario.instruments]
    parts = [Spreads(run, name, mark, horizon, unit).table(by) for name in names]
    return parts[0] if len(parts) == 1 else pd.concat(dict(zip(names, parts, strict=True)), names=["instrument"])
