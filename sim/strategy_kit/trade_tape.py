"""Shared by learners: reading the tape since their last turn, order by order."""

from __future__ import annotations

from sim.core.compiled import njit
from sim.core.world import Market
from sim.strategy_kit.interface import HISTORY, episode, instrument_of, next_trade_number, recent_trade
from sim.strategy_kit.seat import Seat


@njit
def first_unseen(me: Seat, market: Market, seen: int) -> int:
    """Serial number of the first trade of this episode that is not before ``seen`` and can still be read."""
    serial = next_trade_number(me, market)
    oldest = max(seen, serial - HISTORY)
    while serial > oldest and recent_trade(me, market, serial - 1).episode == episode(me, market):
        serial -= 1
    return serial


@njit
def tells(me: Seat, market: Market, instrument: int, serial: int) -> bool:
    """Whether a trade tells of an instrument, and is the last of its order: each order tells once."""
    trade = recent_trade(me, market, serial)
    if instrument_of(me, market, trade.venue) != instrument:
        return False
    following = serial + 1
    return (
        following == next_trade_number(me, market)
        or recent_trade(me, market, following).taker_order != trade.taker_order
    )
