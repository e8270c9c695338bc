"""The whole numbers that stand for words in the World: statuses, phases, kinds of message, settings of venues.

Compiled code compares them and Python puts them into words, so both read them here. What only one file writes and
reads (an arrival law, a value process, a settlement) has its codes there.
"""

from __future__ import annotations

import numpy as np

# Why the loop stopped; what ``advance`` returns, and from RAISED on the clock's status.
RUNNING, NEED_ORDERS, NEED_TAPE, NEED_TURNS, NEED_NATURE, EXTERNAL, AWAITING = 0, 1, 2, 3, 4, 5, 6
RAISED, TOO_MANY, MONEY_OVERFLOW, MISTAKEN, BROKEN = 10, 11, 12, 13, 14

# Where the loop stands: the clock's phase.
EPISODE, STEP, COLLECT, ACTING, ENTERING, CLEARING, STEP_END, EPISODE_END = 0, 1, 2, 3, 4, 5, 6, 7

# Who lets a population's members act: the kernel calls their strategy, or stops at each turn for Python, or gives turns
# to those that were asked for from outside (sim.kernel.outside).
BY_STRATEGY, BY_PYTHON, BY_OUTSIDE = 0, 1, 2

# Whom the rows of a table list: samples of agents, results of episodes.
NOBODY, BY_AGENT, BY_POPULATION = 0, 1, 2

# Kinds of message; the log has them all, agents send the first seven.
LIMIT, MARKET, IMMEDIATE_OR_CANCEL, FILL_OR_KILL, POST_ONLY, CANCEL, REPLACE = (np.int64(i) for i in range(7))
EXPIRE, SELF_TRADE, WITHDRAW, SCHEDULE = (np.int64(i) for i in range(7, 11))
KINDS = ("limit", "market", "immediate_or_cancel", "fill_or_kill", "post_only", "cancel", "replace", "expire",
         "self_trade", "withdraw", "schedule")  # fmt: skip
MOST_LOTS = (1 << 31) - 1  # in one order

# Settings of a venue; their words are in :mod:`sim.venues.settings`.
CONTINUOUS, CALL_AUCTION, CONSTANT_PRODUCT = 0, 1, 2
PRICE_TIME, PRO_RATA = 0, 1
CANCEL_RESTING, CANCEL_INCOMING, ALLOW = 0, 1, 2
REJECT, REPRICE = 0, 1
PER_NOTIONAL, PER_LOT = 0, 1

# States of an order's slot.
FREE, RESTING, WAITING, WITHDRAWN, SCHEDULED = 0, 1, 2, 3, 4

# States of an account under margin.
OPEN, CALLED, CLOSING, OUT = (np.int64(i) for i in range(4))

# Why a message was rejected; ``clock.rejection``, and counted by population in ``world.rejections``.
ACCEPTED, BAD_PRICE, BAD_QUANTITY, GONE, WOULD_TRADE, NOT_HERE, TOO_MANY_SENT, AT_ONCE, BAD_LIFETIME = (
    np.int64(i) for i in range(9)
)
BAD_ARGUMENT, EXPIRED, LIMIT_PASSED, NO_MARGIN, NOT_RESTING = (np.int64(i) for i in range(9, 14))
REASONS = ("accepted", "price", "quantity", "gone", "would_trade", "not_here", "too_many", "simultaneous", "lifetime",
           "argument", "expired", "limit", "margin", "resting")  # fmt: skip
