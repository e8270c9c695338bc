"""What an agent sees of the market: quotes, auctions, trades, marks. Arguments are checked here, and read in one view.

The market itself is read in :mod:`sim.strategy_kit.view` alone.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from sim.core.compiled import njit
from sim.core.world import HISTORY, NONE, Market, int64, opened
from sim.strategy_kit import view
from sim.strategy_kit.interface.places import instrument_meant, is_instrument
from sim.strategy_kit.seat import Seat, own
from sim.venues.gateway import SERIAL, complain, is_side, is_venue
from sim.venues.ticks import NO_ASK, NO_BID, trade_to_currency, trade_to_ticks


class Trade(NamedTuple):
    """A trade of the tape, as every trader may see it. Prices in the venue's ticks, see :func:`trade_price`."""

    step: int
    episode: int
    venue: int
    price: int
    quantity: int
    aggressor: int  # BUY where the taker bought
    maker: int  # agents
    taker: int
    maker_order: int
    taker_order: int
    mark: float  # just before it. Currency


# --- quotes ---------------------------------------------------------------------------------------------------------


@njit
def best_bid(me: Seat, market: Market, venue: int) -> int:
    """The best bid in ticks, NO_BID where there is none, or where an auction hides it."""
    world = opened(market)
    return view.best_bid(world, own(me).agent, venue) if is_venue(world, venue) else NO_BID


@njit
def best_ask(me: Seat, market: Market, venue: int) -> int:
    """The best ask in ticks, NO_ASK where there is none, or where an auction hides it."""
    world = opened(market)
    return view.best_ask(world, own(me).agent, venue) if is_venue(world, venue) else NO_ASK


@njit
def best_volume(me: Seat, market: Market, venue: int, side: int) -> int:
    """Lots at the best price on which orders of ``side`` rest; 0 where there are none, or an auction hides them."""
    world = opened(market)
    if not (is_venue(world, venue) and is_side(world, side)):
        return NONE
    return view.best_volume(world, own(me).agent, venue, side)


@njit
def best_of_others(me: Seat, market: Market, venue: int, side: int) -> int:
    """The best price at which orders of others rest on a side; NO_BID or NO_ASK where there are none."""
    world = opened(market)
    if not (is_venue(world, venue) and is_side(world, side)):
        return NO_BID
    return view.best_of_others(world, own(me).agent, venue, side)


# --- auctions -------------------------------------------------------------------------------------------------------


@njit
def in_auction(me: Seat, market: Market, venue: int) -> bool:
    """Whether the venue collects orders for an auction, so that nothing trades before that is cleared."""
    world = opened(market)
    return is_venue(world, venue) and view.collects(world, own(me).agent, venue)


@njit
def indicative_price(me: Seat, market: Market, venue: int) -> float:
    """The price at which an auction would clear now, the mark where nothing would trade. Currency."""
    me = own(me)
    world = opened(market)
    if not is_venue(world, venue):
        return math.nan
    price, _, _ = view.auction_now(world, me.agent, venue)
    if price == NO_BID:
        return view.mark(world, me.agent, world.venues[venue].instrument)
    return trade_to_currency(world, venue, price)


@njit
def indicative_lots(me: Seat, market: Market, venue: int) -> int:
    """What an auction would trade if it were cleared now."""
    world = opened(market)
    if not is_venue(world, venue):
        return NONE
    _, lots, _ = view.auction_now(world, own(me).agent, venue)
    return lots


@njit
def imbalance(me: Seat, market: Market, venue: int) -> int:
    """Demand less supply that an auction would leave if it were cleared now, in lots."""
    world = opened(market)
    if not is_venue(world, venue):
        return NONE
    _, _, lots = view.auction_now(world, own(me).agent, venue)
    return lots


# --- prices and trades ----------------------------------------------------------------------------------------------


@njit
def mark_price(me: Seat, market: Market, instrument: int) -> float:
    """The mark: mid of the consolidated book, or the last valid one. Currency."""
    world = opened(market)
    return view.mark(world, own(me).agent, instrument) if is_instrument(world, instrument) else math.nan


@njit
def public_value(me: Seat, market: Market, instrument: int | None = None) -> float:
    """What everybody knows of an instrument's value: the last published one, or the initial one. Currency.

    Of the agent's own instrument, where none is named and its venues trade one.
    """
    me = own(me)
    world = opened(market)
    return view.public_value(world, me.agent, instrument_meant(me, world, instrument))


@njit
def last_price(me: Seat, market: Market, venue: int) -> int:
    """The last trade's price, to the nearest tick; NO_BID before the first of the episode."""
    world = opened(market)
    price = view.last_price(world, own(me).agent, venue) if is_venue(world, venue) else NO_BID
    return trade_to_ticks(world, venue, price) if price != NO_BID else NO_BID


@njit
def last_trade_price(me: Seat, market: Market, venue: int) -> float:
    """The last trade's price, the mark before the first of the episode. Currency."""
    me = own(me)
    world = opened(market)
    if not is_venue(world, venue):
        return math.nan
    price = view.last_price(world, me.agent, venue)
    if price == NO_BID:
        return view.mark(world, me.agent, world.venues[venue].instrument)
    return trade_to_currency(world, venue, price)


@njit
def next_trade_number(me: Seat, market: Market) -> int:
    """Serial number of the next trade in the market: trades ``since`` to this one less 1 came after ``since``."""
    return view.next_trade_number(opened(market), own(me).agent)


@njit
def trades_of_venue(me: Seat, market: Market, venue: int) -> int:
    """Trades on a venue since the episode began."""
    world = opened(market)
    return view.trades_of_venue(world, own(me).agent, venue) if is_venue(world, venue) else NONE


@njit
def recent_trade(me: Seat, market: Market, serial: int) -> Trade:
    """The trade with that serial number, as a :class:`Trade`. The last HISTORY trades of the run can be read."""
    me = own(me)
    world = opened(market)
    trades = view.next_trade_number(world, me.agent)
    if not (max(NONE, trades - HISTORY) <= serial < trades or complain(world, SERIAL, serial)):
        serial = NONE
    row = view.trade(world, me.agent, serial)
    return Trade(
        row.step, row.episode, int64(row.venue), row.price, row.quantity, int64(row.aggressor),
        int64(row.maker), int64(row.taker), row.maker_order, row.taker_order, row.mark,
    )  # fmt: skip


@njit
def trade_price(me: Seat, market: Market, trade: Trade) -> float:
    """The price of a trade of the tape. Currency."""
    world = opened(market)
    return trade_to_currency(world, trade.venue, trade.price) if is_venue(world, trade.venue) else math.nan
