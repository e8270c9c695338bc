"""Checks of names, instruments, venues and money."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property

from sim.core.errors import ScenarioError
from sim.core.wording import shown, some
from sim.scenario.checks.base import Checks, Found, Where, name_of
from sim.scenario.checks.prices import beyond, furthest, wider_tick
from sim.scenario.defaults import instrument_of, mechanism_of
from sim.scenario.tables.instruments import Instrument
from sim.scenario.tables.processes import FromFile
from sim.scenario.tables.venues import Venue
from sim.scenario.value_file import read_values

MOST_UNITS = 10**12  # of money that a tick on a lot may be; leaves a trade of a million ticks within 64 bits
MOST_FREE_UNITS = 10**9  # the same where auctions clear at any unit of money; every price there is within 64 bits
MOST_STEPS = 10**18  # of all episodes together


class MarketChecks(Checks):
    """Where trade takes place: everything but the populations."""

    def all(self) -> Iterator[Found]:
        """The checks of names, instruments, venues and money."""
        yield from (self._names(array) for array in ("instruments", "venues", "networks", "populations"))
        yield self._length()
        yield from self.each("instruments", self._value_file, self._shocks)
        yield from self.each("venues", self._instrument_known, self._money_of_a_tick, self._auctions)
        yield self._cash()

    def _names(self, array: str) -> Found:
        first: dict[str, int] = {}
        for index, member in enumerate(getattr(self.draft, array)):
            name = name_of(member)
            if name is not None and first.setdefault(name, index) != index:
                yield self.problem((array, index, "name"), f"{name!r} is already the name of {array}[{first[name]}]")

    def _length(self) -> Found:
        run = self.draft.run
        if run.steps * run.episodes > MOST_STEPS:
            yield self.problem(("run", "episodes"), f"steps times episodes is above the most allowed, {MOST_STEPS:,}")

    def _value_file(self, where: Where, instrument: Instrument) -> Found:
        process = instrument.value
        if not isinstance(process, FromFile):
            return
        try:
            values = read_values(self.folder / process.path, process.column)
        except ScenarioError as error:
            for wrong in error.problems:
                yield self.problem((*where, "value", wrong.place), wrong.message, wrong.remedy)
            return
        rows, steps = len(values), self.draft.run.steps
        if rows < steps:
            yield self.problem(
                (*where, "value", "path"),
                f"{shown(process.path)} has too few rows, {rows:,}: an episode has {steps:,} steps",
                f"add rows, or set run.steps to at most {rows:,}" if rows else "add rows",
            )
        venues = [venue for venue in self.draft.venues if instrument_of(self.draft, venue) == instrument.name]
        far = float(abs(values[:steps]).max(initial=0.0))
        if (venue := min(venues, key=furthest, default=None)) and far >= furthest(venue):
            message = beyond(far, f" in {shown(process.path)}", venue)
            yield self.problem((*where, "value", "path"), message, wider_tick(venue, far))

    def _shocks(self, where: Where, instrument: Instrument) -> Found:
        steps = self.draft.run.steps
        for index, shock in enumerate(instrument.shocks):
            if shock.step >= steps:
                message = f"{shock.step:,} is not below run.steps, {steps:,}"
                yield self.problem((*where, "shocks", index, "step"), message, "steps of an episode count from 0")

    def _instrument_known(self, where: Where, venue: Venue) -> Found:
        names = self._instrument_names
        if venue.instrument and venue.instrument not in names:
            yield self.unknown((*where, "instrument"), "instrument", venue.instrument, list(names))
        elif not venue.instrument and len(names) > 1:
            yield self.problem(
                (*where, "instrument"),
                "is missing, as there is more than one instrument",
                f"there are {some(list(names))}",
            )

    @cached_property
    def _instrument_names(self) -> dict[str, None]:
        return dict.fromkeys(instrument.name for instrument in self.draft.instruments)

    def _money_of_a_tick(self, where: Where, venue: Venue) -> Found:
        tick, unit = venue.tick_size, self.draft.money.unit
        lot = self.instrument(instrument_of(self.draft, venue)).lot_size
        units = tick * lot / unit
        most = MOST_UNITS if venue.auction.pricing == "tick" else MOST_FREE_UNITS
        if units > most:
            wrong = f"more than {most:,} units"
        elif round(units) < 1 or abs(units - round(units)) > 1e-9 * units:
            wrong = f"{units:g} units"
        else:
            return
        yield self.problem(
            (*where, "tick_size"),
            f"one tick ({tick:g}) on one lot ({lot:g}) is {wrong} of money ({unit:g}), and must be a whole number",
            "change tick_size, the instrument's lot_size or money.unit",
        )

    def _auctions(self, where: Where, venue: Venue) -> Found:
        auction, steps = venue.auction, self.draft.run.steps
        if mechanism_of(venue) == "call_auction":
            for name in ("opening", "closing"):
                if getattr(auction, name):
                    message = "a call auction collects orders all the time"
                    yield self.problem((*where, "auction", name), message, 'write mechanism = "limit_order_book"')
        if venue.clear_book_after_trade and (
            mechanism_of(venue) == "call_auction" or auction.opening or auction.closing
        ):
            message = "an auction does not end with its first trade"
            yield self.problem((*where, "clear_book_after_trade"), message, "leave it out on venues that hold auctions")
        if mechanism_of(venue) == "call_auction":
            return
        if auction.every is not None:
            message = "only a call auction clears every so many steps"
            yield self.problem((*where, "auction", "every"), message, 'write mechanism = "call_auction"')
        elif auction.opening + auction.closing > steps:
            message = f"opening and closing are more steps than an episode has, {steps:,}"
            yield self.problem((*where, "auction"), message, "make them shorter")

    def _cash(self) -> Found:
        unit = self.draft.money.unit
        money = math.fsum(population.count * abs(population.endowment.cash) for population in self.draft.populations)
        if not money / unit < 2**62:
            yield self.problem(
                ("money", "unit"),
                f"the agents' first cash, {money:g} in all, is too many units of {unit:g}: at most 4.6e18",
                "choose a larger unit, or a smaller endowment.cash",
            )
