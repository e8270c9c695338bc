"""Private values of lots to the agents of a run, episode by episode, without running it again."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.compiled import njit
from sim.core.rng import mix, name_key
from sim.core.storage import Storage
from sim.core.world import attach
from sim.runs.build import fill_streams
from sim.runs.fill_populations import fill_private_values
from sim.runs.layout import blocks_of, private_slots
from sim.scenario import Scenario
from sim.valuation.private_values import open_private_values


class Valued(NamedTuple):
    """The private values of a population: of the lots that its members may give up, and of those they may get.

    Both float64 (members, units), currency per lot, in the order in which lots change hands.
    """

    down: NDArray[np.float64]
    up: NDArray[np.float64]


class PrivateValues:
    """The private values of a scenario's agents.

    They are drawn by the engine's own routine, from nothing but the seed, the names of the populations, the numbers of
    the agents and the episode: what happens in a run does not touch them.

    Parameters
    ----------
    scenario : as it was run, its seed included.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._valued = [each for each in scenario.populations if each.private_values]
        members = blocks_of([each.count for each in self._valued])
        slots = blocks_of([private_slots(each.private_values) * each.count for each in self._valued])
        self._storage = Storage(
            clock=1,
            agents=sum(each.count for each in members),
            populations=len(self._valued),
            private_values=sum(each.count for each in slots),
        )
        world = self._storage.world
        seed = np.uint64(mix(np.uint64(0), scenario.run.seed))
        for number, population in enumerate(self._valued):
            row, agents = world.populations[number], members[number]
            row["first"], row["count"], row["private_first"] = agents.first, agents.count, slots[number].first
            row["stream"] = mix(seed, name_key("population", population.name))
            world.agents["population"][agents.rows] = number
            world.agents["number"][agents.rows] = np.arange(agents.count)
            fill_private_values(world, row, population)
        fill_streams(self._storage.address)

    def of(self, episode: int) -> dict[str, Valued]:
        """By population's name; populations without private values are left out."""
        _draw(self._storage.address, episode)
        world = self._storage.world
        found = {}
        for row, population in zip(world.populations, self._valued, strict=True):
            down, width = int(row["units_down"]), int(row["units_down"] + row["units_up"])
            first = int(row["private_first"])
            values = np.array(world.private_values[first : first + width * population.count]).reshape(-1, width)
            found[population.name] = Valued(values[:, :down][:, ::-1], values[:, down:])
        return found


@njit
def _draw(address: int, episode: int) -> Any:
    world = attach(address)
    world.clock[0].episode = episode
    open_private_values(world)
