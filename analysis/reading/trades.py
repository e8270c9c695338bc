"""The trades of one instrument as arrays, over all its venues in order of time; a column is read when asked for."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.reading.marked import marked
from sim.core.errors import RunError
from sim.runs.result import Run

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Rows = NDArray[np.int32]


class Trades:
    """Trades of one instrument. All arrays have shape (trades,); prices are currency, quantities lots.

    Parameters
    ----------
    run : whose trades were kept.
    instrument : its name; None for the scenario's first.

    Raises
    ------
    RunError
        If the run kept no trades, or has no such instrument.
    """

    def __init__(self, run: Run, instrument: str | None = None) -> None:
        scenario = run.scenario
        if not scenario.record.trades:
            raise RunError(f"{run.folder or 'this run'}: it kept no trades — set record.trades = true and run it again")
        names = [each.name for each in scenario.instruments]
        if instrument is not None and instrument not in names:
            raise RunError(f"this run has no instrument {instrument!r} — there are {', '.join(names)}")
        self.run = run
        self.instrument = names[0] if instrument is None else instrument
        self.populations = [each.name for each in scenario.populations]
        self.venues = [each.name for each in scenario.venues if each.instrument == self.instrument]
        self._every_venue = [each.name for each in scenario.venues]
        self._firsts = np.cumsum([0, *(each.count for each in scenario.populations)]).astype(np.int32)

    def __len__(self) -> int:
        return len(self.steps)

    @cached_property
    def _kept(self) -> NDArray[np.bool_] | None:
        """Which rows of the table are of this instrument; None for all."""
        if len(self.venues) == len(self._every_venue):
            return None
        own = np.array([name in self.venues for name in self._every_venue])
        kept: NDArray[np.bool_] = own[self._codes("venue", self._every_venue)]
        return kept

    def _column(self, name: str) -> Any:
        column = self.run.table("trades", [name]).column(name)
        values = column.to_numpy()
        return values if self._kept is None else values[self._kept]

    def _codes(self, name: str, words: list[str]) -> Rows:
        """A column of words as places in a list of them; parts of a table have dictionaries of their own."""
        places = {word: place for place, word in enumerate(words)}
        parts = [np.zeros(0, np.int32)]
        for chunk in self.run.table("trades", [name]).column(name).chunks:
            own = np.array([places[word] for word in chunk.dictionary.to_pylist()], np.int32)
            parts.append(own[chunk.indices.to_numpy()])
        return np.concatenate(parts)

    def _own(self, name: str, words: list[str]) -> Rows:
        codes = self._codes(name, words)
        return codes if self._kept is None else codes[self._kept]

    @cached_property
    def episodes(self) -> Integers:
        """Episode of each."""
        return np.asarray(self._column("episode"), np.int64)

    @cached_property
    def steps(self) -> Integers:
        """Step of its episode."""
        return np.asarray(self._column("step"), np.int64)

    @cached_property
    def prices(self) -> Floats:
        """Price."""
        return np.asarray(self._column("price"), float)

    @cached_property
    def quantities(self) -> Integers:
        """Lots."""
        return np.asarray(self._column("quantity"), np.int64)

    @cached_property
    def signs(self) -> NDArray[np.int8]:
        """+1 where the taker bought, -1 where it sold."""
        return (2 * self._own("aggressor", ["sell", "buy"]) - 1).astype(np.int8)

    @cached_property
    def venue(self) -> Rows:
        """Place of the venue among :attr:`venues`."""
        place = np.array(
            [self.venues.index(name) if name in self.venues else -1 for name in self._every_venue], np.int32
        )
        return np.asarray(place[self._own("venue", self._every_venue)], np.int32)

    @cached_property
    def in_pools(self) -> NDArray[np.bool_]:
        """Whether it was a swap with a pool, whose price is money per lot and no whole number of ticks."""
        pools = np.array([name in self.run.scenario.pools for name in self.venues])
        return np.asarray(pools[self.venue], bool)

    @cached_property
    def maker_populations(self) -> Rows:
        """Place, among the scenario's populations, of whoever's order rested."""
        return self._own("maker_population", self.populations)

    @cached_property
    def taker_populations(self) -> Rows:
        """Place, among the scenario's populations, of whoever's order arrived."""
        return self._own("taker_population", self.populations)

    @property
    def makers(self) -> Rows:
        """Agent whose order rested, counted over all populations."""
        return np.asarray(self._firsts[self.maker_populations] + self._column("maker"), np.int32)

    @property
    def takers(self) -> Rows:
        """Agent whose order arrived, counted over all populations."""
        return np.asarray(self._firsts[self.taker_populations] + self._column("taker"), np.int32)

    @property
    def maker_fees(self) -> Floats:
        """What the maker paid, negative for a rebate. Currency."""
        return np.asarray(self._column("maker_fee"), float)

    @property
    def taker_fees(self) -> Floats:
        """What the taker paid, negative for a rebate. Currency."""
        return np.asarray(self._column("taker_fee"), float)

    @cached_property
    def hedges(self) -> NDArray[np.int8]:
        """Whose order a hedge sent: 1 the taker's, 2 the maker's, 3 both, 0 nobody's."""
        count = len(self)
        if not any(each.hedge for each in self.run.scenario.populations):
            return np.zeros(count, np.int8)
        words, chunks = ("taker", "maker", "both"), self.run.table("trades", ["hedge"]).column("hedge").chunks
        found = [np.zeros(0, np.int8)]
        for chunk in chunks:
            own = np.array([1 + words.index(word) for word in chunk.dictionary.to_pylist()], np.int8)
            places = chunk.indices.to_numpy(zero_copy_only=False)  # float with nan where there is none
            known = np.isfinite(places)
            found.append(np.where(known, own[np.where(known, places, 0).astype(np.int64)], 0).astype(np.int8))
        codes = np.concatenate(found)
        return codes if self._kept is None else codes[self._kept]

    def price_of(self, name: str) -> Floats:
        """A column of prices: ``mark``, ``microprice``, ``value`` or ``belief``."""
        return np.asarray(self._column(name), float)

    @property
    def mids(self) -> Floats:
        """Mid of the consolidated book just before, or the last valid one; nan in episodes that never had one."""
        return np.where(marked(self.run, self.instrument)[self.episodes], self.price_of("mark"), np.nan)

    @cached_property
    def first_of_order(self) -> Integers:
        """The trade with which the arriving order of each trade began."""
        orders = self._column("taker_order")
        count = len(orders)
        new = np.ones(count, bool)
        new[1:] = (orders[1:] != orders[:-1]) | (self.episodes[1:] != self.episodes[:-1])
        return np.maximum.accumulate(np.where(new, np.arange(count), 0)) if count else np.zeros(0, np.int64)

    @cached_property
    def keys(self) -> Integers:
        """Steps since the run began: never falling."""
        return self.episodes * self.run.scenario.run.steps + self.steps


def trades_of(run: Run, instrument: str | None = None) -> Trades:
    """:class:`Trades`, the same at every call, so that a column is read once; errors are those of the class."""
    key = "trades", instrument or run.scenario.instruments[0].name
    if key not in run.derived:
        run.derived[key] = Trades(run, instrument)
    found: Trades = run.derived[key]
    return found
