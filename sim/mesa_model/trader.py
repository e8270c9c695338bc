"""An agent of a market, looked at through Mesa, and the base of agents that act in plain Python."""

from __future__ import annotations

import copyreg
import itertools
import weakref
from functools import cache
from typing import TYPE_CHECKING, Any

import mesa

from sim.session.agent import Agent

if TYPE_CHECKING:
    from sim.mesa_model.market import Market


class _Numbers:
    """Mesa's next number of an agent, by model; a model that nobody else needs is not kept alive by it.

    Mesa's own table is of all models that ever were.
    """

    def __init__(self) -> None:
        self._next: weakref.WeakKeyDictionary[Any, itertools.count[int]] = weakref.WeakKeyDictionary()

    def __getitem__(self, model: Any) -> itertools.count[int]:
        return self._next.setdefault(model, itertools.count(1))


class Trader(Agent, mesa.Agent):
    """One agent: a row of the World, looked at through Mesa.

    A subclass with a ``step`` of its own acts in Python: give it to :class:`Market` for a population. Prices are whole
    ticks, quantities whole lots, cash and values currency; ``side`` is 1 to buy and -1 to sell.
    """

    model: Market
    _ids = _Numbers()

    def __init__(self, model: Market, row: int) -> None:
        mesa.Agent.__init__(self, model)
        Agent.__init__(self, model.session, row)


class _ViewType(type):
    """The type of classes that a market makes for populations to be looked at; pickle finds them by their names."""


@cache
def view_class(population: str) -> Any:
    """The class of a population whose members are looked at and do not act in Python: Mesa groups agents by class."""
    return _ViewType(population, (Trader,), {})


copyreg.pickle(_ViewType, lambda kind: (view_class, (kind.__name__,)))
