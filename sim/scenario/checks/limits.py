"""Checks of what members may hold and lose: what limits are of, what actions need, capital and plans."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sim.scenario.chains import books_of
from sim.scenario.checks.base import Checks, Found, Where
from sim.scenario.defaults import first_instrument, hedged_by, holds_auctions, instrument_of
from sim.scenario.tables.derivatives import Call, Put
from sim.scenario.tables.limits import Limit, Limits
from sim.scenario.tables.market import Population
from sim.scenario.tables.risk import RiskMeasurement

_STATES_A_DEVIATION = ("random_walk", "geometric_brownian", "heston", "mean_reverting")


class LimitChecks(Checks):
    """What populations may hold and lose."""

    def all(self) -> Iterator[Found]:
        """The checks of limits."""
        yield from self.each("populations", self._limits, self._together, self._capital, self._plan)

    def _limits(self, where: Where, population: Population) -> Found:
        for index, limit in enumerate(population.risk.limits if population.risk else ()):
            at = (*where, "risk", "limits", index)
            yield from self._on(at, population, limit)
            if limit.action == "hedge" and population.hedge is None:
                yield self.problem(
                    (*at, "action"), "the population has no hedge", "add a hedge table, or another action"
                )
            if limit.of in ("value_at_risk", "expected_shortfall"):
                yield from self._ever_known(at, limit)
            if limit.of == "margin" and self.draft.margin is None:
                yield self.problem((*at, "of"), "there is no margin in this market", 'add [margin] rule = "standard"')
            if limit.of == "basis" and not any(each.what in ("future", "perpetual") for each in self.draft.instruments):
                yield self.problem((*at, "of"), "there is no future in this market", "add one, or leave the limit out")

    def _on(self, at: Where, population: Population, limit: Limit) -> Found:
        names = [each.name for each in self.draft.instruments]
        if limit.on and not limit.holds_before:
            yield self.problem((*at, "on"), f"a limit of {limit.of} is of all that a member holds", "leave it out")
            return
        if limit.on and limit.on not in names:
            yield self.unknown((*at, "on"), "instrument", limit.on, names)
            return
        if limit.of == "position" and limit.on and limit.on not in (held := self._held(population)):
            message = f"members neither trade {limit.on!r} nor hedge in it, and begin without it"
            yield self.problem((*at, "on"), message, f"name one of {', '.join(held)}")
        if limit.of in ("delta", "gamma", "vega"):
            on = limit.on or hedged_by(self.draft, first_instrument(self.draft, population))
            stocks = [each.name for each in self.draft.instruments if not each.is_derivative]
            if on not in stocks:
                message = f"{on!r} is a derivative, and greeks are to an instrument with a value of its own"
                yield self.problem((*at, "on"), message, f"name one of {', '.join(stocks)}")
            elif limit.of != "delta" and not self._has_options(on):
                message = f"no option on {on!r} is in this market, so nothing has {limit.of}"
                yield self.problem((*at, "of"), message, "leave the limit out, or add an option")

    def _ever_known(self, at: Where, limit: Limit) -> Found:
        """What [risk] states is checked there; left out, it asks for as many moves as its default."""
        fewest, steps = RiskMeasurement().fewest, self.draft.run.steps
        if self.draft.risk is None and fewest >= steps:
            message = f"{limit.of} needs {fewest:,} moves, which are never known in an episode of {steps:,} steps"
            yield self.problem((*at, "of"), message, "add [risk] with a lower fewest, or write a longer run")

    def _has_options(self, of: str) -> bool:
        return any(chain.of == of for chain in self.draft.chains) or any(
            isinstance(each.derivative, Call | Put) and each.derivative.of == of for each in self.draft.instruments
        )

    def _together(self, where: Where, population: Population) -> Found:
        """Who trades out sends market orders, which could meet those of other members of a simultaneous class."""
        risk = population.risk
        if risk is None or population.turn not in self.draft.turns.simultaneous:
            return
        venues = {each.name: each for each in self.draft.venues}
        if all(holds_auctions(venues[name]) for name in self.venues_of(population) if name in venues):
            return
        remedy = f"take {population.turn} out of turns.simultaneous, or trade where there are auctions"
        message = "members act at once, and their market orders could trade with each other"
        for index, limit in enumerate(risk.limits):
            if limit.action == "reduce":
                yield self.problem((*where, "risk", "limits", index, "action"), message, remedy)
        plan = risk.plan
        for key in ("leave", "stop_loss", "take_profit") if plan else ():
            if getattr(plan, key) is not None:
                yield self.problem((*where, "risk", "plan", key), message, remedy)

    def _capital(self, where: Where, population: Population) -> Found:
        capital = population.risk.capital if population.risk else None
        if capital is None:
            return
        at = (*where, "risk", "capital")
        if capital.sizing == "kelly" and capital.edge is None:
            yield self.problem((*at, "edge"), "is missing: without an edge Kelly's bet is nothing", "add edge = 0.01")
        if capital.sizing != "kelly" and capital.edge is not None:
            yield self.problem((*at, "edge"), f"sizing {capital.sizing!r} does not use it", 'write sizing = "kelly"')
        if capital.sizing == "spend" and capital.fraction != 1.0:
            message = "sizing 'spend' does not use it: a share of capital is spent"
            yield self.problem((*at, "fraction"), message, 'leave it out, or write sizing = "risk_budget"')
        is_by_risk = capital.sizing in ("risk_budget", "kelly") or capital.shares == "inverse_risk"
        if is_by_risk and capital.deviation is None:
            yield from self._deviations(at, population)
        if not is_by_risk and capital.deviation is not None:
            message = f"sizing 'spend' with shares {capital.shares!r} does not use it"
            yield self.problem((*at, "deviation"), message, 'leave it out, or write sizing = "risk_budget"')
        traded = self._traded(population)
        if capital.shares != "stated" and capital.stated:
            yield self.problem((*at, "stated"), f"shares {capital.shares!r} does not use it", 'write shares = "stated"')
        for name, share in capital.stated.items():
            if share == 0.0:
                message = "a share of 0 allows no position"
                yield self.problem((*at, "stated", name), message, "leave it out of venues, or write a share above 0")
            if name not in traded:
                yield self.unknown((*at, "stated", name), "instrument that it trades", name, traded)
        if (total := math.fsum(capital.stated.values())) > 1.0 + 1e-9:
            yield self.problem((*at, "stated"), f"the shares sum to {total:g}, more than 1", "lower them")

    def _deviations(self, at: Where, population: Population) -> Found:
        """Which law says how far a value moves per step."""
        for name in self._traded(population):
            own = self.instrument(hedged_by(self.draft, name))
            if own.value is not None and own.value.process not in _STATES_A_DEVIATION:
                message = (
                    f"is missing: the law of {own.name!r}, {own.value.process}, does not say how far it moves per step"
                )
                yield self.problem((*at, "deviation"), message, "add deviation = 1.0, in currency")
                return

    def _traded(self, population: Population) -> list[str]:
        venues = {each.name: each for each in self.draft.venues}
        found = [instrument_of(self.draft, venues[each]) for each in self.venues_of(population) if each in venues]
        return list(dict.fromkeys(found))

    def _held(self, population: Population) -> list[str]:
        """What members may ever hold: what they trade, what they hedge in, and what they begin with."""
        venues = {each.name: each for each in self.draft.venues}
        hedging = books_of(self.draft.chains, population.hedge.venues) if population.hedge else ()
        hedges = [instrument_of(self.draft, venues[each]) for each in hedging if each in venues]
        return list(dict.fromkeys((*self._traded(population), *hedges, *population.endowment.positions)))

    def _plan(self, where: Where, population: Population) -> Found:
        risk: Limits | None = population.risk
        plan = risk.plan if risk else None
        if plan is None:
            return
        at, steps = (*where, "risk", "plan"), self.draft.run.steps
        for key in ("enter", "leave"):
            step = getattr(plan, key)
            if step is not None and step >= steps:
                message = f"step {step:,} is not reached: an episode has {steps:,}, from 0"
                yield self.problem((*at, key), message, "write an earlier one")
        if plan.leave is not None and plan.leave <= plan.enter:
            message = f"{plan.leave:,} is not after enter, {plan.enter:,}"
            yield self.problem((*at, "leave"), message, "write a later step")
