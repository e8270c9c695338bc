"""What the value is to an agent: its signal, its reservation price, its private values, what it solved beforehand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.core.compiled import njit
from sim.core.rng import SIGNAL, mix, next_uniform, normal_quantile, to_uniform
from sim.core.world import NONE, NOTHING, Market, opened
from sim.instruments import kinds
from sim.strategy_kit import view
from sim.strategy_kit.interface.own_state import inventory
from sim.strategy_kit.interface.places import instrument_traded
from sim.strategy_kit.seat import Seat, own
from sim.valuation.binary_signals import is_right, signal_key
from sim.valuation.reservation_prices import keep_reservation
from sim.venues.gateway import PRECOMPUTED, complain, is_side


@njit
def signal(me: Seat, market: Market, instrument: int | None = None) -> float:
    """What the agent's population sees of a value: late, noisy, or only at times, as the scenario says. Currency.

    Of a derivative it is what that is worth at the signal of its underlying.
    Of a binary value it may be high or low, right with a probability. Along a network it comes later to those who are
    further from its source, and to those whom no link reaches it never comes: they see what is public.

    The same however often it is asked within a step (or an episode, if it is drawn once an episode). Of an instrument
    that one of its venues trades; of its own, where none is named and its venues trade one. Errors of the signals of
    two instruments are independent.
    """
    me = own(me)
    world = opened(market)
    number = instrument_traded(me, world, instrument)
    if world.instruments[number].of == NOTHING:
        return _signal(me, world, number)
    seen: float = kinds.value_if(world, number, _signal(me, world, world.instruments[number].of))
    return seen


@njit
def _signal(me: Seat, world: Any, number: int) -> float:
    """The signal of an instrument whose value moves by itself. Currency."""
    agent = world.agents[me.agent]
    population = world.populations[agent.population]
    record = world.instruments[number]
    clock = world.clock[0]
    when = clock.step_key
    if population.redraw != 0:
        when = np.uint64(clock.episode)
    key = signal_key(agent.stream, when)
    if number != me.instrument:
        key = mix(mix(key, SIGNAL), number)
    if population.sight < 1.0 and to_uniform(mix(key, NONE)) >= population.sight:
        return view.public_value(world, me.agent, number)
    delay: int = population.delay
    if population.spreads != 0:
        hops = world.hops[population.first_hop + agent.number]
        if hops == NOTHING:  # no link leads to it
            return view.public_value(world, me.agent, number)
        delay += population.per_hop * hops
    value: float = record.value
    if delay > clock.step:
        value = record.initial
    elif delay > 0:
        value = world.history[record.history_start + ((clock.step - delay) & record.history_mask)]
    if population.precision > 0.0 and (value == record.high or value == record.low):
        value = record.high if is_right(key, population.precision) == (value == record.high) else record.low
        return value
    if population.noise > 0.0:
        value += population.noise * normal_quantile(to_uniform(mix(key, np.int64(1))))
    return value


@njit
def reservation_price(me: Seat, market: Market, side: int) -> float:
    """A draw of the most the agent pays now (BUY), or the least it takes (SELL). Currency.

    Of the instrument of its first venue, for which the scenario's ``reservation`` is. Its distance from what it is
    drawn around is private value: each trade gains the agent so much per unit, at the last draw for its side; in
    an auction, at the last one before the order was sent.
    """
    me = own(me)
    world = opened(market)
    if not is_side(world, side):
        return math.nan
    population = world.populations[world.agents[me.agent].population]
    anchor = view.public_value(world, me.agent, me.instrument)
    if population.reference == 1:
        anchor = signal(me, market, me.instrument)
    elif population.reference == 2:
        anchor = view.mark(world, me.agent, me.instrument)
    distance: float = population.first_number
    if population.reservation == 2:
        distance += (population.second_number - distance) * next_uniform(world)
    elif population.reservation == 3:
        distance += population.second_number * normal_quantile(next_uniform(world))
    elif population.reservation == 4:
        distance = population.second_number - population.first_number * math.log(next_uniform(world))
    if population.reservation != 0:
        keep_reservation(world, me.agent, side, distance)
    return anchor + side * distance


@njit
def private_value(me: Seat, market: Market, side: int) -> float:
    """What one lot more (BUY) or less (SELL) is privately worth to the agent, beyond the instrument's value. Currency.

    Of the instrument of its first venue, for which the scenario's ``private_values`` are. Infinitely bad beyond the
    number of units its population has private values for.
    """
    me = own(me)
    world = opened(market)
    if not is_side(world, side):
        return math.nan
    population = world.populations[world.agents[me.agent].population]
    width = population.units_down + population.units_up
    held = inventory(me, market, me.instrument)
    place = population.units_down + held - population.endowment_lots - (0 if side > 0 else 1)
    if place < 0 or place >= width:
        return -side * np.inf
    value: float = world.private_values[population.private_first + width * world.agents[me.agent].number + place]
    return value


@njit
def precomputed(me: Seat, market: Market, place: int) -> float:
    """Number ``place`` of those that the strategy's ``precompute`` solved before the run."""
    me = own(me)
    world = opened(market)
    population = world.populations[world.agents[me.agent].population]
    if not (0 <= place < population.precomputed_count or complain(world, PRECOMPUTED, place)):
        return math.nan
    number: float = world.precomputed[population.precomputed_first + place]
    return number


@njit
def precomputed_count(me: Seat, market: Market) -> int:
    """How many numbers the strategy's ``precompute`` left."""
    me = own(me)
    world = opened(market)
    count: int = world.populations[world.agents[me.agent].population].precomputed_count
    return count
