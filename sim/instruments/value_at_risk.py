"""Value at risk and expected shortfall of what an account holds, from past joint moves of the stocks' marks.

The normal method takes deltas and the covariance of the moves: it sees no gamma. The other revalues every instrument at
each past move, at the price and the time that are one horizon on. What it costs is paid once per step for the market,
and only in steps in which somebody asks.
"""

from __future__ import annotations

import math

import numpy as np

from sim.core.compiled import njit
from sim.core.marks import is_marked, market_price
from sim.core.world import NONE, NOTHING
from sim.instruments.contract import parity_at, worth_at
from sim.instruments.derivative import moves_left, twin_of, underlying_of
from sim.instruments.kinds import contract_of, greeks_of
from sim.instruments.price_curve import NODES, draw_curve, read_curve
from sim.instruments.processes import is_relative
from sim.models.tails import sample_tail


@njit
def forget_moves(world):
    """An episode begins: it is a market of its own, and no move is known."""
    world.risk[0].moves = 0


@njit
def note_moves(world):
    """A step ends: if a horizon does, the joint move of the stocks' marks since the last one is kept."""
    clock, risk = world.clock[0], world.risk[0]
    if clock.step % risk.horizon != 0:
        return
    risk.revalued = risk.covaried = 0
    place = risk.moves % risk.window * clock.drawn
    for instrument in range(clock.instruments):
        record = world.instruments[instrument]
        if record.of != NOTHING:
            continue
        mark = market_price(world, instrument)
        if not is_marked(record):
            mark = math.nan
        if clock.step > 0:
            world.moves[place + record.column] = _move(record, world.last_marks[record.column], mark)
        world.last_marks[record.column] = mark
    if clock.step > 0:
        risk.moves += 1


@njit
def _move(record, before, now):
    """From one mark to the next; 0 as long as there was none."""
    if not before < math.inf:  # nan
        return 0.0
    if is_relative(record):
        return now / before - 1.0 if before > 0.0 else 0.0
    return now - before


@njit
def known_moves(world):
    """How many past moves are kept."""
    return min(world.risk[0].moves, world.risk[0].window)


@njit
def tail_of(world, account):
    """Value at risk and expected shortfall of what an account holds, over one horizon. Currency, ≥ 0.

    Both are nan before ``fewest`` moves are known.
    """
    risk = world.risk[0]
    if known_moves(world) < risk.fewest:
        return math.nan, math.nan
    if risk.revalues != 0:
        return _revalued_tail(world, account)
    deviation = _deviation(world, account)
    return risk.normal_quantile * deviation, risk.normal_shortfall * deviation


# --- normal -----------------------------------------------------------------------------------------------------------


@njit
def _deviation(world, account):
    """Standard deviation of what an account's deltas gain in a horizon. Currency."""
    _covary(world)
    clock = world.clock[0]
    for stock in range(clock.drawn):
        world.deltas[stock] = 0.0
    for instrument in range(clock.instruments):
        lots = world.holdings[account * clock.instruments + instrument].lots
        if lots == 0:
            continue
        stock = underlying_of(world, instrument)
        record = world.instruments[stock]
        units = np.float64(lots) * world.instruments[instrument].lot_size
        if stock != instrument:
            units *= greeks_of(world, instrument).delta
        world.deltas[record.column] += units * (market_price(world, stock) if is_relative(record) else 1.0)
    variance = 0.0
    for one in range(clock.drawn):
        for other in range(clock.drawn):
            variance += world.deltas[one] * world.covariance[one * clock.drawn + other] * world.deltas[other]
    return math.sqrt(max(0.0, variance))


@njit
def _covary(world):
    """See to it that the covariance is of the moves that are known, whose mean is taken to be 0 (RiskMetrics 1996)."""
    clock, risk = world.clock[0], world.risk[0]
    if risk.covaried != 0:
        return
    risk.covaried = 1
    count = known_moves(world)
    for one in range(clock.drawn):
        for other in range(one + 1):
            total = 0.0
            for move in range(count):
                total += world.moves[move * clock.drawn + one] * world.moves[move * clock.drawn + other]
            world.covariance[one * clock.drawn + other] = total / np.float64(count)
            world.covariance[other * clock.drawn + one] = total / np.float64(count)


# --- revaluation ------------------------------------------------------------------------------------------------------


@njit
def _revalued_tail(world, account):
    revalue_market(world)
    clock, risk = world.clock[0], world.risk[0]
    count = known_moves(world)
    for move in range(count):
        world.losses[move] = 0.0
    for instrument in range(clock.instruments):
        lots = world.holdings[account * clock.instruments + instrument].lots
        if lots == 0:
            continue
        units = np.float64(lots) * world.instruments[instrument].lot_size
        for move in range(count):
            world.losses[move] -= units * world.revaluations[instrument * risk.window + move]
    found, beyond = sample_tail(world.losses, count, risk.window, risk.confidence, risk.tail_confidence)
    return max(0.0, found), max(0.0, beyond)


@njit
def revalue_market(world):
    """See to it that what units gain in each past move is of the clock's step, at the marks of its first question."""
    clock, risk = world.clock[0], world.risk[0]
    now = clock.episode * clock.steps + clock.step + 1  # 0 is never
    if risk.revalued == now:
        return
    risk.revalued = now
    for instrument in range(clock.instruments):
        _revalue(world, instrument)


@njit
def _revalue(world, instrument):
    """What a unit gains in each past move of its underlying and in one horizon of time; nothing if it was settled."""
    risk, record = world.risk[0], world.instruments[instrument]
    first, count = instrument * risk.window, known_moves(world)
    if record.settled != 0:
        for place in range(first, first + count):
            world.revaluations[place] = 0.0
        return
    stock, left, twin = underlying_of(world, instrument), moves_left(world, instrument), twin_of(world, instrument)
    spot = market_price(world, stock)
    now = contract_of(world, instrument, left)
    later = contract_of(world, instrument, _moves_later(world, instrument, left))
    if twin != NOTHING:
        worth = parity_at(now, spot)
        for move in range(count):
            gain = parity_at(later, _moved(world, stock, spot, move)) - worth
            world.revaluations[first + move] = world.revaluations[twin * risk.window + move] + now.side * gain
        return
    worth = worth_at(now, spot, now.deviation)
    low, high = _range(world, stock, spot)
    curved = now.side != 0 and count > 2 * NODES and draw_curve(world, later, low, high)
    for move in range(count):
        moved = _moved(world, stock, spot, move)
        price = read_curve(world, low, high, moved) if curved else worth_at(later, moved, later.deviation)
        world.revaluations[first + move] = price - worth


@njit
def _moved(world, stock, spot, move):
    """A stock's price after a past move. Currency."""
    record = world.instruments[stock]
    size = world.moves[move * world.clock[0].drawn + record.column]
    return spot * (1.0 + size) if is_relative(record) else spot + size


@njit
def _range(world, stock, spot):
    """Lowest and highest price to which a past move would lead. Currency."""
    low, high = math.inf, -math.inf
    for move in range(known_moves(world)):
        moved = _moved(world, stock, spot, move)
        low, high = min(low, moved), max(high, moved)
    return low, high


@njit
def _moves_later(world, instrument, left):
    """Moves until settlement one horizon on; of what is settled at a mean, time stops at its next fixing."""
    record = world.instruments[instrument]
    least = NONE
    if record.average > 1:
        least = max(NONE, record.average - record.fixings - 1)
    return min(left, max(least, left - world.risk[0].horizon))
