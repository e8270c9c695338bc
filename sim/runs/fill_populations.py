"""What a scenario says of populations, written into a World: who they are, what they play, see, value and hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.core.codes import BY_STRATEGY
from sim.core.errors import StrategyError
from sim.core.world import NOTHING
from sim.kernel.arrivals import ALWAYS, LAWS
from sim.rules.hooks import messages_of, rules_of
from sim.runs.layout import Layout, PopulationLayout
from sim.scenario import Scenario
from sim.strategy_kit.callbacks import parameter_type
from sim.strategy_kit.declare import Strategy

RESERVATIONS = {"fixed": 1, "uniform": 2, "normal": 3, "exponential": 4}
REFERENCES = {"public_value": 0, "signal": 1, "mid": 2}


def fill_populations(world: Any, scenario: Scenario, layout: Layout, external: Mapping[str, int]) -> None:
    """Write every population, its members and what they begin with, and the turn classes."""
    venues = {venue.name: number for number, venue in enumerate(scenario.venues)}
    instruments = {instrument.name: number for number, instrument in enumerate(scenario.instruments)}
    world.groups["news_population"] = NOTHING
    for number, laid in enumerate(layout.populations):
        row = world.populations[number]
        row["strategy"] = layout.played.index(laid.strategy)
        world.in_venues[laid.in_venues.rows] = [venues[name] for name in laid.population.venues]
        _fill_blocks(row, laid)
        _fill_turns(row, laid, scenario, external.get(laid.population.name, BY_STRATEGY))
        world.clock[0]["rules"] |= row["rules"]
        set_parameters(world, number, laid.strategy, laid.population.params)
        world.precomputed[laid.precomputed.rows] = laid.solved
        _fill_members(world, number, laid)
        if layout.has_opinions:
            world.first_opinions[laid.agents.rows] = _first_opinions(laid)
        _fill_arrivals(world, number, laid, layout, instruments)
        _fill_information(row, laid.population)
        if laid.population.private_values:
            fill_private_values(world, row, laid.population)
    _fill_classes(world, scenario, layout)
    _fill_endowments(world, scenario, layout)


def _fill_blocks(row: Any, laid: PopulationLayout) -> None:
    """Where the population's elements lie."""
    row["first"], row["count"] = laid.agents.first, laid.agents.count
    row["first_venue"], row["venues"] = laid.in_venues.first, laid.in_venues.count
    row["precomputed_first"], row["precomputed_count"] = laid.precomputed.first, laid.precomputed.count
    row["parameters"] = laid.parameters.first
    if laid.private_values.count:
        row["private_first"] = laid.private_values.first
    if laid.obligations.count:
        row["first_obligation"] = laid.obligations.first


def _fill_turns(row: Any, laid: PopulationLayout, scenario: Scenario, external: int) -> None:
    """Who acts, how much it may send, the rules it is under, and what it must quote."""
    population = laid.population
    row["external"] = external
    # A Python agent's messages find room one by one; a compiled turn must find it all before it begins.
    row["allowed"] = 1 if external != BY_STRATEGY else laid.strategy.messages(population.params, laid.in_venues.count)
    row["rules"] = 0 if laid.strategy.repeats(population.params) else rules_of(population, scenario)
    row["rule_messages"] = messages_of(int(row["rules"]))
    row["allowed"] += row["rule_messages"]
    if population.obligation:
        for name in ("presence", "maximum_spread", "minimum_size"):
            row[name] = getattr(population.obligation, name)


def _fill_members(world: Any, number: int, laid: PopulationLayout) -> None:
    members, numbers = laid.agents.rows, np.arange(laid.agents.count)
    world.agents["population"][members] = number
    world.agents["number"][members] = numbers
    world.agents["memory"][members] = laid.memories.first + laid.memories.count // laid.agents.count * numbers


def _first_opinions(laid: PopulationLayout) -> Any:
    """The opinions with which an episode begins, nan where there are none; float64 (members,)."""
    first, count = laid.strategy.first_opinions, laid.agents.count
    if first is None:
        return np.full(count, math.nan)
    found = np.asarray(first(dict(laid.population.params), count), np.float64)
    if found.shape != (count,):
        raise StrategyError(
            f"strategy {laid.strategy.name!r}: its first_opinions returned an array of shape {found.shape} — "
            f"return one number for each of {count:,} members"
        )
    return found


def set_parameters(world: Any, population: int, strategy: Strategy, params: Mapping[str, Any]) -> None:
    """Write a population's parameters where its compiled strategy reads them."""
    kind = parameter_type(strategy)
    start = int(world.populations[population]["parameters"])
    record = np.asarray(world.parameters)[start : start + kind.itemsize].view(kind)[0]
    for name, value in params.items():
        if strategy.parameters[name].is_compiled:
            record[name] = strategy.parameters[name].number(value)


def _fill_arrivals(
    world: Any, number: int, laid: PopulationLayout, layout: Layout, instruments: dict[str, int]
) -> None:
    row, law = world.populations[number], laid.population.arrivals
    if law is None:
        row["law"] = ALWAYS
        return
    row["law"] = LAWS[law.law]
    if law.law == "bernoulli":
        row["log_miss"] = math.log1p(-law.probability) if law.probability < 1.0 else -math.inf
    elif law.law == "poisson":
        row["rate"] = law.rate
    elif law.law == "hawkes":
        world.clock[0]["excites"] = 1
        row["rate"], row["kept_excitation"] = law.rate, math.exp(-law.decay)
        row["first_excitation"] = laid.excitations.first
        masses = {laid.population.name: law.mass} | law.by
        names = [each.population.name for each in layout.populations]
        world.excitations[laid.excitations.rows] = [masses.get(name, 0.0) for name in names]
    else:
        row["group"] = layout.groups.index(law.group)
        if law.law == "one_of":
            row["share"] = law.share
        else:
            world.groups[row["group"]]["news_population"] = number
            world.groups[row["group"]]["news_instrument"] = instruments[law.instrument]


def _fill_information(row: Any, population: Any) -> None:
    """What members see of the value, and the price beyond which they do not trade."""
    if population.sees:
        row["delay"], row["noise"] = population.sees.delay, population.sees.noise
        row["sight"], row["redraw"] = population.sees.probability, population.sees.redraw == "episode"
        row["precision"] = population.sees.precision or 0.0
    if population.reservation:
        _fill_reservation(row, population.reservation)


def _fill_reservation(row: Any, reservation: Any) -> None:
    row["reservation"], row["reference"] = RESERVATIONS[reservation.distribution], REFERENCES[reservation.reference]
    names = {
        "fixed": ("distance", None),
        "uniform": ("low", "high"),
        "normal": ("mean", "deviation"),
        "exponential": ("mean", "offset"),
    }[reservation.distribution]
    for field, name in zip(("first_number", "second_number"), names, strict=True):
        row[field] = getattr(reservation, name) if name else 0.0


def fill_private_values(world: Any, row: Any, population: Any) -> None:
    """What a population's members value; those that are drawn are drawn when an episode begins."""
    values = population.private_values
    if values.distribution == "normal":
        row["units_down"] = row["units_up"] = values.units
        row["deviation"] = values.deviation
    else:
        row["units_up" if values.role == "buyer" else "units_down"] = 1
        first = int(row["private_first"])
        world.private_values[first : first + population.count] = np.linspace(
            values.first, values.last, population.count
        )


def _fill_classes(world: Any, scenario: Scenario, layout: Layout) -> None:
    """The turn classes: populations of one rank act together."""
    first = 0
    for row, rank in zip(world.classes, layout.ranks, strict=True):
        members = [number for number, population in enumerate(scenario.populations) if population.turn == rank]
        row["first"], row["count"] = first, len(members)
        row["simultaneous"] = rank in scenario.turns.simultaneous
        world.in_class[first : first + len(members)] = members
        first += len(members)


def _fill_endowments(world: Any, scenario: Scenario, layout: Layout) -> None:
    """What members begin with was issued by the account of that name, so that cash and lots still sum to zero."""
    agents, issue = layout.accounts.agents, layout.accounts.number("issue")
    lots = np.asarray(world.first_holdings).reshape(-1, len(scenario.instruments))
    traded = np.asarray(world.venues["instrument"])
    names = [instrument.name for instrument in scenario.instruments]
    for row, laid in zip(world.populations, layout.populations, strict=True):
        endowment = laid.population.endowment
        row["endowment_lots"] = endowment.inventory
        world.first_cash[laid.agents.rows] = round(endowment.cash / scenario.money.unit)
        for instrument in {*traded[world.in_venues[laid.in_venues.rows]], *map(names.index, endowment.positions)}:
            lots[laid.agents.rows, instrument] = scenario.endowed(laid.population, names[instrument])
    world.first_cash[issue] = -world.first_cash[:agents].sum()
    lots[issue] = -lots[:agents].sum(axis=0)
