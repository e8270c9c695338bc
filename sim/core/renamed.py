"""Words that were replaced, and what each is called now: who writes an old word is told the new one.

Old words are refused, never taken for the new ones. Each table belongs to one place where words come in from outside.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Container, Mapping
from typing import Any, ParamSpec, TypeVar

# Scenario files, and the paths that lead into them: keys, values, names of strategies and of their parameters.
SCENARIO = {
    "around": "reference",
    "clear_after_trade": "clear_book_after_trade",
    "mixed": "mixed_strategy",
    "move": "reprice",
    "order_decay": "fill_decay",
    "refuse": "reject",
    "reservation_flow": "reservation_price_taker",
    "rung_gap": "level_gap",
    "rungs": "levels",
    "self_trade": "self_trade_prevention",
}
# Tables of a run and their columns, and the names of measures and of marks.
TABLES = {
    "closings": "settlements",
    "micro": "microprice",
    "moved_quotes": "repriced_quotes",
    "payoff_a_lot": "payoff_per_lot",
    "payoff_error": "payoff_standard_error",
    "refused": "rejected",
}
# What a file of strategies imports from spreadgame.strategy.
STRATEGY_FUNCTIONS = {
    "in_call": "in_auction",
    "market_value": "mark_price",
    "prepared": "precomputed",
    "prepared_count": "precomputed_count",
    "price_of": "price_from_ticks",
    "schedule_order": "demand_schedule",
    "tick_of_venue": "tick_size",
    "trades_so_far": "next_trade_number",
}
# Arguments of functions: of @strategy, run_many, replay and OrderBook.
ARGUMENTS = {
    "adopt": "level_adoption",
    "full": "run_folders",
    "prepare": "precompute",
    "self_trade": "self_trade_prevention",
    "wrong": "validate",
}
# Attributes of objects that Python code is given: Trader, OrderBook, Run.
ATTRIBUTES = {
    "closings": "settlements",
    "in_call": "in_auction",
    "refusal": "rejection",
    "schedule_order": "demand_schedule",
}
# Options of the command line.
OPTIONS = {
    "--full": "--run-folders",
    "--no-adopt": "--no-level-adoption",
    "--points": "--design-points",
}

Given = ParamSpec("Given")
Answer = TypeVar("Answer")
Kind = TypeVar("Kind", bound=type)


def now(old: str, table: Mapping[str, str], names: Container[str]) -> str:
    """What an old word is called now, as a sentence; empty if it is no old word of one of these names."""
    new = table.get(old, "")
    return f"{old} is now {new}" if new in names and old not in names else ""


def old_arguments_refused(function: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Make a function answer an argument's old name with the new one, as a TypeError."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount + function.__code__.co_kwonlyargcount]

    @functools.wraps(function)
    def looked_at(*args: Given.args, **named: Given.kwargs) -> Answer:
        for name in named:
            if told := now(name, ARGUMENTS, names):
                raise TypeError(f"{function.__name__}: {told}")
        return function(*args, **named)

    return looked_at


class _OldName:
    """An attribute that says what it is called now."""

    def __init__(self, told: str) -> None:
        self._told = told

    def __get__(self, owner: object, kind: type | None = None) -> Any:
        raise AttributeError(self._told)


def old_attributes_refused(kind: Kind) -> Kind:
    """Make objects of a class answer an attribute's old name with the new one, as an AttributeError."""
    for name in ATTRIBUTES:
        if told := now(name, ATTRIBUTES, dir(kind)):
            setattr(kind, name, _OldName(told))
    return kind
