"""Checks of populations: strategies, their parameters and needs, venues and turns."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from sim.core.wording import near, shown, some
from sim.scenario.checks.base import Found, Where, is_missing, name_of
from sim.scenario.checks.settings import GIVEN_BY, SettingChecks, right_settings
from sim.scenario.tables.market import Population
from sim.scenario.tables.table import MOST_AGENTS


class PopulationChecks(SettingChecks):
    """Who trades, and how."""

    def all(self) -> Iterator[Found]:
        """The checks of populations."""
        yield from self.each(
            "populations",
            self._strategy_known,
            self._venues_known,
            self._venues_as_many,
            self._params,
            self._needs,
            self._anchor,
            self._obligation,
        )
        yield from (self._agents(), self._simultaneous())

    def _strategy_known(self, where: Where, population: Population) -> Found:
        from sim.strategy_kit import registry

        if population.strategy not in registry.names():
            remedy = near(population.strategy, registry.names()) or (
                f"one of your own needs --strategies FILE; ours are {', '.join(registry.names())}"
            )
            message = f"there is no strategy {shown(population.strategy)}"
            yield self.problem((*where, "strategy"), message, remedy)

    def _venues_known(self, where: Where, population: Population) -> Found:
        names, listed = self._venue_names | dict.fromkeys(self._chain_names), set[str]()
        for index, name in enumerate(population.venues):
            if name not in names:
                yield self.unknown((*where, "venues", index), "venue", name, list(names))
            elif name in listed:
                yield self.problem((*where, "venues", index), f"{name!r} is listed twice")
            listed.add(name)

    def _venues_as_many(self, where: Where, population: Population) -> Found:
        from sim.strategy_kit.declare import MOST_VENUES

        strategy = self.strategy(population)
        takes = strategy.venues
        have = len(self.venues_of(population))
        if isinstance(takes, str) and have > MOST_VENUES:
            message = f"{have:,} venues are more than the most that one population trades on, {MOST_VENUES:,}"
            yield self.problem((*where, "venues"), message, "share them among several populations")
        if isinstance(takes, str) or have == takes:  # on any number of them
            return
        names = [str(name_of(venue)) for venue in self.draft.venues[: max(takes, 1000)]]
        yield self.problem(
            (*where, "venues"),
            f"strategy {population.strategy!r} trades on {takes}, "
            + (f"and {have} are named" if population.venues else f"and the scenario has {have}"),
            (f"name {takes} of {some(names)}" if takes <= len(names) else f"add a venue to {some(names)}")
            + ("" if strategy.source or have < takes else ', or declare it with venues="any"'),
        )

    def _params(self, where: Where, population: Population) -> Found:
        yield from self.settings((*where, "params"), population.params, self.strategy(population))

    def _needs(self, where: Where, population: Population) -> Found:
        strategy = self.strategy(population)
        for need in self.unmet(population, strategy, right_settings(strategy, population.params)):
            field, example = GIVEN_BY[need]
            by = repr(strategy.name) + ("" if need in strategy.needs else " with these params")
            message = f"is missing: strategy {by} cannot play without it"
            yield self.problem((*where, *field.split(".")), message, f"write for example {field} = {example}")

    def _anchor(self, where: Where, population: Population) -> Found:
        reservation = population.reservation
        if reservation and reservation.reference == "signal" and is_missing(population, "sees"):
            message = "'signal' is for populations that see something"
            yield self.problem(
                (*where, "reservation", "reference"), message, f"write for example sees = {GIVEN_BY['signal'][1]}"
            )

    def _obligation(self, where: Where, population: Population) -> Found:
        """Two ticks always hold a bid and an ask, wherever their centre lies."""
        if population.obligation is None:
            return
        first = self.venues_of(population)[0]
        if first not in self._ticks:
            return  # said already
        least = 2.0 * self._ticks[first]
        if population.obligation.maximum_spread < least * (1.0 - 1e-9):
            message = f"{population.obligation.maximum_spread:g} is less than two ticks of venue {first!r}"
            yield self.problem((*where, "obligation", "maximum_spread"), message, f"write {least:g} or more")

    @cached_property
    def _venue_names(self) -> dict[str, None]:
        return dict.fromkeys(self.venue_names)

    @cached_property
    def _chain_names(self) -> list[str]:
        return [name for chain in self.draft.chains if (name := name_of(chain))]

    @cached_property
    def _ticks(self) -> dict[str, float]:
        return {str(name_of(venue)): venue.tick_size for venue in self.draft.venues}

    def _agents(self) -> Found:
        total = sum(population.count for population in self.draft.populations)
        if total > MOST_AGENTS:
            yield self.problem(("populations",), f"{total:,} agents in all are above the most allowed, {MOST_AGENTS:,}")

    def _simultaneous(self) -> Found:
        ranks = self.draft.turns.simultaneous
        turns = sorted({population.turn for population in self.draft.populations})
        listed = set[int]()
        for index, rank in enumerate(ranks):
            if rank in listed:
                yield self.problem(("turns", "simultaneous", index), f"{rank} is listed twice")
            elif rank not in turns:
                remedy = f"the turns are {some(list(map(str, turns)))}"
                yield self.problem(("turns", "simultaneous", index), f"no population has turn {rank}", remedy)
            listed.add(rank)
