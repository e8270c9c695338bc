"""What further lots are privately worth to an agent, beyond the instrument's value: drawn, and gained."""

from __future__ import annotations

from sim.core.compiled import njit
from sim.core.rng import PRIVATE_VALUE, mix, normal_quantile, to_uniform


@njit
def open_private_values(world):
    """An episode begins: those that are random are drawn."""
    for population in range(len(world.populations)):
        if world.populations[population].deviation > 0.0:
            draw_private_values(world, population)


@njit
def draw_private_values(world, population):
    """Each member's values of the lots around its endowment: normal, the first lot more worth most."""
    record = world.populations[population]
    width = record.units_down + record.units_up
    for member in range(record.count):
        key = mix(mix(world.agents[record.first + member].stream, world.clock[0].episode), PRIVATE_VALUE)
        first = record.private_first + width * member
        for i in range(width):
            draw = record.deviation * normal_quantile(to_uniform(mix(key, i)))
            j = first + i
            while j > first and world.private_values[j - 1] < draw:
                world.private_values[j] = world.private_values[j - 1]
                j -= 1
            world.private_values[j] = draw


@njit
def private_gain(world, agent):
    """Private value of what an agent holds beyond its endowment. Currency."""
    record = world.populations[world.agents[agent].population]
    width = record.units_down + record.units_up
    if width == 0:
        return 0.0
    clock = world.clock[0]
    instrument = world.venues[world.in_venues[record.first_venue]].instrument
    change = world.holdings[agent * clock.instruments + instrument].lots - record.endowment_lots
    middle = record.private_first + width * world.agents[agent].number + record.units_down
    total = 0.0
    for i in range(min(change, record.units_up)):
        total += world.private_values[middle + i]
    for i in range(min(-change, record.units_down)):
        total -= world.private_values[middle - 1 - i]
    return total
