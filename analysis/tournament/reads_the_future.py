"""Whether a strategy reads the future: what it sends in a step must not depend on what happens to values after it.

Nature's increments are drawn in advance, in memory that a strategy can reach if it opens the market by force. So the
market that it plays in is run again, and before each step all increments after it are those of another seed. All that
is sent must stay as it was, to the last byte.

A strategy can read the value of now in the same way, though nobody shows it. So some steps are run with another
increment of this step too. Whoever may not know the value must send the same, unless somebody who knows it has sent
something else before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.experiment.reuse import Reusable
from sim.instruments.processes import BLOCK
from sim.runs.build import fill_block
from sim.runs.simulation import Simulation
from sim.runs.strategy_contract import Played
from sim.scenario import Scenario
from sim.scenario.defaults import holds_auctions

_EARLY, _EARLY_STEPS, _LATE = 16, 4_000, 4  # steps whose own increment is replaced: early ones cost little
RUNS = 2 + _EARLY + _LATE  # that are made at most
_OTHER = 0x5EED  # what makes another seed of a seed
_BESIDE = 0.125  # currency: so far another value of a file lies from one that does not move


@dataclass(frozen=True)
class Read:
    """What an agent has read.

    Attributes
    ----------
    agent : its row.
    step : in which it sent something else, over all episodes.
    future : whether it read what came after this step; else the value of the step itself.
    """

    agent: int
    step: int
    future: bool


def reads_the_future(
    scenario: Scenario, agents: range, blind: bool = False, begins: Callable[[Simulation], None] = lambda run: None
) -> Read | None:
    """Who of some agents sends something else because of what comes later, or because of a value that it may not see.

    Parameters
    ----------
    agents : whose messages are looked at.
    blind : whether none of them may see a value in the step in which it moves.
    begins : told of each run before it begins.
    """
    runs = _Runs(scenario, begins)
    plain, steps = runs.plain()
    row = _first_difference(plain, runs.rolling())
    if row is not None and (found := _reader(row, scenario, agents, future=True)):
        return found
    for step in _places(steps, runs.end) if blind else ():
        row = _first_difference(plain[steps <= step], runs.with_another(step))
        if row is not None and (found := _reader(row, scenario, agents, future=False)):
            return found
    return None


def knows_no_value(scenario: Scenario, population: str) -> bool:
    """Whether members learn of a value's move in its own step by what others send alone.

    So only where they get no signal, nothing is public at once, and no rule of the market sends orders for them, or
    gives them money, because of the value.
    """
    own = next(each for each in scenario.populations if each.name == population)
    ruled = (own.sees, own.reservation, own.private_values, own.obligation, own.hedge, own.risk, scenario.margin)
    return (
        all(each is None for each in ruled)
        and not scenario.turns.simultaneous
        and not any(map(holds_auctions, scenario.venues))
        and all(
            each.value is not None and each.public_delay != 0 and each.dividend is None and not each.shocks
            for each in scenario.instruments
        )
    )


def _reader(row: Any, scenario: Scenario, agents: range, future: bool) -> Read | None:
    """Who sent a row, if it is one of some agents. Whoever sent something else before it is the cause of all after."""
    agent = int(row["agent"])
    step = int(row["episode"]) * scenario.run.steps + int(row["step"])
    return Read(agent, step, future) if agent in agents else None


def _first_difference(one: NDArray[Any], other: NDArray[Any]) -> Any:
    """The first row in which two logs differ; None where they are the same."""
    both = min(len(one), len(other))
    differs = np.flatnonzero(one[:both] != other[:both])
    if len(differs):
        return one[int(differs[0])]
    longer = one if len(one) > both else other
    return longer[both] if len(longer) > both else None


def _places(steps: NDArray[Any], end: int) -> list[int]:
    """Steps whose increment is replaced: of those in which something was sent, but the first."""
    acted = np.unique(steps)
    found: set[int] = set()
    for many, last in ((_EARLY, min(end, _EARLY_STEPS)), (_LATE, end)):
        there = acted[(acted < last) & (acted > 0)]
        if len(there):
            found.update(there[np.linspace(0, len(there) - 1, min(many, len(there))).astype(int)].tolist())
    return sorted(found)


class _Runs:
    """Runs of one market and seed, in which increments are replaced."""

    def __init__(self, scenario: Scenario, begins: Callable[[Simulation], None]) -> None:
        logged = scenario.model_copy(update={"record": scenario.record.model_copy(update={"messages": True})})
        self._world, self._begins = Reusable(logged), begins
        self._steps = scenario.run.steps
        self.end = min(BLOCK, scenario.run.steps * scenario.run.episodes)

    def _begun(self) -> tuple[Simulation, Played]:
        built = self._world.built
        self._world.begin(built.scenario.run.seed)
        fill_block(built, 0)
        played = Played()
        run = Simulation(built, played)
        self._begins(run)
        return run, played

    def plain(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """The log of the run as it is, and the step of each message over all episodes."""
        run, played = self._begun()
        run.run(until=self.end)
        rows = played.table("messages")
        return rows, rows["episode"].astype(np.int64) * self._steps + rows["step"]

    def rolling(self) -> NDArray[Any]:
        """The log of a run in which, before each step, all that comes after this step is replaced."""
        run, played = self._begun()
        own, wide = self._replaced(0)
        increments = self._world.built.storage.world.increments
        for step in range(self.end if wide else 0):
            increments[step * wide : (step + 1) * wide] = own[step * wide : (step + 1) * wide]
            run.advance(step + 1)
        run.run(until=self.end)
        run.drain()
        return played.table("messages")

    def with_another(self, step: int) -> NDArray[Any]:
        """The log until after a step in which values move otherwise."""
        run, played = self._begun()
        self._replaced(step)
        run.run(until=step + 1)
        return played.table("messages")

    def _replaced(self, step: int) -> tuple[NDArray[Any], int]:
        """Replace all increments from a step on by those of another seed, and values of files by mirrored ones.

        Returns those that were there, and how many there are per step.
        """
        built = self._world.built
        world, scenario = built.storage.world, built.scenario
        wide, length = int(world.clock[0]["drawn"]), self._steps * scenario.run.episodes
        own = np.array(world.increments)
        if not wide:
            return own, 0
        seed = scenario.run.seed ^ _OTHER
        built.scenario = scenario.model_copy(update={"run": scenario.run.model_copy(update={"seed": seed})})
        try:
            fill_block(built, 0)
        finally:
            built.scenario = scenario
        world.increments[: step * wide] = own[: step * wide]
        stocks = [each for each in scenario.instruments if each.value is not None]
        for number, instrument in enumerate(stocks):
            if instrument.value is not None and instrument.value.process == "file":  # which no seed changes
                values = world.increments["diffusion"][number::wide]
                before = values[max(step - 1, 0)]
                values[step:length] = before - 2.0 * (values[step:length] - before) + _BESIDE
        return own, wide
