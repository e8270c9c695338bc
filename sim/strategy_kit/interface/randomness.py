"""Random numbers from the agent's own stream: a run of the same seed draws the same."""

from __future__ import annotations

from sim.core.compiled import njit
from sim.core.rng import next_uniform, normal_quantile
from sim.core.world import Market, opened
from sim.strategy_kit.seat import Seat


@njit
def uniform(me: Seat, market: Market) -> float:
    """A random number, uniform on (0, 1), from the agent's own stream."""
    number: float = next_uniform(opened(market))
    return number


@njit
def normal(me: Seat, market: Market) -> float:
    """A standard normal random number from the agent's own stream."""
    number: float = normal_quantile(next_uniform(opened(market)))
    return number
