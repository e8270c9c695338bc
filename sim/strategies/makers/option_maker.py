"""Makers of options: they quote every book of a chain around the option's worth, and lean against what they hold."""

from sim.core.compiled import njit
from sim.strategy_kit.declare import MOST_VENUES, Parameter, strategy
from sim.strategy_kit.interface import (
    BUY,
    SELL,
    exposure,
    greeks,
    instrument_of,
    inventory,
    is_settled,
    mark_price,
    requote,
    tick_above,
    tick_below,
    underlying_of,
    venue_count,
    venue_of,
)
from sim.strategy_kit.quoting import room_to_trade


@strategy(
    "option_maker",
    summary="quotes options at a half-spread around their worth, less what vega and gamma that it holds cost it",
    source="Black and Scholes 1973 at a stated or known volatility; skews as in Stoikov and Saglam 2009",
    parameters={
        "half_spread": Parameter(
            0.05, "distance of quotes from what an option is worth to it; rounded outward", unit="currency", low=0.0
        ),
        "quantity": Parameter(1, "size of each order", unit="lots", low=1, high=(1 << 31) - 1),
        "volatility": Parameter(
            "value",
            "at which it values options: that of the value's law, or stated",
            choices=("value", "stated"),
        ),
        "stated_volatility": Parameter(
            0.01, "in the units of the value's law, per square root of a step", unit="", low=0.0, high=1e9
        ),
        "vega_skew": Parameter(
            0.0,
            "how far quotes move down for each unit of vega held times a unit's vega",
            unit="currency per vega squared",
            low=0.0,
            high=1e15,
        ),
        "gamma_skew": Parameter(
            0.0,
            "how far quotes move down for each unit of gamma held times a unit's gamma",
            unit="currency per gamma squared",
            low=0.0,
            high=1e15,
        ),
        "inventory_limit": Parameter(0, "most lots held either way in each book, 0 for no limit", unit="lots", low=0),
    },
    memory={"bids": (int, MOST_VENUES), "asks": (int, MOST_VENUES)},
    max_messages=2,
    per_venue=True,
    venues="any",
)
def act(me, market):
    """Quote each book whose instrument has not been settled."""
    underlying = underlying_of(me, market, me.instrument)
    held = exposure(me, market, underlying)
    spot = mark_price(me, market, underlying)
    for place in range(venue_count(me, market)):
        venue = venue_of(me, market, place)
        instrument = instrument_of(me, market, venue)
        if is_settled(me, market, instrument):
            continue
        of = underlying_of(me, market, instrument)
        if of != underlying:
            underlying, held, spot = of, exposure(me, market, of), mark_price(me, market, of)
        _quote(me, market, place, venue, instrument, spot, held.vega, held.gamma)


@njit
def _quote(me, market, place, venue, instrument, spot, vega, gamma):
    choice = me.parameters
    deviation = -1.0 if choice.volatility == 0 else choice.stated_volatility
    one = greeks(me, market, instrument, spot, deviation)
    worth = one.price - choice.vega_skew * vega * one.vega - choice.gamma_skew * gamma * one.gamma
    bid = tick_below(me, market, venue, worth - choice.half_spread)
    ask = max(bid + 1, tick_above(me, market, venue, worth + choice.half_spread))
    lots = inventory(me, market, instrument)
    buying = room_to_trade(choice.inventory_limit, lots, BUY, choice.quantity)
    selling = room_to_trade(choice.inventory_limit, lots, SELL, choice.quantity)
    if bid <= 0:
        buying = 0  # nobody pays to be rid of a right
    kept = me.memory
    kept.bids[place] = requote(me, market, venue, kept.bids[place], BUY, bid, buying)
    kept.asks[place] = requote(me, market, venue, kept.asks[place], SELL, max(ask, 1), selling)
