"""What the agent's positions may lose, and how much of its margin they use: as ``[risk]`` and ``[margin]`` say.

All are nan in a market without these tables. What they need of the market is computed once per step, at the marks of
that moment.
"""

from __future__ import annotations

import math

from sim.core.compiled import njit
from sim.core.world import Market, opened
from sim.instruments.margin import margin_of
from sim.instruments.scan import stress_of
from sim.instruments.value_at_risk import tail_of
from sim.strategy_kit.seat import Seat, own


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
