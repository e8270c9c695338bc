"""A strategy that sends whatever it may, wherever it may, and a market of options in which it has limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sim.strategy_kit.loading.files import load_file

HOSTILE = """
import numpy as np
from spreadgame.strategy import (BUY, SELL, NO_BID, NO_ASK, best_ask, best_bid, cancel_order, demand_schedule,
                                 fill_or_kill_order, immediate_or_cancel_order, limit_order, market_order,
                                 post_only_order, replace_order, strategy,
                                 uniform, venue_count, venue_of)

MOST = 12


@strategy("hostile", summary="sends messages of all kinds at random, to all of its venues", venues="any",
          memory={"handles": (int, 64), "next": int}, max_messages=MOST)
def act(me, market):
    kept = me.memory
    for _ in range(MOST):
        venue = venue_of(me, market, int(uniform(me, market) * venue_count(me, market)))
        side = BUY if uniform(me, market) < 0.5 else SELL
        lots = 1 + int(uniform(me, market) ** 3 * 40)
        bid, ask = best_bid(me, market, venue), best_ask(me, market, venue)
        middle = 10_000 if bid == NO_BID and ask == NO_ASK else (ask if bid == NO_BID else bid)
        price = max(1, middle + int(uniform(me, market) * 21) - 10)
        place = int(uniform(me, market) * 64)
        kind = int(uniform(me, market) * 8)
        handle = 0
        if kind == 0:
            market_order(me, market, venue, side, lots)
        elif kind == 1:
            immediate_or_cancel_order(me, market, venue, side, price, lots)
        elif kind == 2:
            fill_or_kill_order(me, market, venue, side, price, lots)
        elif kind == 3:
            handle = post_only_order(me, market, venue, side, price, lots)
        elif kind == 4 and kept.handles[place] != 0:
            kept.handles[place] = replace_order(me, market, kept.handles[place], price, lots)
        elif kind == 5 and kept.handles[place] != 0:
            cancel_order(me, market, kept.handles[place])
            kept.handles[place] = 0
        elif kind == 6:
            demand_schedule(me, market, venue, float(middle) * 0.01, 50.0 * uniform(me, market))
        else:
            handle = limit_order(me, market, venue, side, price, lots)
        if handle != 0:
            kept.handles[place] = handle
"""


def hostile(folder: Path) -> None:
    """Make the strategy known."""
    (folder / "hostile.py").write_text(HOSTILE, encoding="utf-8")
    load_file(folder / "hostile.py")


def market_of(risk: dict[str, Any] | None, seed: int, simultaneous: bool = False, **venue: Any) -> dict[str, Any]:
    """A stock, a call and a put on it, three hostile members with limits, makers of stock and options, and clients."""
    derivative = {"of": "ACME", "expiry": 50}
    hedge = {"venues": ["stock"], "rule": "band", "band": 3.0}
    populations = [
        {"name": "quoters", "strategy": "fixed_spread", "venues": ["stock"],
         "params": {"half_spread": 0.03, "quantity": 60}},
        {"name": "makers", "strategy": "option_maker", "venues": ["calls", "puts"],
         "params": {"half_spread": 0.05, "quantity": 30}},
        {"name": "hostile", "strategy": "hostile", "count": 3, "turn": 1, "venues": ["stock", "calls", "puts"],
         "endowment": {"cash": 500.0, "positions": {"ACME": 3}},
         **({"risk": risk} if risk else {}), **({} if simultaneous else {"hedge": hedge})},
        {"name": "clients", "strategy": "noise", "count": 4, "turn": 2, "venues": ["stock", "calls", "puts"],
         "params": {"quantity": 6}},
    ]  # fmt: skip
    return {
        "run": {"steps": 60, "episodes": 2, "seed": seed},
        "instruments": [
            {"name": "ACME", "value": {"process": "geometric_brownian", "initial": 100.0, "volatility": 0.01}},
            {"name": "call", "derivative": {"kind": "call", "strike": 100.0, **derivative}},
            {"name": "put", "derivative": {"kind": "put", "strike": 99.0, **derivative}},
        ],
        "venues": [
            {"name": name, "instrument": instrument, "tick_size": 0.01, **venue}
            for name, instrument in (("stock", "ACME"), ("calls", "call"), ("puts", "put"))
        ],
        "populations": populations,
        "turns": {"simultaneous": [1] if simultaneous else []},
    }  # fmt: skip
