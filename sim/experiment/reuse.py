"""One World for many seeds: its state after building is kept, and restored before the next run."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.runs.build import Built, build, seed_streams
from sim.runs.fill_networks import draw_networks
from sim.scenario import Scenario

# What a run writes before it reads: buffers, the list of turns, tables of rows.
_WRITTEN_FIRST = {
    "increments", "turns", "scratch", "pending", "tape", "log", "book_samples", "ladder", "agent_samples",
    "sample_lots", "sample_greeks", "sample_risks", "outcomes", "outcome_lots", "settlements", "limit_outcomes",
    "margin_events", "strategies", "rule_calls", "gateway", "links",
}  # fmt: skip


class Reusable:
    """A World that can begin again with another seed, as if it had just been built.

    Building solves what strategies precompute, fills tables and has the system find memory; that takes longer than
    many a short run. Arrays that grew stay grown, which no result depends on.

    Parameters
    ----------
    scenario : its own seed does not matter.
    capacities : as for :func:`sim.runs.build.build`.
    """

    def __init__(self, scenario: Scenario, **capacities: int) -> None:
        self.built: Built = build(scenario, None, **capacities)
        self._first: dict[str, Any] = {
            name: _bytes(array).copy()
            for name, array in self.built.storage.world._asdict().items()
            if name not in _WRITTEN_FIRST and len(array)
        }

    def begin(self, seed: int) -> None:
        """Make it ready for a run with this seed."""
        built = self.built
        world = built.storage.world
        written = min(int(world.clock[0]["trades"]), len(world.tape))
        for name, first in self._first.items():
            there = _bytes(getattr(world, name))
            there[: len(first)] = first
            there[len(first) :] = 0
        _bytes(world.tape[:written])[:] = 0
        scenario = built.scenario
        built.scenario = scenario.model_copy(update={"run": scenario.run.model_copy(update={"seed": seed})})
        seed_streams(built)
        draw_networks(built.storage, built.scenario, built.populations, by_chance_only=True)


def _bytes(array: Any) -> Any:
    """The bytes of an array: copying records field by field takes ten times as long."""
    return np.asarray(array).view(np.uint8)
