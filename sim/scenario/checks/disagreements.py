"""What a scenario says in two places and not alike, though it is about one thing: warnings, as it may be meant so."""

from __future__ import annotations

from collections.abc import Iterator

from sim.core.wording import shown
from sim.scenario.checks.base import Checks, Found, Where
from sim.scenario.tables.market import Population


class Disagreements(Checks):
    """Settings that strategies declare to be common (:class:`sim.strategy_kit.declare.Parameter`)."""

    def all(self) -> Iterator[Found]:
        """The checks of settings that should be the same in two places."""
        yield from self.each("populations", self._common, self._seen)

    def _common(self, where: Where, population: Population) -> Found:
        """Those that populations of one strategy on one venue have in common, against the first such population."""
        strategy = self.strategy(population)
        first = self._first_like(population)
        if first is population:
            return
        for name in strategy.common:
            own, other = population.params[name], first.params[name]
            if own != other:
                yield self.problem(
                    (*where, "params", name),
                    f"{shown(own)} is not that of population {first.name!r}, {shown(other)}, with which it shares "
                    f"strategy {strategy.name!r} and a venue",
                    "set it in both alike",
                )

    def _first_like(self, population: Population) -> Population:
        """The first population that plays the same on one of its venues."""
        return next(
            each
            for each in self.draft.populations
            if each.strategy == population.strategy and set(each.venues) & set(population.venues)
        )

    def _seen(self, where: Where, population: Population) -> Found:
        """What a strategy is told of its signal, against what the signal is."""
        for name, parameter in self.strategy(population).parameters.items():
            given = getattr(population.sees, parameter.same_as, None) if parameter.same_as else None
            if given is not None and given != population.params[name]:
                message = f"{shown(population.params[name])} is not sees.{parameter.same_as}, {shown(given)}"
                yield self.problem((*where, "params", name), message, "its members are wrong about their signals")
