"""Who acts in a step, and in which order: arrival laws, and the shuffling of a turn class.

The draws of every episode begin from a key of (seed, population, episode), so arrivals of an episode do not depend on
earlier episodes. For laws with rare arrivals, the distance to the next arrival is stored. So the cost depends on the
number of arrivals, not on the number of members.
"""

from __future__ import annotations

import math

import numpy as np

from sim.core.codes import BY_OUTSIDE, CLOSING
from sim.core.compiled import inlined, njit
from sim.core.rng import AGAIN, ARRIVAL, TURN_ORDER, mix, to_uniform
from sim.core.world import NONE, NOTHING

ALWAYS, BERNOULLI, POISSON, ONE_OF, ON_NEWS, HAWKES = 0, 1, 2, 3, 4, 5
LAWS = {"bernoulli": BERNOULLI, "poisson": POISSON, "one_of": ONE_OF, "on_news": ON_NEWS, "hawkes": HAWKES}
_FOREVER = 1 << 62


@njit
def _draw(world, population):
    """The population's next arrival draw of the episode."""
    record = world.populations[population]
    word = mix(mix(mix(record.stream, ARRIVAL), world.clock[0].episode), record.ordinal)
    record.ordinal += 1
    return to_uniform(word)


@njit
def _next_gap(world, population):
    """Number of members that are skipped before the next Bernoulli arrival, geometric."""
    miss = world.populations[population].log_miss  # log(1 - probability): 0 for never, -inf for always
    if miss == 0.0:
        return np.int64(_FOREVER)
    steps = math.log(_draw(world, population)) / miss
    return np.int64(steps) if steps < 4.0e18 else np.int64(_FOREVER)


@njit
def _next_wait(world, population):
    """The wait until the next Poisson or Hawkes arrival, exponential.

    A Poisson law counts it in steps. A Hawkes law counts it in expected arrivals, with mean 1, because the rates of
    later steps are not known yet.
    """
    record = world.populations[population]
    wait = -math.log(_draw(world, population))
    if record.law == HAWKES:
        return wait
    return wait / record.rate if record.rate > 0.0 else math.inf


@njit
def open_arrivals(world):
    """Draw the first arrival of each population at the beginning of an episode."""
    for population in range(len(world.populations)):
        record = world.populations[population]
        record.ordinal = 0
        if record.law == BERNOULLI:
            record.gap = _next_gap(world, population)
        elif record.law == POISSON or record.law == HAWKES:
            record.wait = _next_wait(world, population)
        record.excitation = 0.0
        record.arrived = 0


@njit
def begin_arrivals(world):
    """Begin a step: choose a population of each group, and raise rates by the arrivals of the last step."""
    choose_in_groups(world)
    if world.clock[0].excites != 0:
        excite(world)


@njit
def excite(world):
    """Raise the rates of the populations that the arrivals of the last step excite.

    This is a Hawkes process in discrete time. Given the past, the number of arrivals in a step is Poisson with mean

        rate + sum over past arrivals of mass * (exp(decay) - 1) * exp(-decay * steps since).

    So one arrival causes ``mass`` arrivals on average, in all later steps together. Arrivals of the same step do not
    excite each other.
    """
    populations = len(world.populations)
    for number in range(populations):
        record = world.populations[number]
        if record.law != HAWKES:
            continue
        excited = 0.0
        for other in range(populations):
            excited += world.excitations[record.first_excitation + other] * world.populations[other].arrived
        kept = record.kept_excitation
        record.excitation = kept * record.excitation + (1.0 - kept) * excited
        record.budget = record.rate + record.excitation
    for number in range(populations):
        world.populations[number].arrived = 0


@njit
def choose_in_groups(world):
    """Choose one population of each group for a step. If there is news, it is the population that arrives with news."""
    clock = world.clock[0]
    for number in range(len(world.groups)):
        group = world.groups[number]
        if group.news_population != NOTHING and world.instruments[group.news_instrument].jumped != 0:
            group.chosen = group.news_population
            continue
        draw = to_uniform(mix(mix(mix(group.stream, ARRIVAL), clock.episode), clock.step))
        group.chosen = NOTHING
        for population in range(len(world.populations)):
            record = world.populations[population]
            if record.law == ONE_OF and record.group == number:
                if record.share > 0.0:
                    group.chosen = population  # if rounding leaves a remainder, the last one with a share is chosen
                draw -= record.share
                if draw < 0.0:
                    break


@njit
def _add(world, population, member, ordinal):
    clock = world.clock[0]
    agent = world.populations[population].first + member
    key = mix(world.agents[agent].stream, clock.step_key)
    if ordinal > 0:  # a member that arrives again in the same step
        key = mix(mix(key, AGAIN), ordinal)
    row = world.turns[clock.length]
    row.key = mix(key, TURN_ORDER)
    row.agent = agent
    row.ordinal = ordinal
    clock.length += 1


@inlined
def collect(world, population):
    """Add a population's arrivals of this step to the list of turns.

    Returns False if the list is full. Then make it larger and call again; the population continues where it stopped.
    """
    clock = world.clock[0]
    if clock.rules != 0 and world.populations[population].closing != 0 and not _add_closing(world, population):
        return False
    if clock.excites == 0 or world.populations[population].external == BY_OUTSIDE:  # who may act has not yet acted
        return _collect(world, population)
    before = clock.length
    whole = _collect(world, population)
    world.populations[population].arrived += clock.length - before
    return whole


@njit
def _add_closing(world, population):
    """A turn for each member whose positions the clearing house closes: its turns do not wait for its arrivals."""
    clock = world.clock[0]
    record = world.populations[population]
    if record.law == ALWAYS or record.external == BY_OUTSIDE:
        return True
    if clock.length + record.count > len(world.turns):
        return False
    for member in range(record.count):
        agent = record.first + member
        if world.margin_accounts[agent].state == CLOSING and not _has_turn(world, agent):
            _add(world, population, member, NONE)
    return True


@njit
def _has_turn(world, agent):
    found = False
    for place in range(world.clock[0].length):
        found = found or world.turns[place].agent == agent
    return found


@njit
def _collect(world, population):
    clock = world.clock[0]
    record = world.populations[population]
    present = record.law == ALWAYS or record.external == BY_OUTSIDE  # who acts from outside may do so in each step
    any_number = record.law == POISSON or record.law == HAWKES
    if (present or not any_number) and clock.length + record.count > len(world.turns):
        return False
    if present:
        for member in range(record.count):
            _add(world, population, member, NONE)
    elif record.law == BERNOULLI:
        member = record.gap
        while member < record.count:
            _add(world, population, member, NONE)
            member += 1 + _next_gap(world, population)
        record.gap = member - record.count
    elif any_number:
        # A step is 1 long for Poisson waits, and as long as its expected arrivals for Hawkes waits. clock.member counts
        # this population's arrivals of the step, across calls.
        length = record.budget if record.law == HAWKES else 1.0
        while record.wait < length:
            if clock.length == len(world.turns):
                return False
            member = np.int64(_draw(world, population) * record.count)
            _add(world, population, member, clock.member)
            clock.member += 1
            record.wait += _next_wait(world, population)
        record.wait -= length
        clock.member = 0
    elif world.groups[record.group].chosen == population:
        draw = to_uniform(mix(mix(mix(record.stream, ARRIVAL), clock.episode), clock.step))
        _add(world, population, np.int64(draw * record.count), NONE)
    return True


@njit
def _copy(target, i, source, j):
    target[i].key = source[j].key
    target[i].agent = source[j].agent
    target[i].ordinal = source[j].ordinal


@njit
def shuffle(world):
    """Sort the list of turns by key: merge sort, with insertion sort for short runs."""
    turns = world.turns
    length = world.clock[0].length
    run = 16
    for start in range(0, length, run):
        for i in range(start + 1, min(start + run, length)):
            key, agent, ordinal = turns[i].key, turns[i].agent, turns[i].ordinal
            j = i
            while j > start and turns[j - 1].key > key:
                _copy(turns, j, turns, j - 1)
                j -= 1
            turns[j].key = key
            turns[j].agent = agent
            turns[j].ordinal = ordinal
    scratch = world.scratch
    while run < length:
        for start in range(0, length, 2 * run):
            middle = min(start + run, length)
            end = min(start + 2 * run, length)
            i, j = start, middle
            for k in range(start, end):
                if i < middle and (j >= end or turns[i].key <= turns[j].key):
                    _copy(scratch, k, turns, i)
                    i += 1
                else:
                    _copy(scratch, k, turns, j)
                    j += 1
        for k in range(length):
            _copy(turns, k, scratch, k)
        run *= 2
