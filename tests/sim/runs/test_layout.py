"""Every population has its block of each array: one behind another, without a gap, as the World says."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from sim.runs.build import build
from sim.runs.layout import BLOCKS, Block, blocks_of, lay_out
from sim.scenario import Scenario, load, parse
from tests.places import ROOT

SCENARIOS = [
    "maker_showdown",
    "inventory",
    "two_books",
    "zero_intelligence",
    "theory/kyle",
    "theory/gode_sunder",
]
ROWS = {"agents": "first", "in_venues": "first_venue", "parameters": "parameters", "precomputed": "precomputed_first"}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_blocks_of_an_array_fill_it_one_behind_another(name: str) -> None:
    scenario = load(ROOT / "scenarios" / f"{name}.toml")
    layout, world = lay_out(scenario), build(scenario).storage.world
    for array in BLOCKS:
        blocks: list[Block] = [getattr(laid, array) for laid in layout.populations]
        assert blocks[0].first == 0
        assert all(before.end == after.first for before, after in pairwise(blocks))
        assert blocks[-1].end == layout.length(array) == len(getattr(world, array))
    for array, field in ROWS.items():
        assert [getattr(laid, array).first for laid in layout.populations] == world.populations[field].tolist()


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_agent_has_memory_of_its_own(name: str) -> None:
    scenario = load(ROOT / "scenarios" / f"{name}.toml")
    layout, world = lay_out(scenario), build(scenario).storage.world
    memory = np.asarray(world.agents["memory"])
    sizes = [laid.memories.count // laid.agents.count for laid in layout.populations]
    assert (np.diff(memory) == np.array(sizes)[np.asarray(world.agents["population"])][:-1]).all()
    assert memory[-1] + sizes[-1] == len(world.memories)


def test_blocks_of_nothing_are_empty_and_lie_where_the_next_begins() -> None:
    assert blocks_of([2, 0, 3]) == [Block(0, 2), Block(2, 0), Block(2, 3)]
    assert blocks_of([]) == []


def late(delay: int, venues: list[str]) -> Scenario:
    value = {"process": "random_walk", "initial": 100.0, "volatility": 0.1}
    return parse({
        "run": {"steps": 1000},
        "instruments": [{"name": name, "value": value} for name in ("one", "other", "third")],
        "venues": [{"name": name, "instrument": name} for name in ("one", "other", "third")],
        "populations": [
            {"name": "late", "strategy": "arbitrageur", "venues": venues, "sees": {"of": "value", "delay": delay}},
            *({"name": name, "strategy": "noise", "venues": [name]} for name in ("one", "other", "third")),
        ],
    })  # fmt: skip


def test_past_values_are_kept_of_every_instrument_that_a_late_population_trades() -> None:
    assert [block.count for block in lay_out(late(9, ["one", "other"])).histories] == [16, 16, 1]
    assert [block.count for block in lay_out(late(9, ["third", "one"])).histories] == [16, 1, 16]
