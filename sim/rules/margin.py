"""Margin: what members must have to hold what they hold, and what the clearing house does where they have not.

At the end of a step in which an account has less than its maintenance margin it is called: its quotes go, and only
orders that bring its positions nearer to zero enter. After some steps the clearing house closes positions, as much of
them as is needed. What an account then owes goes to the account ``default``.
"""

from __future__ import annotations

import math

import numpy as np

from sim.core.codes import CALLED, CLOSING, FILL_OR_KILL, MOST_LOTS, NO_MARGIN, OPEN, OUT, SCHEDULE
from sim.core.compiled import njit
from sim.core.ledger import move_cash
from sim.core.marks import wealth
from sim.core.world import NONE, NOTHING
from sim.instruments.margin import margin_of, margin_with
from sim.rules.declare import Rule
from sim.rules.kit.trading_out import trade_out, withdraw_all
from sim.venues.open_orders import may_reduce, open_lots

EVENTS = ("call", "met", "closing", "default")
_CALL, _MET, _CLOSING, _DEFAULT = (np.int64(i) for i in range(4))
_MESSAGES = np.int64(64)  # in a turn, of the clearing house


@njit
def open_episode(world):
    """Nobody has been called."""
    for agent in range(len(world.margin_accounts)):
        world.margin_accounts[agent].state = OPEN
        world.margin_accounts[agent].forgiven = 0
    for population in range(len(world.populations)):
        world.populations[population].closing = 0


@njit
def begin_step(world):
    """The quotes of an account go in the step after it was called, and whenever it does not act for itself."""
    step = world.clock[0].step
    for agent in range(len(world.margin_accounts)):
        account = world.margin_accounts[agent]
        if account.state > CALLED or (account.state == CALLED and account.called == step - 1):
            withdraw_all(world, agent)


@njit
def before_turn(world, agent):
    """The clearing house closes positions. Returns whether the strategy may act: not while it does, nor in default."""
    clock = world.clock[0]
    account = world.margin_accounts[agent]
    sent = clock.sent
    if account.state == CLOSING:
        withdraw_all(world, agent)
        _close_positions(world, agent)
    clock.allowed += clock.sent - sent - _MESSAGES
    return account.state < CLOSING


@njit
def _close_positions(world, agent):
    """Close the share of every position by which the margin is short, all of them if nothing is left."""
    available, _, maintenance = margin_of(world, agent)
    share = 1.0
    if 0.0 < available < maintenance:
        share = 1.0 - available / maintenance
    width, messages = world.clock[0].instruments, _MESSAGES
    for instrument in range(width):
        lots = abs(world.holdings[agent * width + instrument].lots)
        if lots != 0 and messages > 0 and world.instruments[instrument].settled == 0:
            wanted = np.int64(math.ceil(share * np.float64(lots) - 1e-9))
            messages = trade_out(world, agent, instrument, wanted, messages)


@njit
def amend_order(world, agent, venue, kind, side, price, lots, order):
    """Of an account that was called, what reduces; of any other, an order for which it has the initial margin."""
    if lots <= 0 or lots > MOST_LOTS:
        return price, lots  # the venue rejects it
    state = world.margin_accounts[agent].state
    if state == OUT:
        return price, NONE
    instrument = world.venues[venue].instrument
    if state == OPEN:
        if kind == SCHEDULE:
            fits = _has_initial(world, agent, instrument, lots) and _has_initial(world, agent, instrument, -lots)
        else:
            fits = _has_initial(world, agent, instrument, side * lots)
        return price, lots if fits else NONE
    fitting = NONE
    if kind != SCHEDULE:
        replaced = NONE
        if order != NOTHING:
            _, bought, sold = open_lots(world, order)
            replaced = bought + sold
        fitting = min(lots, may_reduce(world, agent, instrument, side) + replaced)
    return price, NONE if kind == FILL_OR_KILL and fitting < lots else fitting


@njit
def _has_initial(world, agent, instrument, lots):
    """Whether an account may trade so many lots at the mark: they reduce, or it has the initial margin afterwards."""
    held = world.holdings[agent * world.clock[0].instruments + instrument].lots
    if (held > 0) != (lots > 0) and abs(lots) <= abs(held):
        return True
    available, initial, _ = margin_with(world, agent, instrument, lots)
    return available >= initial


# --- a step ends, an episode ends -------------------------------------------------------------------------------------


@njit
def end_step(world):
    """Compare each account with its maintenance margin."""
    for population in range(len(world.populations)):
        record = world.populations[population]
        if world.under_margin[population] == 0:
            continue
        record.closing = 0
        for agent in range(record.first, record.first + record.count):
            _look(world, agent)
            if world.margin_accounts[agent].state == CLOSING:
                record.closing += 1


@njit
def _look(world, agent):
    account, step = world.margin_accounts[agent], world.clock[0].step
    if account.state == OUT:
        return
    available, _, maintenance = margin_of(world, agent)
    short = available < maintenance
    if account.state == OPEN:
        if short:
            account.state, account.called = CALLED, step
            _note(world, agent, _CALL, available, maintenance, NONE)
    elif not short:
        account.state = OPEN
        _note(world, agent, _MET, available, maintenance, NONE)
    elif account.state == CLOSING and not _holds(world, agent):
        account.state = OUT
        _forgive(world, agent, maintenance)
    elif account.state == CALLED and step - account.called >= world.margin[0].grace:
        account.state = CLOSING
        _note(world, agent, _CLOSING, available, maintenance, NONE)


@njit
def _holds(world, agent):
    width = world.clock[0].instruments
    for instrument in range(width):
        if world.holdings[agent * width + instrument].lots != 0 and world.instruments[instrument].settled == 0:
            return True
    return False


@njit
def _forgive(world, agent, maintenance):
    """The account ``default`` takes over what an account has lost beyond all it had."""
    clock = world.clock[0]
    equity = wealth(world, agent)
    units = max(NONE, np.int64(np.rint(-equity / clock.money_unit)))
    move_cash(world, clock.default_account, agent, units)
    world.margin_accounts[agent].forgiven += units
    _note(world, agent, _DEFAULT, equity, maintenance, units)


@njit
def end_episode(world):
    """Whoever owes something when all is settled is in default."""
    for population in range(len(world.populations)):
        record = world.populations[population]
        if world.under_margin[population] == 0:
            continue
        for agent in range(record.first, record.first + record.count):
            if wealth(world, agent) < -0.5 * world.clock[0].money_unit:
                _forgive(world, agent, 0.0)


@njit
def _note(world, agent, event, available, maintenance, units):
    clock = world.clock[0]
    row = world.margin_events[clock.margin_events_used]
    row.episode, row.step = clock.episode, clock.step
    row.available, row.maintenance, row.paid = available, maintenance, units
    row.agent, row.population, row.event = agent, world.agents[agent].population, event
    clock.margin_events_used += 1


RULE = Rule(
    table="margin",
    of_market=True,
    messages=int(_MESSAGES),
    rejection=NO_MARGIN,
    open_episode=open_episode,
    begin_step=begin_step,
    before_turn=before_turn,
    amend_order=amend_order,
    end_step=end_step,
    end_episode=end_episode,
)
