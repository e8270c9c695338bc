"""How records of the World become rows of a run's tables, whose columns :mod:`sim.runs.schemas` has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from sim.core.codes import KINDS, SCHEDULE
from sim.core.world import NO_PRICE, RISK_COLUMNS
from sim.rules.margin import EVENTS
from sim.runs.files import TABLES as TABLES
from sim.runs.limit_words import limits_in_words
from sim.runs.schemas import risk_columns, schemas_of
from sim.scenario import Scenario


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
        self._pools = np.array([venue.name in scenario.pools for venue in scenario.venues])
        counts = [population.count for population in scenario.populations]
        self._population_of = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        self._firsts = np.cumsum([0, *counts[:-1]])
        self._instrument_names = text_column([instrument.name for instrument in scenario.instruments])
        self._seconds = scenario.run.step_seconds
        self._unit = scenario.money.unit
        self._obliged = any(population.obligation for population in scenario.populations)
        self.schemas = schemas_of(scenario)
        self._opinions = "opinion" in self.schemas["agents"].names
        self._hedges = "hedge" in self.schemas["trades"].names
        self._hedge_names = text_column(["taker", "maker", "both"])
        self._risks = [RISK_COLUMNS.index(name) for name in risk_columns(scenario)]
        self._funded = "funding" in self.schemas["agents"].names
        self._forgives = "forgiven" in self.schemas["agents"].names

    # --- conversions: each takes records of sim.core.world and gives a pyarrow table --------------------------------

    def _names(self, numbers: Any, names: pa.Array) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(number_column(numbers.astype(np.int32)), names)

    def _words(self, words: list[str], which: Any) -> pa.DictionaryArray:
        """Words by number, of which several may be the same."""
        known = list(dict.fromkeys(words))
        numbers = np.array([known.index(word) for word in words], np.int32)
        return self._names(numbers[which], text_column(known))

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

    def _traded_at(self, rows: Any) -> pa.Array:
        """Prices of trades, as currency; with a pool money per lot, which is no whole number of anything."""
        prices = self._prices(rows["price"], rows["venue"], traded=True)
        if not self._pools.any():
            return prices
        per_unit = rows["money"] / rows["quantity"] * self._prices_of_trades[rows["venue"]]
        return number_column(np.where(self._pools[rows["venue"]], per_unit, prices.to_numpy()))

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
            self._traded_at(rows), rows["quantity"],
            self._names((rows["aggressor"] + 1) // 2, self._sides), *self._agent(rows["maker"]),
            *self._agent(rows["taker"]), rows["maker_order"], rows["taker_order"], self._money(rows["maker_fee"]),
            self._money(rows["taker_fee"]), rows["mark"], rows["microprice"], rows["value"],
            number_column(rows["belief"], np.isnan(rows["belief"])), *self._hedge(rows["hedged"]),
        ])  # fmt: skip

    def _hedge(self, hedged: Any) -> list[Any]:
        if not self._hedges:
            return []
        return [pa.DictionaryArray.from_arrays(number_column((hedged - 1).astype(np.int32), hedged == 0),
                                               self._hedge_names)]  # fmt: skip

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

    def agents(self, rows: Any, lots: Any, greeks: Any, risks: Any) -> pa.Table:
        """Samples of agents or populations; ``lots`` is (rows, instruments), the others (rows, columns)."""
        return self._table(
            "agents",
            [
                *self._when(rows),
                *self._who(rows),
                self._money(rows["cash"]),
                rows["wealth"],
                *self._paid(rows),
                *self._funding(rows),
                *([number_column(rows["opinion"], np.isnan(rows["opinion"]))] if self._opinions else []),
                *lots.T,
                *greeks.T,
                *(number_column(risks[:, place], np.isnan(risks[:, place])) for place in self._risks),
            ],
        )

    def _paid(self, rows: Any) -> list[Any]:
        return [self._money(rows[name]) for name in ("fees", "dividends", "interest")]

    def _funding(self, rows: Any) -> list[Any]:
        funding = [self._money(rows["funding"])] if self._funded else []
        return [*funding, self._money(rows["forgiven"])] if self._forgives else funding

    def episodes(self, rows: Any, lots: Any) -> pa.Table:
        """Results of episodes; ``lots`` is int64 (rows, instruments), held just before settlement."""
        shares = rows["kept"] / np.maximum(rows["turns"], 1)
        presence = [number_column(shares, rows["turns"] == 0)] if self._obliged else []
        return self._table("episodes", [
            rows["episode"], *self._who(rows), rows["payoff"], rows["private_value"], self._money(rows["cash"]),
            *self._paid(rows), rows["trades"], rows["volume"], rows["messages"], *self._funding(rows), *presence,
            *lots.T,
        ])  # fmt: skip

    def settlements(self, rows: Any) -> pa.Table:
        """What instruments came to."""
        names = self._names(rows["instrument"], self._instrument_names)
        prices = [rows[name] for name in ("initial", "price", "value")]
        return self._table("settlements", [rows["episode"], names, *prices, pa.array(rows["marked"] != 0)])

    def limits(self, rows: Any) -> pa.Table:
        """What became of limits; each row's words stand in the scenario."""
        stated = [limits_in_words(self._scenario, each) for each in self._scenario.populations]
        firsts = np.cumsum([0, *map(len, stated)])
        words = [limit for each in stated for limit in each]
        which = firsts[rows["population"]] + rows["number"]
        texts = [self._words([getattr(each, name) for each in words], which) for name in ("of", "on", "action")]
        most = np.array([each.most for each in words], float)[which]
        return self._table("limits", [
            rows["episode"], *self._who(rows), rows["number"], *texts, number_column(most, np.isnan(most)),
            number_column(rows["worst"], np.isnan(rows["worst"])), rows["over"], rows["acted"], rows["rejected"],
            rows["cut"],
        ])  # fmt: skip

    def margin_calls(self, rows: Any) -> pa.Table:
        """What happened to accounts under margin."""
        return self._table("margin_calls", [
            *self._when(rows), *self._who(rows), self._names(rows["event"], text_column(EVENTS)), rows["available"],
            rows["maintenance"], self._money(rows["paid"]),
        ])  # fmt: skip

    def messages(self, rows: Any) -> pa.Table:
        """Rows of the message log."""
        return self._table("messages", [
            *self._when(rows), rows["sequence"], self._names(rows["venue"], self._venues), *self._agent(rows["agent"]),
            self._names(rows["kind"], self._kinds), self._side_names(rows["side"]),
            *(self._prices(rows[name], rows["venue"]) for name in ("price", "asked")), rows["quantity"], rows["filled"],
            rows["number"],
            *(number_column(rows[name], rows["kind"] != SCHEDULE) for name in ("slope", "centre")), rows["turn"],
        ])  # fmt: skip
