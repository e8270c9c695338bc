"""What the world does on its own: values move, shocks strike, dividends and interest are paid, positions are settled.

Increments do not depend on what agents do, so NumPy draws them in blocks of BLOCK steps, each block from a stream of
its own, keyed by (seed, instrument, block). Levels may lean on the market's price, so they live in the World.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.compiled import njit
from sim.core.ledger import is_marked, market_price, move_cash, pay_per_lot, rounded_units
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
AT_VALUE, AT_MID, NOT_AT_ALL = 0, 1, 2
SETTLEMENTS = {"value": AT_VALUE, "mid": AT_MID, "none": NOT_AT_ALL}
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
    """Increments of one instrument in one block: records of INCREMENT, one a step.

    Parameters
    ----------
    process : the value process as the scenario states it.
    name, seed, block : the key of the stream.
    steps : steps of an episode (a file is played from its first row in each).
    dividends : whether dividends need a draw.
    values : the file's values, for a process from a file.
    wanted : the first so many are enough; there are more where several kinds of draws share the stream.
    """
    kind = PROCESSES[process.process]
    jumps_too = kind == JUMP and process.jump_probability > 0.0
    length = BLOCK if jumps_too or dividends else wanted  # draws of one kind begin alike whatever their number
    rows = np.zeros(length, INCREMENT)
    random = np.random.Generator(
        np.random.PCG64(np.random.SeedSequence([seed, int(name_key("instrument", name)), block]))
    )
    if kind == FROM_FILE and values is not None:
        rows["diffusion"] = values[(block * BLOCK + np.arange(length)) % steps]
    elif getattr(process, "increments", "normal") == "coin":
        rows["diffusion"] = 2.0 * random.integers(0, 2, length) - 1.0
    elif getattr(process, "volatility", 0.0) > 0.0:
        rows["diffusion"] = random.standard_normal(length)
    if jumps_too:
        jumps = random.random(length) < process.jump_probability
        coin = np.where(random.random(length) < process.up_probability, 1.0, -1.0)
        sizes = {
            "normal": lambda: random.standard_normal(length) * process.jump_size,
            "fixed": lambda: coin * process.jump_size,
            "exponential": lambda: coin * random.standard_exponential(length) * process.jump_size,
        }[process.jump]()
        rows["jump"] = np.where(jumps, sizes, 0.0)
    if kind == BINARY:
        rows["uniform"] = random.random(length)
    if dividends:
        rows["dividend"] = random.standard_normal(length)
    return rows


# --- what happens in a step, compiled -------------------------------------------------------------------------------


@njit
def _increment(world, instrument):
    clock = world.clock[0]
    beat = clock.episode * clock.steps + clock.step - clock.block * BLOCK
    return world.increments[beat * clock.instruments + instrument]


@njit
def _publish(world, instrument):
    record = world.instruments[instrument]
    step = world.clock[0].step
    world.history[record.history_start + (step & record.history_mask)] = record.value
    if record.public_delay == NEVER or record.public_delay > step:
        record.public = record.initial
    else:
        record.public = world.history[record.history_start + ((step - record.public_delay) & record.history_mask)]


@njit
def open_values(world):
    """An episode begins: values at their start (a binary one is drawn), nothing known but that start."""
    for instrument in range(world.clock[0].instruments):
        record = world.instruments[instrument]
        record.value = record.initial
        if record.process == BINARY:
            high = _increment(world, instrument).uniform < record.probability
            record.value = record.high if high else record.low
        record.mark = math.nan  # no price yet: whoever asks is told the initial value
        record.public = record.initial
        record.volatility_factor = 1.0
        if record.process == FROM_FILE:
            record.drift = 0.0
        record.next_shock = record.first_shock
        record.jumped = 0


@njit
def move_values(world):
    """A step begins: scheduled shocks, then every value moves, then what is due becomes public."""
    clock = world.clock[0]
    for instrument in range(clock.instruments):
        record = world.instruments[instrument]
        record.jumped = 0
        if record.feedback != 0.0:
            pull = record.feedback * (market_price(world, instrument) - record.value)
            record.value += pull
            if record.process == FROM_FILE:
                record.drift += pull  # the file's later values are shifted with it
        while record.next_shock < record.first_shock + record.shocks and (
            world.shocks[record.next_shock].step == clock.step
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
            _move(record, _increment(world, instrument))
        _publish(world, instrument)


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
def pay_income(world):
    """A step ends: dividends on holdings and interest on cash, where they are due."""
    clock = world.clock[0]
    for instrument in range(clock.instruments):
        record = world.instruments[instrument]
        if record.dividend_every > 0 and (clock.step + 1) % record.dividend_every == 0:
            amount = record.dividend
            if record.dividend_deviation > 0.0:
                amount += record.dividend_deviation * _increment(world, instrument).dividend
            amount *= record.lot_size / clock.money_unit
            for account in range(clock.first_account):
                lots = world.holdings[account * clock.instruments + instrument].lots
                if lots != 0:
                    before = world.accounts[account].cash
                    pay_per_lot(world, record.dividend_account, account, lots, amount)
                    world.accounts[account].dividends += world.accounts[account].cash - before
    if clock.interest_every > 0 and (clock.step + 1) % clock.interest_every == 0:
        for account in range(clock.first_account):
            units = rounded_units(np.float64(world.accounts[account].cash) * clock.interest)
            move_cash(world, clock.interest_account, account, units)
            world.accounts[account].interest += units


@njit
def settle(world):
    """An episode ends: positions are closed at the value or at the mark, against the settlement account.

    What an instrument came to is noted: the price at which a lot was closed, which is a whole number of money units, or
    the last mark where positions stay open.
    """
    clock = world.clock[0]
    for instrument in range(clock.instruments):
        record = world.instruments[instrument]
        settled = world.settlements[clock.settlements_used + instrument]
        settled.episode = clock.episode
        settled.instrument = instrument
        settled.initial = record.initial
        settled.value = record.value
        price = market_price(world, instrument)
        settled.marked = is_marked(record)
        if record.settlement == NOT_AT_ALL:
            settled.price = price
            continue
        if record.settlement == AT_VALUE:
            price = record.value
        record.mark = price
        amount = price * record.lot_size / clock.money_unit
        settled.price = np.rint(amount) * clock.money_unit / record.lot_size
        for account in range(clock.first_account):
            holding = world.holdings[account * clock.instruments + instrument]
            lots = holding.lots
            if lots != 0:
                pay_per_lot(world, clock.settlement_account, account, lots, amount)
                holding.lots = 0
                world.holdings[clock.settlement_account * clock.instruments + instrument].lots += lots
    clock.settlements_used += clock.instruments


@njit
def wealth(world, account):
    """Cash plus positions at the mark. Currency."""
    clock = world.clock[0]
    total = np.float64(world.accounts[account].cash) * clock.money_unit
    for instrument in range(clock.instruments):
        lots = world.holdings[account * clock.instruments + instrument].lots
        if lots != 0:
            record = world.instruments[instrument]
            total += np.float64(lots) * record.lot_size * market_price(world, instrument)
    return total
