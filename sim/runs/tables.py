"""The tables of a run: what their columns are, in which units, and how records of the World become rows of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from sim.core.world import NO_PRICE
from sim.runs.files import TABLES as TABLES
from sim.scenario import Scenario
from sim.venues.book import KINDS, SCHEDULE

_COUNT, _LOTS, _CURRENCY, _STEPS, _SECONDS = "number", "lots", "currency", "steps", "seconds"
_NAMES = pa.dictionary(pa.int32(), pa.string())


def text_column(words: Iterable[str]) -> pa.Array:
    """As pa.array would; but that imports pandas, which takes longer than many a run."""
    encoded = [word.encode() for word in words]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)))


def number_column(values: Any, missing: Any = None) -> pa.Array:
    """As pa.array would, without pandas."""
    values = np.ascontiguousarray(values)
    valid = None if missing is None else pa.py_buffer(np.packbits(~missing, bitorder="little"))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [valid, pa.py_buffer(values)])


def _fields(*columns: tuple[str, Any, str, str]) -> pa.Schema:
    return pa.schema(
        [pa.field(name, kind, metadata={"unit": unit, "meaning": text}) for name, kind, unit, text in columns]
    )


class Tables:
    """Schemas of one scenario's tables, and the conversion of drained records."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._venues = text_column([venue.name for venue in scenario.venues])
        self._populations = text_column([population.name for population in scenario.populations])
        self._kinds = text_column(KINDS)
        self._sides = text_column(["sell", "buy"])
        self._ticks = np.array([venue.tick_size for venue in scenario.venues])
        self._prices_of_trades = np.array(scenario.price_sizes())
        counts = [population.count for population in scenario.populations]
        self._population_of = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        self._firsts = np.cumsum([0, *counts[:-1]])
        self._instruments = [instrument.name for instrument in scenario.instruments]
        self._instrument_names = text_column(self._instruments)
        self._seconds = scenario.run.step_seconds
        self._unit = scenario.money.unit
        self._obliged = any(population.obligation for population in scenario.populations)
        levels = range(1, scenario.record.levels + 1) if scenario.record.levels > 1 else ()
        lots = [(f"inventory.{name}", pa.int64(), _LOTS, f"lots of {name} held") for name in self._instruments]
        when = [
            ("episode", pa.int64(), _COUNT, "episode, from 0"),
            ("step", pa.int64(), _STEPS, "step of the episode, from 0"),
            ("seconds", pa.float64(), _SECONDS, "market time since the episode began"),
        ]
        who = [
            ("population", _NAMES, "", "population"),
            ("agent", pa.int32(), _COUNT, "number within the population; none where a row is a whole population"),
        ]
        paid = [
            ("fees", pa.float64(), _CURRENCY, "fees paid since the episode began, negative for rebates received"),
            ("dividends", pa.float64(), _CURRENCY, "dividends received since the episode began"),
            ("interest", pa.float64(), _CURRENCY, "interest received since the episode began, negative if paid"),
        ]
        presence = ("presence", pa.float64(), "share of turns", "how often it kept its obligation; none without one")
        self.schemas = {
            "trades": _fields(
                *when,
                ("sequence", pa.int64(), _COUNT, "serial number among trades and logged messages"),
                ("venue", _NAMES, "", "venue"),
                ("price", pa.float64(), _CURRENCY, "price of the trade"),
                ("quantity", pa.int64(), _LOTS, "lots traded"),
                ("aggressor", _NAMES, "", "side of the taker"),
                ("maker_population", _NAMES, "", "population whose order rested"),
                ("maker", pa.int32(), _COUNT, "number of the maker within its population"),
                ("taker_population", _NAMES, "", "population whose order arrived"),
                ("taker", pa.int32(), _COUNT, "number of the taker within its population"),
                ("maker_order", pa.int64(), _COUNT, "public number of the resting order"),
                ("taker_order", pa.int64(), _COUNT, "public number of the arriving order"),
                ("maker_fee", pa.float64(), _CURRENCY, "fee the maker paid, negative for a rebate"),
                ("taker_fee", pa.float64(), _CURRENCY, "fee the taker paid, negative for a rebate"),
                ("mark", pa.float64(), _CURRENCY, "mid of the consolidated book just before, or the last valid one"),
                ("microprice", pa.float64(), _CURRENCY, "best quotes just before, each weighted by the other's lots"),
                ("value", pa.float64(), _CURRENCY, "fundamental value at the time"),
                ("belief", pa.float64(), _CURRENCY, "what the maker took the value to be; none if it does not say"),
            ),
            "book": _fields(
                *when,
                ("venue", _NAMES, "", "venue"),
                ("bid", pa.float64(), _CURRENCY, "best bid at the end of the step; none where there is none"),
                ("bid_volume", pa.int64(), _LOTS, "lots at the best bid"),
                ("ask", pa.float64(), _CURRENCY, "best ask at the end of the step; none where there is none"),
                ("ask_volume", pa.int64(), _LOTS, "lots at the best ask"),
                ("bid_depth", pa.int64(), _LOTS, "lots on the whole bid side, those included that an auction hides"),
                ("ask_depth", pa.int64(), _LOTS, "lots on the whole ask side, those included that an auction hides"),
                ("orders", pa.int64(), _COUNT, "resting orders on both sides"),
                ("last", pa.float64(), _CURRENCY, "price of the last trade"),
                ("mark", pa.float64(), _CURRENCY, "mid of the consolidated book, or the last valid one; none yet"),
                ("microprice", pa.float64(), _CURRENCY, "best quotes, each weighted by the lots at the other"),
                ("value", pa.float64(), _CURRENCY, "fundamental value"),
                ("public_value", pa.float64(), _CURRENCY, "what everybody knows of the value"),
                ("indicative", pa.float64(), _CURRENCY, "price at which an auction that is running would clear"),
                ("imbalance", pa.int64(), _LOTS, "demand less supply that such an auction would leave"),
                *(
                    column
                    for level in levels
                    for column in (
                        (f"bid_{level}", pa.float64(), _CURRENCY, f"price of bid level {level}"),
                        (f"bid_volume_{level}", pa.int64(), _LOTS, f"lots at bid level {level}"),
                        (f"ask_{level}", pa.float64(), _CURRENCY, f"price of ask level {level}"),
                        (f"ask_volume_{level}", pa.int64(), _LOTS, f"lots at ask level {level}"),
                    )
                ),
            ),
            "agents": _fields(
                *when,
                *who,
                ("cash", pa.float64(), _CURRENCY, "cash"),
                ("wealth", pa.float64(), _CURRENCY, "cash and positions at the mark"),
                *paid,
                *lots,
            ),
            "episodes": _fields(
                when[0],
                *who,
                ("payoff", pa.float64(), _CURRENCY, "wealth after settlement less wealth at the start"),
                ("private_value", pa.float64(), _CURRENCY, "private value of what was acquired and parted with"),
                ("cash", pa.float64(), _CURRENCY, "cash after settlement"),
                *paid,
                ("trades", pa.int64(), _COUNT, "trades, as maker or taker"),
                ("volume", pa.int64(), _LOTS, "lots traded"),
                ("messages", pa.int64(), _COUNT, "order messages sent"),
                *([presence] if self._obliged else []),
                *lots,
            ),
            "settlements": _fields(
                when[0],
                ("instrument", _NAMES, "", "instrument"),
                ("initial", pa.float64(), _CURRENCY, "mark when the episode began"),
                ("price", pa.float64(), _CURRENCY, "price at which positions were closed, or else the last mark"),
                ("value", pa.float64(), _CURRENCY, "fundamental value at the episode's end"),
                ("marked", pa.bool_(), "yes or no", "whether the mark ever was a price: a mid, or that of an auction"),
            ),
            "messages": _fields(
                *when,
                ("sequence", pa.int64(), _COUNT, "serial number among trades and messages, after its own trades"),
                ("venue", _NAMES, "", "venue"),
                *who,
                ("kind", _NAMES, "", "what the message was; expire, self_trade and withdraw are removals by rule"),
                ("side", _NAMES, "", "side of the order"),
                ("price", pa.float64(), _CURRENCY, "price, 0 for a market order"),
                ("quantity", pa.int64(), _LOTS, "lots of a new or replaced order, lots removed by a removal"),
                ("filled", pa.int64(), _LOTS, "lots traded at once"),
                ("order", pa.int64(), _COUNT, "public number of the order"),
                ("slope", pa.float64(), "lots per currency", "of a demand schedule; its price is where it wants none"),
            ),
        }  # fmt: skip

    # --- conversions: each takes records of sim.core.world and gives a pyarrow table ---------------------------------

    def _names(self, numbers: Any, names: pa.Array) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(number_column(numbers.astype(np.int32)), names)

    def _side_names(self, sides: Any) -> pa.DictionaryArray:
        """Sell, buy, or none: a schedule may be either."""
        return pa.DictionaryArray.from_arrays(
            number_column(((sides + 1) // 2).astype(np.int32), sides == 0), self._sides
        )

    def _table(self, name: str, columns: list[Any]) -> pa.Table:
        return pa.Table.from_arrays(
            [column if isinstance(column, pa.Array) else number_column(column) for column in columns],
            schema=self.schemas[name],
        )

    def _when(self, rows: Any) -> list[Any]:
        return [rows["episode"], rows["step"], rows["step"] * self._seconds]

    def _prices(self, ticks: Any, venues: Any, traded: bool = False) -> pa.Array:
        """Ticks, or prices of trades, as currency, without the noise of the product; none where there is no price."""
        missing = ticks == NO_PRICE
        prices = np.where(missing, 0, ticks) * (self._prices_of_trades if traded else self._ticks)[venues]
        return number_column(np.round(prices, 12), missing)

    def _who(self, rows: Any) -> list[Any]:
        """Population, and number within it where the row is one agent's."""
        whole = rows["agent"] < 0
        number = np.where(whole, 0, rows["agent"] - self._firsts[rows["population"]]).astype(np.int32)
        return [self._names(rows["population"], self._populations), number_column(number, whole)]

    def _agent(self, agents: Any) -> list[Any]:
        population = self._population_of[agents]
        return [self._names(population, self._populations), (agents - self._firsts[population]).astype(np.int32)]

    def _money(self, units: Any) -> Any:
        return units * self._unit

    def trades(self, rows: Any) -> pa.Table:
        """Rows of the trade tape."""
        venues = rows["venue"]
        return self._table("trades", [
            *self._when(rows), rows["sequence"], self._names(venues, self._venues),
            self._prices(rows["price"], venues, traded=True), rows["quantity"],
            self._names((rows["aggressor"] + 1) // 2, self._sides), *self._agent(rows["maker"]),
            *self._agent(rows["taker"]), rows["maker_order"], rows["taker_order"], self._money(rows["maker_fee"]),
            self._money(rows["taker_fee"]), rows["mark"], rows["microprice"], rows["value"],
            number_column(rows["belief"], np.isnan(rows["belief"])),
        ])  # fmt: skip

    def book(self, rows: Any, ladder: Any) -> pa.Table:
        """Samples of the book; ``ladder`` is int64 (rows, 4 * levels), or None when one level is sampled."""
        venues = rows["venue"]
        deeper: list[Any] = []
        if ladder is not None:
            for column in range(0, ladder.shape[1], 2):
                deeper += [self._prices(ladder[:, column], venues), ladder[:, column + 1]]
        return self._table("book", [
            *self._when(rows), self._names(venues, self._venues), self._prices(rows["bid"], venues), rows["bid_volume"],
            self._prices(rows["ask"], venues), rows["ask_volume"], rows["bid_depth"], rows["ask_depth"], rows["orders"],
            self._prices(rows["last"], venues, traded=True),
            *(number_column(rows[name], np.isnan(rows[name])) for name in ("mark", "microprice")),
            rows["value"], rows["public"],
            self._prices(rows["indicative"], venues, traded=True),
            number_column(rows["imbalance"], rows["imbalance"] == NO_PRICE), *deeper,
        ])  # fmt: skip

    def agents(self, rows: Any, lots: Any) -> pa.Table:
        """Samples of agents or populations; ``lots`` is int64 (rows, instruments)."""
        return self._table(
            "agents",
            [
                *self._when(rows),
                *self._who(rows),
                self._money(rows["cash"]),
                rows["wealth"],
                *self._paid(rows),
                *lots.T,
            ],
        )

    def _paid(self, rows: Any) -> list[Any]:
        return [self._money(rows[name]) for name in ("fees", "dividends", "interest")]

    def episodes(self, rows: Any, lots: Any) -> pa.Table:
        """Results of episodes; ``lots`` is int64 (rows, instruments), held just before settlement."""
        shares = rows["kept"] / np.maximum(rows["turns"], 1)
        presence = [number_column(shares, rows["turns"] == 0)] if self._obliged else []
        return self._table("episodes", [
            rows["episode"], *self._who(rows), rows["payoff"], rows["private_value"], self._money(rows["cash"]),
            *self._paid(rows), rows["trades"], rows["volume"], rows["messages"], *presence,
            *lots.T,
        ])  # fmt: skip

    def settlements(self, rows: Any) -> pa.Table:
        """What instruments came to."""
        names = self._names(rows["instrument"], self._instrument_names)
        prices = [rows[name] for name in ("initial", "price", "value")]
        return self._table("settlements", [rows["episode"], names, *prices, pa.array(rows["marked"] != 0)])

    def messages(self, rows: Any) -> pa.Table:
        """Rows of the message log."""
        return self._table("messages", [
            *self._when(rows), rows["sequence"], self._names(rows["venue"], self._venues), *self._agent(rows["agent"]),
            self._names(rows["kind"], self._kinds), self._side_names(rows["side"]),
            self._prices(rows["price"], rows["venue"]), rows["quantity"], rows["filled"], rows["number"],
            number_column(rows["slope"], rows["kind"] != SCHEDULE),
        ])  # fmt: skip
