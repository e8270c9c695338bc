"""The networks of populations, written into a World: neighbours, connected components, distances from the news."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.core.storage import Storage
from sim.networks.fit import links_of as links_of_table
from sim.networks.graphs import distances, is_drawn, links_of
from sim.runs.layout import PopulationLayout
from sim.scenario import Scenario

BY_LISTS, COMPLETE = 1, 2  # a population's ``linked``; 0 without a network


def draw_networks(
    storage: Storage, scenario: Scenario, populations: Sequence[PopulationLayout], by_chance_only: bool = False
) -> None:
    """Draw the network of each population that has one, for the scenario's seed.

    Parameters
    ----------
    by_chance_only : do nothing unless another seed gives other graphs.
    """
    tables = {each.name: each for each in scenario.networks}
    used = {name for each in scenario.populations for name in each.networks}
    if not used or (by_chance_only and not any(is_drawn(tables[name]) for name in used)):
        return
    seed = scenario.run.seed
    lists: list[Any] = []
    for row, laid in zip(storage.world.populations, populations, strict=True):
        population = laid.population
        if population.network:
            _link(storage.world, row, laid, tables[population.network], seed, lists)
        if population.sees and population.sees.network:
            table = tables[population.sees.network]
            storage.world.hops[laid.hops.rows] = distances(
                table, population.count, seed, population.sees.sources or (0,)
            )
            row["spreads"], row["first_hop"] = 1, laid.hops.first
            row["per_hop"] = population.sees.per_hop
    storage.put("links", np.concatenate(lists) if lists else np.zeros(0, np.int32))


def links_drawn(scenario: Scenario) -> int:
    """Links to be expected of the largest network that is drawn: one is drawn after another."""
    tables = {each.name: each for each in scenario.networks}
    used = [(tables[name], each.count) for each in scenario.populations for name in each.networks]
    return int(max((links_of_table(table, members) for table, members in used), default=0.0))


def _link(world: Any, row: Any, laid: PopulationLayout, table: Any, seed: int, lists: list[Any]) -> None:
    """Write who is linked in a population; its lists of neighbours come behind those that there are."""
    found = links_of(table, laid.population.count, seed)
    row["linked"], row["first_member"] = COMPLETE if table.kind == "complete" else BY_LISTS, laid.members.first
    rows = world.members[laid.members.rows]
    rows["first_link"] = found.starts[:-1] + sum(map(len, lists))
    rows["links"] = laid.population.count - 1 if table.kind == "complete" else np.diff(found.starts)
    rows["leader"], rows["component"] = found.leaders, found.sizes
    lists.append(found.neighbours)
