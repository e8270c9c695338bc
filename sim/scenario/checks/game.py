"""Checks of a game: its players, and whether they can play what they may choose."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sim.core.wording import near_or_all, shown
from sim.scenario.checks.base import Found, Where, name_of
from sim.scenario.checks.settings import GIVEN_BY, NOT_A_PARAMETER, SettingChecks, right_settings
from sim.scenario.tables.arrivals import Hawkes, OnNews
from sim.scenario.tables.game import Range, offered_to
from sim.scenario.tables.market import Population
from sim.scenario.tables.table import Unreadable
from sim.scenario.tables.valuation import LinearPrivateValues

if TYPE_CHECKING:
    from sim.strategy_kit.declare import Strategy

_MOST_POINTS = 100  # strategies that ranges make to begin with
_LONGEST_NAME = 64  # letters, as sim.scenario.tables.table has it


class GameChecks(SettingChecks):
    """Who plays, and what they may choose."""

    def all(self) -> Iterator[Found]:
        """The checks of the game; of none, where there is none."""
        yield from (self._players(), self._offered(), self._ranges(), self._reduced())
        yield from self.each("populations", self._choices, self._names, self._values_alike, self._news, self._alone)

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

    def _offered(self) -> Found:
        """Strategies that are offered to some of the players only."""
        game = self.draft.game
        if game is None:
            return
        for name, chosen in game.strategies.items():
            where: Where = ("game", "strategies", name, "players")
            if offered_to(chosen) == ():
                message = f"{shown(chosen['players'])} names no player"
                yield self.problem(where, message, "leave it out to offer this to all players")
            for player in offered_to(chosen) or ():
                if player not in game.players:
                    remedy = near_or_all(player, list(game.players))
                    yield self.problem(where, f"{shown(player)} is not among the game's players", remedy)
        for population in self.draft.populations:
            offers = [offered_to(chosen) for chosen in game.strategies.values()]
            named = any(only is None or population.name in only for only in offers)
            if population.name not in game.players or named:
                continue
            if not any(name in self.strategy(population).parameters for name in game.ranges):
                message = f"player {population.name!r} is offered nothing"
                yield self.problem(("game", "strategies"), message, "name a strategy here, or a range in [game.ranges]")

    def _reduced(self) -> Found:
        game = self.draft.game
        if game is None:
            return
        counts = {population.name: population.count for population in self.draft.populations}
        for name, few in game.reduced_players.items():
            where: Where = ("game", "reduced_players", name)
            if name not in game.players:
                message = f"{name!r} is not among the game's players"
                yield self.problem(where, message, near_or_all(name, list(game.players)))
            elif name in counts and few < 1:
                yield self.problem(where, f"{few} is less than one player")

    # --- a population of several players is parted into populations of one -------------------------------------------

    def _is_parted(self, population: Population) -> bool:
        game = self.draft.game
        return game is not None and population.name in game.players and population.count > 1

    def _names(self, where: Where, population: Population) -> Found:
        """Members have names of their own, which must be names, and nobody else's."""
        from sim.scenario.choices import member_name

        if not self._is_parted(population):
            return
        last = member_name(population.name, population.count - 1, population.count)
        if len(last) > _LONGEST_NAME:
            most = _LONGEST_NAME - len(last) + len(population.name)
            message = f"its last member would be called {last!r}, and a name has {_LONGEST_NAME} letters at most"
            yield self.problem((*where, "name"), message, f"take a name of {most} letters at most")
        for index, other in enumerate(self.draft.populations):
            name = name_of(other) or ""
            number = name.removeprefix(f"{population.name}:")
            is_number = number != name and number.isascii() and number.isdigit()
            if is_number and str(int(number)) == number and int(number) < population.count:
                message = f"{name!r} is what a member of player {population.name!r} is called"
                yield self.problem(("populations", index, "name"), message, "give this population another name")

    def _values_alike(self, where: Where, population: Population) -> Found:
        values = population.private_values
        if not isinstance(values, LinearPrivateValues) or not self._is_parted(population):
            return
        if values.first != values.last:
            message = (
                f"members who value a lot at {values.first:g} to {values.last:g} are not alike, and the members of a "
                "player must be"
            )
            remedy = "name populations of one each, with a first of its own"
            yield self.problem((*where, "private_values"), message, remedy)

    def _news(self, where: Where, population: Population) -> Found:
        if isinstance(population.arrivals, OnNews) and self._is_parted(population):
            message = f"a group may have one on_news population, and player {population.name!r} is parted"
            remedy = "write count = 1, or name populations of one each, each in a group of its own"
            yield self.problem((*where, "arrivals", "law"), message, remedy)

    def _alone(self, where: Where, population: Population) -> Found:
        """What links a population's members cannot link populations of one."""
        if isinstance(population.arrivals, Hawkes):
            for other in self.draft.populations:
                if name_of(other) in population.arrivals.by and self._is_parted(other):
                    message = f"player {other.name!r} is parted into populations of one, none of which has that name"
                    yield self.problem((*where, "arrivals", "by", other.name), message, "give it count = 1")
        if not self._is_parted(population):
            return
        linked = {
            ("network",): bool(population.network),
            ("sees", "network"): bool(population.sees and population.sees.network),
            ("arrivals", "law"): isinstance(population.arrivals, Hawkes),
        }
        for path, is_so in linked.items():
            if is_so:
                message = f"player {population.name!r} is parted into populations of one, which it cannot link"
                yield self.problem((*where, *path), message, "write count = 1, or let this population be no player")

    def _choices(self, where: Where, population: Population) -> Found:
        """The game's strategies, as this population would play them."""
        from sim.strategy_kit import registry

        game = self.draft.game
        if game is None or population.name not in game.players:
            return
        playing = self.strategy(population)
        own = self._own(population)
        named: dict[tuple[Any, ...], str] = {}  # by strategy and whole params, the first name of it
        for name, chosen in game.strategies.items():
            only = offered_to(chosen)
            if only is not None and population.name not in only:
                continue
            where_chosen: Where = ("game", "strategies", name)
            strategy, base = playing, own
            params = {key: value for key, value in chosen.items() if key not in ("strategy", "players")}
            if "strategy" in chosen:
                found, base = chosen["strategy"], {}
                if found not in registry.names():
                    yield self.unknown((*where_chosen, "strategy"), "strategy", found, registry.names())
                    continue
                strategy = registry.get(found)
            yield from self.settings(where_chosen, params, strategy, base)
            for need in self.unmet(population, strategy, {**base, **right_settings(strategy, params)}):
                if strategy is playing and need in strategy.needs_of(own):
                    continue  # said of the population already
                field, example = GIVEN_BY[need]
                message = f"strategy {strategy.name!r} with these params cannot play without {field}"
                remedy = f"write for example {field} = {example} under {self.places(where)}"
                yield self.problem(where_chosen, message, remedy)
            if len(right_settings(strategy, params)) == len(params):
                twin = named.setdefault((strategy.name, *strategy.resolve({**base, **params}).values()), name)
                if twin != name:
                    message = f"{name!r} and {twin!r} are two names for one strategy of player {population.name!r}"
                    yield self.problem(where_chosen, message, "leave one of them out, or let them differ")

    def _ranges(self) -> Found:
        """Ranges of parameters: somebody has the parameter, it is a number, and both ends may stand."""
        game = self.draft.game
        if game is None or not game.ranges:
            return
        playing = [self.strategy(each) for each in self.draft.populations if each.name in game.players]
        for name, numbers in game.ranges.items():
            where: Where = ("game", "ranges", name)
            having = [strategy for strategy in playing if name in strategy.parameters]
            if not having:
                right = [each for strategy in playing for each in strategy.parameters]
                who = " or ".join(sorted({repr(strategy.name) for strategy in playing})) or "any player"
                remedy = near_or_all(name, right) if "." not in name else NOT_A_PARAMETER
                yield self.problem(where, f"strategy {who} has no parameter {shown(name)}", remedy)
            for strategy in having:
                yield from self._ends(where, numbers, strategy, name)
        many = math.prod(numbers.points for numbers in game.ranges.values())
        if many > _MOST_POINTS:
            remedy = "lower their points: what pays more between them is found all the same"
            yield self.problem(
                ("game", "ranges"), f"{many:,} strategies to begin with are more than {_MOST_POINTS}", remedy
            )

    def _ends(self, where: Where, numbers: Range, strategy: Strategy, name: str) -> Found:
        parameter = strategy.parameters[name]
        if parameter.type not in (int, float):
            yield self.problem(where, f"parameter {name!r} of {strategy.name!r} is no number: offer its values by name")
        elif parameter.type is int and (numbers.low % 1 or (numbers.step or 0.5) % 1):
            message = f"parameter {name!r} of {strategy.name!r} takes whole numbers"
            yield self.problem(where, message, "write a whole low, and for example step = 1")
        else:
            for end in ("low", "high"):
                if wrong := parameter.check(parameter.type(getattr(numbers, end))):
                    yield self.problem((*where, end), wrong)
            if not numbers.low < numbers.high or (numbers.step or 0.0) > numbers.high - numbers.low:
                return  # said of the range itself
            points = {round(each) if parameter.type is int else each for each in numbers.begin()}
            if len(points) < 2:
                message = f"all {numbers.points} points of {name!r} are one strategy, {points.pop():g}"
                yield self.problem(where, message, "write a high that lies further above low")

    def _own(self, population: Population) -> Mapping[str, Any]:
        try:
            return right_settings(self.strategy(population), population.params)
        except Unreadable:
            return {}
