"""Checks of prices against the grid: a venue has so many ticks on either side of 0, and beyond them no order rests.

What is certain when the file is read is refused: the value at the start, where it goes if nothing about it is random,
and reservation prices that all lie beyond.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property

from sim.core.wording import number, shown
from sim.scenario.checks.base import Checks, Found, Where
from sim.scenario.defaults import instrument_of
from sim.scenario.tables.instruments import Instrument
from sim.scenario.tables.market import Population
from sim.scenario.tables.processes import (
    Binary,
    FromFile,
    GeometricBrownian,
    Heston,
    JumpDiffusion,
    MeanReverting,
    Process,
    RandomWalk,
    known_at_first,
)
from sim.scenario.tables.table import Unreadable
from sim.scenario.tables.valuation import FixedReservation, UniformReservation
from sim.scenario.tables.venues import Venue

MOST_TICKS = 2**29  # on either side of 0: sim.venues.levels.HIGHEST_PRICE and one more


def furthest(venue: Venue) -> float:
    """The distance from 0 that no price of a venue reaches, currency."""
    return MOST_TICKS * venue.tick_size


def wider_tick(venue: Venue, distance: float) -> str:
    """The remedy: a tick on which a price so far from 0 has its place, with room around it."""
    tick = 10.0 ** math.ceil(math.log10(2.0 * distance / MOST_TICKS))
    return f"set the venue's tick_size to {max(tick, venue.tick_size):g} or more"


class PriceChecks(Checks):
    """What lies beyond the prices that venues have."""

    def all(self) -> Iterator[Found]:
        """The checks of prices."""
        yield from self.each("instruments", self._value)
        yield from self.each("populations", self._reservation)

    def _value(self, where: Where, instrument: Instrument) -> Found:
        venue = self.finest.get(instrument.name)
        if venue is None:
            return
        for key, value, when in certain_values(instrument, self.draft.run.steps):
            if abs(value) >= furthest(venue):
                yield self.problem((*where, *key), beyond(value, when, venue), wider_tick(venue, min(abs(value), 1e15)))
                return

    def _reservation(self, where: Where, population: Population) -> Found:
        """The anchor lies on the grid: from there all of it can be passed on either side."""
        reservation = population.reservation
        if isinstance(reservation, FixedReservation):
            least = abs(reservation.distance)
        elif isinstance(reservation, UniformReservation):
            least = max(reservation.low, -reservation.high)
        else:
            return
        venue = self.venues.get(self.venues_of(population)[0])
        if venue is not None and least >= 2.0 * furthest(venue):
            key = "distance" if isinstance(reservation, FixedReservation) else "low"
            message = f"all prices so far away, {least:g}, are beyond the {_prices(venue)}"
            yield self.problem((*where, "reservation", key), message, "take a distance that a price can have")

    @cached_property
    def venues(self) -> dict[str, Venue]:
        """By name."""
        return {venue.name: venue for venue in self.draft.venues}

    @cached_property
    def finest(self) -> dict[str, Venue]:
        """By instrument, the venue of the smallest tick."""
        found: dict[str, Venue] = {}
        for venue in self.draft.venues:
            try:
                name = instrument_of(self.draft, venue)
                if name not in found or venue.tick_size < found[name].tick_size:
                    found[name] = venue
            except Unreadable:
                continue
        return found


def beyond(value: float, when: str, venue: Venue) -> str:
    """That a value has no price near it, in words."""
    ticks = abs(value) / venue.tick_size
    counted = f"{ticks:,.0f}" if ticks < 1e15 else f"{ticks:.0e}"
    return f"{shown(value)}{when} is {counted} ticks of {venue.tick_size:g}, beyond the {_prices(venue)}"


def _prices(venue: Venue) -> str:
    return f"{number(MOST_TICKS)} that venue {shown(venue.name)} has on either side of 0"


# --- where a value certainly goes -----------------------------------------------------------------------------------


def certain_values(instrument: Instrument, steps: int) -> Iterator[tuple[Where, float, str]]:
    """What the value is for certain: the key that says so, the value in currency, and when it is so, in words.

    Of a value that nothing random moves: between shocks it moves one way, so that it is furthest before or after one.
    """
    process = instrument.value
    if process is None:  # it follows from another, which is looked at itself
        return
    first = known_at_first(process)
    if isinstance(process, Binary):
        for key, value, likely in (
            ("low", process.low, process.probability < 1.0),
            ("high", process.high, process.probability > 0.0),
        ):
            if likely:
                yield ("value", key), value, ""
    elif first is not None:
        given = not (isinstance(process, MeanReverting) and process.initial is None)
        yield ("value", "initial" if given else "mean"), first, ""
    if first is None or not is_certain(process) or instrument.price_feedback > 0.0:
        return
    value, now = first, 0
    for place, shock in sorted(enumerate(instrument.shocks), key=lambda pair: pair[1].step):
        value, now = moved(process, value, shock.step - now), shock.step
        yield ("value",), value, f" at step {now:,}"
        value += shock.value
        yield ("shocks", place), moved(process, value, 1), f" after the shock at step {now:,}"
    yield ("value",), moved(process, value, steps - now), " at the end of an episode"


def is_certain(process: Process) -> bool:
    """Whether nothing random moves a value within an episode; a file's is read elsewhere."""
    if isinstance(process, FromFile | Binary):
        return False
    if isinstance(process, Heston):
        return process.variance == 0.0 and process.mean == 0.0
    still = getattr(process, "volatility", 0.0) == 0.0
    return still and not (isinstance(process, JumpDiffusion) and process.jump_probability > 0.0)


def moved(process: Process, value: float, steps: int) -> float:
    """Where a value is expected to be so many steps later, shocks aside; infinite beyond all numbers."""
    try:
        if isinstance(process, RandomWalk | JumpDiffusion):
            return value + process.drift * steps
        if isinstance(process, GeometricBrownian | Heston):
            return value * math.exp(process.drift * steps)
        if isinstance(process, MeanReverting):
            later = process.mean + (value - process.mean) * (1.0 - process.reversion) ** steps
            return max(later, 0.0) if process.clip_at_zero else later
    except OverflowError:
        return math.inf
    return value
