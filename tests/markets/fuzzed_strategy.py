"""A strategy that calls every function of ``spreadgame.strategy`` with whatever numbers it is given, for fuzzing.

It is written from the functions' signatures, so that a new function is fuzzed by existing. Step ``s`` of an episode
does call ``s - 1`` of a list which the test writes into the agent's memory: the number of a function, its arguments.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from sim.core.errors import SpreadgameError
from sim.experiment.reuse import Reusable
from sim.runs.fill_populations import set_parameters
from sim.runs.simulation import Simulation
from sim.scenario import parse
from sim.strategy_kit.callbacks import memory_type
from sim.strategy_kit.loading.files import load_file
from sim.strategy_kit.registry import get
from spreadgame import strategy as public

CALLS = 12  # in an episode
INTEGERS, FLOATS = 8, 3  # arguments of a call, at most
EXTREME = [0, 1, -1, 2, -2, 9, 9_999, 10_000, 10_001, 50_000, 10**7, 2**29, -(2**29), 2**31, 2**32, 2**33 + 1, 2**62,
           -(2**62), 2**63 - 1, -(2**63)]  # fmt: skip
_WITHOUT_A_MARKET = {"nearest_lots", "round_lots"}
_NOT_CALLED = {"Exposure", "Greeks", "Parameter", "Seat", "Market", "Trade", "strategy", "compiled", "room_to_trade"}
_IN_CURRENCY = {"nearest_tick", "tick_above", "tick_below", "taker_cost", "demand_schedule"}
_FLOATS = {"belief", "slope", "spot", "volatility"}
_LISTS = {"handles", "bids", "asks"}


def functions() -> list[str]:
    """The functions that authors are offered, by name."""
    return [name for name in public.__all__ if callable(getattr(public, name)) and name not in _NOT_CALLED]


def _parameters(name: str) -> list[str]:
    function = getattr(public, name)
    return list(inspect.signature(getattr(function, "py_func", function)).parameters)


def _is_float(name: str, parameter: str) -> bool:
    return parameter in _FLOATS or name in _WITHOUT_A_MARKET or (parameter == "price" and name in _IN_CURRENCY)


def _call(name: str) -> str:
    """A call of a function as a line of ``act``: whole numbers are ``i[0]`` and on, others ``x[0]`` and on."""
    integers, floats = count(), count()
    written = []
    for each in _parameters(name):
        if each in ("me", "market"):
            written.append(each)
        elif each == "trade":
            written.append(f"recent_trade(me, market, i[{next(integers)}])")
        elif each in _LISTS:
            written.append("me.memory.handles")
        else:
            written.append(f"x[{next(floats)}]" if _is_float(name, each) else f"i[{next(integers)}]")
    return f"{name}({', '.join(written)})"


def meaningful(which: int) -> Call:
    """A call of a function with arguments that mean something."""
    name = functions()[which]
    means = {"venue": 0, "instrument": 0, "place": 0, "price": 9_000, "expires_after": 0}
    taken = [each for each in _parameters(name) if each not in ("me", "market", *_LISTS)]
    integers = [means.get(each, 1) for each in taken if not _is_float(name, each)]
    return Call(which, integers, [100.0, 1.0, 1.0])


SOURCE = """
from spreadgame.strategy import *


@strategy(
    "fuzzed",
    summary="calls what it is told",
    memory={{
        "integers": (int, {integers}), "floats": (float, {floats}), "which": (int, {calls}), "handles": (int, 10),
    }},
    max_messages=64,
    needs=("signal", "reservation", "private_values"),
)
def act(me, market):
    kept = me.memory
    now = step(me, market) - 1
    if now < 0:
        return
    i = kept.integers[now * {i} : (now + 1) * {i}]
    x = kept.floats[now * {x} : (now + 1) * {x}]
    which = kept.which[now]
{lines}
"""


def write(folder: Path) -> Path:
    """Write the strategy's file."""
    lines = "\n".join(
        f"    {'el' if number else ''}if which == {number}:\n        {_call(name)}"
        for number, name in enumerate(functions())
    )
    path = folder / "fuzzed.py"
    path.write_text(
        SOURCE.format(integers=INTEGERS * CALLS, floats=FLOATS * CALLS, calls=CALLS, i=INTEGERS, x=FLOATS, lines=lines)
    )
    return path


@dataclass(frozen=True)
class Call:
    """A function by its number, and arguments, of which it takes as many as it has."""

    which: int
    integers: Sequence[int]
    floats: Sequence[float]


class Fuzz:
    """Markets in which a strategy does what it is told: on a book, in a simultaneous turn, and in call auctions.

    Parameters
    ----------
    folder : for the strategy's file.
    """

    def __init__(self, folder: Path) -> None:
        load_file(write(folder))
        self._worlds = [Reusable(parse(_scenario(kind))) for kind in range(3)]
        self.ended = 0  # runs that a mistake ended, in words

    def play(self, kind: int, calls: Sequence[Call]) -> None:
        """Run an episode in which the strategy makes some calls; the ledger is held against the tape."""
        reusable = self._worlds[kind]
        reusable.begin(7)
        built = reusable.built
        world = built.storage.world
        set_parameters(world, 1, get("fuzzed"), {})
        simulation = Simulation(built)
        try:
            simulation.advance(1)
            kind_of = memory_type(get("fuzzed"))
            start = int(world.agents[2]["memory"])
            kept = np.asarray(world.memories)[start : start + kind_of.itemsize].view(kind_of)[0]
            kept["which"] = -1  # none of the functions
            for place, call in enumerate(calls[:CALLS]):
                kept["which"][place] = call.which
                kept["integers"][place * INTEGERS : place * INTEGERS + len(call.integers)] = call.integers
                kept["floats"][place * FLOATS : place * FLOATS + len(call.floats)] = call.floats
            simulation.run(chunk=1)
        except SpreadgameError as error:
            said = str(error)
        else:
            said = ""
        self.said = said
        if said:
            assert len(said) < 400
            self.ended += 1
            return
        world = built.storage.world
        until = int(world.clock[0]["trades"])
        tape = np.asarray(world.tape)[:until]
        assert until <= len(world.tape)
        assert (tape["quantity"] > 0).all()
        lots = np.zeros(len(world.agents), np.int64)
        np.add.at(lots, tape["taker"], tape["aggressor"] * tape["quantity"])
        np.add.at(lots, tape["maker"], -tape["aggressor"].astype(np.int64) * tape["quantity"])
        held = [int(world.outcome_lots[agent]) for agent in range(len(lots))]
        assert held == lots.tolist()


def _scenario(kind: int) -> dict[str, Any]:
    auction = {"every": 3} if kind == 2 else {}
    return {
        "run": {"steps": CALLS + 1, "seed": 7},
        "money": {"unit": 0.01},
        "instruments": [{"name": "X", "value": {"process": "constant", "initial": 100.0}}],
        "venues": [{"name": "book", "auction": auction}],
        "populations": [
            {"name": "makers", "strategy": "fixed_spread", "count": 2, "params": {"half_spread": 0.03, "quantity": 5}},
            {"name": "fuzzed", "strategy": "fuzzed", "count": 1, "turn": 1, "sees": {"of": "value"},
             "reservation": {"distribution": "exponential", "mean": 0.1},
             "private_values": {"distribution": "normal", "deviation": 0.5, "units": 5}},
        ],
        "turns": {"simultaneous": [1] if kind == 1 else []},
        "record": {"levels": 0, "agents": "none", "episodes": "agents"},
    }  # fmt: skip
