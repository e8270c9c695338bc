"""What agents who know how the value reverts to its mean expect it to come to."""

from __future__ import annotations

from sim.core.compiled import njit
from sim.strategy_kit.interface import episode_steps, signal, step


@njit
def expected_final_value(me, market):
    """The expected value in the last step, by the strategy's parameters ``reversion`` and ``long_run_mean``. Currency.

    Of the signal's distance to the mean (1 - k)^(T - t) is left by then (Wah, Wright and Wellman 2017). The value
    settles at its level in the last step, so that is when nothing of it is left to revert.
    """
    choice = me.parameters
    left = (1.0 - choice.reversion) ** (episode_steps(me, market) - 1 - step(me, market))
    return (1.0 - left) * choice.long_run_mean + left * signal(me, market)
