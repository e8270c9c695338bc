"""Samples of the books and of the agents during a run, as rows of tables."""

from __future__ import annotations

import math

import numpy as np

from sim.core.codes import BY_AGENT
from sim.core.compiled import inlined, njit
from sim.core.ledger import add_income, clear_income
from sim.core.marks import is_marked, mark_all, market_price, market_prices, wealth, wealth_as_marked
from sim.core.world import GREEK_COLUMNS, NO_PRICE, NONE, NOTHING, RISK_COLUMNS
from sim.instruments.derivative import underlying_of
from sim.instruments.kinds import greeks_at, public_value, refresh
from sim.instruments.margin import margin_of
from sim.instruments.scan import stress_of
from sim.instruments.value_at_risk import tail_of
from sim.venues.clearing import find_price
from sim.venues.levels import next_level
from sim.venues.mechanisms import is_hidden

_GREEKS = len(GREEK_COLUMNS)
_RISKS = len(RISK_COLUMNS)


@inlined
def _is_due(clock, every, episodes):
    """Whether a table has rows due: it gets them every ``every`` steps of every ``episodes``-th episode."""
    if every == 0 or clock.episode % episodes != 0:
        return False
    return (clock.step + 1) % every == 0 or clock.step + 1 == clock.steps


@njit
def rows_due(world):
    """Numbers of books, and of agents or populations, that are sampled at the end of this step."""
    clock = world.clock[0]
    books = agents = NONE
    if _is_due(clock, clock.book_every, clock.book_episodes):
        books = np.int64(len(world.venues))
    if _is_due(clock, clock.agents_every, clock.agents_episodes):
        agents = clock.first_account if clock.agents_by == BY_AGENT else np.int64(len(world.populations))
    return books, agents


@njit
def samples_fit(world, books, agents):
    """Whether the tables have room for these numbers of rows."""
    clock = world.clock[0]
    return (
        clock.samples_used + books <= len(world.book_samples)
        and clock.agent_samples_used + agents <= len(world.agent_samples)
        and margin_fits(world)
    )  # fmt: skip


@njit
def margin_fits(world):
    """Whether what may happen to each account under margin at once has room."""
    accounts = len(world.margin_accounts)
    return accounts == 0 or world.clock[0].margin_events_used + accounts <= len(world.margin_events)


@njit
def sample_books(world, books):
    """Write a row for each of the first ``books`` venues."""
    for venue in range(books):
        _sample_book(world, venue)


@njit
def _sample_book(world, venue):
    clock = world.clock[0]
    place = world.venues[venue]
    instrument = world.instruments[place.instrument]
    bids = world.sides[2 * venue]
    asks = world.sides[2 * venue + 1]
    row = world.book_samples[clock.samples_used]
    row.step = clock.step
    row.episode = clock.episode
    row.venue = venue
    hidden = is_hidden(world, venue)  # there is no book to see; the indicative price is written
    row.indicative, row.imbalance = np.int64(NO_PRICE), np.int64(NO_PRICE)
    if hidden:
        row.indicative, _, row.imbalance = find_price(world, venue)
    has_bid, has_ask = bids.best != NOTHING and not hidden, asks.best != NOTHING and not hidden
    row.bid = world.levels[bids.best].price if has_bid else NO_PRICE
    row.bid_volume = world.levels[bids.best].volume if has_bid else 0
    row.ask = world.levels[asks.best].price if has_ask else NO_PRICE
    row.ask_volume = world.levels[asks.best].volume if has_ask else 0
    row.bid_depth = bids.volume
    row.ask_depth = asks.volume
    row.orders = bids.orders + asks.orders
    row.last = place.last_price
    refresh(world, place.instrument)
    row.value = instrument.value
    row.public = public_value(world, place.instrument)
    row.mark, row.microprice = market_prices(world, place.instrument)
    if not is_marked(instrument):
        row.mark = row.microprice = math.nan
    if clock.book_levels > 1:
        _sample_ladder(world, venue, hidden)
    clock.samples_used += 1


@njit
def _sample_ladder(world, venue, hidden):
    """Write price and volume of the best levels of both sides."""
    clock = world.clock[0]
    first = clock.samples_used * 4 * clock.book_levels
    for half in range(2):
        level = np.int64(world.sides[2 * venue + half].best if not hidden else NOTHING)
        for i in range(clock.book_levels):
            world.ladder[first + 4 * i + 2 * half] = world.levels[level].price if level != NOTHING else NO_PRICE
            world.ladder[first + 4 * i + 2 * half + 1] = world.levels[level].volume if level != NOTHING else 0
            if level != NOTHING:
                level = next_level(world, level)


@njit
def sample_agents(world, rows):
    """Write ``rows`` rows, one for each agent or population."""
    if rows == 0:
        return
    clock = world.clock[0]
    by_agent = clock.agents_by == BY_AGENT
    first = clock.agent_samples_used
    for i in range(rows):
        row = world.agent_samples[first + i]
        row.step = clock.step
        row.episode = clock.episode
        clear_income(row)
        row.forgiven = 0
        row.wealth = 0.0
        row.agent = i if by_agent else NOTHING
        row.population = world.agents[i].population if by_agent else i
        for instrument in range(clock.instruments):
            world.sample_lots[(first + i) * clock.instruments + instrument] = 0
    mark_all(world)
    for agent in range(clock.first_account):
        place = first + (agent if by_agent else np.int64(world.agents[agent].population))
        row = world.agent_samples[place]
        add_income(row, world.accounts[agent])
        if len(world.margin_accounts) > 0:
            row.forgiven += world.margin_accounts[agent].forgiven
        row.wealth += wealth_as_marked(world, agent)
        for instrument in range(clock.instruments):
            lots = world.holdings[agent * clock.instruments + instrument].lots
            world.sample_lots[place * clock.instruments + instrument] += lots
    if len(world.opinions) > 0:
        _sample_opinions(world, by_agent)
    if clock.derivatives != 0:
        _sample_greeks(world, rows, by_agent)
    if len(world.risk) > 0:
        _sample_risks(world, rows, by_agent)
    clock.agent_samples_used += rows


@njit
def _sample_greeks(world, rows, by_agent):
    """Write the greeks of what each agent or population holds, by the stock that it follows from, at the marks."""
    clock = world.clock[0]
    width = _GREEKS * clock.drawn
    first = clock.agent_samples_used
    for place in range(first * width, (first + rows) * width):
        world.sample_greeks[place] = 0.0
    for instrument in range(clock.instruments):
        record = world.instruments[instrument]
        stock = underlying_of(world, instrument)
        one = greeks_at(world, instrument, market_price(world, stock), -1.0)
        column = _GREEKS * world.instruments[stock].column
        for agent in range(clock.first_account):
            lots = world.holdings[agent * clock.instruments + instrument].lots
            if lots == 0:
                continue
            units = np.float64(lots) * record.lot_size
            row = first + (agent if by_agent else np.int64(world.agents[agent].population))
            place = row * width + column
            world.sample_greeks[place] += units * one.delta
            world.sample_greeks[place + 1] += units * one.gamma
            world.sample_greeks[place + 2] += units * one.vega
            world.sample_greeks[place + 3] += units * one.theta
            world.sample_greeks[place + 4] += units * one.vanna
            world.sample_greeks[place + 5] += units * one.volga


@njit
def _sample_risks(world, rows, by_agent):
    """Write what each agent has and may lose, or the sums of what the members of each population do.

    Margin is nan of who need not have any.
    """
    clock = world.clock[0]
    first = clock.agent_samples_used
    for place in range(first * _RISKS, (first + rows) * _RISKS):
        world.sample_risks[place] = 0.0
    for agent in range(clock.first_account):
        population = np.int64(world.agents[agent].population)
        place = (first + (agent if by_agent else population)) * _RISKS
        world.sample_risks[place] += wealth(world, agent)
        needed = math.nan
        if len(world.margin) > 0 and world.under_margin[population] != 0:
            needed = margin_of(world, agent)[2]
        world.sample_risks[place + 1] += needed
        found, beyond = tail_of(world, agent)
        world.sample_risks[place + 2] += found
        world.sample_risks[place + 3] += beyond
        world.sample_risks[place + 4] += stress_of(world, agent)


@njit
def _sample_opinions(world, by_agent):
    """Write the opinion of each agent, or the mean opinion of each population's members; nan if there is no opinion."""
    first = world.clock[0].agent_samples_used
    if by_agent:
        for agent in range(len(world.opinions)):
            world.agent_samples[first + agent].opinion = world.opinions[agent]
        return
    for number in range(len(world.populations)):
        population = world.populations[number]
        total, having = 0.0, 0
        for agent in range(population.first, population.first + population.count):
            if not math.isnan(world.opinions[agent]):
                total += world.opinions[agent]
                having += 1
        world.agent_samples[first + number].opinion = total / having if having > 0 else math.nan
