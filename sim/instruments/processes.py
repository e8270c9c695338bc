"""How a fundamental value moves: one law each, shocks at known steps, and what becomes public of it, and when.

Increments do not depend on what agents do, so NumPy draws them in blocks of BLOCK steps, each block from a stream of
its own, keyed by (seed, instrument, block). Levels may lean on the market's price, so they live in the World.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.compiled import inlined, njit
from sim.core.marks import market_price
from sim.core.rng import name_key
from sim.core.world import INCREMENT

BLOCK = 65_536
CONSTANT, RANDOM_WALK, GEOMETRIC, MEAN_REVERTING, JUMP, BINARY, FROM_FILE, HESTON = (np.int64(i) for i in range(8))
PROCESSES = {
    "constant": CONSTANT,
    "random_walk": RANDOM_WALK,
    "geometric_brownian": GEOMETRIC,
    "mean_reverting": MEAN_REVERTING,
    "jump_diffusion": JUMP,
    "binary": BINARY,
    "file": FROM_FILE,
    "heston": HESTON,
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
    length = BLOCK if jumps_too or dividends or kind == HESTON else wanted  # of one kind, draws begin alike anyway
    rows = np.zeros(wanted, INCREMENT)
    stream = np.random.PCG64(np.random.SeedSequence([seed, int(name_key("instrument", name)), block]))
    random = np.random.Generator(stream)

    def uniform() -> NDArray[np.float64]:  # as the first of ``length`` draws; each takes one step of the stream
        drawn = random.random(wanted)
        stream.advance(length - wanted)
        return drawn

    def normal() -> NDArray[np.float64]:
        return random.standard_normal(length)[:wanted]

    if kind == FROM_FILE and values is not None:
        rows["diffusion"] = values[(block * BLOCK + np.arange(wanted)) % steps]
    elif getattr(process, "increments", "normal") == "coin":
        rows["diffusion"] = 2.0 * random.integers(0, 2, length)[:wanted] - 1.0
    elif kind == HESTON or getattr(process, "volatility", 0.0) > 0.0:
        rows["diffusion"] = normal()
    if jumps_too:
        jumps = uniform() < process.jump_probability
        coin = np.where(uniform() < process.up_probability, 1.0, -1.0)
        size = {
            "normal": normal,
            "fixed": lambda: coin,
            "exponential": lambda: coin * random.standard_exponential(length)[:wanted],
        }[process.jump]
        rows["second"] = np.where(jumps, size() * process.jump_size, 0.0)
    if kind == BINARY:
        rows["uniform"] = uniform()
    if dividends:
        rows["dividend"] = normal()
    if kind == HESTON:
        rows["second"] = normal()
    _add_factors(process, rows["diffusion"], seed, block)
    return rows


def _add_factors(process: Any, own: NDArray[np.float64], seed: int, block: int) -> None:
    """Let a value's normal draws, changed in place, load on the factors that its process names."""
    loadings = getattr(process, "factors", {})
    if loadings:
        own *= math.sqrt(max(0.0, 1.0 - math.fsum(each * each for each in loadings.values())))
        for factor, loading in loadings.items():
            own += loading * _draws_of_factor(factor, seed, block, len(own))


def _draws_of_factor(name: str, seed: int, block: int, length: int) -> NDArray[np.float64]:
    """What a factor adds in one block to all values that load on it, float64 (length,); a stream of its own."""
    key = int(name_key("factor", name))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, key, block]))).standard_normal(length)


# --- the value, compiled -------------------------------------------------------------------------------


@njit
def is_relative(record):
    """Whether a stock's moves are shares of its price, by the law of its value; else they are in currency."""
    return record.process == GEOMETRIC or record.process == HESTON


@njit
def increment_of(world, instrument):
    """An instrument's row of the increments, for the clock's step."""
    clock = world.clock[0]
    beat = clock.episode * clock.steps + clock.step - clock.block * BLOCK
    return world.increments[beat * clock.drawn + world.instruments[instrument].column]


@njit
def open_process(world, instrument):
    """An episode begins: the value at its start (a binary one is drawn), nothing known but that start."""
    record = world.instruments[instrument]
    record.value = record.initial
    if record.process == BINARY:
        high = increment_of(world, instrument).uniform < record.probability
        record.value = record.high if high else record.low
    record.volatility_factor = 1.0
    record.variance = record.first_variance
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


@inlined
def _move(record, increment):
    spread = record.volatility * record.volatility_factor
    if record.process == GEOMETRIC:
        record.value *= math.exp(record.drift - 0.5 * spread * spread + spread * increment.diffusion)
    elif record.process == MEAN_REVERTING:
        record.value += record.reversion * (record.long_run_mean - record.value) + spread * increment.diffusion
        if record.clips != 0 and record.value < 0.0:
            record.value = 0.0
    elif record.process == FROM_FILE:
        record.value = increment.diffusion + record.drift
    elif record.process == HESTON:
        _move_heston(record, increment)
    else:
        record.value += record.drift + spread * increment.diffusion + increment.second
        if increment.second != 0.0:
            record.jumped = 1


@njit
def _move_heston(record, increment):
    """A step of Heston 1993: the value with the variance as it was, then the variance.

    Full truncation (Lord, Koekkoek and van Dijk 2010): a variance below zero counts as zero, and returns by itself.
    """
    variance = max(0.0, record.variance)
    root = math.sqrt(variance)
    spread = root * record.volatility_factor
    record.value *= math.exp(record.drift - 0.5 * spread * spread + spread * increment.diffusion)
    correlated = record.correlation * increment.diffusion + (
        math.sqrt(1.0 - record.correlation * record.correlation) * increment.second
    )
    record.variance += record.reversion * (record.long_run_mean - variance) + record.volatility * root * correlated


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
