"""What a scenario says without effect: nothing is wrong with it, and yet nothing will come of it.

Each of these is certain when the file is read; they are warnings, since a scenario may be meant so, and since agents in
plain Python may take the place of a population's. What cannot be is refused by the other checks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sim.core.errors import Problem
from sim.core.wording import shown
from sim.scenario.checks.base import Found, Where
from sim.scenario.checks.disagreements import Disagreements
from sim.scenario.checks.prices import PriceChecks, furthest, is_certain, moved
from sim.scenario.defaults import holds_auctions, is_pool
from sim.scenario.messages import Places
from sim.scenario.tables.arrivals import Bernoulli, Hawkes, OneOf, OnNews, Poisson
from sim.scenario.tables.instruments import Instrument
from sim.scenario.tables.market import Population, Scenario
from sim.scenario.tables.processes import (
    FromFile,
    GeometricBrownian,
    Heston,
    JumpDiffusion,
    MeanReverting,
    known_at_first,
)
from sim.scenario.tables.valuation import FixedReservation, UniformReservation
from sim.scenario.tables.venues import Venue

if TYPE_CHECKING:
    from sim.strategy_kit.declare import Strategy

_SIDES = {"both": {"buy", "sell"}, "buy": {"buy"}, "sell": {"sell"}}
_OTHER = {"buy": "sell", "sell": "buy"}
_DEVIATIONS = 2.0  # so far from its mean a value is likely to come within a run


def warnings_of(scenario: Scenario) -> list[Problem]:
    """What in a scenario is certain to have no effect, likely to lead beyond all prices, or said twice and not alike.

    Parameters
    ----------
    scenario : checked, with every default filled in.
    """
    families = (DeadEnds, Disagreements)
    places = Places(scenario.given, scenario.origins)
    written = scenario.model_copy(update={"populations": scenario.traders()}) if scenario.pools else scenario
    checks = [family(written, places, scenario.folder) for family in families]
    return list(dict.fromkeys(found for family in checks for check in family.all() for found in check))


class DeadEnds(PriceChecks):
    """What has no effect; the draft is a scenario in which nothing is wrong."""

    def all(self) -> Iterator[Found]:
        """The checks of what has no effect."""
        yield from self.each("instruments", self._likely_beyond, self._shocks, self._dividend)
        yield from self.each("venues", self._nobody_trades)
        yield from self.each("networks", self._nobody_linked)
        yield from self.each(
            "populations", self._never, self._unread, self._at_once, self._too_late, self._silent, self._far
        )
        yield self._interest()

    # --- values -------------------------------------------------------------------------------------------------------

    def _likely_beyond(self, where: Where, instrument: Instrument) -> Found:
        venue = self.finest.get(instrument.name)
        reach = likely_reach(instrument, self.draft.run.steps)
        if venue is not None and reach >= furthest(venue):
            yield self.problem(
                (*where, "value"),
                f"it may well come to {reach:.3g} within an episode, beyond all prices of venue {shown(venue.name)} "
                f"(up to {furthest(venue):.3g})",
                "there no order rests: take a larger tick_size, or a shorter episode",
            )

    def _shocks(self, where: Where, instrument: Instrument) -> Found:
        for index, shock in enumerate(instrument.shocks):
            names = ("variance", "mean") if isinstance(instrument.value, Heston) else ("volatility",)
            if shock.volatility is not None and not any(getattr(instrument.value, name, 0.0) for name in names):
                message = "it changes nothing: the value has no volatility to multiply"
                yield self.problem((*where, "shocks", index, "volatility"), message)

    def _dividend(self, where: Where, instrument: Instrument) -> Found:
        if instrument.dividend and instrument.dividend.every > self.draft.run.steps:
            yield self.problem((*where, "dividend", "every"), self._too_seldom(instrument.dividend.every, "a dividend"))

    def _interest(self) -> Found:
        money = self.draft.money
        if money.interest and money.interest_every > self.draft.run.steps:
            yield self.problem(("money", "interest_every"), self._too_seldom(money.interest_every, "interest"))

    def _too_seldom(self, every: int, what: str) -> str:
        return (
            f"{what} is never paid: an episode has {self.draft.run.steps:,} steps, and {every:,} lie between payments"
        )

    # --- populations --------------------------------------------------------------------------------------------------

    def _never(self, where: Where, population: Population) -> Found:
        if key := self._never_acts(population):
            yield self.problem((*where, "arrivals", key), "its members never act")

    def _never_acts(self, population: Population) -> str:
        """The key that keeps a population from ever acting, or an empty string."""
        law = population.arrivals
        if isinstance(law, Hawkes) and population.name not in self._excited:
            return "rate"
        if isinstance(law, Bernoulli) and law.probability == 0.0:
            return "probability"
        if isinstance(law, Poisson) and law.rate == 0.0:
            return "rate"
        if isinstance(law, OneOf) and law.share == 0.0:
            return "share"
        if isinstance(law, OnNews):
            process = self.instrument(law.instrument).value
            if isinstance(process, JumpDiffusion) and process.jump_probability == 0.0:
                return "law"
        return ""

    def _unread(self, where: Where, population: Population) -> Found:
        if self._chooses(population):
            return
        strategy, given = self.strategy(population), population.params
        used, needs = self._uses(population), strategy.needs_of(given)
        asks = f"strategy {strategy.name!r} never asks for"
        draws = "reservation_price" in used
        if population.reservation and not draws:
            yield self.problem((*where, "reservation"), f"{asks} a reservation price, so it has no effect")
        by_choice = any("signal" in each.needs.values() for each in strategy.parameters.values())
        anchored = bool(population.reservation) and draws and population.reservation.reference == "signal"  # type: ignore[union-attr]
        if population.sees and "signal" not in needs and not anchored and (by_choice or "signal" not in used):
            names = [name for name, each in strategy.parameters.items() if "signal" in each.needs.values()]
            remedy = f"only with {names[0]} = {_choice_of(strategy, names[0])!r} does it" if by_choice else ""
            yield self.problem((*where, "sees"), f"{asks} its signal{' with these params' * by_choice}", remedy)
        if population.obligation and strategy.repeats(given):
            message = f"strategy {strategy.name!r} sends what was sent under such a rule before, so it has no effect"
            yield self.problem((*where, "obligation"), message)
        if population.private_values and "private_value" not in used:
            message = f"{asks} private values; they count only in what its trades were worth"
            yield self.problem((*where, "private_values"), message)

    def _at_once(self, where: Where, population: Population) -> Found:
        if not self._is_simultaneous(population):
            return
        from sim.strategy_kit.loading.uses import RESTS, TAKES_ONLY

        used, books = self._uses(population), [name for name in population.venues if self._never_collects(name)]
        if not books or not used & TAKES_ONLY:
            return
        all_of_them = not used & RESTS
        which = "all its" if all_of_them else "its market and immediate-or-cancel"
        words = f"{which} orders are rejected"
        yield self.problem(
            (*where, "turn"),
            f"{words}: turn {population.turn} is simultaneous, where orders to a book ({books[0]}) can only rest",
            "give takers a turn of their own, after the makers'",
        )

    def _too_late(self, where: Where, population: Population) -> Found:
        start = population.params.get("start") if self._is_ours(population) else None
        if isinstance(start, int) and start >= self.draft.run.steps:
            message = f"it never begins: steps count from 0, and an episode has {self.draft.run.steps:,}"
            yield self.problem((*where, "params", "start"), message)

    def _silent(self, where: Where, population: Population) -> Found:
        strategy = self.strategy(population)
        if not self._chooses(population) and not strategy.max_messages(population.params):
            yield self.problem((*where, "params"), f"with these strategy {strategy.name!r} sends nothing")

    def _far(self, where: Where, population: Population) -> Found:
        """Distances and prices that the grid does not have, wherever on it they are counted from."""
        strategy, venue = self.strategy(population), self.venues[population.venues[0]]
        for name, value in population.params.items():
            parameter = strategy.parameters[name]
            if parameter.unit == "currency" and isinstance(value, float) and abs(value) >= 2.0 * furthest(venue):
                message = f"{value:g} is more than the whole range of prices on venue {shown(venue.name)}"
                yield self.problem((*where, "params", name), message)

    def _nobody_linked(self, where: Where, network: Any) -> Found:
        if not any(network.name in each.networks for each in self.draft.populations):
            message = "no population names it, so it has no effect"
            yield self.problem(where, message, f'write network = "{network.name}" in a population')

    # --- markets ------------------------------------------------------------------------------------------------------

    def _nobody_trades(self, where: Where, venue: Venue) -> Found:
        from sim.strategy_kit.loading.uses import RESTS, TAKES

        here = [each for each in self._on.get(venue.name, ()) if not self._never_acts(each)]
        if not self._never_collects(venue.name) or any(map(self._chooses, here)):
            return
        if here and any(each.hedge and venue.name in each.hedge.venues for each in self.draft.populations):
            return  # by market orders, on either side
        if here and is_pool(venue):
            return
        resting = [each for each in here if self._uses(each) & RESTS or each.obligation]
        taking = [each for each in here if not self._is_simultaneous(each) and self._uses(each) & TAKES]
        why = ""
        if not here:
            why = "nobody comes to it"
        elif not resting:
            why = "nobody leaves orders on it that others could take"
        elif not taking:
            why = "nobody takes what rests on it: all orders sent to it can only rest"
        elif sum(each.count for each in here) == 1 and venue.self_trade_prevention != "allow":
            why = "one agent alone has nobody to trade with"
        elif not any(_OTHER[side] in _sides(self, taker) for each in resting for side in _sides(self, each)
                     for taker in taking):  # fmt: skip
            why = f"orders rest only to {next(iter(_sides(self, resting[0])))}, and whoever comes wants the same"
        elif self._asks_too_much(resting, taking):
            why = "its makers' half-spreads are wider than any reservation price of its takers"
        if why:
            yield self.problem(where, f"no trade can happen: {why}")

    def _asks_too_much(self, resting: list[Population], taking: list[Population]) -> bool:
        """Whether makers keep a fixed distance from the public value that no taker's reservation price has."""
        widest = -math.inf
        for each in taking:
            reservation = each.reservation
            if (
                each.strategy != "reservation_price_taker"
                or reservation is None
                or reservation.reference != "public_value"
            ):
                return False
            if isinstance(reservation, FixedReservation):
                widest = max(widest, reservation.distance)
            elif isinstance(reservation, UniformReservation):
                widest = max(widest, reservation.high)
            else:
                return False
        for each in resting:
            given = each.params
            plain = each.strategy == "fixed_spread" and given["reference"] == "public_value" and not each.obligation
            if not plain or given["inventory_skew"] or given["half_spread"] <= widest + self._tick(each):
                return False
        return bool(taking) and bool(resting)

    # --- what is asked again and again --------------------------------------------------------------------------------

    @cached_property
    def _on(self) -> Mapping[str, list[Population]]:
        """Populations by venue."""
        found: dict[str, list[Population]] = {}
        for each in self.draft.populations:
            for name in each.venues:
                found.setdefault(name, []).append(each)
        return found

    @cached_property
    def _excited(self) -> set[str]:
        """Populations of Hawkes arrivals that come by themselves, or that others excite who come."""
        laws = {each.name: each.arrivals for each in self.draft.populations}
        hawkes = {name: law for name, law in laws.items() if isinstance(law, Hawkes)}
        moving = {name for name, law in hawkes.items() if law.rate > 0.0}
        others = [each for each in self.draft.populations if each.name not in hawkes]
        moving |= {each.name for each in others if not self._never_acts(each)}
        while (
            more := {name for name, law in hawkes.items() if any(law.by.get(other, 0.0) > 0.0 for other in moving)}
            - moving
        ):
            moving |= more
        return moving

    @cached_property
    def _ranks(self) -> frozenset[int]:
        return frozenset(self.draft.turns.simultaneous)

    @cached_property
    def _players(self) -> frozenset[str]:
        return frozenset(self.draft.game.players if self.draft.game else ())

    def _tick(self, population: Population) -> float:
        return self.venues[population.venues[0]].tick_size

    def _chooses(self, population: Population) -> bool:
        """Whether a game changes what the population plays, so that nothing is certain of it."""
        return population.name in self._players

    def _is_simultaneous(self, population: Population) -> bool:
        return population.turn in self._ranks

    def _is_ours(self, population: Population) -> bool:
        from sim.strategy_kit import registry

        return population.strategy in registry.built_in()

    def _uses(self, population: Population) -> frozenset[str]:
        from sim.strategy_kit.loading.uses import uses

        return uses(self.strategy(population))

    def _never_collects(self, name: str) -> bool:
        """Whether a venue is a book all the time."""
        venue = self.venues[name]
        return not holds_auctions(venue)


def _sides(checks: DeadEnds, population: Population) -> set[str]:
    """The sides on which a population may send orders: both, unless its parameters are ours and say otherwise."""
    given: Mapping[str, Any] = population.params if checks._is_ours(population) and not population.obligation else {}
    sides = _SIDES.get(str(given.get("sides", given.get("side", "both"))), _SIDES["both"])
    never = {0.0: "buy", 1.0: "sell"}.get(given.get("buy_probability", 0.5), "")
    return sides - {never} if given.get("distribution") != "normal" else sides


def _choice_of(strategy: Strategy, name: str) -> str:
    return next(choice for choice, need in strategy.parameters[name].needs.items() if need == "signal")


def likely_reach(instrument: Instrument, steps: int) -> float:
    """How far from 0 a value may well come within an episode: two standard deviations beyond its mean. Currency.

    0 where it is not random, or leans on prices, or stands in a file.
    """
    process = instrument.value
    if process is None:
        return 0.0
    first = known_at_first(process)
    if first is None or isinstance(process, FromFile) or is_certain(process) or instrument.price_feedback > 0.0:
        return 0.0
    jumps = math.fsum(shock.value for shock in instrument.shocks)
    factor = max([1.0, *(shock.volatility for shock in instrument.shocks if shock.volatility is not None)])
    volatility = getattr(process, "volatility", 0.0) * factor
    mean = moved(process, first, steps)
    if isinstance(process, Heston):
        volatility = math.sqrt(max(process.variance, process.mean)) * factor
    if isinstance(process, GeometricBrownian | Heston):
        # Of its logarithm, whose mean lies below that of the value.
        log = (process.drift - 0.5 * volatility**2) * steps + _DEVIATIONS * volatility * math.sqrt(steps)
        return (first * math.exp(log) if log < 600.0 else math.inf) + abs(jumps)
    variance = volatility**2
    if isinstance(process, JumpDiffusion):
        variance += process.jump_probability * process.jump_size**2 * (2.0 if process.jump == "exponential" else 1.0)
    length = float(steps)
    if isinstance(process, MeanReverting) and process.reversion > 0.0:
        length = min(length, 1.0 / (process.reversion * (2.0 - process.reversion)))
        jumps = 0.0
    return max(abs(first), abs(mean + jumps)) + _DEVIATIONS * math.sqrt(variance * length)
