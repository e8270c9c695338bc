"""A market in progress: a session that keeps no tables and is looked at between two chunks of steps.

What is shown is that moment's: levels of each book, the trades since the last look, what instruments are worth, what
populations hold and have won. A look changes nothing (:mod:`sim.session.look`), and takes as long however long
the market has been going on. One thread at a time uses a market: nothing is read while it is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.codes import EPISODE
from sim.core.world import NO_PRICE
from sim.runs.totals import Counted, venue_measures
from sim.scenario import Scenario, resolved
from sim.scenario.overrides import Overrides
from sim.session.look import CASH, auction_now, is_collecting, look_at_instruments, look_at_populations
from sim.session.recent_trades import RecentTrades
from sim.session.session import Session
from sim.strategy_kit.loading.files import load_files


class Book(NamedTuple):
    """What a venue shows: levels are float64 (levels, 2), price in currency and lots, the best first; nan for none."""

    bids: NDArray[np.float64]
    asks: NDArray[np.float64]
    last: float
    collecting: bool
    indicative: float
    imbalance: int | None
    spread_mean: float


class Worth(NamedTuple):
    """What an instrument is worth, currency; the mark is nan before there is one, all are before the first step."""

    mark: float
    value: float
    public_value: float


class MarketInProgress(Session):
    """A scenario that goes on and is looked at.

    Parameters
    ----------
    scenario, seed, overrides, strategies : as for :class:`Session`.
    trades : the most trades since the last look that are kept.
    """

    def __init__(
        self,
        scenario: Scenario | str | Path,
        seed: int | None = None,
        overrides: Overrides | None = None,
        *,
        strategies: str | Path | Sequence[str | Path] = (),
        trades: int = 200,
    ) -> None:
        load_files([Path(each) for each in ([strategies] if isinstance(strategies, str | Path) else strategies)])
        scenario = resolved(scenario, overrides, seed)
        self.recent = RecentTrades(trades)
        super().__init__(_looked_at(scenario), tables=False)
        populations, instruments = len(scenario.populations), len(scenario.instruments)
        self._sums = np.zeros((populations, 6), np.int64)
        self._lots = np.zeros((populations, instruments), np.int64)
        self._worths = np.full((instruments, 3), np.nan)
        self._lot_sizes = np.array([each.lot_size for each in scenario.instruments])
        self._price_sizes = scenario.price_sizes()
        self._ticks = [each.tick_size for each in scenario.venues]

    def _driven(self) -> Counted:
        return Counted(self._built, self.recent, self._act)

    @property
    def trades(self) -> int:
        """Trades so far, over all episodes."""
        return int(self.world.clock[0]["trades"])

    @property
    def episode(self) -> int:
        """The episode that goes on, or that has just ended; from 0."""
        clock = self.world.clock[0]
        return max(int(clock["episode"]) - self._between, 0)

    @property
    def _between(self) -> bool:
        """Whether no episode is going on: the last has ended, or the first not begun."""
        return bool(self.world.clock[0]["phase"] == EPISODE)

    def look(self) -> None:
        """Take what is shown from the market of now; the other methods speak of the last look."""
        self._simulation.drain()
        if self.now:
            look_at_instruments(self.address, self._worths)
            look_at_populations(self.address, self._sums, self._lots)

    def worths(self) -> list[Worth]:
        """What each instrument is worth."""
        return [Worth(*row) for row in self._worths.tolist()]

    def book(self, venue: int, levels: int = 20) -> Book:
        """What a venue shows."""
        record = self.world.venues[venue]
        collecting = self.now > 0 and bool(is_collecting(self.address, venue))
        price, imbalance = auction_now(self.address, venue) if collecting else (NO_PRICE, 0)
        size, last = self._price_sizes[venue], int(record["last_price"])
        bids, asks = (self.depth(way, levels, venue) * (self._ticks[venue], 1.0) for way in (1, -1))
        return Book(
            bids=bids,
            asks=asks,
            last=last * size if self.now and last != NO_PRICE else np.nan,
            collecting=collecting,
            indicative=int(price) * size if price != NO_PRICE else np.nan,
            imbalance=int(imbalance) if collecting else None,
            spread_mean=self._spreads.get(self.scenario.venues[venue].name, np.nan),
        )

    @property
    def _spreads(self) -> dict[str, float]:
        """Mean quoted spread of each venue so far, as a summary has it."""
        found = venue_measures(self._built, self._simulation.venues[None])
        return {name: float(each["quoted_spread"][0]) for name, each in found.items() if "quoted_spread" in each}

    def inventories(self) -> NDArray[np.int64]:
        """Lots that the members of each population hold, int64 (populations, instruments)."""
        return self._lots

    def members(self, population: int) -> Any:
        """Lots that each member of a population holds, int64 (members, instruments)."""
        row, width = self.world.populations[population], len(self.scenario.instruments)
        first, count = int(row["first"]), int(row["count"])
        return np.array(self.world.holdings["lots"][first * width : (first + count) * width]).reshape(count, width)

    def profits(self) -> NDArray[np.float64]:
        """Change of wealth of each population: mean of the episodes begun, float64 (populations,). Currency."""
        totals = self._simulation.populations
        ended = np.asarray(totals["average"]) * np.asarray(totals["episodes"])
        if self._between:
            return np.asarray(ended / (self.episode + 1))
        return np.asarray((ended + self._running_profits()) / (self.episode + 1))

    def _running_profits(self) -> NDArray[np.float64]:
        """Change of wealth in the episode that goes on."""
        records = self.world.instruments
        first = self.world.first_holdings.reshape(-1, len(self.scenario.instruments))
        counts = [each.count for each in self.scenario.populations]
        begins = np.cumsum([0, *counts[:-1]])
        endowed = np.add.reduceat(first[: sum(counts)], begins, axis=0)
        unit, sizes = self.scenario.money.unit, self._lot_sizes
        initial = np.asarray(records["initial"])
        mark = np.where(np.isnan(self._worths[:, 0]), initial, self._worths[:, 0])
        margined = np.asarray(records["margined"]) != 0
        now = sizes * mark - np.where(margined, np.asarray(records["settled_units"]) * unit, 0.0)
        before = np.where(margined, 0.0, sizes * initial)
        found: NDArray[np.float64] = self._sums[:, CASH] * unit + self._lots @ now - endowed @ before
        return found


def _looked_at(scenario: Scenario) -> Scenario:
    """The same market, of which only sums are kept: samples of agents are for tables, and results go by population."""
    record = scenario.record.model_copy(update={"agents": "none", "episodes": "populations", "messages": False})
    kept = scenario.model_copy(update={"record": record})
    kept.came_from(scenario.source, scenario.folder, scenario.given, scenario.changes, scenario.origins)
    return kept
