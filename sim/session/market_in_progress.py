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

from sim.core.arguments import paths, whole
from sim.core.codes import EPISODE
from sim.core.world import NO_PRICE
from sim.runs.attributed import Attributed, SoFar
from sim.runs.totals import has_quoted_spread, quoted_spread
from sim.scenario import Scenario, resolved
from sim.scenario.defaults import holds_auctions
from sim.scenario.overrides import Overrides
from sim.session.look import CASH, DIVIDENDS, auction_now, is_collecting, look_at_instruments, look_at_populations
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

    _simulation: Attributed

    def __init__(
        self,
        scenario: Scenario | str | Path,
        seed: int | None = None,
        overrides: Overrides | None = None,
        *,
        strategies: str | Path | Sequence[str | Path] = (),
        trades: int = 200,
    ) -> None:
        load_files(paths("strategies", strategies))
        scenario = resolved(scenario, overrides, seed)
        self.recent = RecentTrades(whole("trades", trades, low=1))
        super().__init__(_looked_at(scenario), tables=False)
        populations, instruments = len(scenario.populations), len(scenario.instruments)
        self._sums = np.zeros((populations, 5), np.int64)
        self._lots = np.zeros((populations, instruments), np.int64)
        self._worths = np.full((instruments, 4), np.nan)
        self._margined = np.asarray(self.world.instruments["margined"]) != 0
        self._price_sizes = scenario.price_sizes()
        self._ticks = [each.tick_size for each in scenario.venues]
        self._tick_sizes = np.array(self._ticks)
        self._spread_measured = np.array([has_quoted_spread(self._built, venue) for venue in range(len(self._ticks))])
        self._spreads = [np.nan] * len(self._ticks)
        self._auctions = any(map(holds_auctions, scenario.venues))

    def _driven(self) -> Attributed:
        return Attributed(self._built, self.recent)

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
    def begun(self) -> int:
        """Episodes that have begun: of so many, sums of money are; at least 1."""
        return self.episode + 1

    @property
    def _between(self) -> bool:
        """Whether no episode is going on: the last has ended, or the first not begun."""
        return bool(self.world.clock[0]["phase"] == EPISODE)

    @property
    def _nothing_goes_on(self) -> bool:
        """Whether there are no marks to count positions by, as in a first step that was broken off."""
        return self._between or not self.now

    def turn_now(self) -> tuple[str, int]:
        """Whose turn it is, in words, and the steps done; other threads may ask while a step is going on."""
        return self._simulation.whose_turn(), self.now

    def prepare(self) -> None:
        """Compile what steps and shows the market: before the first step, so that nothing stands still later."""
        self._simulation.advance(0)
        self.look()
        self._simulation.so_far(np.zeros((len(self._worths), 3)), self._sums[:, DIVIDENDS:])
        for venue in range(len(self._ticks)):
            self.book(venue)
            if self._auctions:
                auction_now(self.address, venue)

    def look(self) -> None:
        """Take what is shown from the market of now; the other methods speak of the last look."""
        self._simulation.drain()
        look_at_instruments(self.address, self._worths)
        look_at_populations(self.address, self._sums, self._lots)
        self._spreads = self._mean_spreads()
        if not self.now:  # no episode has begun
            self._worths[:], self._sums[:], self._lots[:] = np.nan, 0, 0

    def worths(self) -> list[Worth]:
        """What each instrument is worth."""
        return [
            Worth(mark if marked else np.nan, value, public) for mark, value, public, marked in self._worths.tolist()
        ]

    def book(self, venue: int, levels: int = 20) -> Book:
        """What a venue shows."""
        collecting = bool(is_collecting(self.address, venue))
        price, imbalance = auction_now(self.address, venue) if collecting else (NO_PRICE, 0)
        size = self._price_sizes[venue]
        bids, asks = (self.depth(way, levels, venue) * (self._ticks[venue], 1.0) for way in (1, -1))
        return Book(
            bids=bids,
            asks=asks,
            last=self.last_price(venue),
            collecting=collecting,
            indicative=int(price) * size if price != NO_PRICE else np.nan,
            imbalance=int(imbalance) if collecting else None,
            spread_mean=self._spreads[venue],
        )

    def _mean_spreads(self) -> list[float]:
        """Mean quoted spread of each venue so far, as a summary has it; nan where it has none."""
        with np.errstate(divide="ignore", invalid="ignore"):
            found = quoted_spread(self._simulation.venues, self._tick_sizes)
        return np.where(self._spread_measured, found, np.nan).tolist()  # type: ignore[no-any-return]

    def spread_means(self) -> list[float]:
        """Mean quoted spread of each venue so far, currency; nan where it has none."""
        return self._spreads

    def last_price(self, venue: int) -> float:
        """The price of the last trade of the episode on a venue, currency; nan before there is one."""
        last = int(self.world.venues[venue]["last_price"])
        return last * self._price_sizes[venue] if self.now and last != NO_PRICE else np.nan

    def inventories(self) -> NDArray[np.int64]:
        """Lots that the members of each population hold, int64 (populations, instruments)."""
        return self._lots

    def members(self, population: int) -> Any:
        """Lots that each member of a population holds, int64 (members, instruments)."""
        row, width = self.world.populations[population], len(self.scenario.instruments)
        first, count = int(row["first"]), int(row["count"])
        return np.array(self.world.holdings["lots"][first * width : (first + count) * width]).reshape(count, width)

    def profits(self) -> NDArray[np.float64]:
        """Change of wealth of each population by the ledger, over all episodes begun: (populations,). Currency."""
        totals = self._simulation.populations
        ended: NDArray[np.float64] = np.asarray(totals["average"]) * np.asarray(totals["episodes"])
        return ended if self._nothing_goes_on else ended + self._going_profits()

    def _going_profits(self) -> NDArray[np.float64]:
        """Change of wealth in the episode that goes on."""
        unit, sizes, margined = self.scenario.money.unit, self._simulation.sums.scale, self._margined
        initial, mark, _ = self._marks().T
        now = mark * sizes - np.where(margined, self.world.instruments["settled_units"], 0)
        units = (
            self._sums[:, CASH]
            + self._lots @ now
            - self._simulation.sums.first @ np.where(margined, 0.0, sizes * initial)
        )
        return np.asarray(units * unit)

    def money(self) -> SoFar:
        """Where the money went: sums over all episodes begun, of the trades alone."""
        if self._nothing_goes_on:
            return self._simulation.so_far(None, np.zeros_like(self._sums[:, DIVIDENDS:]))
        return self._simulation.so_far(self._marks(), self._sums[:, DIVIDENDS:])

    def _marks(self) -> NDArray[np.float64]:
        """Marks when the episode began and now, and whether that ever was a price: float64 (instruments, 3)."""
        return np.column_stack([self.world.instruments["initial"], self._worths[:, 0], self._worths[:, 3]])


def _looked_at(scenario: Scenario) -> Scenario:
    """The same market, of which only sums are kept: samples of agents are for tables, and results go by population."""
    record = scenario.record.model_copy(update={"agents": "none", "episodes": "populations", "messages": False})
    kept = scenario.model_copy(update={"record": record})
    kept.came_from(scenario.source, scenario.folder, scenario.given, scenario.changes, scenario.origins)
    return kept
