"""Checks of populations: strategies, their parameters and needs, venues, turns, and what a game lets them choose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sim.scenario.checks import Checks, Found, Where, is_missing, name_of
from sim.scenario.fill import venues_of
from sim.scenario.table import MOST_AGENTS, Unreadable
from sim.scenario.vocabulary import Population
from sim.scenario.wording import near, near_or_all, shown

if TYPE_CHECKING:
    from sim.strategies.declare import Strategy

# What a strategy may need: the field that gives it, and how that may be written.
GIVEN_BY = {
    "signal": ("sees", '{ of = "value" }'),
    "reservation": ("reservation", '{ distribution = "fixed", distance = 1.0 }'),
    "private_values": ("private_values", '{ distribution = "normal", deviation = 1.0, units = 10 }'),
}


class PopulationChecks(Checks):
    """Who trades, and how."""

    def all(self) -> Iterator[Found]:
        """The checks of populations and of the game they play."""
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
        yield from (self._agents(), self._simultaneous(), self._players())
        yield from self.each("populations", self._choices)

    def _strategy_known(self, where: Where, population: Population) -> Found:
        from sim import strategies

        if population.strategy not in strategies.names():
            remedy = near(population.strategy, strategies.names()) or (
                f"one of your own needs --strategies FILE; ours are {', '.join(strategies.names())}"
            )
            message = f"there is no strategy {shown(population.strategy)}"
            yield self.problem((*where, "strategy"), message, remedy)

    def _venues_known(self, where: Where, population: Population) -> Found:
        names = [venue.name for venue in self.draft.venues]
        for index, name in enumerate(population.venues):
            if name not in names:
                yield self.unknown((*where, "venues", index), "venue", name, names)
            elif name in population.venues[:index]:
                yield self.problem((*where, "venues", index), f"{name!r} is listed twice")

    def _venues_as_many(self, where: Where, population: Population) -> Found:
        takes = self.strategy(population).venues
        have = len(venues_of(self.draft, population))
        if have == takes:
            return
        names = [str(name_of(venue)) for venue in self.draft.venues]
        yield self.problem(
            (*where, "venues"),
            f"strategy {population.strategy!r} trades on {takes}, "
            + (f"and {have} are named" if population.venues else f"and the scenario has {have}"),
            f"name {takes} of {', '.join(names)}" if takes <= len(names) else f"add a venue to {', '.join(names)}",
        )

    def _params(self, where: Where, population: Population) -> Found:
        yield from self._settings((*where, "params"), population.params, self.strategy(population))

    def _settings(
        self, where: Where, params: Mapping[str, Any], strategy: Strategy, base: Mapping[str, Any] | None = None
    ) -> Found:
        """What is wrong with params that take the place of others, or of the defaults."""
        for name, value in params.items():
            parameter = strategy.parameters.get(name)
            if parameter is None:
                remedy = near_or_all(name, strategy.parameters) or "it has none at all"
                if near(name, ["strategy"]) and where[:1] == ("game",):
                    remedy = "did you mean 'strategy'?"
                yield self.problem((*where, name), f"strategy {strategy.name!r} has no parameter {shown(name)}", remedy)
            elif wrong := wrong_setting(strategy, name, value):
                meaning = f"it means: {parameter.meaning}" + (f", {parameter.unit}" if parameter.unit else "")
                yield self.problem((*where, name), wrong, near(value, parameter.choices) or meaning)
        if len(right_settings(strategy, params)) == len(params) and (
            wrong := strategy.wrong(strategy.resolve({**(base or {}), **params}))
        ):
            yield self.problem(where, wrong)

    def _needs(self, where: Where, population: Population) -> Found:
        strategy = self.strategy(population)
        for need in unmet(population, strategy, right_settings(strategy, population.params)):
            field, example = GIVEN_BY[need]
            by = repr(strategy.name) + ("" if need in strategy.needs else " with these params")
            message = f"is missing: strategy {by} cannot play without it"
            yield self.problem((*where, field), message, f"write for example {field} = {example}")

    def _anchor(self, where: Where, population: Population) -> Found:
        reservation = population.reservation
        if reservation and reservation.around == "signal" and is_missing(population, "sees"):
            message = "'signal' is for populations that see something"
            yield self.problem(
                (*where, "reservation", "around"), message, f"write for example sees = {GIVEN_BY['signal'][1]}"
            )

    def _obligation(self, where: Where, population: Population) -> Found:
        """Two ticks always hold a bid and an ask, wherever their centre lies."""
        if population.obligation is None:
            return
        first = venues_of(self.draft, population)[0]
        ticks = {str(name_of(venue)): venue.tick_size for venue in self.draft.venues}
        if first not in ticks:
            return  # said already
        least = 2.0 * ticks[first]
        if population.obligation.maximum_spread < least * (1.0 - 1e-9):
            message = f"{population.obligation.maximum_spread:g} is less than two ticks of venue {first!r}"
            yield self.problem((*where, "obligation", "maximum_spread"), message, f"write {least:g} or more")

    def _agents(self) -> Found:
        total = sum(population.count for population in self.draft.populations)
        if total > MOST_AGENTS:
            yield self.problem(("populations",), f"{total:,} agents in all are above the most allowed, {MOST_AGENTS:,}")

    def _simultaneous(self) -> Found:
        ranks = self.draft.turns.simultaneous
        turns = sorted({population.turn for population in self.draft.populations})
        for index, rank in enumerate(ranks):
            if rank in ranks[:index]:
                yield self.problem(("turns", "simultaneous", index), f"{rank} is listed twice")
            elif rank not in turns:
                remedy = f"the turns are {', '.join(map(str, turns[:20]))}"
                yield self.problem(("turns", "simultaneous", index), f"no population has turn {rank}", remedy)

    def _players(self) -> Found:
        if self.draft.game is None:
            return
        names = [population.name for population in self.draft.populations]
        chosen = self.draft.game.players
        for index, name in enumerate(chosen):
            where: Where = ("game", "players", index) if len(chosen) > 1 else ("game", "players")
            if name not in names:
                yield self.unknown(where, "population", name, names)
            elif name in chosen[:index]:
                yield self.problem(where, f"{name!r} is listed twice")

    def _choices(self, where: Where, population: Population) -> Found:
        """The game's strategies, as this population would play them."""
        from sim import strategies

        game = self.draft.game
        if game is None or population.name not in game.players:
            return
        playing = self.strategy(population)
        try:
            own = right_settings(playing, population.params)
        except Unreadable:
            own = {}
        for name, chosen in game.strategies.items():
            where_chosen: Where = ("game", "strategies", name)
            strategy, params, base = playing, dict(chosen), own
            if "strategy" in chosen:
                found, base = params.pop("strategy"), {}
                if found not in strategies.names():
                    yield self.unknown((*where_chosen, "strategy"), "strategy", found, strategies.names())
                    continue
                strategy = strategies.get(found)
            yield from self._settings(where_chosen, params, strategy, base)
            for need in unmet(population, strategy, {**base, **right_settings(strategy, params)}):
                if strategy is playing and need in strategy.needs_of(own):
                    continue  # said of the population already
                field, example = GIVEN_BY[need]
                message = f"strategy {strategy.name!r} with these params cannot play without {field}"
                remedy = f"write for example {field} = {example} under {self.places(where)}"
                yield self.problem(where_chosen, message, remedy)


def unmet(population: Population, strategy: Strategy, params: Mapping[str, Any]) -> list[str]:
    """What the strategy needs with these parameters and the population does not have."""
    return [need for need in sorted(strategy.needs_of(params)) if is_missing(population, GIVEN_BY[need][0])]


def wrong_setting(strategy: Strategy, name: str, value: object) -> str:
    """What is wrong with the value of one of a strategy's parameters, or an empty string."""
    if isinstance(value, tuple) and strategy.parameters[name].type is tuple:
        return strategy.parameters[name].check(value)
    if not isinstance(value, (bool, int, float, str)):
        return f"{shown(value)} is neither a number nor true, false or a name"
    if isinstance(value, int) and abs(value) >= 2**62:
        return f"{shown(value)} is not a number of reasonable size"
    return strategy.parameters[name].check(value)


def right_settings(strategy: Strategy, params: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the given parameters that the strategy has and that may stand."""
    known = {name: value for name, value in params.items() if name in strategy.parameters}
    return {name: value for name, value in known.items() if not wrong_setting(strategy, name, value)}
