"""What became of limits and of margin accounts, read from the tables of a run: by population or by member.

Amounts are means of an episode, with the error of independent episodes. What members of a population came to is added
up, but for the worst, which is that of the member who came furthest: a limit holds for each of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.stats.estimates import Estimate, mean
from sim.runs.limit_words import LimitInWords, limits_in_words
from sim.runs.result import Run
from sim.scenario.tables.market import Population

BY = ("population", "agent")
EVENTS = ("call", "met", "closing", "default")  # of the table margin_calls
UNITS = {
    "position": "lots", "delta": "units", "gamma": "units per currency", "margin": "share", "unwind": "steps",
    "capital": "lots",
}  # fmt: skip


@dataclass(frozen=True)
class Holder:
    """Whose exposure is measured: a population, all members together, or one member."""

    population: Population
    agent: int | None = None

    @property
    def name(self) -> str:
        """As rows of tables have it."""
        return self.population.name if self.agent is None else f"{self.population.name}.{self.agent}"

    @property
    def members(self) -> int:
        """How many it is."""
        return self.population.count if self.agent is None else 1

    def rows_of(self, table: pd.DataFrame) -> pd.DataFrame:
        """Its rows of a table with the columns ``population`` and ``agent``."""
        mine = (table["population"] == self.population.name).to_numpy(bool)
        if self.agent is not None:
            mine = mine & (table["agent"] == self.agent).to_numpy(bool)
        return table[mine]


@dataclass(frozen=True)
class LimitUse:
    """What became of a limit of a holder.

    Attributes
    ----------
    limit : the limit.
    worst : most that it came to at the end of a step, of any member in any episode; infinite where nothing was there
        for margin, or of unwind what was held had not traded; nan if no episode came to its end.
    over, acted : steps at whose end it was passed, and after which its action was taken.
    rejected : messages of which it let nothing enter.
    cut : lots that it took off other messages.
    """

    holder: Holder
    limit: LimitInWords
    worst: float
    over: Estimate
    acted: Estimate
    rejected: Estimate
    cut: Estimate

    @property
    def unit(self) -> str:
        """Of its most and worst."""
        return UNITS.get(self.limit.of, "currency")

    @property
    def used(self) -> float:
        """The share of the limit that was used at worst; nan of capital, whose limits move."""
        return self.worst / self.limit.most

    @property
    def stood_in_the_way(self) -> bool:
        """Whether it was ever passed, acted on, or kept anything out."""
        return any(each.value > 0.0 for each in (self.over, self.acted, self.rejected, self.cut))


@dataclass(frozen=True)
class MarginUse:
    """How often an account had each of the events of ``margin_calls``, and what the account default paid. Currency."""

    holder: Holder
    events: dict[str, Estimate]
    paid: Estimate


def holders_of(run: Run, by: str = "population") -> Iterator[Holder]:
    """Populations in the order of the scenario, or their members."""
    for population in run.scenario.populations:
        if by == "population":
            yield Holder(population)
        else:
            yield from (Holder(population, agent) for agent in range(population.count))


def has_limits(run: Run) -> bool:
    """Whether any population has limits of its own, or capital."""
    return any(limits_in_words(run.scenario, each) for each in run.scenario.populations)


def is_under_margin(run: Run, population: Population) -> bool:
    """Whether members of a population must keep margin."""
    margin = run.scenario.margin
    return margin is not None and (margin.populations is None or population.name in margin.populations)


def limit_uses(run: Run, by: str = "population") -> list[LimitUse]:
    """What became of every limit of each holder, in the order of the scenario."""
    if not has_limits(run):
        return []
    table, episodes = run.limits, int(run.manifest["episodes"])
    found = []
    for holder in holders_of(run, by):
        rows = holder.rows_of(table)
        for number, limit in enumerate(limits_in_words(run.scenario, holder.population)):
            mine = rows[(rows["limit"] == number).to_numpy(bool)]
            counts = (_counted(mine, name, episodes) for name in ("steps_over", "steps_acted", "rejected", "cut"))
            worst = float(mine["worst"].max()) if len(mine) else math.nan
            found.append(LimitUse(holder, limit, worst, *counts))
    return found


def margin_uses(run: Run, by: str = "population") -> list[MarginUse]:
    """What happened to the accounts of each holder that must keep margin; nobody else is there."""
    if run.scenario.margin is None:
        return []
    table, episodes = run.margin_calls.assign(one=1.0), int(run.manifest["episodes"])
    found = []
    for holder in holders_of(run, by):
        if not is_under_margin(run, holder.population):
            continue
        rows = holder.rows_of(table)
        events = {each: _counted(rows[(rows["event"] == each).to_numpy(bool)], "one", episodes) for each in EVENTS}
        found.append(MarginUse(holder, events, _counted(rows, "paid", episodes)))
    return found


def _counted(rows: pd.DataFrame, column: str, episodes: int) -> Estimate:
    """Mean of an episode's sum of a column, over the episodes that came to their end."""
    ended = rows[(rows["episode"] < episodes).to_numpy(bool)]
    return mean(np.bincount(ended["episode"].to_numpy(np.int64), ended[column].to_numpy(float), episodes))
