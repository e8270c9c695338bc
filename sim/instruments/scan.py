"""The scan: what positions lose at worst if prices and volatilities are shifted by so much, instrument by instrument.

What a unit of each instrument gains in each scenario is computed once per step for the whole market; an account's gain
is then a sum. A scenario shifts one stock's price by a share and the volatility of all options on it by another. Each
stock has its own worst scenario, so what is held of one offsets nothing of another.
"""

from __future__ import annotations

import numpy as np

from sim.core.compiled import njit
from sim.core.marks import market_price
from sim.core.world import NONE, NOTHING
from sim.instruments.contract import parity_at, worth_at
from sim.instruments.derivative import moves_left, twin_of, underlying_of
from sim.instruments.kinds import contract_of

VOLATILITIES = 3  # lower, as it is, higher


@njit
def scenarios_of(world):
    """Number of scenarios: points of price times those of volatility."""
    return world.risk[0].price_points * VOLATILITIES


@njit
def price_shift(world, scenario):
    """By which share of it the price moves in a scenario."""
    risk = world.risk[0]
    steps = risk.price_points - 1
    return risk.price_range * np.float64(2 * (scenario // VOLATILITIES) - steps) / np.float64(steps)


@njit
def volatility_shift(world, scenario):
    """By which share of it volatility moves in a scenario."""
    return world.risk[0].volatility_range * np.float64(scenario % VOLATILITIES - 1)


@njit
def scan_market(world):
    """See to it that the scan is of the clock's step, at the marks of the moment at which somebody first asks."""
    clock, risk = world.clock[0], world.risk[0]
    now = clock.episode * clock.steps + clock.step + 1  # 0 is never
    if risk.scanned == now:
        return
    risk.scanned = now
    for instrument in range(clock.instruments):
        _scan_instrument(world, instrument)


@njit
def _scan_instrument(world, instrument):
    """What a unit gains in each scenario; nothing if it has been settled."""
    count = scenarios_of(world)
    first = instrument * count
    if world.instruments[instrument].settled != 0:
        for place in range(first, first + count):
            world.scan[place] = 0.0
        return
    spot = market_price(world, underlying_of(world, instrument))
    contract = contract_of(world, instrument, moves_left(world, instrument))
    twin = twin_of(world, instrument)
    if twin != NOTHING:
        for scenario in range(count):
            shifted = spot + abs(spot) * price_shift(world, scenario)
            gain = parity_at(contract, shifted) - parity_at(contract, spot)
            world.scan[first + scenario] = world.scan[twin * count + scenario] + contract.side * gain
        return
    worth = worth_at(contract, spot, contract.deviation)
    for scenario in range(count):
        shifted = spot + abs(spot) * price_shift(world, scenario)
        deviation = contract.deviation * (1.0 + volatility_shift(world, scenario))
        world.scan[first + scenario] = worth_at(contract, shifted, deviation) - worth


@njit
def stress_of(world, account):
    """Worst loss of what an account holds, of each stock and what follows from it by itself, summed. Currency, ≥ 0."""
    return stress_with(world, account, NOTHING, NONE)


@njit
def stress_with(world, account, instrument, lots):
    """As :func:`stress_of`, as if the account held so many more lots of an instrument, bought at the mark."""
    scan_market(world)
    width, count = world.clock[0].instruments, scenarios_of(world)
    for place in range(world.clock[0].drawn * count):
        world.scan_sums[place] = 0.0
    for each in range(width):
        held = world.holdings[account * width + each].lots + (lots if each == instrument else NONE)
        if held == 0:
            continue
        units = np.float64(held) * world.instruments[each].lot_size
        stock = world.instruments[underlying_of(world, each)].column * count
        for scenario in range(count):
            world.scan_sums[stock + scenario] += units * world.scan[each * count + scenario]
    total = 0.0
    for stock in range(world.clock[0].drawn):
        worst = 0.0
        for scenario in range(count):
            worst = min(worst, world.scan_sums[stock * count + scenario])
        total -= worst
    return total
