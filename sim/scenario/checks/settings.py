"""Checks of the settings of a strategy, wherever they stand: in a population's params, or among a game's choices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sim.core.wording import near, near_or_all, shown
from sim.scenario.checks.base import Checks, Found, Where, is_missing
from sim.scenario.defaults import holds_auctions
from sim.scenario.tables.market import Population

if TYPE_CHECKING:
    from sim.strategy_kit.declare import Strategy

# What a strategy may need: the field that gives it, and how that may be written.
GIVEN_BY = {
    "signal": ("sees", '{ of = "value" }'),
    "reservation": ("reservation", '{ distribution = "fixed", distance = 1.0 }'),
    "private_values": ("private_values", '{ distribution = "normal", deviation = 1.0, units = 10 }'),
    "network": ("network", '"friends" and a [[networks]] table of that name'),
    "capital": ("risk.capital", "{ amount = 1_000.0 }"),
    "auction": ("venues", "[…] with the names of venues that hold auctions"),
}
NOT_A_PARAMETER = (
    "players of a game choose parameters; spreadgame sweep --grid changes any other key, [counterfactuals] several"
)


class SettingChecks(Checks):
    """What a strategy's settings may be."""

    def unmet(self, population: Population, strategy: Strategy, params: Mapping[str, Any]) -> list[str]:
        """What the strategy needs with these parameters and the population does not have."""
        needed = strategy.needs_of(strategy.resolve(params, self.folder))
        return [need for need in sorted(needed) if self._lacks(population, need)]

    def _lacks(self, population: Population, need: str) -> bool:
        if need == "network":
            return not population.network
        if need == "capital":
            return population.risk is None or population.risk.capital is None
        if need == "auction":
            venues = {each.name: each for each in self.draft.venues}
            return not all(holds_auctions(venues[name]) for name in self.venues_of(population) if name in venues)
        return is_missing(population, GIVEN_BY[need][0])

    def settings(
        self, where: Where, params: Mapping[str, Any], strategy: Strategy, base: Mapping[str, Any] | None = None
    ) -> Found:
        """What is wrong with params that take the place of others, or of the defaults."""
        for name, value in params.items():
            parameter = strategy.parameters.get(name)
            if parameter is None:
                remedy = near_or_all(name, strategy.parameters) or "it has none at all"
                if where[:1] == ("game",) and "." in name:
                    remedy = NOT_A_PARAMETER
                elif where[:1] == ("game",) and (word := near(name, ["strategy", "players"])):
                    remedy = word
                yield self.problem((*where, name), f"strategy {strategy.name!r} has no parameter {shown(name)}", remedy)
            elif wrong := wrong_setting(strategy, name, value):
                meaning = f"it means: {parameter.meaning}" + (f", {parameter.unit}" if parameter.unit else "")
                yield self.problem((*where, name), wrong, near(value, parameter.choices) or meaning)
        if len(right_settings(strategy, params)) == len(params) and (
            wrong := strategy.validate(strategy.resolve({**(base or {}), **params}, self.folder))
        ):
            yield self.problem(where, wrong)


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
