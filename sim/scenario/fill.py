"""What a scenario leaves out because the rest of it says it: the only instrument, all venues, the rest of a group."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from sim.scenario.processes import FromFile, MeanReverting, Process
from sim.scenario.table import Unreadable
from sim.scenario.vocabulary import Arrivals, OneOf, OnNews, Population, Scenario, Venue


def instrument_of(draft: Scenario, venue: Venue) -> str:
    """The name of what a venue trades.

    Raises
    ------
    Unreadable
        If it was left open and there is more than one instrument.
    """
    if not venue.instrument and len(draft.instruments) > 1:
        raise Unreadable(venue.instrument)
    return venue.instrument or draft.instruments[0].name


def mechanism_of(venue: Venue) -> str:
    """How orders meet on a venue."""
    return venue.mechanism or ("limit_order_book" if venue.auction.every is None else "call_auction")


def venues_of(draft: Scenario, population: Population) -> tuple[str, ...]:
    """The names of the venues a population trades on."""
    return population.venues or tuple(venue.name for venue in draft.venues)


def news_of(draft: Scenario, population: Population, law: OnNews) -> str:
    """The name of the instrument whose jumps a population acts on."""
    venues = {venue.name: venue for venue in draft.venues}
    return law.instrument or instrument_of(draft, venues[venues_of(draft, population)[0]])


def filled(draft: Scenario, folder: Path) -> Scenario:
    """A scenario in which nothing is wrong, with nothing left open.

    Parameters
    ----------
    draft : as it was written.
    folder : where its relative paths start; those of the result are absolute.
    """
    instruments = [each.model_copy(update={"value": _process(each.value, folder)}) for each in draft.instruments]
    venues = [_venue(draft, each) for each in draft.venues]
    populations = [
        each.model_copy(
            update={
                "venues": venues_of(draft, each),
                "arrivals": _arrivals(draft, each),
                "params": _params(each),
            }
        )
        for each in draft.populations
    ]
    return draft.model_copy(
        update={"instruments": tuple(instruments), "venues": tuple(venues), "populations": tuple(populations)}
    )


def _venue(draft: Scenario, venue: Venue) -> Venue:
    mechanism = mechanism_of(venue)
    every = venue.auction.every or (1 if mechanism == "call_auction" else None)
    auction = venue.auction.model_copy(update={"every": every})
    return venue.model_copy(
        update={"instrument": instrument_of(draft, venue), "mechanism": mechanism, "auction": auction}
    )


def _process(process: Process, folder: Path) -> Process:
    if isinstance(process, MeanReverting) and process.initial is None:
        return process.model_copy(update={"initial": process.mean})
    if isinstance(process, FromFile):
        return process.model_copy(update={"path": str((folder / process.path).absolute())})
    return process


def _arrivals(draft: Scenario, population: Population) -> Arrivals | None:
    law = population.arrivals
    if isinstance(law, OnNews):
        return law.model_copy(update={"instrument": news_of(draft, population, law)})
    if isinstance(law, OneOf) and law.share is None:
        laws = [each.arrivals for each in draft.populations if isinstance(each.arrivals, OneOf)]
        others = math.fsum(each.share for each in laws if each.group == law.group and each.share is not None)
        return law.model_copy(update={"share": max(0.0, 1.0 - others)})
    return law


def _params(population: Population) -> dict[str, Any]:
    from sim import strategies  # declarations are slower to import than everything else that a scenario needs

    strategy = strategies.get(population.strategy)
    params = strategy.resolve(population.params)
    return {name: _as_floats(strategy.parameters[name].type, value) for name, value in params.items()}


def _as_floats(kind: type, value: Any) -> Any:
    if kind is tuple:
        return tuple(map(float, value))
    return float(value) if kind is float else value
