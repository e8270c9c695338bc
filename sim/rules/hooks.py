"""Where rules hang on the loop: before and after each turn, at each message, at the end of each step.

Rules are found by what their files declare (:class:`sim.rules.declare.Rule`) and called in the order of the files'
names. Each has a bit: a population's ``rules`` are the bits of those that it is under, the clock's are those of all
populations. Every hook is compiled into its caller: it costs a look at these bits, and nothing at all where no rule of
its kind exists.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

import sim.rules
from sim.core.codes import ACCEPTED
from sim.core.compiled import inlined
from sim.rules.declare import Rule


def _declared() -> tuple[Rule, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(sim.rules.__path__) if module.name != "hooks")
    found = (getattr(import_module(f"sim.rules.{name}"), "RULE", None) for name in names)
    return tuple(rule for rule in found if rule is not None)


RULES = _declared()


def rules_of(population: Any) -> int:
    """The bits of the rules that a population of a scenario is under."""
    return sum(1 << place for place, rule in enumerate(RULES) if getattr(population, rule.table, None) is not None)


def messages_of(rules: int) -> int:
    """How many messages rules may send in a turn."""
    return sum(rule.messages for place, rule in enumerate(RULES) if rules >> place & 1)


# --- what the loop calls --------------------------------------------------------------------------------------------
#
# Each is made of the functions that rules declare for it, the first calling the next: so the compiler sees them all.


def _with(hook: str) -> list[tuple[np.int64, Callable[..., Any]]]:
    """Bit and function of each rule that has something to do there, the last first."""
    found = [(np.int64(1 << place), getattr(rule, hook)) for place, rule in enumerate(RULES)]
    return [(bit, function) for bit, function in reversed(found) if function is not None]


def _before(bit: np.int64, rule: Callable[..., Any], others: Callable[..., Any]) -> Callable[..., Any]:
    @inlined
    def before_turn(world, agent, rules):
        acts = rule(world, agent) if rules & bit != 0 else True
        return others(world, agent, rules) and acts

    return before_turn


def _after(bit: np.int64, rule: Callable[..., Any], others: Callable[..., Any]) -> Callable[..., Any]:
    @inlined
    def after_turn(world, agent, rules):
        if rules & bit != 0:
            rule(world, agent)
        others(world, agent, rules)

    return after_turn


def _check(bit: np.int64, rule: Callable[..., Any], others: Callable[..., Any]) -> Callable[..., Any]:
    @inlined
    def check_message(world, agent, venue, kind, side, price, lots):
        if world.clock[0].rules & bit != 0:
            reason = rule(world, agent, venue, kind, side, price, lots)
            if reason != ACCEPTED:
                return reason
        return others(world, agent, venue, kind, side, price, lots)

    return check_message


def _end(bit: np.int64, rule: Callable[..., Any], others: Callable[..., Any]) -> Callable[..., Any]:
    @inlined
    def end_step(world):
        if world.clock[0].rules & bit != 0:
            rule(world)
        others(world)

    return end_step


@inlined
def before_turn(world, agent, rules):
    """Before a strategy acts. Returns whether it may."""
    return True


@inlined
def after_turn(world, agent, rules):
    """After a strategy has acted."""


@inlined
def check_message(world, agent, venue, kind, side, price, lots):
    """Why a message is rejected; ACCEPTED if it is not. Of a replacement, ``kind`` is REPLACE."""
    return ACCEPTED


@inlined
def end_step(world):
    """A step ends."""


for _bit, _rule in _with("before_turn"):
    before_turn = _before(_bit, _rule, before_turn)
for _bit, _rule in _with("after_turn"):
    after_turn = _after(_bit, _rule, after_turn)
for _bit, _rule in _with("check_message"):
    check_message = _check(_bit, _rule, check_message)
for _bit, _rule in _with("end_step"):
    end_step = _end(_bit, _rule, end_step)

_CHECKS = np.int64(sum(int(bit) for bit, _ in _with("check_message")))


@inlined
def checks_messages(world):
    """Whether a rule of this market looks at messages."""
    return world.clock[0].rules & _CHECKS != 0
