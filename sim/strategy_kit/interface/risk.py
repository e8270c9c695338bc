"""What the agent's positions may lose, how much of its margin they use, and what its limits leave.

What ``[risk]`` and ``[margin]`` measure is nan in a market without these tables. What it needs of the market is
computed once per step, at the marks of that moment.
"""

from __future__ import annotations

import math

from sim.core.compiled import njit
from sim.core.world import NONE, Market, int64, opened
from sim.instruments.limit_measures import holds_before
from sim.instruments.margin import margin_of
from sim.instruments.room import lots_left, use_of
from sim.instruments.scan import stress_of
from sim.instruments.value_at_risk import tail_of
from sim.strategy_kit.seat import Seat, own
from sim.venues.gateway import is_side, is_venue


@njit
def stress(me: Seat, market: Market) -> float:
    """Worst loss of all that the agent holds, over the scan of prices and volatilities. Currency."""
    world = opened(market)
    if len(world.risk) == 0:
        return math.nan
    found: float = stress_of(world, own(me).agent)
    return found


@njit
def value_at_risk(me: Seat, market: Market) -> float:
    """Loss of all that the agent holds that is not exceeded at the confidence of ``[risk]``, over its horizon.

    Currency. It is nan until the fewest moves that ``[risk]`` asks for are known, and so is the expected shortfall.
    """
    world = opened(market)
    if len(world.risk) == 0:
        return math.nan
    found: float = tail_of(world, own(me).agent)[0]
    return found


@njit
def expected_shortfall(me: Seat, market: Market) -> float:
    """Mean loss beyond the tail confidence of ``[risk]``, over its horizon. Currency."""
    world = opened(market)
    if len(world.risk) == 0:
        return math.nan
    found: float = tail_of(world, own(me).agent)[1]
    return found


@njit
def margin_use(me: Seat, market: Market) -> float:
    """What the agent needs to keep its positions, as a share of what it has for margin; nan if it need not have any.

    Above 1 it is called for margin; infinite if it needs some and has nothing.
    """
    world = opened(market)
    agent = own(me).agent
    if len(world.margin) == 0 or world.under_margin[world.agents[agent].population] == 0:
        return math.nan
    available, _, needed = margin_of(world, agent)
    if needed == 0.0:
        return 0.0
    found: float = needed / available if available > 0.0 else math.inf
    return found


@njit
def risk_use(me: Seat, market: Market) -> float:
    """The greatest share of one of the agent's limits that is in use; 0 without limits, 1: all of it.

    Of limits of position and greeks it is of what is held now. Of the others it is as of the last step's end.
    """
    world = opened(market)
    agent = own(me).agent
    population = world.populations[world.agents[agent].population]
    greatest = 0.0
    if population.guarded == 0:
        return greatest
    risk = world.limited[population.limited]
    for number in range(risk.limits):
        use = use_of(world, agent, number)
        used = abs(use.held) if holds_before(world.limits[risk.first_limit + number].of) else use.amount
        if used > 0.0:
            greatest = max(greatest, used / use.most if use.most > 0.0 else math.inf)
    return greatest


@njit
def room(me: Seat, market: Market, venue: int, side: int) -> int:
    """Lots that the agent's limits of position and greeks, and its capital, leave for an order of a side on a venue.

    Its open orders count as filled. Below 0: it holds too much, and so many lots must be traded the other way. Without
    such limits it is the most that an order may have.
    """
    world = opened(market)
    if not (is_venue(world, venue) and is_side(world, side)):
        return NONE
    left: int = lots_left(world, own(me).agent, int64(venue), int64(side))
    return left
