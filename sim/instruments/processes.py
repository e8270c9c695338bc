"""How a fundamental value moves: one law each, shocks at known steps, and what becomes public of it, and when.

Increments do not depend on what agents do, so NumPy draws them in blocks of BLOCK steps, each block from a stream of
its own, keyed by (seed, instrument, block). Levels may lean on the market's price, so they live in the World.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.compiled import njit
from sim.core.marks import market_price
from sim.core.rng import name_key
from sim.core.world import INCREMENT

BLOCK = 65_536
CONSTANT, RANDOM_WALK, GEOMETRIC, MEAN_REVERTING, JUMP, BINARY, FROM_FILE = 0, 1, 2, 3, 4, 5, 6
PROCESSES = {
    "constant": CONSTANT,
    "random_walk": RANDOM_WALK,
    "geometric_brownian": GEOMETRIC,
    "mean_reverting": MEAN_REVERTING,
    "jump_diffusion": JUMP,
    "binary": BINARY,
    "file": FROM_FILE,
}
NEVER = -1  # a public delay


# --- increments, in Python ------------------------------------------------------------------------------------------


def draw_block(
    process: Any,
    name: str,
    seed: int,
    block: int,
    steps: int,
    dividends: bool,
    values: NDArray[np.float64] | None,
    wanted: int = BLOCK,
) -> NDArray[Any]:
    """Increments of one instrument in one block: records of INCREMENT, one per step.

    Parameters
    ----------
    process : the value process as the scenario states it.
    name, seed, block : the key of the stream.
    steps : steps of an episode (a file is played from its first row in each).
    dividends : whether dividends need a draw.
    values : the file's values, for a process from a file.
    wanted : the first so many, from 1, are enough.
    """
    kind = PROCESSES[process.process]
    jumps_too = kind == JUMP and process.jump_probability > 0.0
    length = BLOCK if jumps_too or dividends else wanted  # draws of one kind begin alike whatever their number
    rows = np.zeros(wanted, INCREMENT)
    stream = np.random.PCG64(np.random.SeedSequence([seed, int(name_key("instrument", name)), block]))
    random = np.random.Generator(stream)

    def uniform() -> NDArray[np.float64]:
        """As the first of ``length`` draws, of which each takes one step of the stream."""
        drawn = random.random(wanted)
        stream.advance(length - wanted)
        return drawn

    def normal() -> NDArray[np.float64]:
        return random.standard_normal(length)[:wanted]

    if kind == FROM_FILE and values is not None:
        rows["diffusion"] = values[(block * BLOCK + np.arange(wanted)) % steps]
    elif getattr(process, "increments", "normal") == "coin":
        rows["diffusion"] = 2.0 * random.integers(0, 2, length)[:wanted] - 1.0
    elif getattr(process, "volatility", 0.0) > 0.0:
        rows["diffusion"] = normal()
    if jumps_too:
        jumps = uniform() < process.jump_probability
        coin = np.where(uniform() < process.up_probability, 1.0, -1.0)
        sizes = {
            "normal": lambda: normal() * process.jump_size,
            "fixed": lambda: coin * process.jump_size,
            "exponential": lambda: coin * random.standard_exponential(length)[:wanted] * process.jump_size,
        }[process.jump]()
        rows["jump"] = np.where(jumps, sizes, 0.0)
    if kind == BINARY:
        rows["uniform"] = uniform()
    if dividends:
        rows["dividend"] = normal()
    return rows


# --- the value, compiled -------------------------------------------------------------------------------


@njit
def increment_of(world, instrument):
    """An instrument's row of the increments, for the clock's step."""
    clock = world.clock[0]
    beat = clock.episode * clock.steps + clock.step - clock.block * BLOCK
    return world.increments[beat * clock.instruments + instrument]


@njit
def open_process(world, instrument):
    """An episode begins: the value at its start (a binary one is drawn), nothing known but that start."""
    record = world.instruments[instrument]
    record.value = record.initial
    if record.process == BINARY:
        high = increment_of(world, instrument).uniform < record.probability
        record.value = record.high if high else record.low
    record.volatility_factor = 1.0
    if record.process == FROM_FILE:
        record.drift = 0.0
    record.next_shock = record.first_shock


@njit
def move_process(world, instrument):
    """A step begins: scheduled shocks strike, then the value moves; ``jumped`` says whether that is news."""
    record = world.instruments[instrument]
    if record.feedback != 0.0:
        pull = record.feedback * (market_price(world, instrument) - record.value)
        record.value += pull
        if record.process == FROM_FILE:
            record.drift += pull  # the file's later values are shifted with it
    while record.next_shock < record.first_shock + record.shocks and (
        world.shocks[record.next_shock].step == world.clock[0].step
    ):
        shock = world.shocks[record.next_shock]
        record.value += shock.value
        if record.process == FROM_FILE:
            record.drift += shock.value
        if shock.volatility >= 0.0:
            record.volatility_factor = shock.volatility
        if shock.value != 0.0:
            record.jumped = 1
        record.next_shock += 1
    if record.process != CONSTANT and record.process != BINARY:
        _move(record, increment_of(world, instrument))


@njit
def _move(record, increment):
    spread = record.volatility * record.volatility_factor
    if record.process == GEOMETRIC:
        record.value *= math.exp(record.drift - 0.5 * spread * spread + spread * increment.diffusion)
    elif record.process == MEAN_REVERTING:
        record.value += record.reversion * (record.mean - record.value) + spread * increment.diffusion
        if record.clip != 0 and record.value < 0.0:
            record.value = 0.0
    elif record.process == FROM_FILE:
        record.value = increment.diffusion + record.drift
    else:
        record.value += record.drift + spread * increment.diffusion + increment.jump
        if increment.jump != 0.0:
            record.jumped = 1


@njit
def publish(world, instrument):
    """What is due of an instrument's value becomes public."""
    record = world.instruments[instrument]
    step = world.clock[0].step
    world.history[record.history_start + (step & record.history_mask)] = record.value
    if record.public_delay == NEVER or record.public_delay > step:
        record.public = record.initial
    else:
        record.public = world.history[record.history_start + ((step - record.public_delay) & record.history_mask)]
