"""Checks of derivatives and chains: what they follow from, when they expire, at which volatility they are valued."""

from __future__ import annotations

from collections.abc import Iterator

from sim.core.wording import shown
from sim.scenario.chains import LISTS, MOST_OPTIONS, number_of
from sim.scenario.checks.base import Checks, Found, Where
from sim.scenario.tables.derivatives import Call, Perpetual, Put
from sim.scenario.tables.instruments import Instrument
from sim.scenario.tables.market import Population
from sim.scenario.tables.processes import Binary, Constant, FromFile, GeometricBrownian, Heston, RandomWalk
from sim.scenario.tables.venues import Chain

_OWN_LAW = (GeometricBrownian, Heston, RandomWalk)  # whose law says what an option is worth


class DerivativeChecks(Checks):
    """What follows from another instrument."""

    def all(self) -> Iterator[Found]:
        """The checks of derivatives, chains and positions in them."""
        yield from self.each("chains", self._not_too_many, self._name_free, self._once)
        yield from self.each("instruments", self._follows, self._expires, self._volatility, self._strike)
        yield from self.each("populations", self._positions)
        yield self._rate()

    def _not_too_many(self, where: Where, chain: Chain) -> Found:
        if number_of(chain) > MOST_OPTIONS:
            message = f"{number_of(chain):,} options are more than the most allowed, {MOST_OPTIONS:,}"
            yield self.problem((*where, "strikes"), message, "take fewer expiries, or a longer step")

    def _name_free(self, where: Where, chain: Chain) -> Found:
        if chain.name in self.venue_names:
            yield self.problem((*where, "name"), f"{chain.name!r} is already the name of a venue", "take another name")

    def _once(self, where: Where, chain: Chain) -> Found:
        for key in LISTS:
            listed = getattr(chain, key)
            for index, each in enumerate(listed):
                if each in listed[:index]:
                    yield self.problem((*where, key, index), f"{shown(each)} is listed twice")

    def _follows(self, where: Where, instrument: Instrument) -> Found:
        derivative = instrument.derivative
        if derivative is None:
            return
        at = (*where, "derivative", "of")
        names = [each.name for each in self.draft.instruments if not each.is_derivative]
        if derivative.of not in [each.name for each in self.draft.instruments]:
            yield self.unknown(at, "instrument", derivative.of, names)
            return
        underlying = self.instrument(derivative.of)
        if underlying.is_derivative:
            what = underlying.derivative.kind if underlying.derivative else ""
            message = f"{derivative.of!r} is a {what} itself, and nothing follows from a derivative"
            yield self.problem(at, message, f"name one with a value of its own: {', '.join(map(repr, names))}")
        elif underlying.dividend is not None and not isinstance(derivative, Perpetual):
            message = f"{derivative.of!r} pays dividends, and no formula here values what follows from it"
            yield self.problem(at, message, "leave out its dividend, or take an instrument without one")

    def _expires(self, where: Where, instrument: Instrument) -> Found:
        derivative, steps = instrument.derivative, self.draft.run.steps
        if derivative is None or isinstance(derivative, Perpetual):
            return
        at = (*where, "derivative")
        if derivative.expiry > steps:
            message = f"{derivative.expiry:,} is beyond the end of an episode, which has {steps:,} steps"
            yield self.problem((*at, "expiry"), message, f"write {steps:,} or less, or set run.steps")
        elif derivative.average > derivative.expiry:
            message = f"a mean of {derivative.average:,} steps cannot be had in {derivative.expiry:,}"
            yield self.problem((*at, "average"), message, f"write {derivative.expiry:,} or less")

    def _volatility(self, where: Where, instrument: Instrument) -> Found:
        derivative = instrument.derivative
        if not isinstance(derivative, Call | Put):
            return
        process, at = self.instrument(derivative.of).value, (*where, "derivative", "volatility")
        if process is None:
            return
        has_law = isinstance(process, _OWN_LAW)
        if has_law and derivative.volatility is not None:
            message = f"the value of {derivative.of!r} has a volatility of its own, as its process is {process.process}"
            yield self.problem(at, message, "leave it out")
        elif not has_law and derivative.volatility is None:
            message = f"is missing: the law of {derivative.of!r}, {process.process}, says no option's worth"
            yield self.problem(at, message, "write the relative volatility per square root of a step")

    def _strike(self, where: Where, instrument: Instrument) -> Found:
        derivative = instrument.derivative
        if isinstance(derivative, Call | Put) and derivative.strike <= 0.0:
            process = self.instrument(derivative.of).value
            if process is not None and not isinstance(process, RandomWalk | Constant | FromFile | Binary):
                message = f"{shown(derivative.strike)} is not above 0, and neither does the value come there"
                yield self.problem((*where, "derivative", "strike"), message)

    def _positions(self, where: Where, population: Population) -> Found:
        endowment = population.endowment
        names = [each.name for each in self.draft.instruments]
        for name in endowment.positions:
            if name not in names:
                yield self.unknown((*where, "endowment", "positions", name), "instrument", name, names)
        if endowment.positions and endowment.inventory:
            message = "inventory and positions say the same thing twice"
            yield self.problem((*where, "endowment", "inventory"), message, "write all lots in positions")

    def _rate(self) -> Found:
        if self.draft.money.interest == -1.0 and any(each.is_derivative for each in self.draft.instruments):
            message = "all cash is lost at each payment, so nothing that is paid later has a price"
            yield self.problem(("money", "interest"), message, "write a rate above -1")
