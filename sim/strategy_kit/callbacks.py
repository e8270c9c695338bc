"""From a declared strategy to a C callback the kernel can call by address.

The author of a strategy sees none of this: he writes ``act(me, market)``. The callback finds the agent's parameters and
memory, calls ``act``, and turns an exception into a status, because a C callback would print and swallow it.
"""

from __future__ import annotations

import sys
from pickle import PickleError
from types import FunctionType
from typing import Any

import numpy as np

from sim.core.codes import RAISED
from sim.core.compiled import COMPILED, cache_folder, callback, guarded, njit
from sim.core.errors import StrategyError
from sim.core.world import attach, close, read_only_in, record_in
from sim.strategy_kit.compile_errors import explain
from sim.strategy_kit.declare import Strategy
from sim.strategy_kit.seat import Seat

_callbacks: dict[Strategy, Any] = {}
raised: list[BaseException] = []  # what a strategy raised last, when nothing is compiled and it can be kept


def parameter_type(strategy: Strategy) -> np.dtype[Any]:
    """The record type of a strategy's parameters, in the order they are declared: of those that compiled code reads."""
    fields = [(name, each.field_type) for name, each in strategy.parameters.items() if each.is_compiled]
    return np.dtype(fields or [("nothing", "i8")], align=True)


def memory_type(strategy: Strategy) -> np.dtype[Any]:
    """The record type of what an agent keeps."""
    fields = [(name, kind, (length,)) if length else (name, kind) for name, (kind, length) in strategy.memory.items()]
    return np.dtype(fields or [("nothing", "i8")], align=True)


# Each strategy's copy of the template below finds its own under these names.
ACT: Any = None
PARAMETERS: Any = None
MEMORY: Any = None


def _turn(agent: int, address: int) -> int:
    world = attach(address)
    population = world.populations[world.agents[agent].population]
    venue = world.in_venues[population.first_venue]
    me = Seat(
        agent,
        venue,
        world.venues[venue].instrument,
        read_only_in(world.parameters, population.parameters, PARAMETERS),
        record_in(world.memories, world.agents[agent].memory, MEMORY),
    )
    try:
        ACT(me, close(world))
    except Exception:
        _keep()
        return RAISED
    status: int = world.clock[0].status
    return status


def _keep_raised() -> None:
    raised[:] = [error for error in [sys.exception()] if error is not None]


@njit
def _forget_raised() -> None:
    """Compiled code cannot keep what was raised."""


_keep = _forget_raised if COMPILED else _keep_raised


def compile_strategy(strategy: Strategy) -> Any:
    """The strategy's callback; its ``address`` goes into the World. Compiled once a process, cached where it may be.

    Raises
    ------
    StrategyError
        If Numba cannot compile it.
    """
    if strategy not in _callbacks:
        scope = dict(globals())
        scope |= {"PARAMETERS": parameter_type(strategy), "MEMORY": memory_type(strategy)}
        try:
            with cache_folder(strategy.cache_key or ""):
                # The name enters the name of the cached file; the template's own would be the same for all.
                scope["ACT"] = guarded(strategy.act, cached=False)  # its callback is, with it inside
                if not COMPILED:  # compiled code raises where NumPy's numbers would only warn
                    scope["ACT"] = np.errstate(divide="raise")(strategy.act)
                turn = FunctionType(_turn.__code__, scope, f"turn_of_{strategy.name}")
                turn.__qualname__ = f"turn_of_{strategy.name}"
                turn.__module__ = __name__
                _callbacks[strategy] = callback(turn, 2, cached=strategy.cache_key is not None)
        except (OSError, EOFError, PickleError):
            raise  # the cache's trouble, not the author's
        except Exception as error:  # Numba's own, and KeyError for a field that a record does not have
            raise StrategyError(explain(strategy, error)) from error
    return _callbacks[strategy]
