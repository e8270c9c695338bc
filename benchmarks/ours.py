"""Spreadgame's own figures. Everything is compiled before the clock starts; nothing is recorded, for anyone."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.measure import INFORMED, MAKERS, NOISE, Skipped, stream
from sim.core.compiled import njit
from sim.core.world import HISTORY, NONE, NOTHING, attach
from sim.mesa_model.market import Market
from sim.mesa_model.trader import Trader
from sim.runs.build import build
from sim.runs.simulation import Simulation
from sim.scenario import Scenario, parse
from sim.session.order_book import OrderBook
from sim.venues import book

LIMIT, CANCEL = 0, 2
PYTHON_AGENTS = 100
_KINDS = ("limit", "market")


@njit
def _feed(address: int, messages: Any, handles: Any) -> None:
    """Send a stream of messages as the kernel would, a call of the book each; the tape is drained by forgetting it."""
    world = attach(address)
    clock = world.clock[0]
    for i in range(len(messages)):
        if clock.trades - clock.tape_drained + clock.resting + HISTORY >= len(world.tape):
            clock.tape_drained = clock.trades
        kind = np.int64(messages[i, 0])
        if kind == CANCEL:
            book.cancel(world, NONE, handles[messages[i, 4]])
        else:
            handles[messages[i, 4]] = book.enter(
                world, NONE, NONE, kind, np.int64(messages[i, 1]), np.int64(messages[i, 2]), np.int64(messages[i, 3]),
                NONE, NOTHING,
            )  # fmt: skip


def _check(traded: tuple[int, int], wanted: tuple[int, int]) -> None:
    if traded != wanted:
        raise Skipped(f"wrong: trades and volume {traded}, not {wanted}")


def engine(name: str, repeats: int) -> float:
    """Feed a stream from inside compiled code, ``repeats`` times, each to a fresh book. Messages a second."""
    messages, trades, volume = stream(name)
    handles = np.zeros(int(messages[:, 4].max()) + 1, np.int64)
    warm = OrderBook(agents=1, self_trade_prevention="allow", orders=4096)
    _feed(warm.storage.address, messages[:0], handles)
    spent = 0.0
    for _ in range(repeats):
        fresh = OrderBook(agents=1, self_trade_prevention="allow", orders=4096)
        fresh.storage.grow("nodes", 1 << 14)
        fresh.storage.grow("children", 64 << 14)
        start = perf_counter()
        _feed(fresh.storage.address, messages, handles)
        spent += perf_counter() - start
        venue = fresh.storage.world.venues[0]
        _check((int(venue["trades"]), int(venue["volume"])), (trades, volume))
    return repeats * len(messages) / spent


def engine_call(name: str) -> float:
    """Feed a stream from Python, one call a message. Messages a second."""
    messages, trades, volume = stream(name)
    prepared = messages.tolist()
    fresh = OrderBook(agents=1, self_trade_prevention="allow", orders=4096)
    fresh.cancel(0, fresh.enter(0, "limit", 1, -(1 << 20), 1))
    enter, cancel = fresh.enter, fresh.cancel
    handles = [0] * (int(messages[:, 4].max()) + 1)
    start = perf_counter()
    for kind, side, price, lots, order in prepared:
        if kind == CANCEL:
            cancel(0, handles[order])
        else:
            handles[order] = enter(0, _KINDS[kind], side, price, lots)
    seconds = perf_counter() - start
    venue = fresh.storage.world.venues[0]
    _check((int(venue["trades"]), int(venue["volume"])), (trades, volume))
    return len(prepared) / seconds


def _scenario(steps: int, networks: Sequence[dict[str, Any]] = (), /, **populations: dict[str, Any]) -> Scenario:
    return parse(
        {
            "run": {"steps": steps},
            "instruments": [
                {
                    "name": "ACME",
                    "value": {"process": "random_walk", "initial": 100.0, "volatility": 0.01, "increments": "coin"},
                }
            ],
            "venues": [{"name": "lit"}],
            "networks": list(networks),
            "populations": [{"name": name, **population} for name, population in populations.items()],
            "record": {"agents": "none", "episodes": "none", "levels": 0},
        }
    )


def _whole_market(steps: int, **more: dict[str, Any]) -> Scenario:
    """Makers that look at the book and at their inventory, noise traders that all act every step, informed traders."""
    return _scenario(
        steps,
        makers={
            "strategy": "fixed_spread",
            "count": MAKERS,
            "params": {"half_spread": 0.02, "quantity": 200, "inventory_skew": 0.0001, "reference": "mid"},
        },
        noise={"strategy": "noise", "count": NOISE, "turn": 1},
        informed={"strategy": "informed", "count": INFORMED, "turn": 1, "sees": {}},
        **more,
    )


def _messages_per_second(scenario: Scenario) -> float:
    simulation = Simulation(build(scenario))
    simulation.advance(1)
    before = int(simulation.clock["messages"])
    start = perf_counter()
    simulation.run()
    return float((int(simulation.clock["messages"]) - before) / (perf_counter() - start))


def market() -> float:
    """Run the whole market. Order messages per second."""
    return _messages_per_second(_whole_market(2_000))


def sleepers_ratio() -> float:
    """Speed of the whole market with 100,000 traders added who hardly ever act, over its speed without them."""
    sleepers = {
        "strategy": "noise",
        "count": 100_000,
        "turn": 1,
        "arrivals": {"law": "bernoulli", "probability": 1e-6},
    }
    return _messages_per_second(_whole_market(2_000, sleepers=sleepers)) / market()


def herd_turns_per_second() -> float:
    """Turns per second of 100,000 imitators on a sparse random network, each of whom acts in every step."""
    members, steps = 100_000, 20
    herd = {
        "strategy": "imitator",
        "count": members,
        "network": "friends",
        "params": {"mutation": 0.01, "up": members // 2, "quantity": 0},
    }
    scenario = _scenario(steps, [{"name": "friends", "kind": "random", "mean_degree": 4.0}], herd=herd)
    simulation = Simulation(build(scenario))
    simulation.advance(1)
    start = perf_counter()
    simulation.run()
    return members * (steps - 1) / (perf_counter() - start)


def hawkes_ratio() -> float:
    """Speed of a market whose takers excite each other, over its speed with Poisson takers, as many of them."""
    makers = {"strategy": "fixed_spread", "count": 2, "params": {"quantity": 1_000}}
    laws = ({"law": "poisson", "rate": 10.0}, {"law": "hawkes", "rate": 3.0, "mass": 0.7, "decay": 1.0})
    poisson, hawkes = (
        _scenario(20_000, makers=makers, flow={"strategy": "noise", "count": 100, "turn": 1, "arrivals": law})
        for law in laws
    )
    return _messages_per_second(hawkes) / _messages_per_second(poisson)


def empty_step_nanoseconds() -> float:
    """Time of a step in which the value moves and nobody acts. Nanoseconds."""
    idle = {"strategy": "noise", "count": 1_000, "arrivals": {"law": "bernoulli", "probability": 0.0}}
    steps = 2_000_000
    simulation = Simulation(build(_scenario(steps, idle=idle)))
    simulation.advance(1)
    start = perf_counter()
    simulation.run()
    return (perf_counter() - start) / (steps - 1) * 1e9


class Crowd(Trader):
    """Looks at the book and joins the best quote of a random side; every fifth order takes."""

    def step(self) -> None:
        """Send one order."""
        draw = self.uniform()
        side = 1 if draw < 0.5 else -1
        if draw % 0.2 < 0.04:
            self.market_order(side, 1)
            return
        best = self.best_bid() if side > 0 else self.best_ask()
        self.limit_order(side, (10_000 - side) if best is None else best, 1, lifetime=20)


def python_agents() -> float:
    """Run a market of agents in plain Python, through Mesa. Order messages per second."""
    crowd = {"strategy": "noise", "count": PYTHON_AGENTS}
    model = Market(_scenario(300, crowd=crowd), agents={"crowd": Crowd})
    model.step()
    before = int(model.world.clock[0]["messages"])
    start = perf_counter()
    while model.running:
        model.step()
    return float((int(model.world.clock[0]["messages"]) - before) / (perf_counter() - start))
