"""Others of the agent's population."""

from __future__ import annotations

from sim.core.compiled import njit
from sim.core.world import Market, int64, opened
from sim.strategy_kit.seat import Seat, own


@njit
def member_number(me: Seat, market: Market) -> int:
    """The agent's number within its population, from 0."""
    return int64(opened(market).agents[own(me).agent].number)
