"""The beginning of an episode, which resets the market, and its end, which settles positions and writes results."""

from __future__ import annotations

import math

import numpy as np

from sim.core.codes import BY_AGENT, BY_POPULATION, NEED_TAPE, RUNNING
from sim.core.compiled import njit
from sim.core.ledger import add_activity, add_income, add_presence, clear_income
from sim.core.marks import first_wealth, wealth
from sim.core.world import NO_PRICE, NONE, NOTHING
from sim.instruments.kinds import open_values, settle_rest
from sim.instruments.settlement import note_settlements
from sim.instruments.value_at_risk import forget_moves
from sim.kernel.arrivals import open_arrivals
from sim.kernel.sampling import margin_fits
from sim.rules import hooks as rules
from sim.valuation.private_values import open_private_values, private_gain
from sim.valuation.reservation_prices import forget_reservations
from sim.venues import mechanisms


@njit
def open_episode(world):
    """Reset values, books, positions, cash and memories. Random streams continue."""
    mechanisms.open_episode(world)
    for venue in range(len(world.venues)):
        record = world.venues[venue]
        record.last_price = NO_PRICE
        record.last_quantity = 0
        record.last_side = 0
        record.trades = 0
        record.volume = 0
        record.last_trade = NOTHING
    for account in range(len(world.accounts)):
        record = world.accounts[account]
        clear_income(record)
        record.cash = world.first_cash[account]
        record.trades = 0
        record.volume = 0
        record.messages = 0
    for place in range(len(world.holdings)):
        world.holdings[place].lots = world.first_holdings[place]
    for place in range(len(world.memories)):
        world.memories[place] = 0
    for place in range(len(world.obligations)):
        record = world.obligations[place]
        record.bid = 0
        record.ask = 0
        record.turns = 0
        record.kept = 0
    for place in range(len(world.hedgers)):
        world.hedgers[place].begun = world.hedgers[place].forced = 0
    for place in range(len(world.hedge_venues)):
        known = world.hedge_venues[place]
        known.step = NOTHING
        known.changes = 0
        known.product = known.square = 0.0
    open_private_values(world)
    for agent in range(len(world.agents)):
        world.agents[agent].belief = math.nan
    for agent in range(len(world.opinions)):
        world.opinions[agent] = world.first_opinions[agent]
    forget_reservations(world)
    open_values(world)
    if len(world.risk) > 0:
        forget_moves(world)
    open_arrivals(world)
    rules.open_episode(world)


@njit
def end_episode(world):
    """Settle the instruments that are still open, and write results. Returns NEED_TAPE if there is no room for rows."""
    clock = world.clock[0]
    rows = NONE
    if clock.episodes_by == BY_AGENT:
        rows = clock.first_account
    elif clock.episodes_by == BY_POPULATION:
        rows = np.int64(len(world.populations))
    if clock.outcomes_used + rows > len(world.outcomes) or (
        clock.settlements_used + clock.instruments > len(world.settlements)
        or clock.limits_used + len(world.limit_uses) > len(world.limit_outcomes)
        or not margin_fits(world)
    ):
        return NEED_TAPE
    if rows > 0:
        _open_outcomes(world, rows)
        _add_positions(world)
    settle_rest(world)
    note_settlements(world)
    rules.end_episode(world)
    if rows > 0:
        _add_results(world)
        clock.outcomes_used += rows
    return RUNNING


@njit
def _outcome_of(world, agent):
    clock = world.clock[0]
    return clock.outcomes_used + (agent if clock.episodes_by == BY_AGENT else np.int64(world.agents[agent].population))


@njit
def _open_outcomes(world, rows):
    clock = world.clock[0]
    for i in range(rows):
        row = world.outcomes[clock.outcomes_used + i]
        row.episode = clock.episode
        clear_income(row)
        row.forgiven = 0
        row.trades = 0
        row.volume = 0
        row.messages = 0
        row.turns = 0
        row.kept = 0
        row.payoff = 0.0
        row.private_value = 0.0
        for instrument in range(clock.instruments):
            world.outcome_lots[(clock.outcomes_used + i) * clock.instruments + instrument] = 0


@njit
def _add_positions(world):
    """Add the lots that agents hold before settlement, and their private value, to the rows of results."""
    clock = world.clock[0]
    for agent in range(clock.first_account):
        place = _outcome_of(world, agent)
        world.outcomes[place].private_value += private_gain(world, agent)
        if len(world.reserved) > 0:
            world.outcomes[place].private_value += world.reserved[agent].gain
        for instrument in range(clock.instruments):
            lots = world.holdings[agent * clock.instruments + instrument].lots
            world.outcome_lots[place * clock.instruments + instrument] += lots


@njit
def _add_results(world):
    """Add agents' income, activity and payoff of the episode to the rows of results."""
    clock = world.clock[0]
    for agent in range(clock.first_account):
        row = world.outcomes[_outcome_of(world, agent)]
        row.population = world.agents[agent].population
        row.agent = agent if clock.episodes_by == BY_AGENT else NOTHING
        add_income(row, world.accounts[agent])
        if len(world.margin_accounts) > 0:
            row.forgiven += world.margin_accounts[agent].forgiven
        add_activity(row, world.accounts[agent])
        population = world.populations[row.population]
        if population.minimum_size > 0:
            add_presence(row, world.obligations[population.first_obligation + world.agents[agent].number])
        row.payoff += wealth(world, agent) - first_wealth(world, agent)
