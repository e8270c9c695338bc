"""What a market shows between two steps, compiled: what instruments are worth, and what populations have.

A look leaves the World as it was, to the last bit: marks and values that are computed to be shown are put back after.
A mark that a look had stored would else be the last valid one when a side of the book empties later.
"""

from __future__ import annotations

from typing import Any

from sim.core.compiled import njit
from sim.core.marks import is_marked, market_price
from sim.core.world import attach
from sim.instruments.kinds import public_value, refresh
from sim.venues.book import collects
from sim.venues.clearing import find_price

# Columns of what :func:`look_at_populations` adds up, in units of money.
CASH, DIVIDENDS, INTEREST, FUNDING, FORGIVEN = range(5)


@njit
def value_now(address: int, instrument: int) -> float:
    """An instrument's value at the clock's step, also where it follows from another's. Currency per unit."""
    world = attach(address)
    record = world.instruments[instrument]
    value, valued = record.value, record.valued
    refresh(world, instrument)
    found: float = record.value
    record.value, record.valued = value, valued
    return found


@njit
def look_at_instruments(address: int, worths: Any) -> None:
    """What each instrument is worth; one that has been settled is worth what it came to.

    Parameters
    ----------
    worths : float64 (instruments, 4), filled: mark, which is the initial value before there is one; value; public
        value; and whether the mark ever was a price, 1 or 0.
    """
    world = attach(address)
    for instrument in range(world.clock[0].instruments):
        record = world.instruments[instrument]
        mark, public, published = record.mark, record.public, record.published
        if record.settled != 0:
            worths[instrument, 0] = record.settled_price
            worths[instrument, 1] = record.settled_value
            worths[instrument, 3] = record.marked
        else:
            worths[instrument, 0] = market_price(world, instrument)
            worths[instrument, 1] = value_now(address, instrument)
            worths[instrument, 3] = is_marked(record)
        worths[instrument, 2] = public_value(world, instrument)
        record.mark, record.public, record.published = mark, public, published


@njit
def look_at_populations(address: int, sums: Any, lots: Any) -> None:
    """Add up what the members of each population have.

    Parameters
    ----------
    sums : int64 (populations, 5), filled: cash less that at the episode's start, and what was received in the episode,
        in units of money.
    lots : int64 (populations, instruments), filled.
    """
    world = attach(address)
    clock = world.clock[0]
    sums[:] = 0
    lots[:] = 0
    for agent in range(clock.first_account):
        row = sums[world.agents[agent].population]
        account = world.accounts[agent]
        row[CASH] += account.cash - world.first_cash[agent]
        row[DIVIDENDS] += account.dividends
        row[INTEREST] += account.interest
        row[FUNDING] += account.funding
        if len(world.margin_accounts) > 0:
            row[FORGIVEN] += world.margin_accounts[agent].forgiven
        held = lots[world.agents[agent].population]
        for instrument in range(clock.instruments):
            held[instrument] += world.holdings[agent * clock.instruments + instrument].lots


@njit
def is_collecting(address: int, venue: int) -> bool:
    """Whether a venue collects orders for an auction, and hides its book."""
    hidden: bool = collects(attach(address), venue)
    return hidden


@njit
def auction_now(address: int, venue: int) -> tuple[int, int]:
    """The price at which an auction would clear now, in price units or NO_PRICE, and demand less supply, in lots."""
    world = attach(address)
    record = world.instruments[world.venues[venue].instrument]
    mark = record.mark
    price, _, imbalance = find_price(world, venue)
    record.mark = mark
    return price, imbalance
