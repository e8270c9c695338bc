"""Everything that a strategy of your own is written with.

A strategy is a function ``act(me, market)``, called once a turn and compiled, with a declaration around it. Helper
functions are decorated with ``@compiled``. Prices are whole ticks, quantities whole lots, values and cash currency (so
is what a demand schedule is made of, a line between prices); ``side`` is BUY or SELL. ``me.parameters`` holds what the
scenario set, ``me.memory`` what the agent keeps from turn to turn within an episode.

Examples
--------
A maker that joins the best quotes, in a file ``joiner.py``::

    from spreadgame.strategy import BUY, NO_ASK, NO_BID, SELL, Parameter, best_ask, best_bid, requote, strategy


    @strategy(
        "joiner",
        summary="quotes at the best prices of the others",
        parameters={"quantity": Parameter(1, "size of each order", unit="lots", low=1)},
        memory={"bid": int, "ask": int},
        max_messages=2,
    )
    def act(me, market):
        bid, ask = best_bid(me, market, me.venue), best_ask(me, market, me.venue)
        kept, lots = me.memory, me.parameters.quantity
        if bid != NO_BID:
            kept.bid = requote(me, market, me.venue, kept.bid, BUY, bid, lots)
        if ask != NO_ASK:
            kept.ask = requote(me, market, me.venue, kept.ask, SELL, ask, lots)

``spreadgame run market.toml --strategies joiner.py`` makes it known to the scenario.
"""

from typing import Any

from sim.core.compiled import guarded as compiled
from sim.core.errors import StrategyError
from sim.core.renamed import STRATEGY_FUNCTIONS
from sim.strategy_kit import interface
from sim.strategy_kit.declare import Parameter, strategy
from sim.strategy_kit.interface import *  # noqa: F403 -- all of it is for authors
from sim.strategy_kit.quoting import MOST_LEVELS, keep_ladder, keep_quotes, room_to_trade

__all__ = ["MOST_LEVELS", "Parameter", "compiled", "keep_ladder", "keep_quotes", "room_to_trade", "strategy"]
__all__ += interface.__all__


def __getattr__(name: str) -> Any:
    if name in STRATEGY_FUNCTIONS:
        raise StrategyError(f"{name} is now {STRATEGY_FUNCTIONS[name]}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
