"""A market in which it is known exactly how much a dealer amplifies: the price is linear in the orders, for good.

Each step is an auction. The maker's schedule begins at the last price and falls by 1/IMPACT lots per unit of currency,
so the price moves by IMPACT for each lot of the others. The dealer then buys ``gamma`` lots for each unit of currency
by which the price moved in the step before. With a = IMPACT * gamma an order of Q lots moves the price by
IMPACT * Q * (1 - a^(h + 1)) / (1 - a) until h steps later.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

IMPACT = 1e-4
STRATEGIES = """
from spreadgame.strategy import BUY, SELL, Parameter, demand_schedule, mark_price, market_order, nearest_lots, strategy


@strategy("linear_maker", summary="a schedule", parameters={"slope": Parameter(1e4, "lots per currency")})
def linear_maker(me, market):
    last = mark_price(me, market, me.instrument)
    demand_schedule(me, market, me.venue, last, me.parameters.slope)


@strategy(
    "linear_hedger",
    summary="buys after a rise",
    parameters={"gamma": Parameter(0.0, "lots per currency")},
    memory={"turns": int, "last": float},
)
def linear_hedger(me, market):
    price = mark_price(me, market, me.instrument)
    if me.memory.turns > 0:
        lots = nearest_lots(me.parameters.gamma * (price - me.memory.last))
        if lots != 0:
            market_order(me, market, me.venue, BUY if lots > 0 else SELL, abs(lots))
    me.memory.turns += 1
    me.memory.last = price
"""


def strategies(folder: Path) -> Path:
    """A file with the two strategies."""
    path = folder / "feedback_strategies.py"
    path.write_text(STRATEGIES, encoding="utf-8")
    return path


def feedback(a: float, steps: int = 40) -> dict[str, Any]:
    """The market with a dealer of ``a = IMPACT * gamma``."""
    return {
        "run": {"steps": steps, "seed": 3},
        "instruments": [{"name": "X", "value": {"process": "constant", "initial": 100.0}}],
        "venues": [{"name": "pit", "auction": {"every": 1, "pricing": "free"}}],
        "populations": [
            {"name": "maker", "strategy": "linear_maker", "params": {"slope": 1 / IMPACT}},
            {"name": "dealer", "strategy": "linear_hedger", "params": {"gamma": a / IMPACT}},
            {"name": "noise", "strategy": "noise", "params": {"quantity": 1e4, "distribution": "lognormal"}},
        ],
    }
