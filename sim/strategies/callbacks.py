"""From a declared strategy to a C callback the kernel can call by address.

The author of a strategy sees none of this: he writes ``act(me, market)``. The callback finds the agent's parameters and
memory, calls ``act``, and turns an exception into a status, because a C callback would print and swallow it.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any, NamedTuple

import numpy as np
from numba import carray

from sim.compiled import COMPILED, cache_folder, callback, njit
from sim.ledger import RAISED
from sim.strategies.declare import Strategy
from sim.world import attach

_callbacks: dict[Strategy, Any] = {}
raised: list[BaseException] = []  # what a strategy raised last, when nothing is compiled and it can be kept


class Seat(NamedTuple):
    """What ``act`` knows itself by."""

    agent: int  # its row
    venue: int  # its first venue
    instrument: int  # that venue's instrument
    parameters: Any  # record: what the scenario set
    memory: Any  # record: what it keeps from turn to turn within an episode


def parameter_type(strategy: Strategy) -> np.dtype[Any]:
    """The record type of a strategy's parameters, in the order they are declared."""
    fields = [(name, parameter.field_type) for name, parameter in strategy.parameters.items()]
    return np.dtype(fields or [("nothing", "i8")], align=True)


def memory_type(strategy: Strategy) -> np.dtype[Any]:
    """The record type of what an agent keeps."""
    fields = [(name, kind, (length,)) if length else (name, kind) for name, (kind, length) in strategy.memory.items()]
    return np.dtype(fields or [("nothing", "i8")], align=True)


if COMPILED:
    from sim.compiled import pointer

    def _turn(agent, address):  # type: ignore[no-untyped-def]
        market = attach(address)
        population = market.populations[market.agents[agent].population]
        venue = market.in_venues[population.first_venue]
        kept = market.memories.ctypes.data + market.agents[agent].memory
        me = Seat(
            agent,
            venue,
            market.venues[venue].instrument,
            carray(pointer(market.parameters.ctypes.data + population.parameters), (1,), PARAMETERS)[0],  # type: ignore[name-defined]  # noqa: F821
            carray(pointer(kept), (1,), MEMORY)[0],  # type: ignore[name-defined]  # noqa: F821
        )
        try:
            ACT(me, market)  # type: ignore[name-defined]  # noqa: F821
        except Exception:
            return RAISED
        return market.clock[0].status

else:

    def _turn(agent: int, address: int) -> int:
        market = attach(address)
        population = market.populations[market.agents[agent].population]
        venue = market.in_venues[population.first_venue]
        kept = int(market.agents[agent].memory)
        given = int(population.parameters)
        me = Seat(
            agent,
            venue,
            market.venues[venue].instrument,
            market.parameters[given : given + PARAMETERS.itemsize].view(PARAMETERS).view(np.recarray)[0],  # type: ignore[name-defined]  # noqa: F821
            market.memories[kept : kept + MEMORY.itemsize].view(MEMORY).view(np.recarray)[0],  # type: ignore[name-defined]  # noqa: F821
        )
        try:
            ACT(me, market)  # type: ignore[name-defined]  # noqa: F821
        except Exception as error:
            raised[:] = [error]
            return RAISED
        return int(market.clock[0].status)


def compile_strategy(strategy: Strategy) -> Any:
    """The strategy's callback; its ``address`` goes into the World. Compiled once a process, cached where it may be."""
    if strategy not in _callbacks:
        scope = dict(globals())
        scope |= {"PARAMETERS": parameter_type(strategy), "MEMORY": memory_type(strategy)}
        with cache_folder(strategy.cache_key or ""):
            # The name enters the name of the cached file; the template's own would be the same for all.
            scope["ACT"] = njit(strategy.act, cached=False)  # its callback is, with it inside
            turn = FunctionType(_turn.__code__, scope, f"turn_of_{strategy.name}")
            turn.__qualname__ = f"turn_of_{strategy.name}"
            turn.__module__ = __name__
            _callbacks[strategy] = callback(turn, 2, cached=strategy.cache_key is not None)
    return _callbacks[strategy]
