"""What a scenario leaves out because the rest of it says it: the only instrument, all venues, the rest of a group."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from sim.scenario.chains import books_of
from sim.scenario.tables.arrivals import Bernoulli, OneOf, OnNews
from sim.scenario.tables.hedging import Hedge
from sim.scenario.tables.instruments import Instrument
from sim.scenario.tables.limits import MEASURED, Limits
from sim.scenario.tables.market import Population, Scenario, Sees
from sim.scenario.tables.processes import FromFile, MeanReverting, Process
from sim.scenario.tables.risk import RiskMeasurement
from sim.scenario.tables.table import Table, Unreadable
from sim.scenario.tables.venues import POOLS, Venue

AnyTable = TypeVar("AnyTable", bound=Table)


def instrument_of(draft: Scenario, venue: Venue) -> str:
    """The name of what a venue trades.

    Raises
    ------
    Unreadable
        If it was left open and there is not just one instrument.
    """
    if not venue.instrument and len(draft.instruments) != 1:
        raise Unreadable(venue.instrument)
    return venue.instrument or draft.instruments[0].name


def mechanism_of(venue: Venue) -> str:
    """How orders meet on a venue."""
    return venue.mechanism or ("limit_order_book" if venue.auction.every is None else "call_auction")


def is_pool(venue: Venue) -> bool:
    """Whether a venue trades by a curve."""
    return mechanism_of(venue) in POOLS


def reserves_of(draft: Scenario, venue: Venue) -> tuple[int, int]:
    """What a pool begins an episode with: lots, and units of money.

    Raises
    ------
    Unreadable
        If its liquidity is missing, or its instrument is not known.
    """
    if venue.liquidity is None:
        raise Unreadable(venue.name)
    name = instrument_of(draft, venue)
    lot = next((each.lot_size for each in draft.instruments if each.name == name), None)
    if lot is None:
        raise Unreadable(name)
    return venue.liquidity.lots, round(venue.liquidity.lots * lot * venue.liquidity.price / draft.money.unit)


def _holder(venue: Venue, draft: Scenario) -> Population:
    """The population that holds what is in a pool: one member, who is the maker of its trades and never acts."""
    lots, money = reserves_of(draft, venue)
    params = _params(Population(name=venue.name, strategy="holder"), Path())
    holder = Population(
        name=venue.name,
        strategy="holder",
        turn=draft.populations[0].turn,
        venues=(venue.name,),
        arrivals=Bernoulli(law="bernoulli", probability=0.0),
        params=params,
    )
    endowment = holder.endowment.model_copy(update={"cash": money * draft.money.unit, "inventory": lots})
    return holder.model_copy(update={"endowment": endowment})


def holds_auctions(venue: Venue) -> bool:
    """Whether a venue collects orders and trades them at one price: always, or when an episode opens or closes."""
    return mechanism_of(venue) == "call_auction" or venue.auction.opening > 0 or venue.auction.closing > 0


def filled(draft: Scenario, folder: Path) -> Scenario:
    """A scenario in which nothing is wrong, with nothing left open.

    Parameters
    ----------
    draft : as it was written.
    folder : where its relative paths start; those of the result are absolute.
    """
    instruments = [each.model_copy(update=_kind_and_value(each, folder)) for each in draft.instruments]
    venues = {each.name: _venue(draft, each) for each in draft.venues}
    rest = _rest_of(draft)
    populations = []
    for each in draft.populations:
        own = books_of(draft.chains, each.venues) or tuple(venues)
        law = each.arrivals
        if isinstance(law, OnNews):
            law = law.model_copy(update={"instrument": law.instrument or venues[own[0]].instrument})
        elif isinstance(law, OneOf) and law.share is None:
            law = law.model_copy(update={"share": rest[law.group]})
        settled: dict[str, Any] = {
            "venues": own,
            "arrivals": law,
            "sees": _sees(each.sees),
            "params": _params(each, folder),
        }
        if each.hedge is not None:
            settled["hedge"] = _hedge(each.hedge, draft, venues)
        if each.risk is not None:
            settled["risk"] = _limits(each.risk, draft, venues[own[0]].instrument)
        populations.append(each.model_copy(update=settled))
    found = draft.model_copy(
        update={
            "instruments": tuple(instruments),
            "chains": (),
            "venues": tuple(venues.values()),
            "populations": tuple(populations),
            "networks": tuple(_absolute(each, folder) for each in draft.networks),
            **_risk(draft),
        }
    )
    return with_holders(found)


def with_holders(scenario: Scenario) -> Scenario:
    """A scenario, with nothing left open, with the populations that hold what is in its pools, behind all others."""
    holders = [_holder(venue, scenario) for venue in scenario.venues if is_pool(venue)]
    return scenario.model_copy(update={"populations": (*scenario.populations, *holders)}) if holders else scenario


def _rest_of(draft: Scenario) -> dict[str, float]:
    """What the stated shares of each group leave."""
    shares: dict[str, list[float]] = {}
    for each in draft.populations:
        if isinstance(each.arrivals, OneOf):
            stated = shares.setdefault(each.arrivals.group, [])
            if each.arrivals.share is not None:
                stated.append(each.arrivals.share)
    return {group: max(0.0, 1.0 - math.fsum(stated)) for group, stated in shares.items()}


def _venue(draft: Scenario, venue: Venue) -> Venue:
    mechanism = mechanism_of(venue)
    every = venue.auction.every or (1 if mechanism == "call_auction" else None)
    auction = venue.auction.model_copy(update={"every": every})
    settled: dict[str, Any] = {"instrument": instrument_of(draft, venue), "mechanism": mechanism, "auction": auction}
    if is_pool(venue) and venue.fee is None:
        settled["fee"] = 0.003
    return venue.model_copy(update=settled)


def _sees(sees: Sees | None) -> Sees | None:
    """A signal whose way along a network, if it takes one, is stated."""
    if sees is None or not sees.network:
        return sees
    per_hop = 1 if sees.per_hop is None else sees.per_hop
    return sees.model_copy(update={"sources": sees.sources or (0,), "per_hop": per_hop})


def _hedge(hedge: Hedge | None, draft: Scenario, venues: Mapping[str, Venue]) -> Hedge | None:
    """A hedge which says what it is to."""
    if hedge is None or hedge.of:
        return hedge
    return hedge.model_copy(update={"of": hedged_by(draft, venues[hedge.venues[0]].instrument)})


def _limits(risk: Limits, draft: Scenario, first: str) -> Limits:
    """Limits that say of which instrument they are."""
    limits = tuple(
        each.model_copy(update={"on": first if each.of == "position" else hedged_by(draft, first)})
        if each.holds_before and not each.on
        else each
        for each in risk.limits
    )
    return risk.model_copy(update={"limits": limits})


def first_instrument(draft: Scenario, population: Population) -> str:
    """The instrument of a population's first venue.

    Raises
    ------
    Unreadable
        If it is not known.
    """
    own = books_of(draft.chains, population.venues) or tuple(each.name for each in draft.venues)
    for venue in draft.venues:
        if venue.name == own[0]:
            return instrument_of(draft, venue)
    raise Unreadable(own[0])


def hedged_by(draft: Scenario, instrument: str) -> str:
    """The instrument itself, or what it follows from: what is hedged with it unless something else is said."""
    own = next((each for each in draft.instruments if each.name == instrument), None)
    return own.derivative.of if own is not None and own.derivative is not None else instrument


def _risk(draft: Scenario) -> dict[str, Any]:
    """How risk is measured, wherever something needs it; and who is under margin."""
    margin = draft.margin
    limits = [limit.of for each in draft.populations if each.risk for limit in each.risk.limits]
    measured = {"risk": draft.risk or RiskMeasurement()} if margin or {*MEASURED} & {*limits} else {}
    if margin is None:
        return measured
    everybody = tuple(each.name for each in draft.populations)
    return {
        **measured,
        "margin": margin.model_copy(update={"populations": margin.populations or everybody}),
    }


def _kind_and_value(instrument: Instrument, folder: Path) -> dict[str, Any]:
    """What an instrument is, and how its value moves, if it has one of its own."""
    value = instrument.value
    return {"kind": instrument.what, "value": None if value is None else _process(value, folder)}


def _process(process: Process, folder: Path) -> Process:
    if isinstance(process, MeanReverting) and process.initial is None:
        return process.model_copy(update={"initial": process.mean})
    return _absolute(process, folder) if isinstance(process, FromFile) else process


def _absolute(table: AnyTable, folder: Path) -> AnyTable:
    """A table whose path, if it has one, no longer depends on the folder."""
    path = getattr(table, "path", None)
    return table if path is None else table.model_copy(update={"path": str((folder / path).absolute())})


def _params(population: Population, folder: Path) -> dict[str, Any]:
    from sim.strategy_kit import (
        registry,  # declarations are slower to import than everything else that a scenario needs
    )

    strategy = registry.get(population.strategy)
    params = strategy.resolve(population.params, folder)
    return {name: _as_floats(strategy.parameters[name].type, value) for name, value in params.items()}


def _as_floats(kind: type, value: Any) -> Any:
    if kind is tuple:
        return tuple(map(float, value))
    return float(value) if kind is float else value
