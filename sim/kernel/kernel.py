"""The loop over steps and turns. It can stop before any turn and continue from there.

A turn is atomic. The position of the loop (phase, turn class, place in the list of turns) is stored in the clock.
``advance`` returns why it stopped: the chunk is done, storage has no room, nature's next block is needed, a Python
agent must act, or a strategy failed. The caller does what is needed and calls again. No turn is repeated or left out.

The parts of a step are in other files: who acts in :mod:`sim.kernel.arrivals`, messages in :mod:`sim.kernel.messages`,
venues in :mod:`sim.venues.mechanisms`, rules in :mod:`sim.rules.hooks`, values in :mod:`sim.instruments.kinds`.
"""

from __future__ import annotations

import numpy as np

from sim.core.codes import (
    ACTING,
    AWAITING,
    BY_PYTHON,
    BY_STRATEGY,
    CLEARING,
    COLLECT,
    ENTERING,
    EPISODE,
    EPISODE_END,
    EXTERNAL,
    NEED_NATURE,
    NEED_TAPE,
    NEED_TURNS,
    RUNNING,
    STEP,
    STEP_END,
    WITHDRAW,
)
from sim.core.compiled import caller, njit
from sim.core.rng import ACT, AGAIN, mix
from sim.core.storage import has_room
from sim.core.world import NONE, NOTHING, attach
from sim.instruments.kinds import move_values, refresh
from sim.instruments.processes import BLOCK
from sim.instruments.step_end import end_instruments
from sim.kernel.arrivals import begin_arrivals, collect, shuffle
from sim.kernel.episodes import end_episode, open_episode
from sim.kernel.messages import enter_pending
from sim.kernel.sampling import rows_due, sample_agents, sample_books, samples_fit
from sim.rules.hooks import after_turn, before_turn, begin_step, end_step
from sim.valuation.reservation_prices import credit_allotted, credit_trades
from sim.venues import mechanisms
from sim.venues.book import expire
from sim.venues.orders import withdraw

UNLIMITED = np.int64(1 << 60)  # messages per turn of an agent that Python lets act
_call = caller(2)


@njit
def open_run(address):
    """Prepare the arrays of a new World, which are all 0, for a run."""
    world = attach(address)
    mechanisms.open_run(world)
    world.clock[0].block = NOTHING


@njit
def advance(address, until):
    """Run until step ``until``, counted over all episodes, or until Python is needed.

    Returns the status. EXTERNAL carries the agent's row in the bits above the lowest byte. AWAITING: the point asked
    for from outside is reached, a turn class that begins (``clock.stop_at``) or a turn (``clock.invited``).
    """
    world = attach(address)
    clock = world.clock[0]
    lack = RUNNING
    while lack == RUNNING:
        if clock.phase == STEP or clock.phase == EPISODE:
            done = clock.episode * clock.steps + clock.step
            if done >= until:
                return RUNNING
            if done // BLOCK != clock.block:
                return NEED_NATURE
        if clock.phase == EPISODE:
            open_episode(world)
            clock.phase = STEP
        if clock.phase == STEP:
            lack = _open_step(world)
        elif clock.phase == COLLECT:
            lack = _collect(world)
        elif clock.phase == ACTING:
            lack = _act(world, address)
        elif clock.phase == ENTERING:
            lack = _enter(world)
        elif clock.phase == CLEARING:
            lack = _clear(world)
        elif clock.phase == STEP_END:
            lack = _end_step(world)
        else:
            lack = _end_episode(world)
    return lack


@njit
def _open_step(world):
    """Begin a step: orders expire, venues open or close their books, values move, arrivals are prepared."""
    clock = world.clock[0]
    lack = has_room(world, NONE)
    if lack != RUNNING:
        return lack
    clock.step_key = mix(mix(clock.seed, clock.episode), clock.step)
    expire(world)
    mechanisms.open_step(world)
    move_values(world)
    begin_step(world)
    begin_arrivals(world)
    clock.turn_class = 0
    clock.phase = COLLECT
    return RUNNING


@njit
def _collect(world):
    """Make the list of turns of the next turn class that has arrivals."""
    clock = world.clock[0]
    while clock.turn_class < len(world.classes):
        turn_class = world.classes[clock.turn_class]
        while clock.population < turn_class.count:
            if not collect(world, world.in_class[turn_class.first + clock.population]):
                return NEED_TURNS
            clock.population += 1
        if clock.length > 0:
            if turn_class.simultaneous != 0:
                lack = has_room(world, NONE)
                if lack != RUNNING:
                    return lack
                for place in range(clock.length):
                    _withdraw(world, np.int64(world.turns[place].agent))
            clock.simultaneous = turn_class.simultaneous
            shuffle(world)
            clock.population = 0
            clock.place = 0
            clock.phase = ACTING
            return AWAITING if clock.stop_at == clock.turn_class + 1 else RUNNING
        clock.population = 0
        clock.turn_class += 1
    clock.place = 0
    clock.phase = CLEARING if mechanisms.clears(world) else STEP_END
    return RUNNING


@njit
def _withdraw(world, agent):
    """Withdraw an agent's resting orders when its simultaneous class begins, so that nobody sees them or hits them."""
    while world.agents[agent].first_order != NOTHING:
        withdraw(world, np.int64(world.agents[agent].first_order), WITHDRAW)


@njit
def _act(world, address):
    """Carry out the turns of a class, one after another."""
    clock = world.clock[0]
    reserving = len(world.reserved) > 0
    while clock.place < clock.length:
        turn = world.turns[clock.place]
        agent = np.int64(turn.agent)
        population = world.populations[world.agents[agent].population]
        lack = has_room(world, population.allowed if clock.external == 0 else population.rule_messages)
        if lack != RUNNING:
            return lack
        if clock.external == 0:
            _open_turn(world, agent, turn.ordinal)
            if before_turn(world, agent, population.rules):
                if population.external == BY_STRATEGY:
                    status = _call(world.strategies[population.strategy], agent, address)
                    if status != RUNNING:
                        clock.fault_agent = agent
                        clock.status = status
                        return status
                elif population.external == BY_PYTHON or clock.invited == agent + 1:
                    clock.external = 1
                    clock.allowed = UNLIMITED
                    clock.invited = 0
                    return EXTERNAL + (agent << 8) if population.external == BY_PYTHON else AWAITING
        clock.external = 0  # the agent that Python, or somebody outside, let act is done
        after_turn(world, agent, population.rules)
        if reserving:
            credit_trades(world, agent)
        clock.place += 1
    clock.length = 0
    if clock.simultaneous != 0:
        clock.simultaneous = 0
        clock.phase = ENTERING
    else:
        clock.turn_class += 1
        clock.phase = COLLECT
    return RUNNING


@njit
def _open_turn(world, agent, ordinal):
    """Begin an agent's turn: its messages and its random draws are counted from 0."""
    clock = world.clock[0]
    population = world.populations[world.agents[agent].population]
    clock.sent = 0
    clock.allowed = population.allowed
    clock.turn = ordinal
    clock.turn_key = mix(world.agents[agent].stream, clock.step_key)
    if ordinal > 0:
        clock.turn_key = mix(mix(clock.turn_key, AGAIN), ordinal)
    clock.draw_key = mix(clock.turn_key, ACT)
    clock.draw = 0
    population.turns += 1


@njit
def _enter(world):
    """Enter the orders of a simultaneous class after all its members have acted."""
    clock = world.clock[0]
    lack = has_room(world, clock.pending)
    if lack != RUNNING:
        return lack
    enter_pending(world)
    if clock.status != RUNNING:
        return clock.status
    clock.turn_class += 1
    clock.phase = COLLECT
    return RUNNING


@njit
def _clear(world):
    """Clear the venues whose auction ends with this step, one after another."""
    clock = world.clock[0]
    while clock.place < len(world.venues):
        if mechanisms.is_due(world, clock.place):
            lack = has_room(world, NONE)
            if lack != RUNNING:
                return lack
            refresh(world, world.venues[clock.place].instrument)
            mechanisms.allot(world, clock.place)
            credit_allotted(world, clock.place)
            mechanisms.clear(world, clock.place)
            clock.credited = clock.trades
            if clock.status != RUNNING:
                return clock.status
        clock.place += 1
    clock.phase = STEP_END
    return RUNNING


@njit
def _end_step(world):
    """End a step: pay incomes, settle what is due, take samples, and advance the clock."""
    clock = world.clock[0]
    last = clock.step + 1 == clock.steps
    books, agents = rows_due(world)
    if not samples_fit(world, books, agents):
        return NEED_TAPE
    sample_books(world, books)
    end_instruments(world, last)
    end_step(world)
    sample_agents(world, agents)
    if clock.status != RUNNING:
        return clock.status
    clock.step += 1
    clock.phase = EPISODE_END if last else STEP
    return RUNNING


@njit
def _end_episode(world):
    """End an episode: settle, write results, and advance the clock."""
    clock = world.clock[0]
    lack = end_episode(world)
    if lack != RUNNING:
        return lack
    if clock.status != RUNNING:
        return clock.status
    clock.episode += 1
    clock.step = 0
    clock.phase = EPISODE
    return RUNNING
