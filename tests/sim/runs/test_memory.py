"""A market takes memory for what it has, not for what it might have, and is refused in words where it does not fit."""

import numpy as np
import pytest

from sim.core.errors import RunError
from sim.core.world import INCREMENT
from sim.instruments.processes import BLOCK, draw_block
from sim.runs import memory
from sim.runs.build import build, fill_block
from sim.scenario import parse


def many(instruments: int, steps: int, **value):
    """A market of many instruments, each on a book of its own."""
    walk = {"process": "random_walk", "initial": 100.0, "volatility": 0.1} | value
    names = range(instruments)
    return parse(
        {
            "run": {"steps": steps},
            "instruments": [{"name": f"I{i}", "value": walk, "public_delay": 1_000_000} for i in names],
            "venues": [{"name": f"v{i}", "instrument": f"I{i}"} for i in names],
            "populations": [{"name": "makers", "strategy": "fixed_spread", "venues": ["v0"]}],
        }
    )


def test_increments_are_no_more_than_the_run_has_steps():
    built = build(many(300, 10))
    assert len(built.storage.world.increments) == 300 * 10
    arrays = sum(np.asarray(array).nbytes for array in built.storage.world)
    assert arrays < 64 * 2**20
    assert len(build(many(2, 3 * BLOCK)).storage.world.increments) == 2 * BLOCK


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"increments": "coin"},
        {"process": "jump_diffusion", "jump_probability": 0.3, "jump_size": 1.0, "jump": "exponential"},
    ],
)
def test_a_short_block_is_the_beginning_of_the_long_one(value):
    short, long = build(many(3, 40, **value)), build(many(3, 1_000, **value))
    for built in (short, long):
        fill_block(built, 0)
    whole = np.asarray(long.storage.world.increments).reshape(-1, 3)
    np.testing.assert_array_equal(np.asarray(short.storage.world.increments).reshape(-1, 3), whole[:40])
    for number, instrument in enumerate(long.scenario.instruments):
        drawn = draw_block(instrument.value, instrument.name, 1, 0, 1_000, False, None)
        np.testing.assert_array_equal(whole[:, number], drawn[:1_000])
        assert drawn.dtype == INCREMENT


def test_a_network_that_does_not_fit_while_it_is_drawn_is_refused_before(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 2**30)
    given = many(1, 10).given
    member = {"count": 1_000_000, "network": "friends"}
    given = given | {
        "networks": [{"name": "friends", "kind": "random", "mean_degree": 8.0}],
        "populations": [given["populations"][0] | member],
    }
    with pytest.raises(RunError, match=r"1,000,000 agents.*4,000,000 links\), and 1\.0 GiB.*take fewer agents, links"):
        build(parse(given))
    build(parse(given, overrides={"makers.count": 1000}))


def test_a_market_that_does_not_fit_is_refused_with_what_it_takes(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 2**30)
    scenario = many(2, 10).model_copy()
    huge = parse(scenario.given, overrides={"makers.count": 9_000_000})
    with pytest.raises(RunError, match=r"takes [\d.]+ GiB of memory \(9,000,000 agents.*1\.0 GiB are avail"):
        build(huge)


def test_what_is_available_is_no_more_than_a_limit_of_the_process():
    assert 0 < memory.available() < 2**50
