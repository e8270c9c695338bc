"""Others of the agent's population: who its neighbours are in the network, and what opinions they publish."""

from __future__ import annotations

import math
from typing import Any

from sim.core.compiled import njit
from sim.core.world import NONE, NOTHING, Market, int64, opened
from sim.strategy_kit import view
from sim.strategy_kit.seat import Seat, own
from sim.venues.gateway import MEMBER, NEIGHBOUR, complain

_COMPLETE = 2  # ``linked`` of a population whose members are all linked with each other (sim.runs.fill_networks)


@njit
def member_number(me: Seat, market: Market) -> int:
    """The agent's number within its population, from 0."""
    return int64(opened(market).agents[own(me).agent].number)


@njit
def members(me: Seat, market: Market) -> int:
    """How many members the agent's population has."""
    world = opened(market)
    count: int = world.populations[world.agents[own(me).agent].population].count
    return count


@njit
def _place(world: Any, agent: int) -> int:
    """Where an agent stands among the members of networks; NOTHING if its population has none."""
    population = world.populations[world.agents[agent].population]
    if population.linked == 0:
        return NOTHING
    return int64(population.first_member + world.agents[agent].number)


@njit
def neighbours(me: Seat, market: Market) -> int:
    """How many members of its population the agent is linked with; 0 without a network."""
    world = opened(market)
    place = _place(world, own(me).agent)
    if place == NOTHING:
        return NONE
    links: int = world.members[place].links
    return links


@njit
def neighbour(me: Seat, market: Market, place: int) -> int:
    """The number within the population of the agent's neighbour number ``place``, from 0; in ascending order."""
    if not (0 <= place < neighbours(me, market) or complain(opened(market), NEIGHBOUR, place)):
        return member_number(me, market)
    return _neighbour(opened(market), own(me).agent, place)


@njit
def _neighbour(world: Any, agent: int, place: int) -> int:
    if world.populations[world.agents[agent].population].linked == _COMPLETE:
        return int64(place if place < world.agents[agent].number else place + 1)
    return int64(world.links[world.members[_place(world, agent)].first_link + place])


@njit
def component_leader(me: Seat, market: Market) -> int:
    """The lowest number among the members to whom links lead from the agent, itself included."""
    world = opened(market)
    place = _place(world, own(me).agent)
    if place == NOTHING:
        return member_number(me, market)
    leader: int = world.members[place].leader
    return leader


@njit
def component_size(me: Seat, market: Market) -> int:
    """How many members there are to whom links lead from the agent, itself included."""
    world = opened(market)
    place = _place(world, own(me).agent)
    if place == NOTHING:
        return int64(1)
    size: int = world.members[place].component
    return size


@njit
def publish_opinion(me: Seat, market: Market, opinion: float) -> None:
    """Let the others of its population, and the record, know the agent's opinion: any number."""
    me = own(me)
    opened(market).opinions[me.agent] = opinion


@njit
def opinion_of(me: Seat, market: Market, member: int) -> float:
    """What a member of the agent's population last published; nan before it did, and for no opinion."""
    me = own(me)
    world = opened(market)
    population = world.populations[world.agents[me.agent].population]
    if not (0 <= member < population.count or complain(world, MEMBER, member)):
        return math.nan
    return view.opinion(world, me.agent, population.first + member)
