"""What a rule says of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Rule:
    """What holds for a population whatever strategy it plays, and when it is looked at.

    Each file of this folder but this one and ``hooks`` is a rule, and has a ``RULE``. Its functions are compiled
    (``njit``) and take the World first.

    Parameters
    ----------
    table : the key of a population's table in a scenario that sets the rule.
    messages : how many messages it may send in a turn, beyond those of the strategy.
    before_turn : ``(world, agent)``, before the strategy acts. Returns whether it may act.
    after_turn : ``(world, agent)``, after it has acted, or was not allowed to.
    check_message : ``(world, agent, venue, kind, side, price, lots)``, for each order and replacement. Returns why it
        is rejected, ACCEPTED if it is not (:mod:`sim.core.codes`). It is asked about every agent of the market.
    end_step : ``(world)``, after income is paid and before agents are sampled. It sends no messages.
    """

    table: str
    messages: int = 0
    before_turn: Callable[..., Any] | None = None
    after_turn: Callable[..., Any] | None = None
    check_message: Callable[..., Any] | None = None
    end_step: Callable[..., Any] | None = None
