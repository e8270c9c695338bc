"""Turns that are given from outside: to members of populations that somebody drives while the run stands still.

Their members are there in each step, and do nothing at their turn unless they are invited. The run goes on to the
beginning of their turn class (``clock.stop_at``). From there they act one after another, in the order in which they
are invited, before the other members of the class.
"""

from __future__ import annotations

from sim.core.compiled import njit
from sim.core.world import attach


@njit
def invite(address, agent):
    """Make the next turn of the class that is acting an agent's; the next ``advance`` stops in it.

    Of an agent that has acted in this step it is one turn more. False if the list of turns is full: grow it and call
    again.
    """
    world = attach(address)
    clock = world.clock[0]
    turns = world.turns
    first = clock.place + clock.external  # of those that have not begun
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
