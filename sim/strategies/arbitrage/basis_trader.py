"""A basis trader: it trades a future against its underlying when their difference is worth more than its costs."""

import numpy as np

from sim.core.codes import MOST_LOTS
from sim.core.compiled import njit
from sim.core.world import opened
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import (
    BUY,
    NO_ASK,
    NO_BID,
    SELL,
    best_ask,
    best_bid,
    best_volume,
    greeks,
    immediate_or_cancel_order,
    instrument_of,
    inventory,
    is_settled,
    messages_left,
    nearest_lots,
    price_from_ticks,
    taker_cost,
    underlying_of,
    venue_of,
)


@strategy(
    "basis_trader",
    summary="trades a future against its underlying when their basis, beyond the fair one, exceeds its costs",
    source="Roll, Schwartz and Subrahmanyam 2007, Journal of Finance 62, 2201; cost of carry as in Hull, chapter 5",
    parameters={
        "least_gain": Parameter(
            0.0,
            "basis beyond the fair one, after fees, at which it does not trade yet",
            unit="currency per unit",
            low=0.0,
        ),
        "quantity": Parameter(10, "most lots of the future in one trade", unit="lots", low=1, high=MOST_LOTS),
        "position_limit": Parameter(100, "most lots of the future held either way", unit="lots", low=1, high=MOST_LOTS),
        "rounds": Parameter(5, "most trades in one turn", low=1, high=1000),
    },
    memory={"owed": float, "hedge": int},  # units of the underlying still to buy; lots of it held against the future
    max_messages=lambda given: 2 * given["rounds"] + 1,
    venues=2,
)
def act(me, market):
    """Make up for what is missing of the underlying, then trade as long as it gains."""
    future, stock = venue_of(me, market, 0), venue_of(me, market, 1)
    if underlying_of(me, market, instrument_of(me, market, stock)) != instrument_of(me, market, stock):
        future, stock = stock, future  # the first is the underlying
    one, other = instrument_of(me, market, future), instrument_of(me, market, stock)
    if underlying_of(me, market, one) != other:
        return  # neither follows from the other
    if is_settled(me, market, one):
        me.memory.owed = -me.memory.hedge * opened(market).instruments[other].lot_size  # nothing is left to hold it for
        _make_up(me, market, stock, other)
        return
    _make_up(me, market, stock, other)
    while messages_left(me, market) >= 2:
        if not (_trade(me, market, future, stock, SELL) or _trade(me, market, future, stock, BUY)):
            return


@njit
def _trade(me, market, future, stock, side):
    """Sell or buy the future and do the opposite in its underlying, if that gains. Says whether it did."""
    tick = best_bid(me, market, future) if side == SELL else best_ask(me, market, future)
    against = best_ask(me, market, stock) if side == SELL else best_bid(me, market, stock)
    if tick in (NO_BID, NO_ASK) or against in (NO_BID, NO_ASK):
        return False
    instrument, price = instrument_of(me, market, future), price_from_ticks(me, market, future, tick)
    spot = price_from_ticks(me, market, stock, against)
    fair = greeks(me, market, instrument, spot, 0.0)
    costs = taker_cost(me, market, future, price) + fair.delta * taker_cost(me, market, stock, spot)
    if -side * (price - fair.price) - costs <= me.parameters.least_gain or fair.delta <= 0.0:
        return False
    world = opened(market)
    per_lot = fair.delta * world.instruments[instrument].lot_size  # units of the underlying per lot of the future
    size = world.instruments[instrument_of(me, market, stock)].lot_size
    room = me.parameters.position_limit - side * _held(me, market, instrument)
    there = best_volume(me, market, stock, side) * size
    lots = min(best_volume(me, market, future, -side), me.parameters.quantity, room)
    lots = min(lots, np.int64(there / per_lot + 1e-9))
    if lots <= 0:
        return False
    bought = immediate_or_cancel_order(me, market, future, side, tick, lots)
    if bought <= 0:
        return False
    me.memory.owed -= side * bought * per_lot
    _make_up(me, market, stock, instrument_of(me, market, stock))
    return True


@njit
def _held(me, market, instrument):
    """Lots of the future; of a second book of the underlying, nothing that would count twice."""
    return inventory(me, market, instrument) if underlying_of(me, market, instrument) != instrument else 0


@njit
def _make_up(me, market, venue, instrument):
    """Trade what is owed of the underlying, at the best price; what finds no quote is owed on."""
    size = opened(market).instruments[instrument].lot_size
    wanted = nearest_lots(me.memory.owed / size)
    if wanted == 0:
        return
    side = BUY if wanted > 0 else SELL
    price = best_ask(me, market, venue) if side == BUY else best_bid(me, market, venue)
    if price in (NO_ASK, NO_BID) or messages_left(me, market) < 1:
        return
    lots = immediate_or_cancel_order(me, market, venue, side, price, min(abs(wanted), MOST_LOTS))
    if lots > 0:
        me.memory.hedge += side * lots
        me.memory.owed -= side * lots * size
