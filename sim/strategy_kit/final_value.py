"""The final value that an agent expects if it knows how the value reverts to its mean."""

from __future__ import annotations

from sim.core.compiled import njit
from sim.core.world import Market
from sim.strategy_kit.interface import episode_steps, signal, step
from sim.strategy_kit.seat import Seat


@njit
def expected_final_value(me: Seat, market: Market, instrument: int | None = None) -> float:
    """The expected value of an instrument in the last step. Currency.

    By the strategy's parameters ``reversion`` and ``long_run_mean``; the instrument as for :func:`signal`.
    Of the signal's distance to the mean (1 - k)^(T - t) is left by then (Wah, Wright and Wellman 2017). The value
    settles at its level in the last step, so that is when nothing of it is left to revert.
    """
    choice = me.parameters
    left: float = (1.0 - choice.reversion) ** (episode_steps(me, market) - 1 - step(me, market))
    mean: float = choice.long_run_mean
    return (1.0 - left) * mean + left * signal(me, market, instrument)
