"""Shared by makers of options whose quotes solve a control problem: :mod:`sim.models.portfolio_vega`, in the market.

The approximation takes vegas to stay as they are. Here they do not: as time passes and the price moves, each option's
vega changes, and with it what the maker holds. So the problem is solved again every so often, far from the end, with
the vegas of that moment, which count until the next solution. Fills are of one size, that of the first book's quotes:
where k belongs to a unit, it is k over the size for a fill.
"""

from __future__ import annotations

import numpy as np

from sim.core.compiled import njit
from sim.core.world import Market, opened
from sim.models.portfolio_vega import MOST_PLACES, distance, solve
from sim.strategy_kit.declare import MOST_VENUES, Parameter
from sim.strategy_kit.interface import (
    instrument_of,
    inventory,
    is_settled,
    mark_price,
    underlying_of,
    venue_count,
    venue_of,
)
from sim.strategy_kit.option_values import greeks_of_one
from sim.strategy_kit.seat import Seat

_QUOTES = 20.0  # of the largest vega: the limit, where none is stated
GAME = {
    "fill_decay": Parameter(
        20.0,
        "of solved quotes: how fast orders become rarer with a quote's distance from the option's worth",
        unit="1 / currency",
        above=0.0,
    ),
    "arrival_rate": Parameter(
        0.25,
        "of solved quotes: orders on each side of each book that would trade at the worth itself",
        unit="per step",
        above=0.0,
    ),
    "risk_aversion": Parameter(1.0, "of solved quotes, gamma", unit="1 / currency", low=0.0),
    "volatility_of_volatility": Parameter(
        1e-4, "of solved quotes: deviation of the moves of volatility, in its units, xi", unit="per √step", low=0.0
    ),
    "vega_limit": Parameter(
        0.0,
        "of solved quotes: most vega held either way, 0 for 20 quotes of the largest vega; 50 of these count at most",
        unit="currency per 1 of volatility",
        low=0.0,
    ),
}
MEMORY: dict[str, type | tuple[type, int]] = {
    "vegas": (float, MOST_VENUES),  # of a fill in each book, as of the last solution
    "utility": (float, MOST_PLACES),
    "places": int,
    "solved_limit": float,
}


@njit
def solve_quotes(me: Seat, market: Market) -> None:
    """Solve for the vegas that the agent's books have now."""
    choice, kept, count = me.parameters, me.memory, venue_count(me, market)
    vegas, rates = np.zeros(count), np.full(count, choice.arrival_rate)
    largest = 0.0
    for place in range(count):
        instrument = instrument_of(me, market, venue_of(me, market, place))
        if not is_settled(me, market, instrument):
            vegas[place] = _vega_of_fill(me, market, instrument)
            largest = max(largest, vegas[place])
        kept.vegas[place] = vegas[place]
    kept.places = 0
    if largest > 0.0:
        penalty = 0.5 * choice.risk_aversion * choice.volatility_of_volatility * choice.volatility_of_volatility
        limit = choice.vega_limit if choice.vega_limit > 0.0 else _QUOTES * largest
        decay = choice.fill_decay / _units_of_fill(me, market)
        kept.places, kept.solved_limit = solve(vegas, rates, decay, penalty, limit, kept.utility)


@njit
def _units_of_fill(me: Seat, market: Market) -> float:
    """Units of the option that one of the agent's orders trades."""
    size: float = opened(market).instruments[instrument_of(me, market, venue_of(me, market, 0))].lot_size
    units: float = me.parameters.quantity * size
    return units


@njit
def _vega_of_fill(me: Seat, market: Market, instrument: int) -> float:
    """What a fill of the agent's quote changes its vega by. Currency per 1 of volatility."""
    spot = mark_price(me, market, underlying_of(me, market, instrument))
    size: float = opened(market).instruments[instrument].lot_size
    change: float = me.parameters.quantity * size * greeks_of_one(me, market, instrument, spot).vega
    return change


@njit
def vega_held(me: Seat, market: Market) -> float:
    """The vega of all options that the agent holds of its books, as of the last solution."""
    total = 0.0
    for place in range(venue_count(me, market)):
        instrument = instrument_of(me, market, venue_of(me, market, place))
        lots = inventory(me, market, instrument)
        if lots != 0 and not is_settled(me, market, instrument) and not _listed_before(me, market, place, instrument):
            total += me.memory.vegas[place] * lots / me.parameters.quantity
    return total


@njit
def _listed_before(me: Seat, market: Market, place: int, instrument: int) -> bool:
    """Whether an earlier of the agent's books has the option too."""
    listed = False
    for earlier in range(place):
        listed = listed or instrument_of(me, market, venue_of(me, market, earlier)) == instrument
    return listed


@njit
def solved_distance(me: Seat, market: Market, place: int, side: int, vega: float) -> float:
    """The distance of a book's bid or ask from the worth, with a vega held; infinite where it would not quote."""
    kept, decay, units = me.memory, float(me.parameters.fill_decay), _units_of_fill(me, market)
    if kept.places == 0:
        return 1.0 / decay  # no option has a vega left
    found: float = (
        distance(kept.utility, kept.places, kept.solved_limit, decay / units, vega, side * kept.vegas[place]) / units
    )
    return found
