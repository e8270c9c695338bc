"""A whole market of Python agents in the step environment of ``bourse`` (Rust)."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import bourse
import numpy as np
from bourse.step_sim.agents import BaseAgent, RandomAgent

from benchmarks.measure import INFORMED, MAKERS, NOISE, Skipped

STEPS = 100
INITIAL_VALUE, SEED = 10_000, 1
HALF_SPREAD, QUOTE_LOTS = 2, 200
RESTING, CANCELLED = 1, 3  # bourse's status of an order


class Value(BaseAgent):
    """The instrument's value, a walk of one tick a step: not a trader, but bourse gives turns to agents only."""

    def __init__(self) -> None:
        self.now = INITIAL_VALUE

    def update(self, rng: np.random.Generator, env: Any) -> None:
        """Move up or down a tick."""
        self.now += 1 if rng.random() < 0.5 else -1


class Trader(BaseAgent):
    """Somebody with a number, and a count of the messages sent."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.messages = 0


class Noise(Trader):
    """Buys or sells a lot at the market, every step: nobody is polled in vain, kindest to a peer that polls."""

    def update(self, rng: np.random.Generator, env: Any) -> None:
        """Send one market order."""
        env.place_order(rng.random() < 0.5, 1, self.number)
        self.messages += 1


class Informed(Trader):
    """Knows the value, and takes the best quote when it is wrong by a tick or more."""

    def __init__(self, number: int, value: Value) -> None:
        super().__init__(number)
        self.value = value

    def update(self, rng: np.random.Generator, env: Any) -> None:
        """Look at the book, and send a market order or none."""
        bid, ask = env.bid_ask
        if bid < self.value.now < ask:
            return
        env.place_order(self.value.now >= ask, 1, self.number)
        self.messages += 1


class Maker(Trader):
    """Quotes both sides of the mid, moved a tick towards the side that has been taken from more."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.mid = INITIAL_VALUE
        self.quotes: dict[bool, int] = {}  # the order on the bid (True) and on the ask (False)

    def update(self, rng: np.random.Generator, env: Any) -> None:
        """Look at the book, and replace both quotes."""
        bid, ask = env.bid_ask
        if bid > 0 and ask < bourse.MAX_PRICE:
            depth_bid, depth_ask = env.bid_vol, env.ask_vol
            self.mid = (bid + ask) // 2 + (depth_bid > depth_ask) - (depth_bid < depth_ask)
        for is_bid, price in ((True, self.mid - HALF_SPREAD), (False, self.mid + HALF_SPREAD)):
            order = self.quotes.get(is_bid)
            if order is not None and env.order_status(order) == RESTING:
                env.modify_order(order, price, QUOTE_LOTS)
            else:
                self.quotes[is_bid] = env.place_order(is_bid, QUOTE_LOTS, self.number, price)
        self.messages += 2


def market() -> float:
    """Run the market and count what its traders sent.

    Returns
    -------
    float
        Order messages per second.
    """
    value = Value()
    traders: list[Trader] = [Maker(number) for number in range(MAKERS)]
    traders += [Noise(number) for number in range(MAKERS, MAKERS + NOISE)]
    traders += [Informed(number, value) for number in range(MAKERS + NOISE, MAKERS + NOISE + INFORMED)]
    env = bourse.core.StepEnv(SEED, 0, 1, 10 * len(traders))  # a step is long enough for a time per order

    start = perf_counter()
    bourse.step_sim.run(env, [value, *traders], STEPS, SEED, show_progress=False)
    seconds = perf_counter() - start

    if len(env.get_trades()) < STEPS * NOISE // 2:
        raise Skipped("wrong: fewer than half of the noise traders' orders traded")
    return sum(trader.messages for trader in traders) / seconds


def random_agents() -> float:
    """Run as many of the agents that come with bourse, which place and cancel at random and never look at the book.

    Each draws its order with several calls of a NumPy generator, and that takes nearly all of the time.

    Returns
    -------
    float
        Order messages per second.
    """
    prices, lots = (INITIAL_VALUE - 100, INITIAL_VALUE + 100), (1, 50)
    agents = [RandomAgent(number, 1.0, prices, lots, 1) for number in range(NOISE)]
    env = bourse.core.StepEnv(SEED, 0, 1, 10 * NOISE)

    start = perf_counter()
    bourse.step_sim.run(env, agents, STEPS, SEED, show_progress=False)
    seconds = perf_counter() - start

    orders = env.get_orders()
    cancelled = [order for order in orders if order[1] == CANCELLED]
    return (len(orders) + len(cancelled)) / seconds
