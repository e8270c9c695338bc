"""Small markets whose members do what a test says, or what chance says, with the engine's own books beside them.

``play`` takes actions ``(step, who, kind, …)``, which go on with ``side, price, lots, name[, lifetime]`` for ``limit``
and ``post_only``, ``side, lots`` for ``market``, ``side, price, lots`` for ``immediate``, ``name`` for ``cancel``,
``name, price, lots`` for ``replace`` and ``price, slope`` for ``schedule``. Within a step members act in the order of
their letters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sim.core.world import NOTHING
from sim.mesa_model.market import Market
from sim.mesa_model.trader import Trader
from sim.runs.result import Run
from sim.scenario import parse

BUY, SELL = 1, -1
MEMBERS = "abcd"


def scenario(steps: int, episodes: int = 1, venues: Sequence[dict[str, Any]] = ({},), **more: Any) -> dict[str, Any]:
    """Populations a, b, c and d of one member each on venues ``book``, ``book1`` and so on, which trade X."""
    named = [{"name": f"book{place or ''}", "tick_size": 0.5, **venue} for place, venue in enumerate(venues)]
    populations = [
        {"name": name, "strategy": "noise", "turn": turn, "venues": [each["name"] for each in named[:1]]}
        for turn, name in enumerate(MEMBERS)
    ]
    return {
        "run": {"steps": steps, "episodes": episodes, "seed": 1},
        "instruments": [{"name": "X", "value": {"process": "constant", "initial": 50.0}}],
        "venues": named,
        "populations": populations,
        "record": {"messages": True, "book_every": 1, "levels": 1, "agents": "none", "episodes": "none"},
    } | more


def market(data: dict[str, Any], act: Callable[[Trader, str, int], None]) -> Market:
    """A market in which every member does ``act(trader, its letter, the step since the run began)``."""

    def member(name: str) -> type[Trader]:
        class Member(Trader):
            def step(self) -> None:
                act(self, name, self.model.now)

        return Member

    return Market(parse(data), agents={name: member(name) for name in MEMBERS})


def play(data: dict[str, Any], actions: Sequence[tuple[Any, ...]]) -> Run:
    """A run in which members do what the actions say."""
    handles: dict[str, int] = {}
    planned: dict[tuple[int, str], list[Any]] = {}
    for step, who, *what in actions:
        planned.setdefault((step, who), []).append(what)

    def act(trader: Trader, who: str, step: int) -> None:
        for kind, *rest in planned.get((step, who), ()):
            if kind in ("limit", "post_only"):
                side, price, lots, name, *lifetime = rest
                send = trader.limit_order if kind == "limit" else trader.post_only_order
                handles[name] = send(side, price, lots, lifetime=lifetime[0] if lifetime else 0)
            elif kind == "replace":
                name, price, lots = rest
                handles[name] = trader.replace_order(handles[name], price, lots)
            elif kind == "cancel":
                trader.cancel_order(handles[rest[0]])
            else:
                {
                    "market": trader.market_order,
                    "immediate": trader.immediate_or_cancel_order,
                    "schedule": trader.demand_schedule,
                }[kind](*rest)

    made = market(data, act)
    made.run_model()
    return made.result()


class Chaos:
    """Members who send whatever there is to send, and what the engine says after each message and each step."""

    def __init__(self, data: dict[str, Any], seed: int, kinds: Sequence[str] = ("limit", "post_only")) -> None:
        self.random = np.random.default_rng(seed)
        self.joined: list[tuple[int, int, int, int]] = []  # number, lots, lots ahead and orders ahead of who joins
        self.present: list[dict[str, tuple[bool, bool, bool, bool]]] = []  # has bid, ask; is at best bid, ask; by step
        self._kinds = kinds
        made = market(data, self._act)
        while made.running:
            made.step()
            self.present.append({name: self._presence(made, name) for name in MEMBERS})
        self.run = made.result()

    def _act(self, trader: Trader, who: str, step: int) -> None:
        for _ in range(int(self.random.integers(0, 3))):
            own = [each for each in trader.quotes if each["venue"] == trader.venue]
            chance, side = self.random.random(), int(self.random.choice([BUY, SELL]))
            price, lots = 100 + int(self.random.integers(-3, 4)), int(self.random.integers(1, 9))
            before = None
            if own and chance < 0.35:
                before = own[int(self.random.integers(len(own)))]
                price = before["price"] if self.random.random() < 0.5 else price
                handle = trader.replace_order(before["handle"], price, lots)
            elif own and chance < 0.45:
                handle = trader.cancel_order(own[0]["handle"]) * 0
            elif chance < 0.55:
                handle = trader.market_order(side, lots) * 0
            elif chance < 0.6:
                handle = trader.immediate_or_cancel_order(side, price, lots) * 0
            else:
                send = trader.limit_order if self.random.choice(self._kinds) == "limit" else trader.post_only_order
                handle = send(side, price, lots, lifetime=int(self.random.choice([0, 0, 1, 4])))
            kept = before is not None and before["price"] == price and lots <= before["quantity"]
            if handle > 0 and not kept:
                self._note(trader.model, handle & 0xFFFFFFFF)

    def _note(self, made: Market, slot: int) -> None:
        orders = made.world.orders
        ahead, other = [], int(orders[slot]["previous"])
        while other != NOTHING:
            ahead.append(int(orders[other]["remaining"]))
            other = int(orders[other]["previous"])
        self.joined.append((int(orders[slot]["number"]), int(orders[slot]["remaining"]), sum(ahead), len(ahead)))

    def _presence(self, made: Market, name: str) -> tuple[bool, bool, bool, bool]:
        (trader,) = made.population(name)
        prices = {side: [each["price"] for each in trader.quotes if each["side"] == side] for side in (BUY, SELL)}
        best = {}
        for side, row in (
            (BUY, 0),
            (SELL, 1),
        ):  # the model itself still hides the book of an auction that was just cleared
            level = int(made.world.sides[row]["best"])
            best[side] = None if level == NOTHING else int(made.world.levels[level]["price"])
        return (bool(prices[BUY]), bool(prices[SELL]), best[BUY] in prices[BUY], best[SELL] in prices[SELL])
