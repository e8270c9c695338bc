"""What an agent sees of the market. Whoever acts for an agent reads the market here, and nowhere else.

The functions that authors import (:mod:`sim.strategy_kit.interface`) check what they are given and then ask here; so do
the rules around strategies (:mod:`sim.rules`). Each function takes the agent that looks, by its row. Today every agent
sees the market as it is. Data that reach an agent late are late here: by its population and the venue.

Nothing is checked here: the agent, the venue, the instrument, the side and the serial number exist. An agent's own
cash, lots and orders are no part of this; they are its own.
"""

from __future__ import annotations

from typing import Any

from sim.core.codes import PER_NOTIONAL
from sim.core.compiled import inlined, njit
from sim.core.marks import market_price
from sim.core.world import NONE, NOTHING
from sim.instruments import kinds
from sim.venues import book, clearing
from sim.venues.ticks import NO_ASK, NO_BID

# --- quotes ---------------------------------------------------------------------------------------------------------


@inlined
def collects(world: Any, agent: int, venue: int) -> bool:
    """Whether the venue collects orders for an auction, so that nothing trades and its book is hidden."""
    hidden: bool = book.collects(world, venue)
    return hidden


@inlined
def best_bid(world: Any, agent: int, venue: int) -> int:
    """The best bid in ticks; NO_BID where there is none, or where it is hidden."""
    side = world.sides[2 * venue]
    return world.levels[side.best].price if side.best != NOTHING and side.hidden == 0 else NO_BID


@inlined
def best_ask(world: Any, agent: int, venue: int) -> int:
    """The best ask in ticks; NO_ASK where there is none, or where it is hidden."""
    side = world.sides[2 * venue + 1]
    return world.levels[side.best].price if side.best != NOTHING and side.hidden == 0 else NO_ASK


@inlined
def best_volume(world: Any, agent: int, venue: int, side: int) -> int:
    """Lots at the best price of a side; 0 where there are none, or where they are hidden."""
    row = world.sides[2 * venue + (0 if side > 0 else 1)]
    return world.levels[row.best].volume if row.best != NOTHING and row.hidden == 0 else NONE


@njit
def best_of_others(world: Any, agent: int, venue: int, side: int) -> int:
    """The best price in ticks at which orders of others rest on a side; NO_BID or NO_ASK where there are none."""
    price: int = book.best_of_others(world, venue, side, agent)
    return price


# --- auctions -------------------------------------------------------------------------------------------------------


@njit
def auction_now(world: Any, agent: int, venue: int) -> tuple[int, int, int]:
    """What an auction would come to if it were cleared now.

    Returns
    -------
    price : in the venue's ``price_units``; NO_BID where nothing would trade.
    lots : what would trade.
    imbalance : demand less supply that would be left. Lots.
    """
    price, lots, imbalance = clearing.find_price(world, venue)
    return price, lots, imbalance


# --- prices and trades ----------------------------------------------------------------------------------------------


@njit
def mark(world: Any, agent: int, instrument: int) -> float:
    """The mark: mid of the consolidated book, or the last valid one. Currency."""
    price: float = market_price(world, instrument)
    return price


@inlined
def public_value(world: Any, agent: int, instrument: int) -> float:
    """What everybody knows of an instrument's value. Currency."""
    value: float = kinds.public_value(world, instrument)
    return value


@njit
def taker_cost(world: Any, agent: int, venue: int, price: float) -> float:
    """What a taker pays a venue on one unit at a price. Currency."""
    place = world.venues[venue]
    fee: float = place.taker_fee
    return fee * abs(price) if place.fee_per == PER_NOTIONAL else fee / world.instruments[place.instrument].lot_size


@inlined
def last_price(world: Any, agent: int, venue: int) -> int:
    """The price of a venue's last trade in its ``price_units``; NO_BID before the first of the episode."""
    price: int = world.venues[venue].last_price
    return price


@inlined
def trades_of_venue(world: Any, agent: int, venue: int) -> int:
    """Trades on a venue since the episode began."""
    trades: int = world.venues[venue].trades
    return trades


@inlined
def next_trade_number(world: Any, agent: int) -> int:
    """Serial number of the market's next trade."""
    trades: int = world.clock[0].trades
    return trades


@inlined
def trade(world: Any, agent: int, serial: int) -> Any:
    """The record of a trade: a row of the tape, of which HISTORY trades can be read."""
    return world.tape[serial & (len(world.tape) - 1)]


# --- other agents ---------------------------------------------------------------------------------------------------


@inlined
def opinion(world: Any, agent: int, other: int) -> float:
    """What an agent, by its row, last published as its opinion; nan where it has none."""
    said: float = world.opinions[other]
    return said
