"""What a rule says of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.core.codes import ACCEPTED


@dataclass(frozen=True, eq=False)
class Rule:
    """What holds for a population whatever strategy it plays, and when it is looked at.

    Each file of this folder but this one and ``hooks`` is a rule, and has a ``RULE``. Its functions are compiled
    (``njit``) and take the World first.

    Parameters
    ----------
    table : the key of a population's table in a scenario that sets the rule; of the scenario's own table if it is one
        ``of_market``, which then holds for the populations that its ``populations`` names, or for all.
    messages : how many messages it may send in a turn, beyond those of the strategy.
    rejection : why a message is rejected of which ``amend_order`` leaves nothing (:mod:`sim.core.codes`).
    open_episode : ``(world)``, an episode begins, everybody has what he begins with.
    begin_step : ``(world)``, values have moved, nobody has acted. It may withdraw orders, and sends no messages.
    before_turn : ``(world, agent)``, before the strategy acts. Returns whether it may act.
    after_turn : ``(world, agent)``, after it has acted, or was not allowed to.
    check_message : ``(world, agent, venue, kind, side, price, lots)``, for each order and replacement. Returns why it
        is rejected, ACCEPTED if it is not (:mod:`sim.core.codes`). It is asked about every agent of the market.
    amend_order : ``(world, agent, venue, kind, side, price, lots, order)``, for each order and replacement that passed
        the checks, of agents under the rule. Returns the price and the lots with which it enters; 0 lots: it is
        rejected. ``order`` is the slot of what is replaced, NOTHING for a new order.
    note_change : ``(world, agent, venue, bought, sold, traded)``, after each message of agents under the rule: how many
        lots more their open orders there may buy and sell, and how many they have bought with it, negative: sold.
    end_step : ``(world)``, after income is paid and before agents are sampled. It sends no messages.
    end_episode : ``(world)``, after everything was settled and before results are written.
    """

    table: str
    of_market: bool = False
    messages: int = 0
    rejection: np.int64 = ACCEPTED
    open_episode: Callable[..., Any] | None = None
    begin_step: Callable[..., Any] | None = None
    before_turn: Callable[..., Any] | None = None
    after_turn: Callable[..., Any] | None = None
    check_message: Callable[..., Any] | None = None
    amend_order: Callable[..., Any] | None = None
    note_change: Callable[..., Any] | None = None
    end_step: Callable[..., Any] | None = None
    end_episode: Callable[..., Any] | None = None
