"""What a run comes to, added up while it runs: spreads by venue, payoffs by population, each mean with its error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.build import Built
from sim.kernel import BY_AGENT, NOBODY
from sim.world import NO_PRICE


@dataclass
class Mean:
    """A running mean with its standard error (Welford 1962), merged array by array."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, values: Any) -> None:
        """Add an array of float64."""
        if not len(values):
            return
        count, mean = len(values), float(np.mean(values))
        squares = float(np.sum((values - mean) ** 2))
        total, gap = self.count + count, mean - self.mean
        self.squares += squares + gap * gap * self.count * count / total
        self.mean += gap * count / total
        self.count = total

    @property
    def error(self) -> float:
        """Standard error of the mean, were the values independent; nan for fewer than two."""
        return math.sqrt(self.squares / (self.count - 1) / self.count) if self.count > 1 else math.nan


class Summary:
    """Takes the same rows as a sink. Rows of a time series are not independent: their means carry no error here."""

    def __init__(self, built: Built) -> None:
        scenario = built.scenario
        self._built = built
        self._ticks = np.array([venue.tick_size for venue in scenario.venues])
        self._prices = np.array(scenario.price_sizes())
        self._quoted = [Mean() for _ in scenario.venues]
        self._empty = [[0, 0] for _ in scenario.venues]
        self._effective = [[0.0, 0] for _ in scenario.venues]
        self._traded = [[0, 0] for _ in scenario.venues]
        self._error = [Mean() for _ in scenario.venues]
        self._payoffs = [Mean() for _ in scenario.populations]
        self._totals = [
            dict.fromkeys(("private_value", "trades", "volume", "messages", "fees", "turns", "kept"), 0.0)
            for _ in scenario.populations
        ]
        self._by = built.sampling.episodes_by
        self._open = np.zeros((0,), float)

    def trades(self, rows: Any) -> None:
        """Effective spread: twice the distance of price from the mark just before, by lots (Huang and Stoll 1996)."""
        for venue in range(len(self._ticks)):
            mine = rows[rows["venue"] == venue]
            distance = mine["aggressor"] * (mine["price"] * self._prices[venue] - mine["mark"])
            self._effective[venue][0] += float((2.0 * distance * mine["quantity"]).sum())
            self._traded[venue][0] += len(mine)
            self._traded[venue][1] += int(mine["quantity"].sum())

    def book(self, rows: Any, ladder: Any) -> None:
        """Quoted spread and pricing error at the sampled steps."""
        for venue in range(len(self._ticks)):
            mine = rows[rows["venue"] == venue]
            whole = (mine["bid"] != NO_PRICE) & (mine["ask"] != NO_PRICE)
            if self._built.scenario.venues[venue].mechanism != "call_auction":  # which quotes no spread
                self._quoted[venue].add((mine["ask"] - mine["bid"])[whole] * self._ticks[venue])
                self._empty[venue][0] += int((~whole).sum())
                self._empty[venue][1] += len(mine)
            self._error[venue].add((mine["mark"] - mine["value"]) ** 2)

    def agents(self, rows: Any, lots: Any) -> None:
        """Nothing: the ends are in the episodes."""

    def closings(self, rows: Any) -> None:
        """Nothing: they are in the payoffs."""

    def messages(self, rows: Any) -> None:
        """Nothing: messages are counted by the clock."""

    def episodes(self, rows: Any, lots: Any) -> None:
        """Payoff of each population in each episode."""
        for population, total in enumerate(self._totals):
            mine = rows[rows["population"] == population]
            for name in total:
                total[name] += float(mine[name].sum())
            if self._by == BY_AGENT:
                count = self._built.scenario.populations[population].count
                self._payoffs[population].add(mine["payoff"].reshape(-1, count).sum(axis=1))
            else:
                self._payoffs[population].add(mine["payoff"])

    def table(self) -> list[dict[str, Any]]:
        """Rows ``scope, name, measure, value, standard_error, unit``; what could not be had is left out."""
        scenario, unit = self._built.scenario, self._built.scenario.money.unit
        rows: list[dict[str, Any]] = []

        def row(scope: str, name: str, measure: str, value: float, of: str, error: float | None = None) -> None:
            if value == value:
                kept = None if error is None or error != error else error
                rows.append(
                    {
                        "scope": scope,
                        "name": name,
                        "measure": measure,
                        "value": value,
                        "standard_error": kept,
                        "unit": of,
                    }
                )

        for number, venue in enumerate(scenario.venues):
            trades, volume = self._traded[number]
            row("venue", venue.name, "trades", trades, "number")
            row("venue", venue.name, "volume", volume, "lots")
            if self._quoted[number].count:
                row("venue", venue.name, "quoted_spread", self._quoted[number].mean, "currency")
            if volume:
                row("venue", venue.name, "effective_spread", self._effective[number][0] / volume, "currency")
            if self._empty[number][1]:
                row(
                    "venue",
                    venue.name,
                    "one_sided",
                    self._empty[number][0] / self._empty[number][1],
                    "share of samples",
                )
            if self._error[number].count:
                row("venue", venue.name, "pricing_error", math.sqrt(self._error[number].mean), "currency")
        if self._by == NOBODY:
            return rows
        for number, population in enumerate(scenario.populations):
            payoff, total = self._payoffs[number], self._totals[number]
            if not payoff.count:
                continue
            row("population", population.name, "agents", population.count, "number")
            row("population", population.name, "payoff", payoff.mean, "currency an episode", payoff.error)
            if total["volume"]:
                row(
                    "population",
                    population.name,
                    "payoff_a_lot",
                    payoff.mean * payoff.count / total["volume"],
                    "currency a lot",
                )
            if population.values_privately:
                private = total["private_value"] / payoff.count
                row("population", population.name, "private_value", private, "currency an episode")
            if population.obligation and total["turns"]:
                row("population", population.name, "presence", total["kept"] / total["turns"], "share of turns")
            row("population", population.name, "fees", total["fees"] * unit, "currency")
            for name in ("trades", "volume", "messages"):
                row("population", population.name, name, total[name], "lots" if name == "volume" else "number")
        return rows
