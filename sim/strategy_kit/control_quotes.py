"""Shared by makers whose quotes solve a control problem: their game, and quotes from the solution."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from sim.core.compiled import njit
from sim.core.world import Market
from sim.strategy_kit.declare import Parameter
from sim.strategy_kit.interface import inventory, precomputed, precomputed_count, public_value, tick_above, tick_below
from sim.strategy_kit.quoting import keep_bid_and_ask, steps_left
from sim.strategy_kit.seat import Seat

MOST_INVENTORY, MOST_STEPS = 50, 100_000  # so that the solution stays small
GAME = {
    "fill_decay": Parameter(
        20.0,
        "how fast orders become rarer with the quote's distance from the value",
        unit="1 / currency",
        above=0.0,
    ),
    "arrival_rate": Parameter(0.5, "orders that would trade at the value itself", unit="per step", above=0.0),
    "inventory_limit": Parameter(10, "most lots held either way", unit="lots", low=1, high=MOST_INVENTORY),
    "horizon": Parameter(0, "length of its game, 0 for the episode", unit="steps", low=0, high=MOST_STEPS),
}


def steps_solved(given: Mapping[str, Any], steps: int) -> int:
    """How many steps before its end the game is solved; what is earlier is quoted as the first of them."""
    horizon: int = given["horizon"]
    return min(horizon or steps, MOST_STEPS)


def unsolvable(solve: Callable[[Mapping[str, Any], int, int], Any]) -> Callable[[Mapping[str, Any]], str]:
    """What is wrong with a game, from ``solve(given, longer, steps)``, which counts in steps so many times longer.

    It cannot be solved where the limit is worth too little to be a number, as a single step of all its length tells.
    """

    def validate(given: Mapping[str, Any]) -> str:
        try:
            solve(given, steps_solved(given, MOST_STEPS), 1)
        except ValueError as error:
            return str(error)
        return ""

    return validate


@njit
def keep_solved_quotes(me: Seat, market: Market) -> None:
    """Keep one lot per side at the distances from the public value that were solved beforehand.

    ``precompute`` left the distances of bid and ask for each inventory within the limit, for each number of steps left
    from 0 on; the last holds for anything earlier, and an infinite distance is no quote.
    """
    limit = me.parameters.inventory_limit
    inventories = 2 * limit + 1
    left = min(steps_left(me, market), precomputed_count(me, market) // (2 * inventories) - 1)
    place = 2 * (inventories * left + limit + max(-limit, min(limit, inventory(me, market, me.instrument))))
    below = precomputed(me, market, place)
    above = precomputed(me, market, place + 1)
    value = public_value(me, market, me.instrument)
    bid = tick_below(me, market, me.venue, value - below)
    ask = tick_above(me, market, me.venue, value + above)
    keep_bid_and_ask(me, market, me.venue, bid, 1 if below < math.inf else 0, ask, 1 if above < math.inf else 0)
