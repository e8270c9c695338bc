"""Whether a strategy reads the future: what it sends before a step must not depend on what happens to values after it.

Nature's increments are drawn in advance, in memory that a strategy can reach if it opens the market by force. So the
market that it plays in is run again, with the increments from some step on replaced by those of another seed. All that
is sent before that step must stay as it was, to the last byte.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.experiment.reuse import Reusable
from sim.instruments.processes import BLOCK
from sim.runs.build import Built, fill_block
from sim.runs.simulation import Simulation
from sim.runs.strategy_contract import Played
from sim.scenario import Scenario

_EARLY, _EARLY_STEPS, _LATE = 16, 4_000, 8  # places at which increments are replaced: early ones cost little
PLACES = _EARLY + _LATE
_OTHER = 0x5EED  # what makes another seed of a seed


def reads_the_future(
    scenario: Scenario, agents: range, begins: Callable[[Simulation], None] = lambda run: None
) -> tuple[int, int] | None:
    """Where agents send something else because of what comes later.

    Parameters
    ----------
    agents : whose messages are compared.
    begins : told of each run before it begins.

    Returns
    -------
    (step, from) or None
        The first step, over all episodes, in which they send something else when only increments of the steps from
        ``from`` on are replaced.
    """
    logged = scenario.model_copy(update={"record": scenario.record.model_copy(update={"messages": True})})
    world = Reusable(logged)
    end = min(BLOCK, scenario.run.steps * scenario.run.episodes)

    def sent(until: int, replaced: int | None = None) -> NDArray[Any]:
        world.begin(scenario.run.seed)
        _fill(world.built, replaced)
        played = Played()
        run = Simulation(world.built, played)
        begins(run)
        run.run(until=until)
        rows = played.table("messages")
        return rows[np.isin(rows["agent"], np.arange(agents.start, agents.stop))]

    first = sent(end)
    steps = first["episode"].astype(np.int64) * scenario.run.steps + first["step"]
    for place in _places(steps, end):
        before, now = first[steps < place], sent(place, place)
        both = min(len(before), len(now))
        differs = np.flatnonzero(before[:both] != now[:both])
        if len(differs) or len(before) != len(now):
            row = int(differs[0]) if len(differs) else both
            longer = before if len(before) > row else now
            return int(longer[row]["episode"]) * scenario.run.steps + int(longer[row]["step"]), place
    return None


def _places(steps: NDArray[Any], end: int) -> list[int]:
    """Steps from which increments are replaced: just after steps in which something was sent, and some in between."""
    acted = np.unique(steps) + 1
    found: set[int] = set()
    for many, last in ((_EARLY, min(end, _EARLY_STEPS)), (_LATE, end)):
        there = acted[acted < last]
        if len(there):
            found.update(there[np.linspace(0, len(there) - 1, min(many, len(there))).astype(int)].tolist())
    return sorted(found)


def _fill(built: Built, replaced: int | None) -> None:
    """Draw the first block of increments; from a step on those of another seed, and values of files mirrored."""
    world, own = built.storage.world, built.scenario
    wide, length = int(world.clock[0]["drawn"]), own.run.steps * own.run.episodes
    other: Any = None
    if replaced is not None:
        seed = own.run.seed ^ _OTHER
        built.scenario = own.model_copy(update={"run": own.run.model_copy(update={"seed": seed})})
        fill_block(built, 0)
        other = np.array(world.increments)
        built.scenario = own
    fill_block(built, 0)
    if replaced is None or not wide:
        return
    world.increments[replaced * wide :] = other[replaced * wide :]
    stocks = [each for each in own.instruments if each.value is not None]
    for number, instrument in enumerate(stocks):
        if instrument.value is not None and instrument.value.process == "file":  # which no seed changes
            values = world.increments["diffusion"][number::wide]
            last = values[replaced - 1]
            values[replaced:length] = last - 2.0 * (values[replaced:length] - last)
