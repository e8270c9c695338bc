"""Which venues an agent trades on, and which instruments: what the other functions take as arguments."""

from __future__ import annotations

from typing import Any

from sim.core.compiled import njit
from sim.core.world import NONE, Market, int64, opened
from sim.strategy_kit.seat import Seat, own
from sim.venues.gateway import INSTRUMENT, PLACE, SEVERAL, UNTRADED, complain, is_venue


@njit
def venue_of(me: Seat, market: Market, place: int) -> int:
    """The agent's venue number ``place`` (0 is ``me.venue``)."""
    me = own(me)
    world = opened(market)
    population = world.populations[world.agents[me.agent].population]
    if not (0 <= place < population.venues or complain(world, PLACE, place)):
        place = NONE
    venue: int = world.in_venues[population.first_venue + place]
    return venue


@njit
def venue_count(me: Seat, market: Market) -> int:
    """On how many venues the agent trades."""
    me = own(me)
    world = opened(market)
    count: int = world.populations[world.agents[me.agent].population].venues
    return count


@njit
def instrument_of(me: Seat, market: Market, venue: int) -> int:
    """The instrument that a venue trades."""
    world = opened(market)
    return world.venues[venue].instrument if is_venue(world, venue) else NONE


@njit
def is_instrument(world: Any, instrument: int) -> bool:
    """Whether there is such an instrument; if not, the run will end."""
    known: bool = 0 <= instrument < len(world.instruments) or complain(world, INSTRUMENT, instrument)
    return known


@njit
def instrument_meant(me: Seat, world: Any, instrument: int | None) -> int:
    """The instrument that a call names; if it names none, the only one that the agent's venues trade.

    The run will end if there is no such instrument, or none is named and the venues trade several.
    """
    if instrument is None:
        if _trades_several(me, world):
            complain(world, SEVERAL, len(world.instruments))
        return int64(me.instrument)
    return int64(instrument if is_instrument(world, instrument) else me.instrument)


@njit
def instrument_traded(me: Seat, world: Any, instrument: int | None) -> int:
    """As ``instrument_meant``; the run will also end if none of the agent's venues trades the instrument."""
    meant = instrument_meant(me, world, instrument)
    population = world.populations[world.agents[me.agent].population]
    for place in range(population.venues):
        if world.venues[world.in_venues[population.first_venue + place]].instrument == meant:
            return meant
    complain(world, UNTRADED, meant)
    return int64(me.instrument)


@njit
def _trades_several(me: Seat, world: Any) -> bool:
    """Whether the agent's venues trade more than one instrument."""
    population = world.populations[world.agents[me.agent].population]
    for place in range(1, population.venues):
        if world.venues[world.in_venues[population.first_venue + place]].instrument != me.instrument:
            return True
    return False
