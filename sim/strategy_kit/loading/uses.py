"""Which functions of the interface a strategy uses, directly or through the functions that it calls.

The interface is :mod:`sim.strategy_kit.interface`.

A function that is not named is never called, so what is not among them is certain; what is among them is not.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from types import FunctionType

from sim.strategy_kit import interface
from sim.strategy_kit.declare import Strategy
from sim.strategy_kit.loading.named import named, plain
from sim.venues import gateway

TAKES_ONLY = frozenset({"market_order", "immediate_or_cancel_order", "fill_or_kill_order"})
TAKES = TAKES_ONLY | {"limit_order"}
RESTS = frozenset({"limit_order", "post_only_order"})


@cache
def uses(strategy: Strategy) -> frozenset[str]:
    """Names of the functions that a strategy may call, of those that authors import.

    One that sends its messages past them, through the gateway itself, may call any.
    """
    found: set[str] = set()
    seen: set[FunctionType] = set()
    left: list[FunctionType | None] = [plain(strategy.act)]
    while left:
        function = left.pop()
        if function is None or function in seen:
            continue
        seen.add(function)
        ours = function.__module__.startswith(f"{interface.__name__}.")
        if ours:
            found.add(function.__name__)
        elif function.__module__ == gateway.__name__:
            if function.__name__.startswith("send_"):
                return frozenset(interface.__all__)
            continue  # it looks at an argument, and sends nothing
        called = (plain(each) for each in named(function))
        # A function of the interface sends through the gateway, as it should. A reservation price is drawn around the
        # signal only where the scenario says so.
        passed = {gateway.__name__} if ours else set()
        left += [each for each in called if each and each.__module__ not in passed]
        if function.__name__ == "reservation_price" and ours:
            left.remove(plain(interface.signal))
    return frozenset(found)


def has_opinions(strategies: Iterable[Strategy]) -> bool:
    """Whether any of the strategies may publish opinions."""
    return any("publish_opinion" in uses(strategy) for strategy in strategies)
