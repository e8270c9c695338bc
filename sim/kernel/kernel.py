"""The loop over steps and turns. It can stop before any turn and go on where it stopped.

A turn is atomic. The cursor (phase, turn class, place in the list of turns) lives in the clock. ``advance`` returns
why it stopped: the chunk is done, room is short, nature's next block is wanted, a Python agent must act, or a
strategy failed. The caller mends what is wanting and calls again: nothing is replayed and nothing dropped.
"""

from __future__ import annotations

import math

import numpy as np

from sim.core.compiled import caller, njit
from sim.core.ledger import EXTERNAL, NEED_NATURE, NEED_TAPE, NEED_TURNS, RUNNING, is_marked, market_prices
from sim.core.rng import ACT, AGAIN, PRIVATE_VALUE, mix, normal_quantile, to_uniform
from sim.core.world import NO_PRICE, NONE, NOTHING, attach
from sim.instruments.nature import BLOCK, move_values, open_values, pay_income, settle, wealth
from sim.kernel.arrivals import choose_in_groups, collect, open_arrivals, shuffle
from sim.rules.quoting_obligation import MESSAGES, add_required, withdraw_required
from sim.valuation.reservation_prices import credit_call, credit_trades, forget_reservations
from sim.venues import auction, book
from sim.venues.gateway import enter_pending

EPISODE, STEP, COLLECT, ACTING, ENTERING, CLEARING, STEP_END, EPISODE_END = 0, 1, 2, 3, 4, 5, 6, 7
NOBODY, BY_AGENT, BY_POPULATION = 0, 1, 2
_call = caller(2)


@njit
def open_run(address):
    """Make the zeroed arrays of a new World ready to run."""
    world = attach(address)
    book.open_books(world)
    world.clock[0].block = NOTHING


@njit
def advance(address, until):
    """Run to step ``until``, counted over all episodes, or to the first thing that needs Python.

    Returns the status; EXTERNAL with the agent's row above its lowest byte.
    """
    world = attach(address)
    clock = world.clock[0]
    while True:
        if clock.phase == STEP:
            if clock.episode * clock.steps + clock.step >= until:
                return RUNNING
            if (clock.episode * clock.steps + clock.step) // BLOCK != clock.block:
                return NEED_NATURE
            lack = book.has_room(world, NONE)
            if lack != RUNNING:
                return lack
            clock.step_key = mix(mix(clock.seed, clock.episode), clock.step)
            book.expire(world)
            if clock.auctions != 0:
                auction.open_calls(world)
            move_values(world)
            choose_in_groups(world)
            clock.turn_class = 0
            clock.phase = COLLECT
        elif clock.phase == COLLECT:
            lack = _collect(world)
            if lack != RUNNING:
                return lack
        elif clock.phase == ACTING:
            lack = _act(world, address)
            if lack != RUNNING:
                return lack
        elif clock.phase == ENTERING:
            lack = book.has_room(world, clock.pending)
            if lack != RUNNING:
                return lack
            enter_pending(world)
            if clock.status != RUNNING:
                return clock.status
            clock.turn_class += 1
            clock.phase = COLLECT
        elif clock.phase == CLEARING:
            lack = _clear(world)
            if lack != RUNNING:
                return lack
        elif clock.phase == STEP_END:
            lack = _end_step(world)
            if lack != RUNNING:
                return lack
        elif clock.phase == EPISODE:
            if clock.episode * clock.steps >= until:
                return RUNNING
            if clock.episode * clock.steps // BLOCK != clock.block:
                return NEED_NATURE
            _open_episode(world)
            clock.phase = STEP
        else:
            lack = _end_episode(world)
            if lack != RUNNING:
                return lack


@njit
def _collect(world):
    """Make the list of a turn class's turns."""
    clock = world.clock[0]
    while clock.turn_class < len(world.classes):
        turn_class = world.classes[clock.turn_class]
        while clock.population < turn_class.count:
            if not collect(world, world.in_class[turn_class.first + clock.population]):
                return NEED_TURNS
            clock.population += 1
        if clock.length > 0:
            if turn_class.simultaneous != 0:
                lack = book.has_room(world, NONE)
                if lack != RUNNING:
                    return lack
                for place in range(clock.length):
                    _withdraw(world, np.int64(world.turns[place].agent))
            clock.simultaneous = turn_class.simultaneous
            shuffle(world)
            clock.population = 0
            clock.place = 0
            clock.phase = ACTING
            return RUNNING
        clock.population = 0
        clock.turn_class += 1
    clock.place = 0
    clock.phase = CLEARING if clock.auctions != 0 else STEP_END
    return RUNNING


@njit
def _withdraw(world, agent):
    """A simultaneous class begins: an agent's resting orders go, so that nobody sees them or trades with them."""
    while world.agents[agent].first_order != NOTHING:
        book.withdraw(world, np.int64(world.agents[agent].first_order), book.WITHDRAW)


@njit
def _act(world, address):
    """The turns of a class, one after another."""
    clock = world.clock[0]
    reserving = len(world.reserved) > 0
    while clock.place < clock.length:
        turn = world.turns[clock.place]
        agent = np.int64(turn.agent)
        population = world.populations[world.agents[agent].population]
        obliged = population.minimum_size > 0
        if clock.external != 0:  # a Python agent has acted: on to the next
            if obliged:
                lack = book.has_room(world, MESSAGES)
                if lack != RUNNING:
                    return lack
                add_required(world, agent, world.in_venues[population.first_venue])
            if reserving:
                credit_trades(world, agent)
            clock.external = 0
            clock.place += 1
            continue
        lack = book.has_room(world, population.allowed)
        if lack != RUNNING:
            return lack
        clock.sent = 0
        clock.allowed = population.allowed
        clock.turn_key = mix(world.agents[agent].stream, clock.step_key)
        if turn.ordinal > 0:
            clock.turn_key = mix(mix(clock.turn_key, AGAIN), turn.ordinal)
        clock.draw_key = mix(clock.turn_key, ACT)
        clock.draw = 0
        population.turns += 1
        if obliged:
            withdraw_required(world, agent)
        if population.external != 0:
            clock.external = 1
            return EXTERNAL + (agent << 8)
        status = _call(world.strategies[population.strategy], agent, address)
        if status != RUNNING:
            clock.fault_agent = agent
            clock.status = status
            return status
        if obliged:
            add_required(world, agent, world.in_venues[population.first_venue])
        if reserving:
            credit_trades(world, agent)
        clock.place += 1
    clock.length = 0
    if clock.simultaneous != 0:
        clock.simultaneous = 0
        clock.phase = ENTERING
    else:
        clock.turn_class += 1
        clock.phase = COLLECT
    return RUNNING


@njit
def _clear(world):
    """The auctions that end with this step are cleared."""
    clock = world.clock[0]
    while clock.place < len(world.venues):
        if auction.is_due(world, clock.place):
            lack = book.has_room(world, NONE)
            if lack != RUNNING:
                return lack
            if len(world.reserved) > 0:
                credit_call(world, clock.place)
            auction.clear(world, clock.place)
            clock.credited = clock.trades
            if clock.status != RUNNING:
                return clock.status
        clock.place += 1
    clock.phase = STEP_END
    return RUNNING


@njit
def _end_step(world):
    """Income, samples, and the clock goes on."""
    clock = world.clock[0]
    last = clock.step + 1 == clock.steps
    books = agents = np.int64(0)
    if (
        clock.book_every > 0
        and ((clock.step + 1) % clock.book_every == 0 or last)
        and clock.episode % clock.book_episodes == 0
    ):
        books = len(world.venues)
    if (
        clock.agents_every > 0
        and ((clock.step + 1) % clock.agents_every == 0 or last)
        and clock.episode % clock.agents_episodes == 0
    ):
        agents = clock.first_account if clock.agents_by == BY_AGENT else len(world.populations)
    if clock.samples_used + books > len(world.book_samples) or (
        clock.agent_samples_used + agents > len(world.agent_samples)
    ):
        return NEED_TAPE
    for venue in range(books):
        _sample_book(world, venue)
    pay_income(world)
    if agents > 0:
        _sample_agents(world, agents)
    if clock.status != RUNNING:
        return clock.status
    clock.step += 1
    clock.phase = EPISODE_END if last else STEP
    return RUNNING


# --- episodes -------------------------------------------------------------------------------------------------------


@njit
def _open_episode(world):
    """Values, books, positions, cash and memories start afresh; random streams go on."""
    for side in range(len(world.sides)):
        book.empty_side(world, side)
        world.sides[side].bought = 0
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
        record.cash = world.first_cash[account]
        record.fees = 0
        record.dividends = 0
        record.interest = 0
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
    for population in range(len(world.populations)):
        if world.populations[population].deviation > 0.0:
            draw_private_values(world, population)
    for agent in range(len(world.agents)):
        world.agents[agent].belief = math.nan
    forget_reservations(world)
    open_values(world)
    open_arrivals(world)


@njit
def draw_private_values(world, population):
    """Each member's values of the lots around its endowment: normal, the first lot more worth most."""
    record = world.populations[population]
    width = record.units_down + record.units_up
    for member in range(record.count):
        key = mix(mix(world.agents[record.first + member].stream, world.clock[0].episode), PRIVATE_VALUE)
        first = record.private_first + width * member
        for i in range(width):
            draw = record.deviation * normal_quantile(to_uniform(mix(key, i)))
            j = first + i
            while j > first and world.private_values[j - 1] < draw:
                world.private_values[j] = world.private_values[j - 1]
                j -= 1
            world.private_values[j] = draw


@njit
def _private_gain(world, agent):
    """Private value of what an agent holds beyond its endowment. Currency."""
    record = world.populations[world.agents[agent].population]
    width = record.units_down + record.units_up
    if width == 0:
        return 0.0
    clock = world.clock[0]
    instrument = world.venues[world.in_venues[record.first_venue]].instrument
    change = world.holdings[agent * clock.instruments + instrument].lots - record.endowment_lots
    middle = record.private_first + width * world.agents[agent].number + record.units_down
    total = 0.0
    for i in range(min(change, record.units_up)):
        total += world.private_values[middle + i]
    for i in range(min(-change, record.units_down)):
        total -= world.private_values[middle - 1 - i]
    return total


@njit
def _end_episode(world):
    """Settlement, then payoffs."""
    clock = world.clock[0]
    rows = np.int64(0)
    if clock.episodes_by == BY_AGENT:
        rows = clock.first_account
    elif clock.episodes_by == BY_POPULATION:
        rows = len(world.populations)
    if clock.outcomes_used + rows > len(world.outcomes) or (
        clock.settlements_used + clock.instruments > len(world.settlements)
    ):
        return NEED_TAPE
    if rows > 0:
        for i in range(rows):
            row = world.outcomes[clock.outcomes_used + i]
            row.episode = clock.episode
            row.cash = 0
            row.fees = 0
            row.dividends = 0
            row.interest = 0
            row.trades = 0
            row.volume = 0
            row.messages = 0
            row.turns = 0
            row.kept = 0
            row.payoff = 0.0
            row.private_value = 0.0
            for instrument in range(clock.instruments):
                world.outcome_lots[(clock.outcomes_used + i) * clock.instruments + instrument] = 0
        for agent in range(clock.first_account):
            place = _outcome_of(world, agent)
            world.outcomes[place].private_value += _private_gain(world, agent)
            if len(world.reserved) > 0:
                world.outcomes[place].private_value += world.reserved[agent].gain
            for instrument in range(clock.instruments):
                lots = world.holdings[agent * clock.instruments + instrument].lots
                world.outcome_lots[place * clock.instruments + instrument] += lots
    settle(world)
    if rows > 0:
        for agent in range(clock.first_account):
            account = world.accounts[agent]
            place = _outcome_of(world, agent)
            row = world.outcomes[place]
            row.population = world.agents[agent].population
            row.agent = agent if clock.episodes_by == BY_AGENT else NOTHING
            row.cash += account.cash
            row.fees += account.fees
            row.dividends += account.dividends
            row.interest += account.interest
            row.trades += account.trades
            row.volume += account.volume
            row.messages += account.messages
            population = world.populations[row.population]
            if population.minimum_size > 0:
                record = world.obligations[population.first_obligation + world.agents[agent].number]
                row.turns += record.turns
                row.kept += record.kept
            row.payoff += wealth(world, agent) - _first_wealth(world, agent)
        clock.outcomes_used += rows
    if clock.status != RUNNING:
        return clock.status
    clock.episode += 1
    clock.step = 0
    clock.phase = EPISODE
    return RUNNING


@njit
def _outcome_of(world, agent):
    clock = world.clock[0]
    return clock.outcomes_used + (agent if clock.episodes_by == BY_AGENT else np.int64(world.agents[agent].population))


@njit
def _first_wealth(world, account):
    """What an account began the episode with, its lots at the initial value. Currency."""
    clock = world.clock[0]
    total = np.float64(world.first_cash[account]) * clock.money_unit
    for instrument in range(clock.instruments):
        lots = world.first_holdings[account * clock.instruments + instrument]
        if lots != 0:
            total += np.float64(lots) * world.instruments[instrument].lot_size * world.instruments[instrument].initial
    return total


# --- samples --------------------------------------------------------------------------------------------------------


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
    calling = book.collects(world, venue) and not auction.is_due(
        world, venue
    )  # no book to see, but what it would come to
    row.indicative, row.imbalance = np.int64(NO_PRICE), np.int64(NO_PRICE)
    if calling:
        row.indicative, _, row.imbalance = auction.find_price(world, venue)
    has_bid, has_ask = bids.best != NOTHING and not calling, asks.best != NOTHING and not calling
    row.bid = world.levels[bids.best].price if has_bid else NO_PRICE
    row.bid_volume = world.levels[bids.best].volume if has_bid else 0
    row.ask = world.levels[asks.best].price if has_ask else NO_PRICE
    row.ask_volume = world.levels[asks.best].volume if has_ask else 0
    row.bid_depth = bids.volume
    row.ask_depth = asks.volume
    row.orders = bids.orders + asks.orders
    row.last = place.last_price
    row.value = instrument.value
    row.public = instrument.public
    row.mark, row.microprice = market_prices(world, place.instrument)
    if not is_marked(instrument):
        row.mark = row.microprice = math.nan
    if clock.book_levels > 1:
        first = clock.samples_used * 4 * clock.book_levels
        for half in range(2):
            level = np.int64(world.sides[2 * venue + half].best if not calling else NOTHING)
            for i in range(clock.book_levels):
                world.ladder[first + 4 * i + 2 * half] = world.levels[level].price if level != NOTHING else NO_PRICE
                world.ladder[first + 4 * i + 2 * half + 1] = world.levels[level].volume if level != NOTHING else 0
                if level != NOTHING:
                    level = book.next_level(world, level)
    clock.samples_used += 1


@njit
def _sample_agents(world, rows):
    clock = world.clock[0]
    by_agent = clock.agents_by == BY_AGENT
    first = clock.agent_samples_used
    for i in range(rows):
        row = world.agent_samples[first + i]
        row.step = clock.step
        row.episode = clock.episode
        row.cash = 0
        row.fees = 0
        row.dividends = 0
        row.interest = 0
        row.wealth = 0.0
        row.agent = i if by_agent else NOTHING
        row.population = world.agents[i].population if by_agent else i
        for instrument in range(clock.instruments):
            world.sample_lots[(first + i) * clock.instruments + instrument] = 0
    for agent in range(clock.first_account):
        place = first + (agent if by_agent else np.int64(world.agents[agent].population))
        row = world.agent_samples[place]
        account = world.accounts[agent]
        row.cash += account.cash
        row.fees += account.fees
        row.dividends += account.dividends
        row.interest += account.interest
        row.wealth += wealth(world, agent)
        for instrument in range(clock.instruments):
            lots = world.holdings[agent * clock.instruments + instrument].lots
            world.sample_lots[place * clock.instruments + instrument] += lots
    clock.agent_samples_used += rows
