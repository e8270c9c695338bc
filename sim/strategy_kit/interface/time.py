"""When it is, and how much the agent may still do in its turn."""

from __future__ import annotations

from sim.core.compiled import njit
from sim.core.world import Market, opened
from sim.strategy_kit.seat import Seat


@njit
def step(me: Seat, market: Market) -> int:
    """The step of the episode, from 0."""
    now: int = opened(market).clock[0].step
    return now


@njit
def turn_in_step(me: Seat, market: Market) -> int:
    """Which of the agent's turns in the step this is, from 0; they come in random order where there are several."""
    now: int = opened(market).clock[0].turn
    return now


@njit
def episode(me: Seat, market: Market) -> int:
    """The episode of the run, from 0."""
    now: int = opened(market).clock[0].episode
    return now


@njit
def episode_steps(me: Seat, market: Market) -> int:
    """The length of an episode in steps."""
    steps: int = opened(market).clock[0].steps
    return steps


@njit
def messages_left(me: Seat, market: Market) -> int:
    """Messages the agent may still send in this turn, of those its strategy declared."""
    clock = opened(market).clock[0]
    left: int = clock.allowed - clock.sent
    return left
