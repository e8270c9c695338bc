"""Turns that are given from outside, to members of populations that a caller controls while the run is stopped.

These members have a turn in each step, but do nothing in it unless they are invited. The run continues to the beginning
of their turn class (``clock.stop_at``). There they act one after another, in the order of the invitations, before the
other members of the class.
"""

from __future__ import annotations

from sim.core.compiled import njit
from sim.core.world import attach


@njit
def invite(address, agent):
    """Give the next turn of the current class to an agent. The next ``advance`` stops in this turn.

    An agent that has already acted in this step gets another turn. Returns False if the list of turns is full; then
    make it larger and call again.
    """
    world = attach(address)
    clock = world.clock[0]
    turns = world.turns
    first = clock.place + clock.external  # the first turn that has not begun
    place = first
    while place < clock.length and turns[place].agent != agent:
        place += 1
    if place < clock.length:
        key, ordinal = turns[place].key, turns[place].ordinal
    else:
        if clock.length == len(turns):
            return False
        key, ordinal = turns[first - 1].key, turns[first - 1].ordinal * 0
        for earlier in range(first):
            if turns[earlier].agent == agent:
                ordinal += 1
        clock.length += 1
    while place > first:
        turns[place].key = turns[place - 1].key
        turns[place].agent = turns[place - 1].agent
        turns[place].ordinal = turns[place - 1].ordinal
        place -= 1
    turns[first].key = key
    turns[first].agent = agent
    turns[first].ordinal = ordinal
    clock.invited = agent + 1
    return True
