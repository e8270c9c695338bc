"""Checks of pools: what they begin with, their fee, what they trade, and who rests orders on them."""

from __future__ import annotations

from collections.abc import Iterator

from sim.core.wording import shown
from sim.scenario.checks.base import Checks, Found, Where
from sim.scenario.defaults import instrument_of, is_pool, mechanism_of, reserves_of
from sim.scenario.tables.market import Population
from sim.scenario.tables.table import Unreadable
from sim.scenario.tables.venues import MOST_RESERVE, Venue

_OF_POOLS = ("fee", "liquidity")
# What a book may say and a pool may not, and what says it there.
_OF_BOOKS = {
    "maker_fee": "a pool keeps its fee: write fee",
    "taker_fee": "a pool takes a share of what comes in: write fee",
    "fee_per": "its fee is a share of what comes in",
    "matching": "no orders rest on it",
    "self_trade_prevention": "no orders rest on it",
    "post_only": "no orders rest on it",
    "clear_book_after_trade": "no orders rest on it",
    "auction": "it trades at once",
}
_MILLIONTHS = 10**6


class PoolChecks(Checks):
    """Where trade follows a curve."""

    def all(self) -> Iterator[Found]:
        """The checks of pools."""
        yield from self.each("venues", self._of_its_kind, self._fee, self._reserves, self._instrument)
        yield from self.each("populations", self._name, self._rests)

    def _of_its_kind(self, where: Where, venue: Venue) -> Found:
        kind = mechanism_of(venue)
        if not is_pool(venue):
            for name in _OF_POOLS:
                if getattr(venue, name) is not None:
                    message = f"is for pools, and this is a {kind.replace('_', ' ')}"
                    yield self.problem((*where, name), message, 'write for example mechanism = "constant_product"')
            return
        if venue.liquidity is None:
            message = f"is missing: a pool ({kind}) begins with something in it"
            yield self.problem((*where, "liquidity"), message, "write liquidity = { lots = 1_000_000, price = 100.0 }")
        for name, why in _OF_BOOKS.items():
            if getattr(venue, name) != Venue.model_fields[name].default:
                yield self.problem((*where, name), f"is not for a pool ({kind}): {why}", "leave it out")

    def _fee(self, where: Where, venue: Venue) -> Found:
        if venue.fee is None:
            return
        parts = venue.fee * _MILLIONTHS
        if abs(parts - round(parts)) > 1e-6:
            message = f"{venue.fee!r} is no whole number of millionths"
            yield self.problem((*where, "fee"), message, f"write for example {round(parts) / _MILLIONTHS:g}")

    def _reserves(self, where: Where, venue: Venue) -> Found:
        """Both reserves may double, and then still are whole numbers that the arithmetic tells apart."""
        if not is_pool(venue) or venue.liquidity is None:
            return
        _, money = reserves_of(self.draft, venue)
        unit, price, tick = self.draft.money.unit, venue.liquidity.price, venue.tick_size
        if money > MOST_RESERVE // 2:
            yield self.problem(
                (*where, "liquidity"),
                f"its money, {money * unit:g}, is {money:,} units of {unit:g}: at most {MOST_RESERVE // 2:,}",
                "take fewer lots, or a larger money.unit",
            )
        if price < 2.0 * tick:
            yield self.problem(
                (*where, "tick_size"),
                f"{tick:g} is too coarse: the pool begins at {price:g}, and its bid and ask are whole ticks",
                f"write {price / 1000:g} or less",
            )

    def _instrument(self, where: Where, venue: Venue) -> Found:
        if not is_pool(venue):
            return
        name = instrument_of(self.draft, venue)
        if self.instrument(name).is_derivative:
            message = f"{name!r} is settled at a date, and a pool trades what lasts as long as the episode"
            yield self.problem((*where, "instrument"), message, "let a pool trade a stock")

    # --- populations ------------------------------------------------------------------------------------------------

    def _pools(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for index, venue in enumerate(self.draft.venues):
            try:
                if is_pool(venue):
                    found.setdefault(venue.name, index)
            except Unreadable:
                continue
        return found

    def _name(self, where: Where, population: Population) -> Found:
        pools = self._pools()
        if population.name in pools:
            message = f"{population.name!r} is venues[{pools[population.name]}], a pool, and holds what is in it"
            yield self.problem((*where, "name"), message, "give the population another name")

    def _rests(self, where: Where, population: Population) -> Found:
        from sim.strategy_kit.loading.uses import RESTS, TAKES_ONLY, uses

        pools = self._pools()
        own = [name for name in self.venues_of(population) if name in pools]
        if not own:
            return
        if population.obligation is not None:
            message = f"cannot be kept on {shown(own[0])}, a pool, where no orders rest"
            yield self.problem((*where, "obligation"), message, "name books as its venues")
        used = uses(self.strategy(population))
        if used & RESTS and not used & TAKES_ONLY:
            message = (
                f"{shown(own[0])} is a pool: orders of strategy {population.strategy!r} would rest, and none rest there"
            )
            yield self.problem((*where, "venues"), message, "name books as its venues")
