"""Checks of hedges: where they trade, what they are to, and which keys their rule uses."""

from __future__ import annotations

from collections.abc import Iterator

from sim.scenario.checks.base import Checks, Found, Where
from sim.scenario.defaults import holds_auctions, instrument_of
from sim.scenario.tables.derivatives import Call, Put
from sim.scenario.tables.market import Population


class HedgeChecks(Checks):
    """What populations trade off."""

    def all(self) -> Iterator[Found]:
        """The checks of hedges."""
        yield from self.each("populations", self._venues, self._of, self._rule)

    def _venues(self, where: Where, population: Population) -> Found:
        hedge = population.hedge
        if hedge is None:
            return
        at, known = (*where, "hedge", "venues"), self.venue_names
        chains = {chain.name for chain in self.draft.chains}
        simultaneous = population.turn in self.draft.turns.simultaneous
        venues = {each.name: each for each in self.draft.venues}
        for index, name in enumerate(hedge.venues):
            if name in chains:
                message = f"{name!r} is a chain of options, and a hedge trades what moves with the underlying alone"
                yield self.problem((*at, index), message, "name a venue of the underlying, or of a future on it")
            elif name not in known:
                yield self.unknown((*at, index), "venue", name, list(known))
            elif name in hedge.venues[:index]:
                yield self.problem((*at, index), f"{name!r} is listed twice")
            elif isinstance(self.instrument(instrument_of(self.draft, venues[name])).derivative, Call | Put):
                message = f"{name!r} trades an option, and a hedge trades what moves with the underlying alone"
                yield self.problem((*at, index), message, "name a venue of the underlying, or of a future on it")
            elif simultaneous and not holds_auctions(venues[name]):
                message = "members act at once, and their market orders could trade with each other there"
                remedy = f"take {population.turn} out of turns.simultaneous, or hedge where there are auctions"
                yield self.problem((*at, index), message, remedy)

    def _of(self, where: Where, population: Population) -> Found:
        hedge = population.hedge
        if hedge is None or not hedge.of:
            return
        names = [each.name for each in self.draft.instruments if not each.is_derivative]
        if hedge.of not in names:
            what = "derivative" if hedge.of in [each.name for each in self.draft.instruments] else ""
            if what:
                message = f"{hedge.of!r} is a derivative, and exposure is to an instrument with a value of its own"
                yield self.problem((*where, "hedge", "of"), message, f"name one of {', '.join(names)}")
            else:
                yield self.unknown((*where, "hedge", "of"), "instrument", hedge.of, names)

    def _rule(self, where: Where, population: Population) -> Found:
        hedge = population.hedge
        if hedge is None:
            return
        at = (*where, "hedge")
        for key, rule in (("every", "interval"), ("band", "band"), ("risk_aversion", "whalley_wilmott"),
                          ("cost", "whalley_wilmott")):  # fmt: skip
            if hedge.rule != rule and getattr(hedge, key) != type(hedge).model_fields[key].default:
                yield self.problem((*at, key), f"rule {hedge.rule!r} does not use it", f'write rule = "{rule}"')
        if hedge.ratio != "minimum_variance" and hedge.horizon != type(hedge).model_fields["horizon"].default:
            message = "only a ratio that is estimated uses it"
            yield self.problem((*at, "horizon"), message, 'write ratio = "minimum_variance"')
        if hedge.sticky == "strike" and hedge.slope != 0.0:
            yield self.problem((*at, "slope"), "only sticky by delta uses it", 'write sticky = "delta"')
        if hedge.sticky == "delta" and hedge.slope == 0.0:
            message = "is missing: with a level smile sticky by delta is sticky by strike"
            yield self.problem((*at, "slope"), message, "write the volatility's change per unit of log-moneyness")
        if hedge.rule == "interval" and hedge.every > self.draft.run.steps:
            message = f"{hedge.every:,} is more steps than an episode has, {self.draft.run.steps:,}"
            yield self.problem((*at, "every"), message, "write fewer")
        if hedge.rule == "whalley_wilmott" and hedge.cost is None:
            first = next((each for each in self.draft.venues if each.name == hedge.venues[0]), None)
            if first is not None and (first.taker_fee <= 0.0 or first.fee_per != "notional"):
                message = "is missing: the first venue charges takers no share of the money traded"
                yield self.problem((*at, "cost"), message, "write the cost of a trade one way, as a share of its money")
