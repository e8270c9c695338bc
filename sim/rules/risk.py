"""What a member may hold and lose, whatever its strategy: limits at the venues' door, and what is done about them.

Limits of position and greeks hold before the trade: an order that could pass one enters with the lots that fit, or not
at all. The others are looked at when a step ends. What is done then, or as such a limit comes near, is its action.
"""

from __future__ import annotations

import math

import numpy as np

from sim.core.codes import FILL_OR_KILL, LIMIT, LIMIT_PASSED, MOST_LOTS, POST_ONLY, REPLACE, SCHEDULE
from sim.core.compiled import njit
from sim.core.marks import first_wealth, wealth
from sim.core.world import NONE, NOTHING
from sim.instruments.capital import allow_positions
from sim.instruments.limit_measures import (
    BASIS,
    DRAWDOWN,
    EXPECTED_SHORTFALL,
    LOSS,
    STRESS,
    UNWIND,
    VALUE_AT_RISK,
    basis_of,
    hedges_with,
    held_of,
    holds_before,
    is_concerned,
    unit_of,
    unwind_of,
)
from sim.instruments.margin import margin_of
from sim.instruments.room import change_room, count_room, tightest, use_of
from sim.instruments.scan import stress_of
from sim.instruments.value_at_risk import tail_of
from sim.rules.declare import Rule
from sim.rules.kit.trading_out import trade_out, withdraw_all
from sim.venues.levels import HIGHEST_PRICE, LOWEST_PRICE
from sim.venues.open_orders import may_reduce, open_lots

NO_ACTION, WIDEN, HEDGE, REDUCE, STOP = (np.int64(i) for i in range(5))
ACTIONS = {"none": NO_ACTION, "widen": WIDEN, "hedge": HEDGE, "reduce": REDUCE, "stop": STOP}
_MESSAGES = np.int64(64)  # in a turn, to trade out; what is left goes in the next
_MOST_USES = 1e6  # of a limit, by which a quote is moved away


@njit
def _risk_of(world, agent):
    return world.limited[world.populations[world.agents[agent].population].limited]


@njit
def _guard_of(world, agent):
    return world.guards[_risk_of(world, agent).first_guard + world.agents[agent].number]


# --- an episode begins, a step, a turn --------------------------------------------------------------------------------


@njit
def open_episode(world):
    """Nothing is passed yet, and nobody has stopped."""
    for place in range(len(world.limit_uses)):
        use = world.limit_uses[place]
        use.acting = use.over = use.acted = use.rejected = use.cut = 0
        use.held = use.up = use.down = use.amount = use.worst = 0.0
    for population in range(len(world.populations)):
        record = world.populations[population]
        if record.guarded == 0:
            continue
        for agent in range(record.first, record.first + record.count):
            guard = _guard_of(world, agent)
            guard.stopped = guard.leaves = guard.reduces = guard.hedges = 0
            guard.peak = first_wealth(world, agent)
            risk = _risk_of(world, agent)
            for number in range(risk.limits):
                use_of(world, agent, number).most = world.limits[risk.first_limit + number].most


@njit
def begin_step(world):
    """Greeks are those of the new step: orders that no longer fit leave; so do all of whoever trades out or stops."""
    for population in range(len(world.populations)):
        record = world.populations[population]
        if record.guarded == 0:
            continue
        for agent in range(record.first, record.first + record.count):
            guard = _guard_of(world, agent)
            if guard.stopped != 0 or guard.reduces != 0 or _is_leaving(world, agent):
                withdraw_all(world, agent)
            risk = _risk_of(world, agent)
            if risk.sized != 0:
                allow_positions(world, agent, risk, risk.first_use + world.agents[agent].number * risk.limits)
            count_room(world, agent, True)
            guard.traded, guard.ordered = world.accounts[agent].trades, world.agents[agent].orders


@njit
def _is_leaving(world, agent):
    """Whether a member trades out all it has and begins nothing any more, by its plan."""
    risk = _risk_of(world, agent)
    return _guard_of(world, agent).leaves != 0 or (risk.leave > 0 and world.clock[0].step >= risk.leave)


@njit
def before_turn(world, agent):
    """Trade out what an action or the plan says. Returns whether the strategy may act."""
    clock = world.clock[0]
    risk, guard = _risk_of(world, agent), _guard_of(world, agent)
    sent = clock.sent
    leaving = _is_leaving(world, agent)
    if leaving:
        withdraw_all(world, agent)
        _trade_out_all(world, agent, 1.0)
    elif guard.reduces != 0:
        withdraw_all(world, agent)
        _reduce(world, agent)
    clock.allowed += clock.sent - sent - _MESSAGES
    if guard.traded != world.accounts[agent].trades or guard.ordered != world.agents[agent].orders:
        # Else what was counted when the step began still holds.
        count_room(world, agent, False)
    if risk.hedges != 0:
        hedge = world.hedges[world.populations[world.agents[agent].population].hedge]
        forced = leaving or guard.reduces != 0 or guard.hedges != 0
        world.hedgers[hedge.first_hedger + world.agents[agent].number].forced = 1 if forced else 0
    return guard.stopped == 0 and not leaving and clock.step >= risk.enter


@njit
def _reduce(world, agent):
    """Trade out, of each limit that is passed and asks for it, the share of positions that is too much."""
    risk = _risk_of(world, agent)
    messages = _MESSAGES
    for number in range(risk.limits):
        limit = world.limits[risk.first_limit + number]
        use = use_of(world, agent, number)
        if limit.action != REDUCE or use.acting == 0:
            continue
        whole = limit.of == DRAWDOWN or limit.of == LOSS
        share = 1.0 if whole or not use.amount < math.inf else 1.0 - limit.at / use.amount
        for instrument in range(world.clock[0].instruments):
            if is_concerned(world, limit, instrument) and (
                not holds_before(limit.of) or unit_of(world, limit, instrument) != 0.0
            ):
                messages = _trade_out_share(world, agent, instrument, share, messages)


@njit
def _trade_out_all(world, agent, share):
    messages = _MESSAGES
    for instrument in range(world.clock[0].instruments):
        messages = _trade_out_share(world, agent, instrument, share, messages)


@njit
def _trade_out_share(world, agent, instrument, share, messages):
    """A share of a position, rounded up. What a hedge is made of stays: the hedge trades it off by itself."""
    lots = abs(world.holdings[agent * world.clock[0].instruments + instrument].lots)
    if lots == 0 or messages <= 0 or world.instruments[instrument].settled != 0:
        return messages
    if _risk_of(world, agent).hedges != 0 and (
        hedges_with(world, world.populations[world.agents[agent].population], instrument)
    ):
        return messages
    wanted = np.int64(math.ceil(share * np.float64(lots) - 1e-9))
    return trade_out(world, agent, instrument, wanted, messages)


# --- the door ---------------------------------------------------------------------------------------------------------


@njit
def amend_order(world, agent, venue, kind, side, price, lots, order):
    """Price and lots with which a message may enter: away from the market as limits fill up, and what fits; 0: none."""
    if lots <= 0 or lots > MOST_LOTS:
        return price, lots  # the venue rejects it
    old_bought = old_sold = NONE
    if order != NOTHING:
        _, old_bought, old_sold = open_lots(world, order)
        change_room(world, agent, venue, -old_bought, -old_sold, NONE)
    if kind == SCHEDULE:
        fitting, number = _fitting(world, agent, venue, 1, lots, NONE)
        selling, other = _fitting(world, agent, venue, -1, lots, NONE)
        if selling < fitting:
            fitting, number = selling, other
    else:
        fitting, number = _fitting(world, agent, venue, side, lots, old_bought if side > 0 else old_sold)
    if kind in (LIMIT, POST_ONLY, REPLACE):
        price = _away(world, agent, venue, side, price, fitting)
    if order != NOTHING:
        change_room(world, agent, venue, old_bought, old_sold, NONE)
    if kind == FILL_OR_KILL and fitting < lots:
        fitting = NONE
    if fitting < lots:
        use = use_of(world, agent, number)
        if fitting == 0:
            use.rejected += 1
        else:
            use.cut += lots - fitting
    return price, fitting


@njit
def _fitting(world, agent, venue, side, lots, replaced):
    """Lots that an order may have, and the number of the limit that takes most of the others away."""
    guard = _guard_of(world, agent)
    which = np.int64(NOTHING)
    if guard.reduces != 0 and world.clock[0].hedging == 0:
        least = may_reduce(world, agent, world.venues[venue].instrument, side) + replaced
        if least < lots:
            lots, which = least, guard.reduces - 1
    fitting, number = tightest(world, agent, venue, side, lots)
    return fitting, number if number != NOTHING else which


@njit
def _away(world, agent, venue, side, price, lots):
    """A quote's price, moved away from the market by ``by`` times the share of each limit in use to which it adds."""
    risk = _risk_of(world, agent)
    instrument = world.venues[venue].instrument
    held = world.holdings[agent * world.clock[0].instruments + instrument].lots
    distance = 0.0
    for number in range(risk.limits):
        limit = world.limits[risk.first_limit + number]
        if limit.action != WIDEN:
            continue
        use = use_of(world, agent, number)
        used = use.amount
        if holds_before(limit.of):
            change = np.float64(side) * unit_of(world, limit, instrument)
            used = max(0.0, use.held * (1.0 if change > 0.0 else -1.0)) if change != 0.0 else 0.0
        elif side * held < 0 and lots <= abs(held):
            used = 0.0  # it reduces
        if used > 0.0:
            distance += limit.by * min(used / use.most, _MOST_USES)
    ticks = np.int64(math.ceil(min(distance / world.venues[venue].tick_size, np.float64(HIGHEST_PRICE)) - 1e-9))
    if ticks <= 0 or price < LOWEST_PRICE or price > HIGHEST_PRICE:
        return price
    return max(np.int64(LOWEST_PRICE), min(np.int64(HIGHEST_PRICE), price - side * ticks))


# --- a step ends ------------------------------------------------------------------------------------------------------


@njit
def end_step(world):
    """Look at every limit, and decide what is done in the next step."""
    for population in range(len(world.populations)):
        record = world.populations[population]
        if record.guarded == 0:
            continue
        for agent in range(record.first, record.first + record.count):
            _look(world, agent)


@njit
def _look(world, agent):
    risk, guard = _risk_of(world, agent), _guard_of(world, agent)
    equity = wealth(world, agent)
    first = first_wealth(world, agent)
    guard.peak = max(guard.peak, equity)
    gain = equity - first
    if (risk.stop_loss > 0.0 and gain <= -risk.stop_loss) or (risk.take_profit > 0.0 and gain >= risk.take_profit):
        guard.leaves = 1
    guard.reduces = guard.hedges = 0
    value_at_risk, shortfall = math.nan, math.nan
    for number in range(risk.limits):
        limit = world.limits[risk.first_limit + number]
        use = use_of(world, agent, number)
        if holds_before(limit.of):
            use.held = held_of(world, agent, limit)
            amount = abs(use.held)
        elif limit.of == VALUE_AT_RISK or limit.of == EXPECTED_SHORTFALL:
            if math.isnan(value_at_risk):
                value_at_risk, shortfall = tail_of(world, agent)
            amount = value_at_risk if limit.of == VALUE_AT_RISK else shortfall
        else:
            amount = _amount(world, agent, limit.of, equity, first, guard.peak)
        use.amount = amount
        if amount > use.worst:
            use.worst = amount
        if amount > use.most:
            use.over += 1
        use.acting = 1 if limit.action > WIDEN and amount > limit.at else 0
        if use.acting != 0:
            use.acted += 1
            _act_on(guard, limit.action, number)


@njit
def _amount(world, agent, of, equity, first, peak):
    """What a limit that is looked at when a step ends is of. Currency; steps for ``unwind``, a share for ``margin``."""
    if of == STRESS:
        return stress_of(world, agent)
    if of == DRAWDOWN:
        return peak - equity
    if of == LOSS:
        return first - equity
    if of == BASIS:
        return basis_of(world, agent)
    if of == UNWIND:
        return unwind_of(world, agent)
    available, _, maintenance = margin_of(world, agent)
    if maintenance <= 0.0:
        return 0.0
    return maintenance / available if available > 0.0 else math.inf


@njit
def _act_on(guard, action, number):
    if action == HEDGE:
        guard.hedges = 1
    elif action == REDUCE:
        if guard.reduces == 0:
            guard.reduces = number + 1
    elif action == STOP:
        guard.stopped = 1


@njit
def end_episode(world):
    """Write what became of every limit."""
    clock = world.clock[0]
    for population in range(len(world.populations)):
        record = world.populations[population]
        if record.guarded == 0:
            continue
        for agent in range(record.first, record.first + record.count):
            for number in range(_risk_of(world, agent).limits):
                use = use_of(world, agent, number)
                row = world.limit_outcomes[clock.limits_used]
                row.episode = clock.episode
                row.over, row.acted, row.rejected, row.cut = use.over, use.acted, use.rejected, use.cut
                row.worst = use.worst
                row.agent, row.population, row.number = agent, population, number
                clock.limits_used += 1


RULE = Rule(
    table="risk",
    messages=int(_MESSAGES),
    rejection=LIMIT_PASSED,
    open_episode=open_episode,
    begin_step=begin_step,
    before_turn=before_turn,
    amend_order=amend_order,
    note_change=change_room,
    end_step=end_step,
    end_episode=end_episode,
)
