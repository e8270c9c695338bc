"""A signal that says high or low: whether it is right is one draw, the same in the market and for who asks later."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.core.compiled import njit
from sim.core.rng import SIGNAL, mix, name_key, to_uniform

_RIGHT = np.int64(2)  # the part of a signal's key after which comes the draw


@njit
def signal_key(stream, when):
    """The key of a signal's draws: of the agent's stream, and the step's key or the episode."""
    return mix(mix(stream, when), SIGNAL)


@njit
def is_right(key, precision):
    """Whether a signal of such a precision is right."""
    return to_uniform(mix(key, _RIGHT)) < precision


@njit
def _each_right(seed, population, members, episodes, steps, by_episode, precision):
    found = np.empty(len(members), np.bool_)
    for place in range(len(members)):
        stream = mix(population, members[place])
        when = np.uint64(episodes[place])
        if not by_episode:
            when = mix(mix(seed, episodes[place]), steps[place])
        found[place] = is_right(signal_key(stream, when), precision)
    return found


def rights_of(seed: int, population: Any, members: Any, episodes: Any, steps: Any) -> Any:
    """Whether the signals that members of a population got in a run were right.

    Parameters
    ----------
    seed : of the run.
    population : its table, with ``sees.precision``.
    members, episodes, steps : who saw a signal of its first venue's instrument, and when; int64, ``(signals,)``.

    Returns
    -------
    numpy.ndarray
        bool, ``(signals,)``.
    """
    start = np.uint64(mix(np.uint64(0), seed))
    stream = np.uint64(mix(start, name_key("population", population.name)))
    who, when, step = (np.ascontiguousarray(each, np.int64) for each in (members, episodes, steps))
    sees = population.sees
    return _each_right(start, stream, who, when, step, sees.redraw == "episode", float(sees.precision))
