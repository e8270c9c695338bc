"""A whole market in PAMS, run inside the environment that has it: ``pams_crowd.py NOISE INFORMED MAKERS STEPS``.

Prints one JSON object: ``messages``, ``volume`` (lots traded) and ``seconds``. It imports nothing of ours,
which needs a newer NumPy.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import sys
from typing import Any

from pams.agents import Agent
from pams.market import Market
from pams.order import LIMIT_ORDER, MARKET_ORDER, Cancel, Order
from pams.runners import SequentialRunner

TICK, HALF_SPREAD, QUOTE_LOTS = 0.01, 0.02, 200
LIFETIME = 1  # steps; PAMS's own maker lets its quotes lapse as well


class Trader(Agent):
    """What the three have in common: one market, and orders that lapse."""

    def order(self, market: Market, is_buy: bool, price: float | None = None, lots: int = 1) -> Order:
        """Write a limit order, or without a price a market order."""
        kind = MARKET_ORDER if price is None else LIMIT_ORDER
        return Order(self.agent_id, market.market_id, is_buy, kind, lots, price=price, ttl=LIFETIME)


class Noise(Trader):
    """Buys or sells a lot at the market, every step."""

    def submit_orders(self, markets: list[Market]) -> list[Order | Cancel]:
        """Send one market order."""
        return [self.order(markets[0], self.prng.random() < 0.5)]


class Informed(Trader):
    """Knows the value, and takes the best quote when it is wrong."""

    def submit_orders(self, markets: list[Market]) -> list[Order | Cancel]:
        """Look at the book, and send a market order or none."""
        market = markets[0]
        value, bid, ask = market.get_fundamental_price(), market.get_best_buy_price(), market.get_best_sell_price()
        if ask is not None and value >= ask:
            return [self.order(market, True)]
        if bid is not None and value <= bid:
            return [self.order(market, False)]
        return []


class Maker(Trader):
    """Quotes both sides of the mid, moved a tick towards the market price."""

    def submit_orders(self, markets: list[Market]) -> list[Order | Cancel]:
        """Look at the book, and send a bid and an ask."""
        market = markets[0]
        last, bid, ask = market.get_market_price(), market.get_best_buy_price(), market.get_best_sell_price()
        mid = last if bid is None or ask is None else (bid + ask) / 2 + TICK * ((last > bid) - (last < ask))
        return [
            self.order(market, True, mid - HALF_SPREAD, QUOTE_LOTS),
            self.order(market, False, mid + HALF_SPREAD, QUOTE_LOTS),
        ]


def settings(noise: int, informed: int, makers: int, steps: int) -> dict[str, Any]:
    """Write the configuration of a run in which everybody acts at every step."""
    crowd = {"Makers": (Maker, makers), "Noise": (Noise, noise), "Informed": (Informed, informed)}
    session = {
        "sessionName": 0,
        "iterationSteps": steps,
        "withOrderPlacement": True,
        "withOrderExecution": True,
        "withPrint": False,
        "maxNormalOrders": noise + informed + makers,
    }
    return {
        "simulation": {"markets": ["Market"], "agents": list(crowd), "sessions": [session]},
        "Market": {"class": "Market", "tickSize": TICK, "marketPrice": 100.0, "fundamentalVolatility": 0.0001},
        **{
            name: {
                "class": kind.__name__,
                "numAgents": count,
                "markets": ["Market"],
                "cashAmount": 0,
                "assetVolume": 0,
            }
            for name, (kind, count) in crowd.items()
        },
    }


def main() -> None:
    """Run once; PAMS prints its own clock, which leaves the setting up aside."""
    noise, informed, makers, steps = map(int, sys.argv[1:])
    runner = SequentialRunner(settings(noise, informed, makers, steps), prng=random.Random(1))
    for kind in (Noise, Informed, Maker):
        runner.class_register(kind)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        runner.main()
    market = runner.simulator.markets[0]
    print(
        json.dumps(
            {
                "messages": sum(market.get_n_buy_orders()) + sum(market.get_n_sell_orders()),
                "volume": sum(market.get_executed_volumes()),
                "seconds": float(printed.getvalue().split("# EXECUTION TIME")[1]),
            }
        )
    )


if __name__ == "__main__":
    main()
